"""Servers of which a share wants the maximum, and others from time to time."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from bench.cloud.size import Size
from bench.cloud.world import World
from cloud import rest


class Request(NamedTuple):
    """A server begins to want its maximum, or stops wanting it."""

    server: str
    grows: bool


class House(Protocol):
    """Where servers grow and shrink."""

    def grow(self, server: str) -> None:
        """Let a server have its maximum, if there is room."""

    def shrink(self, server: str) -> bool:
        """Have a server have its minimum, and return whether it had its maximum."""


def requests(servers: Sequence[str], share: float, steps: int, number: int = 0) -> list[Request]:
    """Return what a load requests: at each step one server stops, and another begins.

    It begins in the steady state, with the share that wants the maximum, and ends with none. The
    same number makes the same load.
    """
    chance = random.Random(f'{len(servers)} {share}' + (f' {number}' if number else ''))
    busy = chance.sample(servers, round(len(servers) * share))
    made = [Request(server, grows=True) for server in busy]
    for _ in range(steps):
        idle = [server for server in servers if server not in busy]
        if not busy or not idle:
            break
        stops, begins = chance.choice(busy), chance.choice(idle)
        busy.remove(stops)
        busy.append(begins)
        made += [Request(stops, grows=False), Request(begins, grows=True)]
    return made + [Request(server, grows=False) for server in busy]


def requested(made: Sequence[Request]) -> int:
    """Return how often a server is to grow."""
    return sum(request.grows for request in made)


def refused(made: Sequence[Request], house: House) -> int:
    """Make requests, and return how many servers stop wanting what they never got."""
    count = 0
    for server, grows in made:
        if grows:
            house.grow(server)
        else:
            count += not house.shrink(server)
    return count


class Pool:
    """A house of one host with all that a cloud has: what no cloud of that capacity can exceed."""

    def __init__(self, free: int, more: int) -> None:
        """Have this free, in the unit in which a server needs this much more to grow."""
        self._free = free
        self._more = more
        self._grown: set[str] = set()

    def grow(self, server: str) -> None:
        """Let a server grow if all that is free is enough."""
        if self._free >= self._more:
            self._free -= self._more
            self._grown.add(server)

    def shrink(self, server: str) -> bool:
        """Take back what a server has grown by."""
        if server not in self._grown:
            return False
        self._grown.remove(server)
        self._free += self._more
        return True


class Pools:
    """A house of several hosts, where servers stay on theirs."""

    def __init__(self, hosts: Mapping[str, str], pools: Mapping[str, Pool]) -> None:
        """Have servers on these hosts, and the pool of each host."""
        self._hosts = hosts
        self._pools = pools

    def grow(self, server: str) -> None:
        """Let a server grow if its host has enough."""
        self._pools[self._hosts[server]].grow(server)

    def shrink(self, server: str) -> bool:
        """Take back what a server has grown by."""
        return self._pools[self._hosts[server]].shrink(server)


class Hosts:
    """The hosts of a cloud, through its API."""

    def __init__(self, world: World, small: Size, large: Size, when_full: str) -> None:
        self._servers = world.servers
        self._small = small
        self._large = large
        self._when_full = when_full

    def grow(self, server: str) -> None:
        """Request the maximum; what then waits may be granted at any time."""
        with _refusals():
            self._servers.adjust(server, self._large, when_full=self._when_full)
            self._servers.wait_until_adjusted(server, may_wait=self._when_full == 'wait')

    def shrink(self, server: str) -> bool:
        """Request the minimum, and nothing any more of what still waits."""
        if self._when_full == 'wait':
            with _refusals():
                self._servers.cancel_adjust(server)
            # It may just have been granted.
            self._servers.wait_until_adjusted(server)
        if self._servers.size(server) != self._large:
            return False
        self._servers.adjust(server, self._small)
        self._servers.wait_until_adjusted(server)
        return True


@contextlib.contextmanager
def _refusals() -> Iterator[None]:
    """Go on after an answer that refuses something."""
    try:
        yield
    except rest.RestError as error:
        if error.status != 409:
            raise
