"""What it gains to spread servers by what they may still grow."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from bench.cloud import tuning
from bench.cloud.fleet import Fleet
from bench.cloud.size import Size
from bench.cloud.world import World
from bench.measures import load
from cloud import errors

HOST = Size(32, 32768)
SMALL, LARGE, FIXED = Size(1, 1024), Size(8, 8192), Size(4, 4096)
#: The share of the elastic servers that want their maximum at a time.
SHARE = 0.2


class _Plan(NamedTuple):
    """How often servers of each kind are placed, and by how many loads each placement is judged."""

    hosts: int
    elastic: int
    fixed: int
    placements: int
    loads: int
    steps: int


_WHOLE = _Plan(hosts=4, elastic=24, fixed=12, placements=10, loads=200, steps=40)
_QUICK = _WHOLE._replace(placements=2)


class _Placement:
    """Servers on their hosts, and those of them that may grow."""

    def __init__(self, world: World, plan: _Plan, order: Sequence[str], elastic: str) -> None:
        """Boot servers of these flavors one after the other."""
        self._world = world
        self._plan = plan
        servers: list[str] = []
        for flavor in order:
            servers += world.servers.boot(flavor)
        if len(servers) < len(order):
            raise errors.NotReadyError('the measurement', 'not all servers have a host')
        self._hosts = world.servers.hosts(servers)
        self._growing = [
            server for server, flavor in zip(servers, order, strict=True) if flavor == elastic
        ]

    def judge(self) -> dict[str, Any]:
        """Calculate how often servers could not grow."""
        numbers = range(1, self._plan.loads + 1)
        loads = [load.requests(self._growing, SHARE, self._plan.steps, n) for n in numbers]
        # Each load ends with all that it has taken given back.
        hosts, single = self._pools(), self._pool(self._hosts, self._plan.hosts)
        return {
            'growing': sorted(Counter(self._hosts[server] for server in self._growing).values()),
            'requested': sum(map(load.requested, loads)),
            'refused': sum(load.refused(made, hosts) for made in loads),
            'bound': sum(load.refused(made, single) for made in loads),
        }

    def replay(self) -> dict[str, int]:
        """Make the requests of one load of the cloud, too."""
        made = load.requests(self._growing, SHARE, self._plan.steps, number=1)
        real = load.Hosts(self._world, SMALL, LARGE, 'refuse')
        return {
            'requested': load.requested(made),
            'calculated': load.refused(made, self._pools()),
            'refused': load.refused(made, real),
        }

    def _pools(self) -> load.Pools:
        """Return the hosts with what is free on each."""
        residents: dict[str, list[str]] = {}
        for server, host in self._hosts.items():
            residents.setdefault(host, []).append(server)
        pools = {host: self._pool(servers, hosts=1) for host, servers in residents.items()}
        return load.Pools(self._hosts, pools)

    def _pool(self, servers: Iterable[str], hosts: int) -> load.Pool:
        """Return what so many hosts have beside these servers."""
        used = sum(SMALL.vcpus if server in self._growing else FIXED.vcpus for server in servers)
        return load.Pool(hosts * HOST.vcpus - used, LARGE.vcpus - SMALL.vcpus)


def run(world: World, quick: bool) -> dict[str, Any]:
    """Place the same servers in the same order with the weigher and without, in turns."""
    plan = _QUICK if quick else _WHOLE
    fleet = Fleet(world, HOST, maximum=plan.hosts)
    data: dict[str, Any] = {**plan._asdict(), 'host': HOST, 'small': SMALL, 'large': LARGE,
                            'size': FIXED, 'share': SHARE, 'spread': [], 'plain': [],
                            'replayed': []}  # fmt: skip
    try:
        fleet.grow(plan.hosts)
        with world.hosts.only_fleet():
            elastic = world.servers.create_flavor('spread', LARGE, SMALL)
            fixed = world.servers.create_flavor('fixed', FIXED)
            flavors = [elastic] * plan.elastic + [fixed] * plan.fixed
            for number in range(plan.placements):
                order = random.Random(number).sample(flavors, len(flavors))
                # They alternate in which goes first.
                for weight in (0, 1)[:: -1 if number % 2 else 1]:
                    kind = 'spread' if weight else 'plain'
                    with (
                        tuning.xloud_options(world, growth_weight_multiplier=weight),
                        world.progress.step(f'{kind}, {number + 1} of {plan.placements}'),
                    ):
                        placement = _Placement(world, plan, order, elastic)
                        data[kind].append(placement.judge())
                        if not number:
                            data['replayed'].append(placement.replay())
                        world.servers.delete_all()
    finally:
        fleet.close()
    return data
