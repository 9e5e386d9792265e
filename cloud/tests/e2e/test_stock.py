"""Stock Nova takes over servers that were adjusted, and gives them back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cloud.tests.e2e import conftest
from cloud.tests.e2e.sizes import Size
from cloud.tests.e2e.test_adjust import GROWN, MAXIMUM, MINIMUM, has
from cloud.tests.e2e.world import World

Create = Callable[..., str]

pytestmark = pytest.mark.usefixtures('forked')

SHRUNK = Size(2, 384)


@pytest.fixture
def servers(world: World, create: Create) -> dict[str, str]:
    """Servers with every kind of size that an adjustment leaves behind."""
    made = {
        name: create('elastic')
        for name in ('untouched', 'grown', 'until restart', 'shrunk', 'stopped', 'deleted')
    }
    world.api.act(made['stopped'], 'os-stop')
    world.api.wait(made['stopped'], 'SHUTOFF')
    for name, server in made.items():
        if name != 'stopped':
            world.guests.reaches(server, MINIMUM)
        world.adjust(server, *GROWN, persist=name not in ('until restart', 'deleted'))
    world.adjust(made['shrunk'], *SHRUNK)
    return made


def test_stock_nova_and_back(world: World, servers: dict[str, str]) -> None:
    """Stock Nova lists, shows, reboots, stops, starts and deletes them; the fork is right again."""
    before = {name: world.accounting.size(server) for name, server in servers.items()}
    uptime = world.guests.hears(servers['untouched']).seconds
    with world.faults.stock():
        assert not world.forked
        _lives_on_stock(world, servers)
        # Stock Nova writes nothing of what the fork has written.
        servers.pop('deleted')
        assert {name: world.accounting.size(server) for name, server in servers.items()} == {
            name: before[name] for name in servers
        }
    assert world.forked
    _right_again(world, servers, uptime)


def _lives_on_stock(world: World, servers: dict[str, str]) -> None:
    listed = {row['ID']: row for row in world.api.cli('server', 'list', '-f', 'json')}
    for name, server in servers.items():
        status = 'SHUTOFF' if name == 'stopped' else 'ACTIVE'
        assert listed[server]['Status'] == status
        details = world.api.cli('server', 'show', server, '-f', 'json')
        assert (details['status'], details['OS-EXT-STS:task_state']) == (status, None)
        # It knows one size: the flavor's.
        assert (details['flavor']['vcpus'], details['flavor']['ram']) == MAXIMUM

    # The definition of a guest that was adjusted is good for stock Nova, too.
    for name, size in (('grown', GROWN), ('until restart', MINIMUM)):
        _boots_again(world, servers[name], 'SOFT')
        world.guests.reaches(servers[name], size)
    _boots_again(world, servers['shrunk'], 'HARD')
    world.api.act(servers['stopped'], 'os-start')
    world.api.wait(servers['stopped'], 'ACTIVE')
    world.api.act(servers['deleted'], 'os-stop')
    world.api.wait(servers['deleted'], 'SHUTOFF')
    world.api.act(servers['deleted'], 'os-start')
    world.api.wait(servers['deleted'], 'ACTIVE')
    for name in ('shrunk', 'stopped', 'deleted'):
        world.guests.reaches(servers[name], MAXIMUM)
        world.guests.hears(servers[name], lambda line: line.cpus == MAXIMUM.vcpus)

    conftest.remove(world, [servers['deleted']])
    assert world.accounting.allocations(servers['deleted']) == {}


def _right_again(world: World, servers: dict[str, str], uptime: int) -> None:
    has(world, servers['untouched'], GROWN)
    assert world.guests.hears(servers['untouched']).seconds > uptime
    has(world, servers['grown'], GROWN)
    has(world, servers['until restart'], MINIMUM)
    for name in ('untouched', 'grown', 'until restart'):
        world.adjust(servers[name], *SHRUNK)
        has(world, servers[name], SHRUNK)

    for name, start in (('shrunk', SHRUNK), ('stopped', GROWN)):
        # What stock Nova gave it is counted, and given back at the next start.
        world.reconciles(servers[name], MAXIMUM)
        assert world.accounting.start_size(servers[name]) == start
        last = world.adjust(servers[name], 1, MAXIMUM.memory_mb, succeeds=False)
        assert last['reason'] == (
            'The guest was defined before its host supported elastic servers. '
            'Hard reboot the server before it gives back vCPUs.'
        )
        _boots_again(world, servers[name], 'HARD')
        has(world, servers[name], start)
        world.adjust(servers[name], *MINIMUM)
        has(world, servers[name], MINIMUM)


def _boots_again(world: World, server: str, kind: str) -> None:
    before = world.guests.boot_of(server)
    world.api.act(server, 'reboot', {'type': kind})
    world.api.wait(server, 'ACTIVE')
    assert world.guests.boot_of(server) != before
    world.guests.hears(server)
