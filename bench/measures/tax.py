"""What ordinary flavors pay for a fork that they do not use."""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from bench.cloud import beside
from bench.cloud.fleet import Fleet
from bench.cloud.size import Size
from bench.cloud.world import World

_HOST, _SERVER = Size(256, 1 << 18), Size(1, 512)


class _Plan(NamedTuple):
    """How many hosts and turns there are, and how many boots and reads in a turn."""

    hosts: int
    turns: int
    boots: int
    reads: int


def run(world: World, quick: bool) -> dict[str, Any]:
    """Measure the fork and stock Nova in turns, each in a cloud of its own."""
    plan = _Plan(hosts=2, turns=3, boots=8, reads=10) if quick else _Plan(4, 20, 8, 10)
    data: dict[str, Any] = {**plan._asdict(), 'exchanged': not quick, 'fork': [], 'pristine': []}
    with beside.second(world, pristine=True) as other:
        _measure(data, plan, fork=world, pristine=other)
        if not quick:
            # If anything else makes one of the clouds faster, both gain from it.
            try:
                world.exchange('pristine')
                other.exchange('fork')
                _measure(data, plan, fork=other, pristine=world)
            finally:
                world.exchange('fork')
    return data


def _measure(data: dict[str, Any], plan: _Plan, **worlds: World) -> None:
    with contextlib.ExitStack() as stack:
        sides = {kind: stack.enter_context(_side(world, plan)) for kind, world in worlds.items()}
        for turn in range(plan.turns):
            with worlds['fork'].progress.step(f'turn {turn + 1} of {plan.turns}'):
                # They alternate in which goes first.
                for kind in sorted(sides, reverse=bool(turn % 2)):
                    data[kind].append(sides[kind].turn())


@contextlib.contextmanager
def _side(world: World, plan: _Plan) -> Iterator[_Side]:
    # Periodic tasks of the computes included: the fork's do more.
    fleet = Fleet(world, _HOST, maximum=plan.hosts, options={})
    try:
        fleet.grow(plan.hosts)
        with world.hosts.only_fleet():
            side = _Side(world, fleet, plan)
            side.turn()  # The first includes what services do only once.
            yield side
    finally:
        fleet.close()


class _Side:
    """One of the two clouds that are compared."""

    def __init__(self, world: World, fleet: Fleet, plan: _Plan) -> None:
        self.world = world
        self.fleet = fleet
        self.plan = plan
        self.flavor = world.servers.create_flavor('plain', _SERVER)

    def turn(self) -> dict[str, float]:
        """Boot servers, list them and show one, several times."""
        boots, reads = self.plan.boots, self.plan.reads
        cpu_before, scheduler_before = self.fleet.cloud_cpu(), self._scheduler_cpu()
        start = time.monotonic()
        servers = self.world.servers.boot(self.flavor, boots)
        seconds = time.monotonic() - start
        cpu = self.fleet.cloud_cpu() - cpu_before
        scheduler = self._scheduler_cpu() - scheduler_before
        details = [self._read(f'/servers/detail?limit={boots}') for _ in range(reads)]
        shows = [self._read(f'/servers/{servers[0]}') for _ in range(reads)]
        return {
            'boots': len(servers) / seconds,
            'list': statistics.median(details),
            'show': statistics.median(shows),
            'scheduler': scheduler / len(servers),
            'cpu': cpu / len(servers),
        }

    def _scheduler_cpu(self) -> float:
        return self.world.cpu()['nova-scheduler']

    def _read(self, path: str) -> float:
        """Return the seconds that a request takes."""
        start = time.monotonic()
        self.world.client.get(self.world.nova + path)
        return time.monotonic() - start
