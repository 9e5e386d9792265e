"""What does not fit is refused, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cloud import waiting
from cloud.tests.e2e import conftest
from cloud.tests.e2e.logs import Logs
from cloud.tests.e2e.sizes import Size
from cloud.tests.e2e.world import World

Flavor = Callable[..., str]


def test_hosts_full(
    world: World,
    create: Callable[..., str],
    flavor: Flavor,
    quota: Callable[..., None],
    logs: Logs,
) -> None:
    """A server that no host has room for is refused by the scheduler."""
    quota('admin', cores=-1)
    logs.expect('NoValidHost')
    # More than half of a host: one fits on each.
    half = flavor(
        min(world.accounting.host_vcpus(place.host) for place in world.hosts) // 2 + 1, 192
    )
    for _ in world.hosts:
        create(half)
    compute = world.admin.compute
    refused = compute.create_server(
        name='e2e-too-much',
        flavor_id=compute.find_flavor(half).id,
        image_id=world.admin.image.find_image('guest').id,
        networks='none',
    )
    try:
        world.api.wait(refused.id, 'ERROR')
        # Nova first says that it failed, and then why.
        assert waiting.until(lambda: world.api.server(refused.id)['fault'], 10, 0.5)
        assert 'No valid host was found' in world.api.server(refused.id)['fault']['message']
        assert world.accounting.allocations(refused.id) == {}
    finally:
        conftest.remove(world, [refused.id])


def test_quota_of_cores(
    world: World, create: Callable[..., str], flavor: Flavor, quota: Callable[..., None]
) -> None:
    """A project gets what its quota allows and an error when that is used up."""
    quota('demo', cores=2)
    demo = world.connect('xcloud-demo')
    create(flavor(2, 192), connection=demo)
    with pytest.raises(Exception, match='Quota exceeded for cores'):
        create('small', connection=demo)


@pytest.mark.usefixtures('forked')
def test_quota_counts_the_minimum(
    world: World, create: Callable[..., str], flavor: Flavor, quota: Callable[..., None]
) -> None:
    """An elastic server needs quota for its minimum alone."""
    quota('demo', cores=2, ram=512)
    demo = world.connect('xcloud-demo')
    elastic = flavor(4, 768, minimum_cpu='1', minimum_memory='256')
    for _ in range(2):
        server = create(elastic, connection=demo)
        assert world.accounting.size(server) == Size(1, 256)
    with pytest.raises(Exception, match='Quota exceeded for'):
        create(elastic, connection=demo)
