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
    size = world.accounting.size(server)
    before, start = world.guests.hears(server), world.guests.boot_of(server)
    world.api.act(server, 'reboot', {'type': kind})
    world.api.wait(server, 'ACTIVE')
    assert world.guests.boot_of(server) != start
    assert world.guests.hears(server).cpus == before.cpus
    world.comes_up(server, size)


@pytest.mark.parametrize('image', ['guest', 'guest-bare'])
def test_soft_reboot_asks_the_guest(world: World, create: Create, logs: Logs, image: str) -> None:
    """The guest shuts itself down, by its agent or its power button; it is not killed."""
    # Without a balloon driver a server is better not elastic in memory.
    server = create('small', image)
    world.guests.hears(server)
    start = world.guests.boot_of(server)
    world.api.act(server, 'reboot', {'type': 'SOFT'})
    world.api.wait(server, 'ACTIVE')
    assert world.guests.boot_of(server) != start
    assert not logs.lines('Trying hard reboot')


def test_stop_and_start(world: World, create: Create) -> None:
    """A stopped server keeps its place; it comes back as it was."""
    server = create()
    size = world.accounting.size(server)
    world.guests.hears(server)
    world.api.act(server, 'os-stop')
    world.api.wait(server, 'SHUTOFF')
    assert list(world.accounting.allocations(server).values()) == [size]
    world.api.act(server, 'os-start')
    world.api.wait(server, 'ACTIVE')
    world.guests.hears(server)
    world.guests.reaches(server, size)


def test_pause(world: World, create: Create) -> None:
    """A paused guest says nothing, and goes on where it was."""
    server = create()
    before = world.guests.hears(server)
    world.api.act(server, 'pause')
    world.api.wait(server, 'PAUSED')
    world.api.act(server, 'unpause')
    world.api.wait(server, 'ACTIVE')
    after = world.guests.hears(server)
    assert after.seconds >= before.seconds
    assert after.cpus == before.cpus


def test_suspend(world: World, create: Create) -> None:
    """A suspended guest is on disk, and goes on where it was."""
    server = create()
    before = world.guests.hears(server)
    size = world.accounting.size(server)
    world.api.act(server, 'suspend')
    world.api.wait(server, 'SUSPENDED')
    assert list(world.accounting.allocations(server).values()) == [size]
    world.api.act(server, 'resume')
    world.api.wait(server, 'ACTIVE')
    after = world.guests.hears(server)
    assert after.seconds >= before.seconds
    world.guests.reaches(server, size)


def test_rescue(world: World, create: Create) -> None:
    """The rescue system runs at the server's size; so does the server afterwards."""
    server = create()
    size = world.accounting.size(server)
    before = world.guests.hears(server)
    world.api.act(server, 'rescue', {})
    world.api.wait(server, 'RESCUE')
    world.guests.reaches(server, size)
    world.api.act(server, 'unrescue')
    world.api.wait(server, 'ACTIVE')
    assert world.guests.hears(server).cpus == before.cpus


def test_rebuild(world: World, create: Create) -> None:
    """Another image in the same server: same place, same size."""
    server = create()
    size, place = world.accounting.size(server), world.guests.host_of(server).host
    world.guests.hears(server)
    image = world.admin.image.find_image('guest-slow', ignore_missing=False).id
    world.api.act(server, 'rebuild', {'imageRef': image})
    world.api.wait(server, 'ACTIVE')
    world.guests.hears(server)
    world.comes_up(server, size)
    assert world.guests.host_of(server).host == place


@pytest.mark.usefixtures('snapshots')
def test_shelve(world: World, create: Create) -> None:
    """A shelved server gives up its place, and comes back at its size."""
    server = create()
    size = world.accounting.size(server)
    world.api.act(server, 'shelve')
    world.api.wait(server, 'SHELVED_OFFLOADED')
    assert world.accounting.allocations(server) == {}
    world.api.act(server, 'unshelve')
    world.api.wait(server, 'ACTIVE')
    world.guests.hears(server)
    world.comes_up(server, size)


@pytest.mark.usefixtures('snapshots')
def test_snapshot(world: World, create: Create) -> None:
    """An image is made of a running server, which keeps its size."""
    server = create()
    size = world.accounting.size(server)
    world.guests.reaches(server, size)
    name = f'e2e-{server}'
    world.api.act(server, 'createImage', {'name': name})
    world.api.wait(server, 'ACTIVE')

    def made() -> bool:
        return [image.status for image in world.admin.image.images(name=name)] == ['active']

    assert waiting.until(made, 60, 0.5)
    world.guests.reaches(server, size)


def test_delete_releases_everything(world: World, create: Create) -> None:
    """Nothing is held for a server that is gone."""
    server = create()
    place = world.guests.host_of(server)
    world.admin.compute.delete_server(server)
    world.admin.compute.wait_for_delete(world.admin.compute.get_server(server), wait=60)
    assert world.accounting.allocations(server) == {}
    assert server not in place.virsh('list', '--all', '--uuid')
