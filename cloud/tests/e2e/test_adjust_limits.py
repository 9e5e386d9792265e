"""An adjustment that cannot be is refused, with a reason, and changes nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cloud.tests.e2e.sizes import Size
from cloud.tests.e2e.world import World

Create = Callable[..., str]
Flavor = Callable[..., str]
Quota = Callable[..., None]

pytestmark = pytest.mark.usefixtures('forked')

MINIMUM = Size(1, 256)

BETWEEN_VCPUS = 'This server can have 1 to 4 vCPUs; '
BETWEEN_MEMORY = 'This server can have 256 to 768 MiB of memory; '


def refuses(world: World, server: str, status: int, body: dict[str, object]) -> str:
    """Raise unless an adjustment is refused and nothing has changed; return the reason."""
    size, guest = world.accounting.size(server), _guest(world, server)
    answer, text = world.api.post_adjust(server, **body)
    assert (answer, len(text) < 500) == (status, True), text
    assert world.api.server(server)['task_state'] is None
    assert world.accounting.size(server) == size
    assert list(world.accounting.allocations(server).values()) == [size]
    assert _guest(world, server) == guest
    return text


def _guest(world: World, server: str) -> tuple[Size, str]:
    # Not the live definition: in that is whether the guest's agent has come up.
    return world.guests.live(server), world.guests.virsh(server, 'dumpxml', '--inactive')


def test_out_of_range(world: World, create: Create) -> None:
    """The answer names the range; of two values one is enough to refuse both."""
    server = create('elastic')
    world.comes_up(server, MINIMUM)
    for body, text in (
        ({'current_vcpus': 5}, f'{BETWEEN_VCPUS}5 were requested.'),
        ({'current_memory_mb': 247}, f'{BETWEEN_MEMORY}247 MiB were requested.'),
        (
            {'current_vcpus': 2, 'current_memory_mb': 777},
            f'{BETWEEN_MEMORY}777 MiB were requested.',
        ),
    ):
        assert refuses(world, server, 400, body) == text
    assert 'current_vcpus' in refuses(world, server, 400, {'current_vcpus': 0})
    assert 'more' in refuses(world, server, 400, {'current_vcpus': 2, 'more': True})
    refuses(world, server, 400, {})


def test_not_elastic(world: World, create: Create, flavor: Flavor) -> None:
    """What the flavor sets no minimum for is fixed."""
    server = create(flavor(2, 256, minimum_cpu='1'))
    assert refuses(world, server, 400, {'current_memory_mb': 192}) == (
        'The memory of this server is fixed at 256 MiB: its flavor does not set minimum_memory.'
    )
    # As dashboards send it: the value it has, besides one that changes.
    world.adjust(server, 2, 256)
    assert world.accounting.size(server) == Size(2, 256)


def test_host_full(world: World, create: Create, flavor: Flavor, quota: Quota) -> None:
    """What another server has cannot be had, and the answer says what is available."""
    quota('admin', cores=-1)
    server = create('elastic')
    world.comes_up(server, MINIMUM)
    place = world.guests.host_of(server)
    neighbour = flavor(world.accounting.host_vcpus(place.host) - 3, 192)
    create(neighbour, availability_zone=f'nova:{place.host}')
    assert refuses(world, server, 409, {'current_vcpus': 4, 'current_memory_mb': 512}) == (
        'Its host has 2 vCPUs available; the request needs 3 more.'
    )
    world.adjust(server, 3, 512)
    assert world.accounting.size(server) == Size(3, 512)


def test_larger_than_a_host(world: World, create: Create, flavor: Flavor, quota: Quota) -> None:
    """No server can have more than its host, however much of that is free."""
    quota('admin', cores=-1)
    most = min(world.accounting.host_vcpus(entry.host) for entry in world.hosts)
    server = create(flavor(most + 1, 256, minimum_cpu='1'))
    assert refuses(world, server, 409, {'current_vcpus': most + 1}) == (
        f'Its host allows at most {most} vCPUs per server; {most + 1} were requested.'
    )


def test_quota(world: World, create: Create, quota: Quota) -> None:
    """An adjustment needs quota for what it adds; what is given back can be had again."""
    quota('demo', cores=3, ram=768)
    demo = world.connect('xcloud-demo')
    server, second = (create('elastic', connection=demo) for _ in range(2))
    for entry in (server, second):
        world.comes_up(entry, MINIMUM)
    assert refuses(world, server, 403, {'current_vcpus': 3}).startswith(
        'Quota exceeded for cores: Requested 2, but already used 2 of 3 cores'
    )
    assert refuses(world, server, 403, {'current_memory_mb': 640}).startswith(
        'Quota exceeded for ram: Requested 384, but already used 512 of 768 ram'
    )
    world.adjust(server, 2, 512, connection=demo)
    refuses(world, second, 403, {'current_vcpus': 2})
    world.adjust(server, 1, 256, connection=demo)
    world.adjust(second, 2, 512, connection=demo)


def test_while_something_else_is_done(world: World, create: Create) -> None:
    """One thing at a time: a second adjustment, and a reboot, have to wait."""
    server = create('elastic', 'guest-slow')
    world.comes_up(server, MINIMUM)
    world.adjust(server, 2, 256, persist=False)
    world.guests.hears(server, lambda line: line.cpus == 2)
    assert world.api.post_adjust(server, current_vcpus=1) == (202, '')
    assert world.api.server(server)['task_state'] == 'xloud_adjusting'
    status, text = world.api.post_adjust(server, current_vcpus=3)
    assert (status, 'xloud_adjusting' in text) == (409, True), text
    with pytest.raises(Exception, match='xloud_adjusting'):
        world.api.act(server, 'reboot', {'type': 'HARD'})
    # Whoever wants to be rid of it has not to wait.
    world.admin.compute.delete_server(server)
    world.admin.compute.wait_for_delete(world.admin.compute.get_server(server), wait=60)
