"""What plain flavors pay for a fork that they do not use."""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from bench.cloud import beside
from bench.cloud.fleet import Fleet
from bench.cloud.world import Size, World
from cloud import lifecycle, progress

_SIZE = Size(1, 512)
_NAMES = {
    'boots': ('boots per second, four at a time', 'higher'),
    'list': ('`GET /servers/detail`, s', 'lower'),
    'show': ('`GET /servers/ID`, s', 'lower'),
    'scheduler': ('scheduler, CPU s a boot', 'lower'),
    'cpu': ('all services, CPU s a boot', 'lower'),
}


class _Plan(NamedTuple):
    """How much is asked."""

    hosts: int
    turns: int
    boots: int
    reads: int


def run(world: World, quick: bool) -> dict[str, Any]:
    """Ask the fork and pristine Nova in turns, each in a cloud of its own."""
    plan = _Plan(hosts=2, turns=3, boots=8, reads=10) if quick else _Plan(4, 20, 8, 10)
    data: dict[str, Any] = {**plan._asdict(), 'exchanged': not quick, 'fork': [], 'pristine': []}
    with beside.second(world, pristine=True) as other:
        _take(data, plan, fork=world, pristine=other)
        if not quick:
            # Whatever makes one of the clouds faster is good for both of them.
            try:
                _change(world, 'pristine')
                _change(other, 'fork')
                _take(data, plan, fork=other, pristine=world)
            finally:
                _change(world, 'fork')
    return data


def _change(world: World, kind: str) -> None:
    silent = lifecycle.Cloud(world.cloud.state, progress.Progress(quiet=True))
    with world.shown.step('change to ' + ('pristine Nova' if kind == 'pristine' else 'the fork')):
        silent.up({'pristine': kind == 'pristine'})


def _take(data: dict[str, Any], plan: _Plan, **worlds: World) -> None:
    with contextlib.ExitStack() as stack:
        sides = {kind: stack.enter_context(_ready(there, plan)) for kind, there in worlds.items()}
        for turn in range(plan.turns):
            with worlds['fork'].shown.step(f'turn {turn + 1} of {plan.turns}'):
                # Each goes first in every other one.
                for kind in sorted(sides, reverse=bool(turn % 2)):
                    data[kind].append(sides[kind].turn())


@contextlib.contextmanager
def _ready(world: World, plan: _Plan) -> Iterator[_Side]:
    # With all that computes do on their own: the fork's do more.
    fleet = Fleet(world, Size(256, 1 << 18), most=plan.hosts, options={})
    try:
        fleet.grow(plan.hosts)
        with world.other_hosts_apart():
            side = _Side(world, fleet, plan)
            side.turn()  # What is only done once is done.
            yield side
    finally:
        fleet.close()


class _Side:
    """One of the two that are compared."""

    def __init__(self, world: World, fleet: Fleet, plan: _Plan) -> None:
        self.world = world
        self.fleet = fleet
        self.plan = plan
        self.flavor = world.flavor('plain', _SIZE)

    def turn(self) -> dict[str, float]:
        """Boot some servers, list as many and show one, again and again."""
        boots, reads = self.plan.boots, self.plan.reads
        before, scheduler = self.fleet.cloud_cpu(), self._scheduler()
        began = time.monotonic()
        servers = self.world.boot(self.flavor, boots)
        took = time.monotonic() - began
        cpu = self.fleet.cloud_cpu() - before
        scheduler = self._scheduler() - scheduler
        detail = [self._read(f'/servers/detail?limit={boots}') for _ in range(reads)]
        show = [self._read(f'/servers/{servers[0]}') for _ in range(reads)]
        return {
            'boots': len(servers) / took,
            'list': statistics.median(detail),
            'show': statistics.median(show),
            'scheduler': scheduler / len(servers),
            'cpu': cpu / len(servers),
        }

    def _scheduler(self) -> float:
        return self.world.cpu()['nova-scheduler']

    def _read(self, path: str) -> float:
        began = time.monotonic()
        self.world.client.get(self.world.nova + path)
        return time.monotonic() - began
