"""Images that declare what their guests can, set by the client, and servers of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from cloud.tests.e2e.sizes import Size
from cloud.tests.e2e.world import World

Create = Callable[..., str]
Flavor = Callable[..., str]

pytestmark = pytest.mark.usefixtures('forked')

MINIMUM, MAXIMUM = Size(1, 256), Size(2, 512)
_MINIMUMS = {'minimum_cpu': '1', 'minimum_memory': '256'}


@pytest.fixture
def declare(world: World) -> Iterator[Callable[..., None]]:
    """Declare what the guests of the image can, for one test."""

    def set_elastic(**values: str) -> None:
        words = [word for field, value in values.items() for word in (f'--{field}', value)]
        world.api.cli('image', 'elastic', 'set', 'guest', *words)
        declared = world.api.cli('image', 'elastic', 'show', 'guest', '-f', 'json')
        assert {field: declared[field] for field in values} == values

    yield set_elastic
    world.api.cli('image', 'elastic', 'unset', 'guest')


def test_chooses_the_means(
    world: World, create: Create, flavor: Flavor, declare: Callable[..., None]
) -> None:
    """Whose image only knows virtio-mem has it, though the flavor does not say so."""
    declare(memory='virtio-mem')
    server = create(flavor(*MAXIMUM, **_MINIMUMS))
    world.comes_up(server, MINIMUM)
    assert world.api.status(server)['has_virtiomem']
    world.guests.hears(server)
    for size in (MAXIMUM, MINIMUM):
        world.adjust(server, *size)
        assert world.guests.live(server) == size


def test_only_grows(
    world: World, create: Create, flavor: Flavor, declare: Callable[..., None]
) -> None:
    """What the guest cannot do is refused before anything is claimed."""
    declare(vcpus='grow')
    server = create(flavor(*MAXIMUM, **_MINIMUMS))
    world.comes_up(server, MINIMUM)
    world.guests.hears(server)
    world.adjust(server, *MAXIMUM)
    error = world.api.adjust_error(server, current_vcpus=1)
    assert (error['code'], error['error_code']) == (409, 'xloud.guest_cannot'), error
    assert world.accounting.size(server) == MAXIMUM
    world.adjust(server, *MAXIMUM._replace(memory_mb=256))


def test_refused(
    world: World, create: Create, flavor: Flavor, declare: Callable[..., None]
) -> None:
    """No elastic server is made of it; one of a fixed size is."""
    declare(vcpus='no', memory='no', tested='by nobody')
    elastic, fixed = flavor(*MAXIMUM, **_MINIMUMS), flavor(*MINIMUM)
    with pytest.raises(Exception, match='minimum_cpu cannot be used with an image whose'):
        create(elastic)
    create(fixed)
