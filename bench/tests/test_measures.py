"""What the measures make of what they have seen."""

import pytest

from bench.cloud.console import Console, Said
from bench.cloud.world import Size
from bench.measures import scale, tax
from bench.report.page import Page


def test_tax_ratios():
    """More is better in each ratio, also of times."""
    data = {
        'fork': [{'boots': 3.0, 'cpu': 2.0}],
        'pristine': [{'boots': 2.0, 'cpu': 1.0}],
    }
    assert tax.ratios(data, 'boots') == [1.5]
    assert tax.ratios(data, 'cpu') == [0.5]


def _point(hosts, each_has):
    stays = {'accepted': [0.1, 0.2], 'done': [0.2, 0.4], 'cpu': [0.1, 0.1], 'rows': [5, 5]}
    grows = {key: [value + 0.001 * each_has for value in stays[key]] for key in stays}
    return {
        'hosts': hosts, 'servers': hosts * each_has, 'project': 'own', 'grows': grows,
        'stays': stays, 'rate': 1.5, 'rest': 0.2,
    }  # fmt: skip


def test_scale_ways():
    """A slope is that of one thing, over points that are alike in all others."""
    points = [_point(*each) for each in ((10, 1), (10, 20), (10, 99), (50, 1), (50, 20))]
    numbers = {way.name: [number for number, _ in way.points] for way in scale._ways(points)}
    assert numbers == {'hosts': [10, 50], 'servers': [200, 1000], 'host': [1, 20, 99]}


def test_scale_slope():
    """What the machine does to both clouds is not in a slope, and what grows with the host is."""
    points = [_point(*each) for each in ((10, 1), (10, 20), (10, 99), (50, 1), (50, 20))]
    # Slower for a while: both, by as much.
    for name in ('grows', 'stays'):
        points[3][name]['done'] = [value + 0.5 for value in points[3][name]['done']]
    hosts, _, host = scale._ways(points)
    assert [line[2] for line in hosts.slopes()] == ['+0.0 ± 0.0'] * 3
    assert [line[2] for line in host.slopes()] == ['+98.0 ± 0.0'] * 3


def test_scale_stopped(tmp_path):
    """What was measured before it stopped is shown, and why it stopped."""
    page = Page(tmp_path)
    data = {
        'points': [_point(10, 1), _point(10, 20)],
        'cells': [{**_point(10, 1), 'cells': number} for number in (1, 4)],
        'adjusts': 3,
        'rows': {'nova.instances': 1},
        'stopped': {'hosts': 50, 'why': 'fleet: no more memory'},
    }
    scale.page(page, data)
    text = page.write().read_text()
    assert 'It stops at 50 hosts: fleet: no more memory.' in text
    assert list(page.plots) == ['scale-host']


@pytest.mark.parametrize('memory_mb, shown', [(768, True), (700, True), (687, False), (769, False)])
def test_shown_size(memory_mb, shown):
    """A guest shows a size when its CPUs are as many and its kernel has taken some memory."""
    assert Said(0, 4, memory_mb, 9, 1).shows(Size(4, 768)) is shown
    assert not Said(0, 3, memory_mb, 9, 1).shows(Size(4, 768))


def test_console(tmp_path):
    """Lines are given once, whole, and those of a new file as another start."""
    file = tmp_path / 'console.log'
    console = Console(file)
    with file.open('w') as stream:
        stream.write('boot\nguest: cpus=2 memory_kb=204800 seconds=7\nguest: cpus=2 mem')
    assert [said[1:] for said in console.read()] == [(2, 200, 7, 1)]
    with file.open('a') as stream:
        stream.write('ory_kb=307200 seconds=8\n')
    assert [said[1:] for said in console.read()] == [(2, 300, 8, 1)]
    assert console.read() == []
    file.rename(tmp_path / 'old')
    file.write_text('guest: cpus=1 memory_kb=102400 seconds=1\n')
    assert [said[1:] for said in console.read()] == [(1, 100, 1, 2)]
