"""A server that fits nowhere else grows when another one leaves its host."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest

from cloud import ini, waiting
from cloud.tests.e2e.logs import Logs
from cloud.tests.e2e.sizes import Size
from cloud.tests.e2e.world import World

Create = Callable[..., str]
Flavor = Callable[..., str]
Options = Callable[[ini.Sections], None]
Quota = Callable[..., None]

pytestmark = [pytest.mark.usefixtures('forked', 'all_up'), pytest.mark.hosts(2)]

MINIMUM, GROWN, SMALL = Size(1, 256), Size(3, 256), Size(2, 192)

#: MiB in each guest that have to be there afterwards.
HELD_MB = 32


class House(NamedTuple):
    """Two full hosts: the one of the server has no vCPU left, the other one has two."""

    server: str
    small: str


@pytest.fixture
def house(world: World, create: Create, flavor: Flavor, quota: Quota) -> House:
    quota('admin', cores=-1, ram=-1)
    here, there = (place.host for place in world.hosts[:2])

    def put(place: str, name: str) -> str:
        return create(name, availability_zone=f'nova:{place}')

    server = put(here, flavor(4, 256, minimum_cpu='1'))
    # Only the small one may be moved: the large one would not fit either.
    small = put(here, flavor(SMALL.vcpus, SMALL.memory_mb))
    put(here, flavor(world.accounting.host_vcpus(here) - 3, 192))
    put(there, flavor(world.accounting.host_vcpus(there) - 2, 192))
    world.comes_up(server, MINIMUM)
    for guest in (server, small):
        world.guests.hears(guest)
        world.guests.hold(guest, HELD_MB)
    return House(server, small)


def test_another_server_leaves(
    world: World, house: House, control_options: Options, logs: Logs
) -> None:
    """The smallest that will do is live migrated, and the server grows where it is."""
    logs.expect('NoValidHost')
    control_options({'xloud': {'max_moves': 1}})
    body = {'current_vcpus': GROWN.vcpus, 'when_full': 'move'}
    assert world.api.post_adjust(house.server, **body) == (202, '')
    last: dict[str, object] = {}

    def is_over() -> bool:
        last.update(world.api.status(house.server)['adjust'])
        return last['state'] in ('succeeded', 'failed')

    assert waiting.until(is_over, 240, 1), last
    assert last['state'] == 'succeeded', last
    places = {guest: world.guests.host_of(guest).number for guest in house}
    assert places == {house.server: 1, house.small: 2}
    assert world.guests.live(house.server) == world.accounting.size(house.server) == GROWN
    assert world.guests.hears(house.server, lambda line: line.cpus == GROWN.vcpus)
    for guest in house:
        assert world.guests.held_mb(guest) == HELD_MB


def test_nobody_may_be_moved(world: World, house: House, logs: Logs) -> None:
    """Without the option of the operator, growth is refused and all stay where they are."""
    logs.expect('NoValidHost')
    error = world.api.adjust_error(house.server, current_vcpus=3, when_full='move')
    assert (error['code'], error['error_code']) == (409, 'xloud.no_host'), error
    assert [world.guests.host_of(guest).number for guest in house] == [1, 1]
    assert world.accounting.size(house.server) == MINIMUM
