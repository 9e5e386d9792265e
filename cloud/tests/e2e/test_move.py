"""A server moves between two hosts, each with a libvirt of its own."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cloud.services import host
from cloud.tests.e2e.logs import Logs
from cloud.tests.e2e.world import World

Create = Callable[..., str]

pytestmark = pytest.mark.hosts(2)


def other(world: World, server: str) -> host.Libvirt:
    """Return the host that a server is not on."""
    present = world.guests.host_of(server).host
    return next(entry for entry in world.hosts if entry.host != present)


def test_live_migration(world: World, create: Create) -> None:
    """The guest goes on without a boot, with the CPUs and memory it has."""
    server = create()
    target, size, before = (
        other(world, server),
        world.accounting.size(server),
        world.guests.hears(server),
    )
    world.guests.reaches(server, size)
    world.api.act(server, 'os-migrateLive', {'host': None, 'block_migration': 'auto'})
    world.api.wait(server, 'ACTIVE', 180)
    assert world.guests.host_of(server).host == target.host
    assert world.guests.live(server) == size
    after = world.guests.hears(server)
    assert after.seconds >= before.seconds
    assert after.cpus == before.cpus


def test_live_migration_there_and_back(world: World, create: Create) -> None:
    """What a migration leaves on the source does not hinder the way back."""
    server = create()
    first = world.guests.host_of(server).host
    world.guests.hears(server)
    for _ in range(2):
        world.api.act(server, 'os-migrateLive', {'host': None, 'block_migration': 'auto'})
        world.api.wait(server, 'ACTIVE', 180)
    assert world.guests.host_of(server).host == first
    world.guests.hears(server)


@pytest.mark.parametrize('ending', ['confirmResize', 'revertResize'])
def test_cold_migration(world: World, create: Create, ending: str) -> None:
    """The disk is copied, the server boots there, and it is counted in one place."""
    server = create()
    first, target = world.guests.host_of(server).host, other(world, server).host
    size = world.accounting.size(server)
    world.guests.hears(server)
    world.api.act(server, 'migrate', {'host': target})
    world.api.wait(server, 'VERIFY_RESIZE', 180)
    assert world.guests.host_of(server).host == target
    world.api.act(server, ending)
    world.api.wait(server, 'ACTIVE', 180)
    assert world.guests.host_of(server).host == (target if ending == 'confirmResize' else first)
    assert world.guests.hears(server).cpus == size.vcpus
    world.comes_up(server, size)


def test_evacuation(world: World, create: Create, logs: Logs) -> None:
    """The server of a dead host is built again on the other, at its size."""
    server = create()
    dead, target = world.guests.host_of(server), other(world, server)
    size = world.accounting.size(server)
    world.guests.hears(server)
    logs.expect('libvirt|privsep|MessagingTimeout|ServiceUnavailable')
    world.faults.halt(f'nova-compute-{dead.number}')
    world.faults.halt(f'libvirtd-{dead.number}')
    try:
        world.api.wait_service(dead.host, 'down')
        world.api.act(server, 'evacuate', {})
        # It is left stopped: whether it really died is for its owner to judge.
        world.api.wait(server, 'SHUTOFF', 180)
        assert world.guests.host_of(server).host == target.host
        assert world.accounting.size(server) == size
        world.api.act(server, 'os-start')
        world.api.wait(server, 'ACTIVE')
        assert world.accounting.size(server) == size
        assert world.guests.hears(server).cpus == size.vcpus
    finally:
        world.faults.resume(f'libvirtd-{dead.number}')
        world.faults.resume(f'nova-compute-{dead.number}')
        world.api.wait_service(dead.host, 'up')
    assert server not in dead.virsh('list', '--all', '--uuid')
