"""A shrink does not take the memory that a guest uses."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from cloud import waiting
from cloud.tests.e2e.sizes import Size
from cloud.tests.e2e.world import World

Create = Callable[..., str]

pytestmark = pytest.mark.usefixtures('forked')

MINIMUM, LARGE = Size(1, 256), Size(1, 768)

#: MiB that the guest puts where they cannot be taken from: more than the minimum can hold.
HELD_MB = 420


@pytest.fixture
def server(world: World, create: Create) -> str:
    made = create('elastic')
    world.comes_up(made, MINIMUM)
    world.guests.hears(made)
    world.adjust(made, *LARGE)
    world.guests.hears(made, lambda line: line.memory_kb > 600 * 1024)
    return made


def floor(world: World, server: str) -> int:
    """Return the floor that the status shows."""
    return int(world.api.status(server)['floor_memory_mb'])


def lives(world: World, server: str, since: int, held_mb: int = HELD_MB) -> None:
    """Raise unless a guest has run on all the time, and holds what it held."""
    assert world.guests.hears(server).seconds > since
    assert world.guests.held_mb(server) == held_mb


@pytest.mark.short
def test_shrink_below_the_floor(world: World, server: str) -> None:
    """It is refused before anything is done, with the floor that the status shows, too."""
    world.guests.hold(server, HELD_MB)
    since = world.guests.hears(server).seconds
    # Balloon statistics are some seconds old.
    assert waiting.until(lambda: floor(world, server) > HELD_MB, 30, 1)
    error = world.api.adjust_error(server, current_vcpus=1, current_memory_mb=256)
    assert (error['code'], error['error_code']) == (409, 'xloud.below_floor')
    named = [int(number) for number in re.findall(r'(\d+) MiB', error['message'])]
    assert any(abs(number - floor(world, server)) <= 16 for number in named), error['message']
    assert world.guests.live(server) == world.accounting.size(server) == LARGE
    lives(world, server, since)
    # What is above the floor can be taken.
    world.adjust(server, 1, floor(world, server) + 32)
    lives(world, server, since)


def test_shrink_as_soon_as_memory_is_used(world: World, server: str) -> None:
    """Statistics that are older than what the guest holds do not kill it."""
    since = world.guests.hears(server).seconds
    world.guests.hold(server, HELD_MB)
    status, _ = world.api.post_adjust(server, current_vcpus=1, current_memory_mb=256)
    assert status in (202, 409)
    if status == 202:
        assert world.api.adjusted(server, succeeds=False)['code'] == 'xloud.memory_exhausted'
    assert world.guests.live(server) == world.accounting.size(server) == LARGE
    lives(world, server, since)


def test_memory_is_used_during_a_shrink(world: World, server: str) -> None:
    """The shrink is stopped and put back, and says why."""
    since = world.guests.hears(server).seconds
    taking = world.guests.begin_take(server, HELD_MB)
    assert world.api.post_adjust(server, current_vcpus=1, current_memory_mb=256) == (202, '')
    last = world.api.adjusted(server, succeeds=False)
    assert last['code'] == 'xloud.memory_exhausted', last
    world.guests.reaches(server, LARGE)
    assert world.accounting.size(server) == LARGE
    assert list(world.accounting.allocations(server).values()) == [LARGE]
    world.guests.finish(server, taking)
    held_mb = world.guests.held_mb(server)
    assert held_mb > MINIMUM.memory_mb // 2
    lives(world, server, since, held_mb)
