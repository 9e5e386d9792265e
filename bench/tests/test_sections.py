"""What the page says of the results."""

import pytest

from bench.report import page
from bench.report.sections import density, memory, scale, scale_carried, spread, tax, usage


def test_tax_ratios():
    """A higher ratio is better, of rates and of times."""
    data = {
        'fork': [{'boots': 3.0, 'cpu': 2.0}],
        'pristine': [{'boots': 2.0, 'cpu': 1.0}],
    }
    assert tax.ratios(data, 'boots') == [1.5]
    assert tax.ratios(data, 'cpu') == [0.5]


def test_usage():
    """Reads are compared in pairs; above 1 the fork is slower."""
    data = {
        'servers': 5000,
        'fork': [{'seconds': 2.2, 'cpu': 1.0}, {'seconds': 4.0, 'cpu': 1.0}],
        'pristine': [{'seconds': 2.0, 'cpu': 2.0}, {'seconds': 4.0, 'cpu': 2.0}],
    }
    assert usage.ratios(data, 'cpu') == [0.5, 0.5]
    values = usage.make(data).values
    assert '| **1.05** | 1.00 to 1.10 |' in values['ratios']
    assert (values['servers'], values['reads']) == ('5,000', 2)


def _point(hosts, per_host):
    stays = {'accepted': [0.1, 0.2], 'done': [0.2, 0.4], 'cpu': [0.1, 0.1], 'rows': [5, 5]}
    grows = {key: [value + 0.001 * per_host for value in stays[key]] for key in stays}
    return {
        'hosts': hosts, 'servers': hosts * per_host, 'project': 'own', 'grows': grows,
        'stays': stays, 'rate': 1.5, 'rest': 0.2,
    }  # fmt: skip


def test_scale_growths():
    """A growth is in one thing, over points that are alike in all others."""
    points = [_point(*numbers) for numbers in ((10, 1), (10, 20), (10, 99), (50, 1), (50, 20))]
    numbers = {
        growth.name: [number for number, _ in growth.points] for growth in scale.growths(points)
    }
    assert numbers == {'hosts': [10, 50], 'servers': [200, 1000], 'host': [1, 20, 99]}


def test_scale_slope():
    """A slope leaves out what slows both clouds down, and shows what grows with the host."""
    points = [_point(*numbers) for numbers in ((10, 1), (10, 20), (10, 99), (50, 1), (50, 20))]
    # A slow phase of the machine, the same for both.
    for name in ('grows', 'stays'):
        points[3][name]['done'] = [value + 0.5 for value in points[3][name]['done']]
    hosts, _, host = scale.growths(points)
    assert [row[2] for row in hosts.slopes()] == ['+0.0 ± 0.0'] * 3
    assert [row[2] for row in host.slopes()] == ['+98.0 ± 0.0'] * 3


def test_scale_stopped():
    """What was measured before it stopped is shown, and why it stopped."""
    data = {
        'points': [_point(10, 1), _point(10, 20)],
        'cells': [{**_point(10, 1), 'cells': number} for number in (1, 4)],
        'adjusts': 10,
        'rows': {'nova.instances': 1},
        'stopped': {'hosts': 50, 'why': 'fleet: no more memory'},
    }
    section = scale.make(data)
    result = {'command': '', 'taken': '', 'machine': '', 'load': '', 'data': data}
    text = page.render('scale', result, section)
    assert 'The measurement stopped at 50 hosts: fleet: no more memory.' in text
    assert 'requests for 5 booted servers' in text
    assert list(section.plots) == ['scale-host']


def test_scale_carried():
    """Lines go on as they were measured; what takes most of the CPU is said to break first."""
    points = [_point(*numbers) for numbers in ((10, 1), (1000, 1), (10, 20), (1000, 20))]
    for point in points:
        # One more ms for 1,000 servers, and 0.1 of a core for 1,000 hosts.
        slower = [value + point['servers'] / 1e6 for value in point['stays']['done']]
        point['grows'] = {**point['stays'], 'done': slower}
        point['rest'] = 0.1 * point['hosts'] / 1000
    assert scale_carried.carried(points[2:], 'done')[:2] == pytest.approx((0.32, 0.5))
    cells = [{**points[0], 'cells': number} for number in (1, 16)]
    text = scale_carried.make(points, cells)
    # 66 s between two reports of each of 1,000 hosts, so 6.6 ms each, and 1,000 in a second.
    assert 'one takes 7 ms' in text
    assert 'so 7 cores' in text
    assert 'single cell, therefore: service reports.' in ' '.join(text.split())
    # 9.3 adjustments in a second.
    assert 'so 0.9 cores' in text
    assert scale_carried.make(points[:2], cells) == ''


def test_density():
    """Each load has a row, with what was refused in each way and what has to be."""
    ways = {'refuse': 19, 'wait': 12, 'move': 5, 'others': 0}
    data = {
        'hosts': 4, 'host': [32, 32768], 'large': [8, 8192], 'mixes': {'mixed': 0.3},
        'fits': {'fixed': 16, '1:4': 64}, 'looks': 8415, 'oversold': 0,
        'loads': [
            {'ratio': 4, 'fill': fill, 'servers': 16 * fill, 'mix': 'mixed', 'way': way,
             'requested': 50, 'refused': refused, 'bound': 1, 'moves': 85}
            for way, refused in ways.items() for fill in (2, 1)
        ],
    }  # fmt: skip
    section = density.make(data)
    *_, first, second = section.values['loads'].splitlines()
    assert first.startswith('| 1:4 | mixed | 16 | 1.0 |')
    assert second == '| 1:4 | mixed | 32 | 2.0 | 50 | 38% | 24% | 10% | 0% | 2% | 85 for 50 |'
    assert (section.values['looks'], section.values['oversold']) == ('8,415', 'none')
    lines = {line.name: line.points for line in section.plots['density-4'].series}
    assert lines['move'] == [(1, 10.0), (2, 10.0)]
    assert lines['bound'] == [(1, 2.0), (2, 2.0)]


def test_spread():
    """The weigher is compared in each order, and what was calculated with what was seen."""

    def placed(*rows):
        keys = ('growing', 'requested', 'refused', 'bound')
        return [dict(zip(keys, row, strict=True)) for row in rows]

    data = {
        'hosts': 2, 'elastic': 8, 'fixed': 4, 'placements': 2, 'loads': 10, 'share': 0.25,
        'host': [32, 32768], 'small': [1, 1024], 'large': [8, 8192], 'size': [4, 4096],
        'plain': placed(([2, 6], 100, 20, 1), ([3, 5], 100, 10, 1)),
        'spread': placed(([4, 4], 100, 4, 1), ([4, 4], 100, 8, 1)),
        'replayed': [
            {'requested': 10, 'refused': 2, 'calculated': 3},
            {'requested': 10, 'refused': 0, 'calculated': 0},
        ],
    }  # fmt: skip
    section = spread.make(data)
    *_, plain, weighed = section.values['refused'].splitlines()
    assert plain == '| by what servers have | 3.0 | 15.0% | 10.0% to 20.0% |'
    assert weighed == '| and by what they may still grow | 0.0 | 6.0% | 4.0% to 8.0% |'
    assert (section.values['gain'], section.values['bound']) == ('9.0', '1.0%')
    assert section.values['replayed'].startswith('2 of 10, calculated 3')


def test_memory():
    """Each means has its speed, by each method, and what its host has of it."""

    def changes(seconds):
        return {name: [{'accepted': 0.1, 'seen': seconds}] * 2 for name in ('grow', 'shrink')}

    data = {
        'from': [1, 256],
        'to': [1, 1024],
        'times': {
            'balloon': {'adjust': changes(3.0), 'virsh': changes(1.0)},
            'virtio-mem': {'adjust': changes(1.5), 'virsh': changes(0.5)},
        },
        'resident': {
            'balloon': {'booted': 400, 'used': 1100, 'given back': 420},
            'virtio-mem': {'booted': 300, 'used': 1000, 'given back': 320},
        },
    }
    section = memory.make(data)
    rows = [line.split(' | ') for line in section.values['times'].splitlines()]
    assert [row[-1].rstrip(' |') for row in rows[2:]] == ['256', '768', '512', '1536'] * 2
    assert '| has shrunk to its minimum | 420 | 320 |' in section.values['resident']
    assert list(section.plots) == ['memory']
