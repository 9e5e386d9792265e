"""A server whose host is full grows on another one, to which it is live migrated."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cloud.tests.e2e.logs import Logs
from cloud.tests.e2e.sizes import HELD_MB, Size
from cloud.tests.e2e.world import World

Create = Callable[..., str]
Flavor = Callable[..., str]

pytestmark = [pytest.mark.usefixtures('forked', 'all_up'), pytest.mark.hosts(2)]

MINIMUM, GROWN = Size(1, 256), Size(3, 256)

#: Seconds that the guest may stand still for longer than in a plain live migration.
PAUSE = 1

#: Writes the time every 10 ms, until it is stopped; and says what the longest gap was.
_WRITE_TIMES = """
mkdir -p /times; mount -t tmpfs times /times; touch /times/go
while [ -e /times/go ]; do read -r now _ < /proc/uptime; echo $now; sleep 0.01; done > /times/all
awk 'NR > 1 && $1 - last > most { most = $1 - last } { last = $1 } END { print most }' /times/all
umount /times
"""
_STOP = 'rm /times/go'


def longest_gap(world: World, server: str, move: Callable[[], None]) -> float:
    """Return for how long the guest stood still in a move."""
    writer = world.guests.begin(server, _WRITE_TIMES)
    move()
    world.guests.finish(server, world.guests.begin(server, _STOP))
    return float(world.guests.finish(server, writer))


def migrate(world: World, server: str) -> None:
    world.api.act(server, 'os-migrateLive', {'host': None, 'block_migration': 'auto'})
    world.api.wait(server, 'ACTIVE', 180)


def grow(world: World, server: str) -> None:
    """Request more than the host has, and wait until the server has it on the other."""
    body = {'current_vcpus': GROWN.vcpus, 'when_full': 'move'}
    assert world.api.post_adjust(server, **body) == (202, '')
    world.api.adjusted(server, succeeds=True, seconds=180)


def has_grown(world: World, server: str) -> None:
    """Raise unless the server is on the second host, and all say that it has grown."""
    place = world.guests.host_of(server)
    assert place.number == 2
    assert world.guests.live(server) == world.accounting.size(server) == GROWN
    assert world.accounting.allocations(server) == {place.host: GROWN}
    assert world.guests.hears(server, lambda line: line.cpus == GROWN.vcpus)
    assert world.guests.held_mb(server) == HELD_MB


def test_grows_on_another_host(world: World, cramped: str) -> None:
    """It goes on while it moves, keeps its data, and has what was promised."""
    server = cramped
    plain = longest_gap(world, server, lambda: migrate(world, server))
    migrate(world, server)
    assert world.guests.host_of(server).number == 1
    request = {'current_vcpus': GROWN.vcpus, 'when_full': 'move'}
    assert world.api.dry_run(server, **request)['outcome'] == 'move'
    gap = longest_gap(world, server, lambda: grow(world, server))
    print(f'longest gap: {gap} s, of a plain live migration {plain} s')
    assert gap < plain + PAUSE
    has_grown(world, server)
    # It is a server like any other there.
    world.adjust(server, *MINIMUM)


def test_all_hosts_are_full(
    world: World, cramped: str, create: Create, flavor: Flavor, logs: Logs
) -> None:
    """It is refused, and stays where it is."""
    server = cramped
    logs.expect('NoValidHost')
    other = world.hosts[1].host
    create(flavor(world.accounting.host_vcpus(other), 192), availability_zone=f'nova:{other}')
    error = world.api.adjust_error(server, current_vcpus=3, when_full='move')
    assert (error['code'], error['error_code']) == (409, 'xloud.no_host'), error
    assert world.guests.host_of(server).number == 1
    assert world.guests.live(server) == world.accounting.size(server) == MINIMUM
