"""Guests that do not do as they are asked: the server is put back, and the records are right."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cloud.tests.e2e.logs import Logs
from cloud.tests.e2e.sizes import Size
from cloud.tests.e2e.world import World

Create = Callable[..., str]
Flavor = Callable[..., str]

pytestmark = pytest.mark.usefixtures('forked')

MINIMUM = Size(1, 256)

#: The slow guest gives CPUs back after some 15 s, one after another.
_SLOW = 60


def test_vcpus_of_a_bare_guest(world: World, create: Create, flavor: Flavor) -> None:
    """No agent is needed to take CPUs, nor to give them back."""
    server = create(flavor(4, 256, minimum_cpu='1'), 'guest-bare')
    world.guests.hears(server)
    for vcpus in (4, 2, 1, 3):
        world.adjust(server, vcpus, 256)
        assert world.guests.live(server).vcpus == vcpus
        world.guests.hears(server, lambda line, vcpus=vcpus: line.cpus == vcpus)
    status = world.api.status(server)
    assert (status['guest_vcpus'], status['balloon_driver_active']) == (None, False)


def test_memory_of_a_bare_guest(world: World, create: Create, logs: Logs) -> None:
    """Without a balloon driver a guest keeps its maximum: that is said, and accounted for."""
    server = create('elastic', 'guest-bare')
    world.guests.hears(server)
    world.reconciles(server, Size(1, 768))
    assert not world.api.status(server)['balloon_driver_active']
    last = world.adjust(server, 2, 512, succeeds=False)
    assert last['reason'] == (
        'The guest has no active balloon driver. It still has 768 MiB after 20 seconds.'
    )
    assert world.guests.live(server) == world.accounting.size(server) == Size(1, 768)
    assert world.api.server(server)['status'] == 'ACTIVE'


def test_slow_guest(world: World, create: Create) -> None:
    """CPUs that are not given back in time stay accounted for until they are given back."""
    server = create('elastic', 'guest-slow')
    world.comes_up(server, MINIMUM)
    world.adjust(server, 3, 256, persist=False)
    world.guests.hears(server, lambda line: line.cpus == 3)
    last = world.adjust(server, 1, 512, succeeds=False)
    assert last['reason'] == 'The guest has given back 0 of 2 vCPUs after 8 seconds.'
    assert world.accounting.size(server) == Size(3, 256)
    assert list(world.accounting.allocations(server).values()) == [Size(3, 256)]
    assert world.guests.live(server) == Size(3, 256)
    # It complies then, once it has heard of the request.
    line = world.guests.hears(server, lambda line: line.cpus < 3, _SLOW)
    world.reconciles(server, Size(line.cpus, 256))
    assert world.guests.live(server).vcpus == line.cpus
    # What happened is history; the server can be given what it had.
    world.adjust(server, 3, 256)
    world.guests.hears(server, lambda line: line.cpus == 3)


def test_slow_guest_that_starts_with_them(world: World, create: Create) -> None:
    """A failed shrink leaves the start size as it was, and stays accounted for."""
    server = create('elastic', 'guest-slow')
    world.comes_up(server, MINIMUM)
    world.adjust(server, 2, 256)
    world.guests.hears(server, lambda line: line.cpus == 2)
    world.adjust(server, 1, 256, succeeds=False)
    assert world.accounting.start_size(server) == Size(2, 256)
    world.guests.hears(server, lambda line: line.cpus == 1, _SLOW)
    assert world.accounting.size(server) == Size(2, 256)
    world.api.act(server, 'reboot', {'type': 'HARD'})
    world.api.wait(server, 'ACTIVE')
    world.guests.reaches(server, Size(2, 256))
    assert world.guests.hears(server).cpus == 2


def test_guest_that_has_not_booted(world: World, create: Create) -> None:
    """A server can be adjusted at once: it has the requested size when its guest is up."""
    server = create('elastic')
    status, text = world.api.post_adjust(server, current_vcpus=2, current_memory_mb=512)
    assert status == 202, text
    last = world.api.adjusted(server)
    if last['state'] == 'succeeded':
        world.guests.reaches(server, Size(2, 512))
        assert world.guests.hears(server, lambda line: line.cpus == 2)
        assert world.accounting.size(server) == Size(2, 512)


def test_foreign_hand(world: World, create: Create) -> None:
    """What an operator does behind Nova's back is found, and accounted for."""
    server = create('elastic')
    world.comes_up(server, MINIMUM)
    world.guests.hears(server)
    world.guests.virsh(server, 'setvcpus', '3', '--live')
    world.reconciles(server, Size(3, 256))
    world.guests.virsh(server, 'setvcpus', '1', '--live')
    world.reconciles(server, MINIMUM)
