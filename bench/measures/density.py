"""How many servers fit on the same hosts, and how often they cannot grow then."""

from __future__ import annotations

import random
from typing import Any

from bench.cloud.fleet import Fleet
from bench.cloud.size import Size
from bench.cloud.world import World
from cloud import rest

HOST = Size(32, 32768)
#: The maximum of every server; with a fixed flavor, its size.
LARGE = Size(8, 8192)
#: The share of the servers that want their maximum at a time; the others want their minimum.
MIXES = {'quiet': 0.1, 'mixed': 0.3, 'busy': 0.6}
#: The numbers of servers, as multiples of the number that fits with the fixed flavor.
FILLS = (1.0, 1.5, 2.0, 3.0, 4.0)


def run(world: World, quick: bool) -> dict[str, Any]:
    """Boot servers until the hosts are full; then run several loads with some of them."""
    hosts, ratios, steps = (2, (4,), 15) if quick else (4, (2, 4, 8), 40)
    mixes = {name: MIXES[name] for name in (('mixed',) if quick else MIXES)}
    fills = FILLS[1::2] if quick else FILLS
    fleet = Fleet(world, HOST, maximum=hosts)
    loads: list[dict[str, Any]] = []
    fits: dict[str, int] = {}
    try:
        fleet.grow(hosts)
        with world.hosts.only_fleet():
            fits['fixed'] = fill(world, world.servers.create_flavor('fixed', LARGE))
            for ratio in ratios:
                small = Size(LARGE.vcpus // ratio, LARGE.memory_mb // ratio)
                flavor = world.servers.create_flavor(f'elastic-{ratio}', LARGE, small)
                fits[f'1:{ratio}'] = fill(world, flavor, keep=True)
                numbers = {multiple: round(fits['fixed'] * multiple) for multiple in fills}
                servers = world.servers.ids()
                for multiple, number in sorted(numbers.items(), reverse=True):
                    if number > fits[f'1:{ratio}']:
                        continue
                    world.servers.delete(servers[number:])
                    servers = servers[:number]
                    for mix, share in mixes.items():
                        with world.progress.step(f'1:{ratio}, {number} servers, {mix}'):
                            load = Load(world, servers, small, share)
                            load.run(steps)
                        loads.append(
                            {'ratio': ratio, 'fill': multiple, 'servers': number, 'mix': mix,
                             'requested': load.requests, 'refused': load.refused}
                        )  # fmt: skip
                world.servers.delete(servers)
    finally:
        fleet.close()
    return {'hosts': hosts, 'host': HOST, 'large': LARGE, 'mixes': mixes, 'fits': fits,
            'loads': loads}  # fmt: skip


def fill(world: World, flavor: str, keep: bool = False) -> int:
    """Boot servers until no more fit, and return how many did; keep them only if ``keep``."""
    with world.progress.step(f'fill the hosts: {flavor}'):
        servers = world.servers.ids()
        while more := world.servers.boot(flavor, 4):
            servers += more
            if len(more) < 4:
                break
        failed = set(world.servers.ids()) - set(servers)
        world.servers.delete(failed if keep else failed | set(servers))
    return len(servers)


class Load:
    """Servers of which a random share wants the maximum, the others their minimum."""

    def __init__(self, world: World, servers: list[str], small: Size, share: float) -> None:
        self.world = world
        self.servers = servers
        self.small = small
        self.share = share
        #: Requests to grow, and how many of them were refused.
        self.requests = self.refused = 0
        self._random = random.Random(f'{len(servers)} {share}')
        self._target = dict.fromkeys(servers, small)
        self._size = dict.fromkeys(servers, small)

    def run(self, steps: int) -> None:
        """Let one server after the other stop needing its maximum, and another begin."""
        # It begins in the steady state, with the share that needs the maximum.
        for server in self._random.sample(self.servers, round(len(self.servers) * self.share)):
            self._grow(server)
        for _ in range(steps):
            busy = [server for server in self.servers if self._target[server] == LARGE]
            idle = [server for server in self.servers if self._target[server] != LARGE]
            if not busy or not idle:
                break
            stops, begins = self._random.choice(busy), self._random.choice(idle)
            self._shrink(stops)
            self._grow(begins)
        for server in self.servers:
            self._shrink(server)

    def _grow(self, server: str) -> None:
        self._target[server] = LARGE
        self.requests += 1
        self.refused += not self._adjust(server, LARGE)

    def _shrink(self, server: str) -> None:
        self._target[server] = self.small
        if self._size[server] != self.small:
            self._adjust(server, self.small)

    def _adjust(self, server: str, size: Size) -> bool:
        """Adjust a server, and return whether it was not refused."""
        try:
            self.world.servers.adjust(server, size)
        except rest.RestError as error:
            if error.status != 409:
                raise
            return False
        self.world.servers.wait_until_idle(server)
        self._size[server] = size
        return True
