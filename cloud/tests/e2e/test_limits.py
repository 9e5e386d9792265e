"""What does not fit is refused, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import openstack
import pytest

from cloud.tests.e2e import conftest
from cloud.tests.e2e.logs import Logs
from cloud.tests.e2e.world import Size, World

Flavor = Callable[..., str]


@pytest.fixture
def quota(world: World) -> Iterator[Callable[..., None]]:
    """Set limits of a project for one test."""
    changed: list[str] = []

    def path(project: str) -> str:
        return f'/os-quota-sets/{world.project(project)}'

    def limit(project: str, **values: int) -> None:
        changed.append(project)
        answer = world.admin.compute.put(path(project), json={'quota_set': values})
        openstack.exceptions.raise_from_response(answer)

    yield limit
    for project in changed:
        world.admin.compute.delete(path(project))


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
    half = flavor(_vcpus(world) // 2 + 1, 192)
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
        shown = world.wait(refused.id, 'ERROR')
        assert 'No valid host was found' in shown['fault']['message']
        assert world.allocations(refused.id) == {}
    finally:
        conftest.remove(world, [refused.id])


def test_quota_of_cores(
    world: World, create: Callable[..., str], flavor: Flavor, quota: Callable[..., None]
) -> None:
    """A project gets what its quota allows and is told when that is spent."""
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
        assert world.accounted(server) == Size(1, 256)
    with pytest.raises(Exception, match='Quota exceeded for'):
        create(elastic, connection=demo)


def _vcpus(world: World) -> int:
    """Give the smallest number of VCPUs that a libvirt host has."""
    url = world.context.settings.url('placement')
    client = world.context.admin
    return min(
        client.get(f'{url}/resource_providers/{uuid}/inventories')['inventories']['VCPU']['total']
        for uuid, name in world.providers().items()
        if name in {each.host for each in world.hosts}
    )
