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
    """Give the host that a server is not on."""
    present = world.host_of(server).host
    return next(each for each in world.hosts if each.host != present)


def test_live_migration(world: World, create: Create) -> None:
    """The guest goes on without a boot, with the CPUs and memory it has."""
    server = create()
    target, size, before = other(world, server), world.accounted(server), world.hears(server)
    world.settles(server, size)
    world.act(server, 'os-migrateLive', {'host': None, 'block_migration': 'auto'})
    world.wait(server, 'ACTIVE', 180)
    assert world.host_of(server).host == target.host
    assert world.live(server) == size
    after = world.hears(server)
    assert after.seconds >= before.seconds
    assert after.cpus == before.cpus


def test_live_migration_there_and_back(world: World, create: Create) -> None:
    """What a migration leaves on the source does not hinder the way back."""
    server = create()
    first = world.host_of(server).host
    world.hears(server)
    for _ in range(2):
        world.act(server, 'os-migrateLive', {'host': None, 'block_migration': 'auto'})
        world.wait(server, 'ACTIVE', 180)
    assert world.host_of(server).host == first
    world.hears(server)


@pytest.mark.parametrize('ending', ['confirmResize', 'revertResize'])
def test_cold_migration(world: World, create: Create, ending: str) -> None:
    """The disk is copied, the server boots there, and it is counted in one place."""
    server = create()
    first, target = world.host_of(server).host, other(world, server).host
    size = world.accounted(server)
    world.hears(server)
    world.act(server, 'migrate', {'host': target})
    world.wait(server, 'VERIFY_RESIZE', 180)
    assert world.host_of(server).host == target
    world.act(server, ending)
    world.wait(server, 'ACTIVE', 180)
    assert world.host_of(server).host == (target if ending == 'confirmResize' else first)
    assert world.hears(server).cpus == size.vcpus
    world.comes_up(server, size)


def test_evacuation(world: World, create: Create, logs: Logs) -> None:
    """The server of a dead host is built again on the other, at its size."""
    server = create()
    dead, target = world.host_of(server), other(world, server)
    size = world.accounted(server)
    world.hears(server)
    logs.expect('libvirt|privsep|MessagingTimeout|ServiceUnavailable')
    world.halt(f'nova-compute-{dead.number}')
    world.halt(f'libvirtd-{dead.number}')
    try:
        world.wait_service(dead.host, 'down')
        world.act(server, 'evacuate', {})
        # It is left stopped: whether it really died is for its owner to judge.
        world.wait(server, 'SHUTOFF', 180)
        assert world.host_of(server).host == target.host
        assert world.accounted(server) == size
        world.act(server, 'os-start')
        world.wait(server, 'ACTIVE')
        assert world.accounted(server) == size
        assert world.hears(server).cpus == size.vcpus
    finally:
        world.resume(f'libvirtd-{dead.number}')
        world.resume(f'nova-compute-{dead.number}')
        world.wait_service(dead.host, 'up')
    assert server not in dead.virsh('list', '--all', '--uuid')
