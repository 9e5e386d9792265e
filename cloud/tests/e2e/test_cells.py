"""Several cells: what is above them sees all, and each goes on without the others."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from typing import Any

import openstack
import pytest
import sqlalchemy

from cloud import errors, waiting
from cloud.services import host, nova
from cloud.tests.e2e.logs import Logs
from cloud.tests.e2e.sizes import Size
from cloud.tests.e2e.test_crash import LOST, agrees, works
from cloud.tests.e2e.world import World

Create = Callable[..., str]
Flavor = Callable[..., str]
Quota = Callable[..., None]

MINIMUM, GROWN = Size(1, 256), Size(2, 512)

#: The cell that fails in the tests, and one that does not.
DOWN, UP = 2, 1

#: Seconds in which an adjustment is accepted, however another cell is.
ACCEPTED = 5

#: Where a status comes from as long as Nova takes the host for up.
SOURCES = {'rabbitmq': 'database', 'nova-conductor': 'hypervisor'}

#: Seconds in which a status is answered, whatever the host and its broker do.
ANSWERED = 10

#: Seconds from when capacity is there until it is granted.
AT_ONCE = 2

#: Why an adjustment is not possible, by what is down; the host is, if it cannot say that it is up.
UNAVAILABLE = {'mariadb': 'xloud.cell_down'}

pytestmark = pytest.mark.usefixtures('forked', 'several', 'all_up')


@pytest.fixture
def several(world: World) -> None:
    if not world.context.settings.own_cells:
        pytest.skip('needs `xcloud up --cells 2`')


@pytest.fixture
def servers(world: World, create: Create, several: None) -> dict[int, str]:
    """A server in each cell."""
    made = {cell: create('elastic', availability_zone=zone(world, cell)) for cell in cells(world)}
    for server in made.values():
        world.comes_up(server, MINIMUM)
    return made


def cells(world: World) -> list[int]:
    return list(world.context.settings.own_cells)


def place(world: World, cell: int) -> host.Libvirt:
    """Return the first host of a cell."""
    return next(entry for entry in world.hosts if entry.cell == cell)


def zone(world: World, cell: int) -> str:
    """Return what makes the scheduler choose the first host of a cell."""
    return f'nova:{place(world, cell).host}'


def rows(world: World, database: str, query: str, cell: int = 0, **values: str) -> list[Any]:
    """Return what a statement yields in a database; what it changes stays."""
    engine = sqlalchemy.create_engine(world.context.database(database, cell))
    with engine.begin() as connection:
        result = connection.execute(sqlalchemy.text(query), values)
        return [tuple(row) for row in result] if result.returns_rows else []


def in_cells(world: World, server: str) -> list[int]:
    """Return the cells whose databases have a server."""
    query = 'SELECT 1 FROM instances WHERE uuid = :uuid AND deleted = 0 AND hidden = 0'
    return [cell for cell in cells(world) if rows(world, 'nova', query, cell, uuid=server)]


def audit(world: World, *words: str) -> tuple[int, str]:
    """Return with what status ``nova-manage xloud audit`` ends, and what it prints."""
    try:
        return 0, nova.Control(world.context).manage('xloud', 'audit', *words)
    except errors.CommandError as error:
        return error.status, error.evidence


def history(world: World, server: str) -> list[Size]:
    """Return the sizes that a server has had."""
    answer = world.admin.compute.get(f'/servers/{server}/xloud-history')
    openstack.exceptions.raise_from_response(answer)
    return [Size(entry['vcpus'], entry['memory_mb']) for entry in answer.json()['xloud_history']]


def answer_to_status(world: World, server: str) -> tuple[int, dict[str, Any]]:
    """Return the answer to a request for the status of a server: its code, and what is in it."""
    answer = world.admin.compute.get(f'/servers/{server}/xloud-status')
    (content,) = answer.json().values()
    return answer.status_code, content


@pytest.mark.short
def test_adjust_in_each_cell(world: World, servers: dict[int, str]) -> None:
    """A server of any cell is adjusted, shown and remembered, and is in its own cell alone."""
    for cell, server in servers.items():
        assert world.accounting.cell_of(server) == cell
        assert in_cells(world, server) == [cell]
        world.adjust(server, *GROWN)
        assert world.guests.hears(server, lambda line: line.cpus == GROWN.vcpus)
        assert world.api.status(server)['source'] == 'hypervisor'
    for server in servers.values():
        world.adjust(server, *MINIMUM)
        sizes = history(world, server)
        assert sizes[-1] == MINIMUM and GROWN in sizes
    status, text = audit(world, '--history', '--verbose')
    assert status == 0, text
    for cell in cells(world):
        line = rf'Checking host {place(world, cell).host}, cell \S+\(cell{cell}\)'
        assert re.search(line, text), text


def test_audit_fixes_what_it_finds_in_each_cell(world: World, servers: dict[int, str]) -> None:
    """Findings of all cells are in one list, and are fixed by one command."""
    labels = [f'nova-compute-{place(world, cell).number}' for cell in servers]
    with world.faults.down(*labels):  # They would fix it within seconds.
        for server in servers.values():
            query = (
                'UPDATE allocations JOIN resource_classes '
                'ON resource_classes.id = allocations.resource_class_id '
                "SET used = 3 WHERE consumer_id = :uuid AND name = 'VCPU'"
            )
            rows(world, 'placement', query, uuid=server)
        status, text = audit(world)
        assert status == 3, text
        for cell, server in servers.items():
            assert f'{place(world, cell).host}: server {server}: its allocation is ' in text
        assert audit(world, '--fix')[0] == 4
        assert audit(world)[0] == 0
    for server in servers.values():
        assert list(world.accounting.allocations(server).values()) == [MINIMUM]


def test_report_by_cell(world: World, servers: dict[int, str]) -> None:
    """What servers are promised and have is added up for each cell."""
    world.adjust(servers[UP], *GROWN)
    listed = json.loads(nova.Control(world.context).manage('xloud', 'report', '--json'))
    by_cell = {row['name']: row for row in listed if row['scope'] == 'cell'}
    assert by_cell[f'cell{UP}']['accounted_vcpus'] == GROWN.vcpus
    assert by_cell[f'cell{DOWN}']['accounted_vcpus'] == MINIMUM.vcpus


def test_quota_is_for_all_cells(world: World, servers: dict[int, str], quota: Quota) -> None:
    """What a project has in one cell it cannot have in another."""
    quota('admin', cores=3, ram=-1)
    first, second = (servers[cell] for cell in (UP, DOWN))
    world.adjust(first, 2, MINIMUM.memory_mb)
    status, text = world.api.post_adjust(second, current_vcpus=2)
    assert (status, text) == (
        403,
        'Quota exceeded for cores: Requested 1, but already used 3 of 3 cores',
    )
    world.adjust(first, *MINIMUM)
    world.adjust(second, 2, MINIMUM.memory_mb)


# Waiting growth.


@pytest.fixture
def crowded(
    world: World, servers: dict[int, str], create: Create, flavor: Flavor, quota: Quota
) -> dict[int, str]:
    """Neighbours that leave no vCPU in any cell."""
    quota('admin', cores=-1, ram=-1)
    return {
        cell: create(
            flavor(world.accounting.host_vcpus(place(world, cell).host) - 1, 192),
            availability_zone=zone(world, cell),
        )
        for cell in servers
    }


def waits(world: World, server: str) -> None:
    """Request a vCPU for which there is no capacity yet."""
    assert world.api.post_adjust(server, current_vcpus=2, when_full='wait') == (202, '')
    assert world.api.status(server)['adjust']['state'] == 'waiting'


def leave(world: World, server: str) -> float:
    """Delete a neighbour; return when its capacity was there."""
    world.admin.compute.delete_server(server)
    assert waiting.until(lambda: not world.accounting.allocations(server), 60, 0.05)
    return time.monotonic()


def is_granted(world: World, server: str, since: float) -> None:
    """Raise unless a server soon gets the vCPU that it waits for."""
    assert waiting.until(lambda: world.accounting.size(server).vcpus == 2, 30, 0.05)
    took = time.monotonic() - since
    print(f'granted after {took:.2f} s')
    assert took < AT_ONCE
    world.api.adjusted(server, succeeds=True)


def test_growth_waits_in_each_cell(
    world: World, servers: dict[int, str], crowded: dict[int, str]
) -> None:
    """It is granted what becomes free in its own cell, with the quota that there is then."""
    for server in servers.values():
        waits(world, server)
    for cell in reversed(servers):
        is_granted(world, servers[cell], leave(world, crowded[cell]))
        for other in range(1, cell):
            assert world.api.status(servers[other])['adjust']['state'] == 'waiting'


def test_growth_that_waited_is_over_quota(
    world: World, servers: dict[int, str], crowded: dict[int, str], quota: Quota
) -> None:
    """The conductor of a cell counts what the project has in all cells."""
    server = servers[DOWN]
    waits(world, server)
    # What is left when the neighbour has gone, and not one more.
    staying = world.accounting.host_vcpus(place(world, UP).host) + 1
    quota('admin', cores=staying, ram=-1, force=True)
    leave(world, crowded[DOWN])
    assert waiting.until(lambda: world.api.status(server)['adjust']['state'] != 'waiting', 30)
    last = world.api.adjusted(server, succeeds=False)
    assert last['code'] == 'xloud.over_quota', last
    assert world.accounting.size(server) == MINIMUM


# A cell that is down.


def goes_on(world: World, server: str) -> None:
    """Raise unless a server is adjusted as ever."""
    for size in (GROWN, MINIMUM):
        begun = time.monotonic()
        body = {'current_vcpus': size.vcpus, 'current_memory_mb': size.memory_mb}
        assert world.api.post_adjust(server, **body) == (202, '')
        print(f'accepted after {time.monotonic() - begun:.2f} s')
        assert time.monotonic() - begun < ACCEPTED
        world.api.adjusted(server, succeeds=True)
        assert world.accounting.size(server) == size


@pytest.mark.parametrize('fault', ['dead', 'frozen'])
@pytest.mark.parametrize('part', ['mariadb', 'rabbitmq', 'nova-conductor'])
def test_cell_is_down(
    world: World,
    servers: dict[int, str],
    part: str,
    fault: str,
    logs: Logs,
) -> None:
    """Its servers stay as they are, and say so; those of the other cell are adjusted."""
    logs.expect(LOST + '|CellTimeout|Cell .* is not responding')
    server = servers[DOWN]
    with getattr(world.faults, fault)(f'{part}-cell{DOWN}'):
        begun = time.monotonic()
        code, status = answer_to_status(world, server)
        took = time.monotonic() - begun
        print(f'status {code} after {took:.1f} s: {status}')
        goes_on(world, servers[UP])
        if part != 'mariadb':
            assert took < ANSWERED
            # Until then, Nova waits for the broker or for the host with a request to adjust.
            world.api.wait_service(place(world, DOWN).host, 'down', 120)
        begun = time.monotonic()
        error = world.api.adjust_error(server, current_vcpus=2)
        print(f'{error} after {time.monotonic() - begun:.1f} s')
        assert error['code'] == 503
        assert error['error_code'] == UNAVAILABLE.get(part, 'xloud.host_down')
        if part == 'mariadb':
            assert (code, status['error_code']) == (503, 'xloud.cell_down')
        else:
            assert code == 200
            assert status['source'] == SOURCES[part]
            assert Size(status['current_vcpus'], status['current_memory_mb']) == MINIMUM
        goes_on(world, servers[UP])
    agrees(world, server, MINIMUM)
    works(world, server, within=60)


def test_cell_dies_in_an_adjustment(world: World, servers: dict[int, str], logs: Logs) -> None:
    """All of a cell dies but its host: afterwards the server has one of both sizes."""
    logs.expect(LOST + '|CellTimeout|Cell .* is not responding')
    server = servers[DOWN]
    body = {'current_vcpus': GROWN.vcpus, 'current_memory_mb': GROWN.memory_mb}
    assert world.api.post_adjust(server, **body) == (202, '')
    parts = [f'{name}-cell{DOWN}' for name in ('nova-conductor', 'rabbitmq', 'mariadb')]
    for label in parts:
        world.faults.kill(label)
    goes_on(world, servers[UP])
    for label in reversed(parts):
        world.faults.resume(label)
    agrees(world, server, MINIMUM, GROWN)
    works(world, server, within=60)


# From one cell to another.


@pytest.mark.parametrize('ending', ['confirmResize', 'revertResize'])
def test_move_to_another_cell(
    world: World, servers: dict[int, str], ending: str, snapshots: None, logs: Logs
) -> None:
    """Its size goes with it, there and back, and each cell's records are right."""
    # A call that was lost in the test before ends a minute later.
    logs.expect('MessagingTimeout')
    server = servers[UP]
    world.adjust(server, 2, MINIMUM.memory_mb)
    world.api.act(server, 'migrate', {'host': place(world, DOWN).host})
    world.api.wait(server, 'VERIFY_RESIZE', 300)
    assert in_cells(world, server) == [DOWN]
    world.api.act(server, ending)
    world.api.wait(server, 'ACTIVE', 300)
    cell = DOWN if ending == 'confirmResize' else UP
    assert in_cells(world, server) == [cell]
    assert world.guests.host_of(server).host == place(world, cell).host
    world.comes_up(server, Size(2, MINIMUM.memory_mb))
    world.adjust(server, *GROWN)
    world.adjust(server, *MINIMUM)
