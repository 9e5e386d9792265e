"""A server changes its flavor."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cloud.tests.e2e.sizes import Size
from cloud.tests.e2e.world import World

Create = Callable[..., str]
Flavor = Callable[..., str]


@pytest.fixture
def larger(world: World, flavor: Flavor) -> tuple[str, Size]:
    """A flavor to grow into, and the size a server of it has."""
    if world.forked:
        return flavor(4, 768, minimum_cpu='2', minimum_memory='320'), Size(2, 320)
    return flavor(2, 320), Size(2, 320)


def test_resize_and_confirm(world: World, create: Create, larger: tuple[str, Size]) -> None:
    """The server has the new flavor's size, and only that is held for it."""
    server = create()
    name, size = larger
    _resize(world, server, name)
    world.api.act(server, 'confirmResize')
    world.api.wait(server, 'ACTIVE')
    assert world.guests.hears(server).cpus == size.vcpus
    world.comes_up(server, size)


def test_resize_and_revert(world: World, create: Create, larger: tuple[str, Size]) -> None:
    """The server has the size it had before."""
    server = create()
    before = world.accounting.size(server)
    _resize(world, server, larger[0])
    world.api.act(server, 'revertResize')
    world.api.wait(server, 'ACTIVE')
    assert world.guests.hears(server).cpus == before.vcpus
    world.comes_up(server, before)


def _resize(world: World, server: str, flavor: str) -> None:
    new = world.admin.compute.find_flavor(flavor, ignore_missing=False).id
    world.api.act(server, 'resize', {'flavorRef': new})
    world.api.wait(server, 'VERIFY_RESIZE')
