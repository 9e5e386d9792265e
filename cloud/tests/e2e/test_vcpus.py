"""What the tests of growing and shrinking build on: guests take CPUs, and return them back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cloud.tests.e2e.world import World

Create = Callable[..., str]

#: More plugs than the guest may have CPUs, several times over.
ROUNDS = 3


@pytest.mark.usefixtures('forked')
def test_cpus_come_and_go(world: World, create: Create, flavor: Callable[..., str]) -> None:
    """The hypervisor counts what the guest has, each time, and the server can still be saved."""
    server = create(flavor(4, 768, minimum_cpu='1', minimum_memory='256'))
    world.guests.hears(server)
    for _ in range(ROUNDS):
        for count in (3, 1, 4, 1):
            _set_vcpus(world, server, count)
    world.api.act(server, 'suspend')
    world.api.wait(server, 'SUSPENDED')
    world.api.act(server, 'resume')
    world.api.wait(server, 'ACTIVE')
    for count in (2, 1):
        _set_vcpus(world, server, count)


def _set_vcpus(world: World, server: str, count: int) -> None:
    world.guests.virsh(server, 'setvcpus', str(count), '--live')
    assert world.guests.live(server).vcpus == count
    world.guests.hears(server, lambda line: line.cpus == count)
