"""A server that moves to grow, and a service that dies or stands still in the middle of it."""

from __future__ import annotations

import contextlib
import time

import keystoneauth1.exceptions
import openstack
import pytest

from cloud import errors, waiting
from cloud.tests.e2e.logs import Logs
from cloud.tests.e2e.sizes import HELD_MB, Size
from cloud.tests.e2e.world import World

pytestmark = [pytest.mark.usefixtures('forked', 'all_up'), pytest.mark.hosts(2)]

MINIMUM, GROWN = Size(1, 256), Size(3, 256)

#: Seconds that a service stands still: longer than until Nova takes it for dead.
_STANDSTILL = 20

#: Seconds until all is well again, an RPC call that nobody answers included.
_PATIENCE = 240

_SERVICES = (
    'nova-conductor', 'nova-scheduler', 'nova-compute-1', 'nova-compute-2',
    'libvirtd-1', 'libvirtd-2', 'rabbitmq', 'placement',
)  # fmt: skip

#: What services say that others are gone.
_GONE = (
    'MessagingTimeout|AMQP|Connection|Timed out|timed out|libvirt|Migration|placement|'
    'Keystone|NoValidHost|refused|InstanceInfoCache|unexpected|ComputeHostNotFound'
)

#: What happens to a service, by the name that the faults have for it.
FAULTS = ('dead', 'frozen')


def requested(_world: World, _server: str) -> bool:
    return True


def migrates(world: World, server: str) -> bool:
    return world.accounting.task(server) == 'migrating'


def has_arrived(world: World, server: str) -> bool:
    return world.accounting.host(server) == world.hosts[1].host


#: When the service fails; each is asked of the database.
MOMENTS = {'requested': requested, 'migrating': migrates, 'arrived': has_arrived}


@pytest.mark.parametrize('moment', MOMENTS)
@pytest.mark.parametrize('fault', FAULTS)
@pytest.mark.parametrize('label', _SERVICES)
def test_a_service_fails(
    world: World, cramped: str, label: str, fault: str, moment: str, logs: Logs
) -> None:
    """The server ends at its old or its new size, running, with the claims of that on one host."""
    server = cramped
    for place in world.hosts:
        world.api.wait_service(place.host, 'up')
    logs.expect(_GONE)
    body = {'current_vcpus': GROWN.vcpus, 'when_full': 'move'}
    assert world.api.post_adjust(server, **body) == (202, '')
    assert waiting.until(lambda: MOMENTS[moment](world, server), 60, 0.02)
    with getattr(world.faults, fault)(label):
        time.sleep(_STANDSTILL)
    state: list[object] = []

    def is_over() -> bool:
        with contextlib.suppress(
            openstack.exceptions.SDKException,
            keystoneauth1.exceptions.ClientException,
            errors.CloudError,
        ):
            adjust = world.api.status(server)['adjust']
            size, live = world.accounting.size(server), world.guests.live(server)
            allocations = world.accounting.allocations(server)
            state[:] = [adjust, world.accounting.task(server), size, live, allocations]
            return (
                adjust['state'] in ('succeeded', 'failed')
                and world.accounting.task(server) is None
                and size == live == (GROWN if adjust['state'] == 'succeeded' else MINIMUM)
                and allocations == {world.guests.host_of(server).host: size}
            )
        return False

    begin = time.monotonic()
    assert waiting.until(is_over, _PATIENCE, 1), state
    print(f'{label} {fault}, {moment}: after {time.monotonic() - begin:.0f} s {state[0]}')
    assert world.guests.held_mb(server) == HELD_MB
    # Whatever has happened, the next request works, once the host has said again that it is there.
    world.api.wait_service(world.guests.host_of(server).host, 'up')
    world.adjust(server, *MINIMUM)
