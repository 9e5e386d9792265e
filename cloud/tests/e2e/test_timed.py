"""A size for a limited time: the server goes back by itself."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from cloud import waiting
from cloud.tests.e2e.logs import Logs
from cloud.tests.e2e.sizes import Size
from cloud.tests.e2e.world import World

Create = Callable[..., str]
Flavor = Callable[..., str]
Quota = Callable[..., None]

pytestmark = pytest.mark.usefixtures('forked', 'all_up')

MINIMUM, GROWN = Size(1, 256), Size(4, 256)

#: Seconds that a server has more, and that each change of it may take.
LIMITED, CHANGE = 30, 5


@pytest.fixture
def server(world: World, create: Create) -> str:
    made = create('elastic')
    world.comes_up(made, MINIMUM)
    world.guests.hears(made)
    return made


def grow(world: World, server: str) -> float:
    """Have a server grow for a limited time; return when that was requested."""
    since = time.monotonic()
    assert world.api.post_adjust(server, current_vcpus=4, for_seconds=LIMITED) == (202, '')
    has(world, server, GROWN, since + CHANGE)
    return since


def has(world: World, server: str, size: Size, deadline: float) -> None:
    """Raise unless a guest has a size by a time, and Nova and placement say so as well."""
    remaining = deadline - time.monotonic()
    assert waiting.until(lambda: world.guests.live(server) == size, remaining, 0.1)
    print(f'{size} with {deadline - time.monotonic():.1f} s to spare')
    world.reconciles(server, size, 10)


def sleep_until(moment: float) -> None:
    time.sleep(max(0, moment - time.monotonic()))


def test_goes_back(world: World, server: str) -> None:
    """It has all that it was promised until the time is over, and not for long after."""
    since = grow(world, server)
    assert world.api.status(server)['return_vcpus'] == MINIMUM.vcpus
    sleep_until(since + LIMITED - CHANGE)
    assert world.guests.live(server) == GROWN
    has(world, server, MINIMUM, since + LIMITED + CHANGE)
    world.guests.hears(server, lambda line: line.cpus == 1)
    assert world.api.status(server)['returns_at'] is None


def test_services_are_down(world: World, server: str, logs: Logs) -> None:
    """It goes back as soon as there are services again."""
    logs.expect('MessagingTimeout|AMQP|ConnectionForced|Timed out|timed out')
    since = grow(world, server)
    labels = ('nova-conductor', f'nova-compute-{world.guests.host_of(server).number}')
    sleep_until(since + 20)
    for label in labels:
        world.faults.kill(label)
    sleep_until(since + 40)
    assert world.guests.live(server) == GROWN
    for label in labels:
        world.faults.resume(label)
    has(world, server, MINIMUM, time.monotonic() + 10)


def test_the_host_is_full(
    world: World, server: str, create: Create, flavor: Flavor, quota: Quota
) -> None:
    """The way back needs no capacity, and what it frees can be had."""
    quota('admin', cores=-1)
    place = world.guests.host_of(server)
    since = grow(world, server)
    create(
        flavor(world.accounting.host_vcpus(place.host) - GROWN.vcpus, 192),
        availability_zone=f'nova:{place.host}',
    )
    has(world, server, MINIMUM, since + LIMITED + CHANGE)
    world.adjust(server, *GROWN)


def test_memory_is_in_use_at_the_end(world: World, server: str) -> None:
    """The guest keeps what it uses, is accounted for that, and the status says why."""
    since = time.monotonic()
    body = {'current_memory_mb': 768, 'for_seconds': LIMITED}
    assert world.api.post_adjust(server, **body) == (202, '')
    world.guests.hears(server, lambda line: line.memory_kb > 600 * 1024)
    world.guests.hold(server, 420)
    sleep_until(since + LIMITED)
    assert waiting.until(lambda: world.api.status(server)['adjust']['state'] == 'failed', 20)
    last = world.api.adjusted(server, succeeds=False)
    assert last['code'] == 'xloud.stopped_at_floor', last
    kept = world.accounting.size(server)
    assert 420 < kept.memory_mb < 768
    assert world.guests.held_mb(server) == 420
    world.guests.let_go(server)
