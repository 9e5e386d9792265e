"""A shrink does not take the memory that a guest uses."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from cloud import waiting
from cloud.tests.e2e.sizes import BOOT, Size
from cloud.tests.e2e.world import World

Create = Callable[..., str]

pytestmark = pytest.mark.usefixtures('forked')

MINIMUM, LARGE = Size(1, 256), Size(1, 768)

#: MiB that the guest puts where they cannot be taken from: more than the minimum can hold.
HELD_MB = 420


@pytest.fixture
def server(world: World, create: Create) -> str:
    return grown(world, create, 'elastic')


def grown(world: World, create: Create, flavor: str) -> str:
    """Boot a server, and have it grow."""
    made = create(flavor)
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


def test_forced_shrink(world: World, server: str) -> None:
    """With force a guest keeps less to spare than its floor has for it."""
    world.guests.hold(server, HELD_MB)
    since = world.guests.hears(server).seconds
    assert waiting.until(lambda: floor(world, server) > HELD_MB, 30, 1)
    below = Size(1, floor(world, server) - 48)
    error = world.api.adjust_error(server, current_vcpus=1, current_memory_mb=below.memory_mb)
    assert error['error_code'] == 'xloud.below_floor'
    world.adjust(server, *below, force=True)
    assert world.guests.live(server) == below
    lives(world, server, since)


def test_forced_shrink_of_what_is_in_use(
    world: World, create: Create, flavor: Callable[..., str]
) -> None:
    """It can cost the guest its life; what it has given back is said, and accounted for."""
    means = {'minimum_memory': '256', 'hw:mem_hotplug_virtio': 'true'}
    server = grown(world, create, flavor(*LARGE, **means))
    world.guests.hold(server, HELD_MB)
    last = world.adjust(server, *MINIMUM, succeeds=False, force=True)
    # A kernel that has nothing left starts again, and may do so in time.
    said = r'has given back \d+ of 512 MiB|The guest was restarted during the adjustment'
    assert re.search(said, last['reason']), last
    assert waiting.until(
        lambda: world.guests.live(server) == world.accounting.size(server) == LARGE, BOOT, 1
    )
    world.guests.hears(server)
