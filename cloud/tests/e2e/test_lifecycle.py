"""Everything that happens to a server on its host, at the size it booted with."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cloud import waiting
from cloud.tests.e2e.logs import Logs
from cloud.tests.e2e.world import World

Create = Callable[..., str]


@pytest.mark.parametrize('kind', ['SOFT', 'HARD'])
def test_reboot(world: World, create: Create, kind: str) -> None:
    """The guest boots again with the CPUs it started with."""
    server = create()
    size = world.accounted(server)
    before, start = world.hears(server), world.start_of(server)
    world.act(server, 'reboot', {'type': kind})
    world.wait(server, 'ACTIVE')
    assert world.start_of(server) != start
    assert world.hears(server).cpus == before.cpus
    world.comes_up(server, size)


@pytest.mark.parametrize('image', ['guest', 'guest-bare'])
def test_soft_reboot_asks_the_guest(world: World, create: Create, logs: Logs, image: str) -> None:
    """The guest shuts itself down, by its agent or its power button; it is not cut off."""
    # Without a balloon driver a server is better not elastic in memory.
    server = create('small', image)
    world.hears(server)
    start = world.start_of(server)
    world.act(server, 'reboot', {'type': 'SOFT'})
    world.wait(server, 'ACTIVE')
    assert world.start_of(server) != start
    assert not logs.lines('Trying hard reboot')


def test_stop_and_start(world: World, create: Create) -> None:
    """A stopped server keeps its place; it comes back as it was."""
    server = create()
    size = world.accounted(server)
    world.hears(server)
    world.act(server, 'os-stop')
    world.wait(server, 'SHUTOFF')
    assert list(world.allocations(server).values()) == [size]
    world.act(server, 'os-start')
    world.wait(server, 'ACTIVE')
    world.hears(server)
    world.settles(server, size)


def test_pause(world: World, create: Create) -> None:
    """A paused guest says nothing, and goes on where it was."""
    server = create()
    before = world.hears(server)
    world.act(server, 'pause')
    world.wait(server, 'PAUSED')
    world.act(server, 'unpause')
    world.wait(server, 'ACTIVE')
    after = world.hears(server)
    assert after.seconds >= before.seconds
    assert after.cpus == before.cpus


def test_suspend(world: World, create: Create) -> None:
    """A suspended guest is on disk, and goes on where it was."""
    server = create()
    before = world.hears(server)
    size = world.accounted(server)
    world.act(server, 'suspend')
    world.wait(server, 'SUSPENDED')
    assert list(world.allocations(server).values()) == [size]
    world.act(server, 'resume')
    world.wait(server, 'ACTIVE')
    after = world.hears(server)
    assert after.seconds >= before.seconds
    world.settles(server, size)


def test_rescue(world: World, create: Create) -> None:
    """The rescue system runs at the server's size; so does the server afterwards."""
    server = create()
    size = world.accounted(server)
    before = world.hears(server)
    world.act(server, 'rescue', {})
    world.wait(server, 'RESCUE')
    world.settles(server, size)
    world.act(server, 'unrescue')
    world.wait(server, 'ACTIVE')
    assert world.hears(server).cpus == before.cpus


def test_rebuild(world: World, create: Create) -> None:
    """Another image in the same server: same place, same size."""
    server = create()
    size, place = world.accounted(server), world.host_of(server).host
    world.hears(server)
    image = world.admin.image.find_image('guest-slow', ignore_missing=False).id
    world.act(server, 'rebuild', {'imageRef': image})
    world.wait(server, 'ACTIVE')
    world.hears(server)
    world.comes_up(server, size)
    assert world.host_of(server).host == place


@pytest.mark.usefixtures('snapshots')
def test_shelve(world: World, create: Create) -> None:
    """A shelved server gives up its place, and comes back at its size."""
    server = create()
    size = world.accounted(server)
    world.act(server, 'shelve')
    world.wait(server, 'SHELVED_OFFLOADED')
    assert world.allocations(server) == {}
    world.act(server, 'unshelve')
    world.wait(server, 'ACTIVE')
    world.hears(server)
    world.comes_up(server, size)


@pytest.mark.usefixtures('snapshots')
def test_snapshot(world: World, create: Create) -> None:
    """An image is made of a running server, which keeps its size."""
    server = create()
    size = world.accounted(server)
    world.settles(server, size)
    name = f'e2e-{server}'
    world.act(server, 'createImage', {'name': name})
    world.wait(server, 'ACTIVE')

    def made() -> bool:
        return [each.status for each in world.admin.image.images(name=name)] == ['active']

    assert waiting.until(made, 60, 0.5)
    world.settles(server, size)


def test_delete_releases_everything(world: World, create: Create) -> None:
    """Nothing is held for a server that is gone."""
    server = create()
    place = world.host_of(server)
    world.admin.compute.delete_server(server)
    world.admin.compute.wait_for_delete(world.admin.compute.get_server(server), wait=60)
    assert world.allocations(server) == {}
    assert server not in place.virsh('list', '--all', '--uuid')
