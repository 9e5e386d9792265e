"""What plain flavors pay for a fork that they do not use."""

from __future__ import annotations

import statistics
import time
from typing import Any

from bench import plot
from bench.fleet import Fleet
from bench.page import Page
from bench.world import Size, World
from cloud import lifecycle, progress

TITLE = 'No tax on plain flavors'

_SIZE = Size(1, 512)
_NAMES = {
    'boots': ('boots per second, four at a time', 'higher'),
    'list': ('`GET /servers/detail`, s', 'lower'),
    'show': ('`GET /servers/ID`, s', 'lower'),
    'scheduler': ('scheduler, CPU s a boot', 'lower'),
    'cpu': ('all services, CPU s a boot', 'lower'),
}


def run(world: World, quick: bool) -> dict[str, Any]:
    """Take turns: the fork, pristine Nova, the fork ..., on the same services and databases."""
    rounds, hosts, boots, reads = (2, 2, 16, 15) if quick else (8, 4, 60, 60)
    flavor = world.flavor('plain', _SIZE)
    taken: dict[str, list[dict[str, float]]] = {'fork': [], 'pristine': []}
    try:
        for index in range(rounds):
            # Each goes first in every other round: the databases grow meanwhile.
            for kind in ('pristine', 'fork') if index % 2 else ('fork', 'pristine'):
                _change(world, kind)
                with world.shown.step(f'round {index + 1} of {rounds}, {kind}'):
                    taken[kind].append(_round(world, flavor, hosts, boots, reads))
    finally:
        _change(world, 'fork')
    return {'hosts': hosts, 'boots': boots, 'reads': reads, **taken}


def _change(world: World, kind: str) -> None:
    silent = lifecycle.Cloud(world.cloud.state, progress.Progress(quiet=True))
    with world.shown.step('change to ' + ('pristine Nova' if kind == 'pristine' else 'the fork')):
        silent.up({'pristine': kind == 'pristine'})


def _round(world: World, flavor: str, hosts: int, boots: int, reads: int) -> dict[str, float]:
    # With all that computes do on their own: the fork's do more.
    fleet = Fleet(world, Size(256, 1 << 18), most=hosts, options={})
    try:
        fleet.grow(hosts)
        with world.other_hosts_apart():
            world.delete(world.boot(flavor, 4))  # What is only done once is done.
            before, scheduler = fleet.cloud_cpu(), _scheduler(world)
            began = time.monotonic()
            servers = world.boot(flavor, boots)
            took = time.monotonic() - began
            cpu = fleet.cloud_cpu() - before
            scheduler = _scheduler(world) - scheduler
            detail = [_read(world, f'/servers/detail?name=^bench-&limit={boots}')
                      for _ in range(reads)]  # fmt: skip
            show = [_read(world, f'/servers/{servers[0]}') for _ in range(reads)]
    finally:
        fleet.close()
    return {
        'boots': len(servers) / took,
        'list': statistics.median(detail),
        'show': statistics.median(show),
        'scheduler': scheduler / len(servers),
        'cpu': cpu / len(servers),
    }


def _scheduler(world: World) -> float:
    return world.cpu()['nova-scheduler']


def _read(world: World, path: str) -> float:
    began = time.monotonic()
    world.client.get(world.nova + path)
    return time.monotonic() - began


def ratios(data: dict[str, Any], key: str) -> list[float]:
    """Give how good the fork was in each round; pristine Nova is 1, and more is better."""
    pairs = zip(data['fork'], data['pristine'], strict=True)
    better = _NAMES[key][1] == 'higher'
    return [f[key] / p[key] if better else p[key] / f[key] for f, p in pairs]


def page(page: Page, data: dict[str, Any]) -> None:
    """Show the fork against pristine Nova."""
    page.say(
        f'The fork and pristine Nova take turns on the same services and databases, '
        f'{len(data["fork"])} rounds, each going first in every other one. A round boots '
        f'{data["boots"]} servers of a plain flavor on {data["hosts"]} fake hosts, lists them '
        f'{data["reads"]} times and shows one {data["reads"]} times. The ratio is the fork '
        'against pristine Nova, more is better, and 0.98 is what we promise; it is the median of '
        'the ratios of the rounds, and the lowest and highest of them say how sure that is. '
        'What a boot costs in CPU is less disturbed by what else the machine does than how '
        'long it takes.'
    )
    rows, bars = [], []
    for key, (name, _) in _NAMES.items():
        fork, pristine = (
            statistics.median(each[key] for each in data[kind]) for kind in ('fork', 'pristine')
        )
        each = ratios(data, key)
        middle = statistics.median(each)
        rows.append(
            [name, plot.number(fork), plot.number(pristine), f'**{middle:.2f}**',
             f'{min(each):.2f} to {max(each):.2f}']
        )  # fmt: skip
        bars.append(plot.Bar(name.replace('`', ''), middle, f'{middle:.2f}'))
    page.table(['', 'fork', 'pristine', 'ratio', 'of rounds'], rows)
    page.plot(
        'tax',
        plot.bars(
            'The fork against pristine Nova: more is better', bars, 'ratio; 1 is pristine Nova'
        ),
    )
