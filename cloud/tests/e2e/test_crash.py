"""Services die in the middle of an adjustment: the records agree, nothing is left over.

The moments are held by a guest that is slow to give a CPU back, and by a
service that is frozen: it is there, and does not answer.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable

import openstack
import pytest
import sqlalchemy.exc

from cloud import errors, ports, waiting
from cloud.tests.e2e.logs import Logs
from cloud.tests.e2e.sizes import Size
from cloud.tests.e2e.world import World

Create = Callable[..., str]

pytestmark = pytest.mark.usefixtures('forked', 'all_up')

MINIMUM, GROWN = Size(1, 256), Size(3, 512)

#: What services say that cannot reach another.
LOST = (
    'libvirt|AMQP|amqp|ConnectionRefused|Connection refused|ECONNREFUSED|MessagingTimeout|'
    'MessageDeliveryFailure|ServiceUnavailable|ConnectFailure|OperationalError|DBConnectionError|'
    'Connection reset|ConnectionForced|EndpointNotFound|server has gone away|Lost connection|'
    'Placement|placement|RemoteError|OSError|privsep|ServerNotFound|Timed out|timed out'
)

#: What one of the services says that has noticed the death of what they talk through.
NOTICED = {
    'rabbitmq': r'AMQP server on \S+ is unreachable|ConnectionForced|Connection reset',
    'mariadb': 'server has gone away|Lost connection|DBConnectionError|OperationalError',
}

#: How it shows in the tests that a service does not answer.
UNREACHABLE = (
    openstack.exceptions.SDKException,
    sqlalchemy.exc.DBAPIError,
    errors.CloudError,
)

#: Longer than any of the time-outs and periods that an adjustment may have to sit out.
PATIENCE = 120


@pytest.fixture
def server(world: World, create: Create) -> str:
    made = create('elastic')
    world.comes_up(made, MINIMUM)
    world.guests.hears(made)
    return made


@pytest.fixture
def slow(world: World, create: Create) -> str:
    """A server with a CPU that its guest does not give back at once."""
    made = create('elastic', 'guest-slow')
    world.comes_up(made, MINIMUM)
    world.adjust(made, 2, 256, persist=False)
    world.guests.hears(made, lambda line: line.cpus == 2)
    return made


def compute_of(world: World, server: str) -> str:
    """Return the label of the compute service of a server's host."""
    return f'nova-compute-{world.guests.host_of(server).number}'


def in_background(world: World, server: str, **body: object) -> list[tuple[int, str]]:
    """Request an adjustment without waiting for the answer; it is put into the list."""
    answers: list[tuple[int, str]] = []

    def ask() -> None:
        answers.append(world.api.post_adjust(server, world.connect('xcloud'), **body))

    threading.Thread(target=ask, daemon=True).start()
    return answers


def reaches(world: World, server: str, task: str) -> None:
    """Wait until a server is in a task."""
    if not waiting.until(lambda: world.accounting.task(server) == task, 30, 0.05):
        raise AssertionError(f'the server is in task {world.accounting.task(server)}, not {task}')


def last_event(world: World, server: str) -> str:
    """Return what a slow guest printed last of a CPU that it has yet to hear of."""
    return (re.findall(r'guest: hears of a CPU .*', world.guests.console(server)) or [''])[-1]


def asks_back(world: World, server: str) -> None:
    """Request less, and return when the guest has an event that it has not heard of yet."""
    before = last_event(world, server)
    assert world.api.post_adjust(server, current_vcpus=1) == (202, '')
    if not waiting.until(lambda: last_event(world, server) != before, 30):
        raise AssertionError('no CPU has been requested of the guest')
    assert world.accounting.task(server) == 'xloud_adjusting'
    assert world.guests.live(server).vcpus == 2


def agrees(world: World, server: str, *sizes: Size) -> None:
    """Wait until no task is left, everything says one of these sizes, and its host answers."""
    state = ''

    def agreed() -> bool:
        nonlocal state
        try:
            size, allocations, live = (
                world.accounting.size(server),
                world.accounting.allocations(server),
                world.guests.live(server),
            )
            task, source = world.accounting.task(server), world.api.status(server)['source']
        except UNREACHABLE as error:
            state = str(error)
            return False
        state = f'{size}, task {task}, allocations {allocations}, live {live} by the {source}'
        return (
            (task, source) == (None, 'hypervisor')
            and size in sizes
            and list(allocations.values()) == [size]
            and live == size
        )

    if not waiting.until(agreed, PATIENCE, 0.5):
        raise AssertionError(f'after {PATIENCE} s the server is {state}; not one of {sizes}')
    assert world.api.server(server)['status'] == 'ACTIVE'


def works(world: World, server: str, within: float = 0) -> None:
    """Raise unless a server can be adjusted again, to the minimum at last.

    A compute to which an answer was lost may wait for that until its time is up.
    """

    def accepted() -> bool:
        error = world.api.adjust_error(server, current_vcpus=2, current_memory_mb=512)
        assert not error or error['error_code'] == 'xloud.in_progress', error
        return not error

    assert waiting.until(accepted, within, 1)
    world.api.adjusted(server, succeeds=True)
    assert world.accounting.size(server) == Size(2, 512)
    assert list(world.accounting.allocations(server).values()) == [Size(2, 512)]
    assert world.guests.hears(server, lambda line: line.cpus == 2)
    world.adjust(server, 1, 256)
    assert world.guests.hears(server, lambda line: line.cpus == 1)


def test_compute_dies_while_a_guest_gives_back(world: World, slow: str, logs: Logs) -> None:
    """The next one counts what the guest has, then and later, and says what became of it."""
    logs.expect(LOST)
    compute = compute_of(world, slow)
    asks_back(world, slow)
    world.faults.kill(compute)
    world.faults.resume(compute)
    last = world.api.adjusted(slow)
    assert (last['state'], last['code'], last['reason']) == (
        'failed',
        'xloud.interrupted',
        'nova-compute stopped before the adjustment was complete.',
    )
    # By now the guest may have heard of it.
    agrees(world, slow, MINIMUM)
    world.guests.hears(slow, lambda line: line.cpus == 1)


def test_compute_dies_before_the_claim(world: World, server: str, logs: Logs) -> None:
    """Nothing has changed, and the next compute says so."""
    logs.expect(LOST)
    compute = compute_of(world, server)
    with world.faults.frozen(f'libvirtd-{world.guests.host_of(server).number}'):
        in_background(world, server, current_vcpus=3, current_memory_mb=512)
        reaches(world, server, 'xloud_adjusting')
        world.faults.kill(compute)
    world.faults.resume(compute)
    agrees(world, server, MINIMUM)
    works(world, server)


@pytest.mark.short
def test_compute_dies_after_the_claim(world: World, server: str, logs: Logs) -> None:
    """What was claimed and never given is released by the next compute."""
    logs.expect(LOST)
    compute = compute_of(world, server)
    with world.faults.frozen('placement'):
        in_background(world, server, current_vcpus=3, current_memory_mb=512)
        reaches(world, server, 'xloud_adjusting')
        port = world.context.settings.port('placement')
        addresses = [part.address for part in world.faults.parts('placement')]
        assert waiting.until(lambda: sum(ports.unread(port, at) for at in addresses) > 0, 30)
        world.faults.kill(compute)
    world.faults.resume(compute)
    agrees(world, server, MINIMUM)
    works(world, server)


def test_compute_dies_before_the_release(world: World, server: str, logs: Logs) -> None:
    """The guest has given back what nobody has released: the next compute does."""
    logs.expect(LOST)
    compute = compute_of(world, server)
    world.adjust(server, *GROWN, persist=False)
    assert world.api.post_adjust(server, current_vcpus=1, current_memory_mb=256) == (202, '')
    with world.faults.frozen('placement'):
        world.guests.hears(server, lambda line: line.cpus == 1 and line.memory_kb < 256 * 1024)
        world.faults.kill(compute)
    world.faults.resume(compute)
    agrees(world, server, MINIMUM)
    works(world, server)


def test_libvirtd_dies_while_a_guest_gives_back(world: World, slow: str, logs: Logs) -> None:
    """The adjustment fails; what the guest has is counted when libvirtd is back."""
    logs.expect(LOST)
    label = f'libvirtd-{world.guests.host_of(slow).number}'
    asks_back(world, slow)
    world.faults.kill(label)
    logs.wait('Connection to libvirt lost', compute_of(world, slow))
    world.faults.resume(label)
    assert world.api.adjusted(slow)['state'] == 'failed'
    agrees(world, slow, MINIMUM)


def test_placement_is_dead(world: World, server: str, logs: Logs) -> None:
    """Nothing can be claimed, so nothing changes; afterwards it can."""
    logs.expect(LOST)
    world.faults.kill('placement')
    error = world.api.adjust_error(server, current_vcpus=3)
    assert (error['code'], error['error_code'], error['message']) == (
        503,
        'xloud.placement_unavailable',
        'The placement service is not responding.',
    )
    assert world.accounting.size(server) == world.guests.live(server) == MINIMUM
    world.faults.resume('placement')
    agrees(world, server, MINIMUM)
    works(world, server)


def test_placement_dies_before_the_release(world: World, server: str, logs: Logs) -> None:
    """The guest has given back what cannot be released yet: that is done later."""
    logs.expect(LOST)
    world.adjust(server, *GROWN, persist=False)
    assert world.api.post_adjust(server, current_vcpus=1, current_memory_mb=256) == (202, '')
    world.faults.kill('placement')
    world.api.adjusted(server)
    assert world.accounting.size(server) == world.guests.live(server) == MINIMUM
    world.faults.resume('placement')
    agrees(world, server, MINIMUM)
    works(world, server)


@pytest.mark.parametrize('label', ['rabbitmq', 'mariadb'])
@pytest.mark.parametrize('grows', [True, False], ids=['grow', 'shrink'])
def test_what_services_talk_through_dies(
    world: World, server: str, label: str, grows: bool, logs: Logs
) -> None:
    """The adjustment is done, or undone; it is never half of either."""
    if not world.faults.parts(label):
        pytest.skip('needs `xcloud up --db mariadb`')
    logs.expect(LOST)
    if not grows:
        world.adjust(server, *GROWN, persist=False)
    vcpus, memory_mb = GROWN if grows else MINIMUM
    request = {'current_vcpus': vcpus, 'current_memory_mb': memory_mb}
    assert world.api.post_adjust(server, **request, persist=False) == (202, '')
    world.faults.kill(label)
    logs.wait(NOTICED[label])
    world.faults.resume(label)
    agrees(world, server, MINIMUM, GROWN)
    works(world, server, within=PATIENCE)


@pytest.mark.parametrize('label', ['rabbitmq', 'mariadb'])
def test_what_services_talk_through_dies_while_a_guest_gives_back(
    world: World, slow: str, label: str, logs: Logs
) -> None:
    """The compute cannot say how it went, until it can."""
    if not world.faults.parts(label):
        pytest.skip('needs `xcloud up --db mariadb`')
    logs.expect(LOST)
    asks_back(world, slow)
    world.faults.kill(label)
    logs.wait(NOTICED[label])
    world.faults.resume(label)
    agrees(world, slow, MINIMUM)
