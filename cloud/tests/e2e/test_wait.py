"""Growth waits for capacity on a full host: in its order, and nothing is forgotten."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

import pytest

from cloud import waiting
from cloud.tests.e2e.logs import Logs
from cloud.tests.e2e.sizes import Size
from cloud.tests.e2e.world import World

Create = Callable[..., str]
Flavor = Callable[..., str]
Quota = Callable[..., None]

pytestmark = pytest.mark.usefixtures('forked', 'all_up')

MINIMUM, MAXIMUM = Size(1, 192), Size(4, 192)

#: Seconds from when capacity is there until it is granted.
AT_ONCE = 2


class House(NamedTuple):
    """A full host, and those on it."""

    compute: str
    first: str
    second: str
    small: str
    large: str


@pytest.fixture
def house(world: World, create: Create, flavor: Flavor, quota: Quota) -> House:
    """Two elastic servers, the second with a priority, and neighbours that leave no vCPU."""
    quota('admin', cores=-1, ram=-1)
    place = world.hosts[0]

    def put(name: str) -> str:
        return create(name, availability_zone=f'nova:{place.host}')

    first = put(flavor(4, 192, minimum_cpu='1'))
    second = put(flavor(4, 192, minimum_cpu='1', **{'xloud:priority': '10'}))
    small = put(flavor(3, 192))
    large = put(flavor(world.accounting.host_vcpus(place.host) - 5, 192))
    for server in (first, second):
        world.comes_up(server, MINIMUM)
    return House(f'nova-compute-{place.number}', first, second, small, large)


def wait(world: World, server: str) -> None:
    """Request the maximum, for which there is no capacity yet."""
    assert world.api.post_adjust(server, current_vcpus=4, when_full='wait') == (202, '')
    waits(world, server)


def waits(world: World, server: str) -> None:
    """Raise unless a server has its minimum and waits for more."""
    assert waiting.until(lambda: state(world, server) == 'waiting', 10)
    assert world.accounting.size(server) == MINIMUM


def state(world: World, server: str) -> str:
    return str(world.api.status(server)['adjust']['state'])


def is_granted(world: World, server: str, since: float) -> None:
    """Raise unless a server gets what it waits for, once."""
    assert waiting.until(lambda: world.accounting.size(server) == MAXIMUM, 30, 0.05)
    took = time.monotonic() - since
    print(f'granted after {took:.2f} s')
    assert took < AT_ONCE
    assert world.api.adjusted(server, succeeds=True)
    world.guests.hears(server, lambda line: line.cpus == MAXIMUM.vcpus)
    events = world.api.cli('server', 'event', 'list', server, '-f', 'json')
    assert len([entry for entry in events if entry['Action'] == 'xloud_adjust']) == 1


def delete(world: World, server: str) -> float:
    """Delete a server; return when its capacity was there."""
    world.admin.compute.delete_server(server)
    assert waiting.until(lambda: not world.accounting.allocations(server), 60, 0.05)
    return time.monotonic()


@pytest.mark.parametrize('restarted', [False, True], ids=['up', 'restarted'])
def test_order(world: World, house: House, restarted: bool, logs: Logs) -> None:
    """Who has the priority comes first, and who was first waits on, over restarts."""
    wait(world, house.first)
    wait(world, house.second)
    if restarted:
        logs.expect('MessagingTimeout|AMQP|ConnectionForced|Timed out|timed out')
        for label in ('nova-conductor', house.compute):
            world.faults.kill(label)
            world.faults.resume(label)
        waits(world, house.first)
        waits(world, house.second)
    is_granted(world, house.second, delete(world, house.small))
    waits(world, house.first)
    is_granted(world, house.first, delete(world, house.large))


def test_a_shrink_makes_room(world: World, house: House) -> None:
    """What a neighbour gives back is granted at once, as well."""
    wait(world, house.second)
    deleted_at = delete(world, house.small)
    is_granted(world, house.second, deleted_at)
    wait(world, house.first)
    world.adjust(house.second, *MINIMUM)
    is_granted(world, house.first, time.monotonic())


def test_cancel(world: World, house: House) -> None:
    """Nobody gets what was cancelled; the capacity stays available."""
    wait(world, house.first)
    world.api.cli('server', 'adjust', 'cancel', house.first)
    last = world.api.status(house.first)['adjust']
    assert (last['state'], last['code']) == ('failed', 'xloud.wait_cancelled')
    delete(world, house.small)
    time.sleep(AT_ONCE)
    assert world.accounting.size(house.first) == MINIMUM
    world.adjust(house.first, *MAXIMUM)
