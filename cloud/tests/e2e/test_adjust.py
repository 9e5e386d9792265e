"""A running server is given more, and less."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cloud import waiting
from cloud.guest.line import Line
from cloud.tests.e2e.logs import Logs
from cloud.tests.e2e.sizes import Size
from cloud.tests.e2e.world import World

Create = Callable[..., str]
Flavor = Callable[..., str]

pytestmark = pytest.mark.usefixtures('forked')

MINIMUM, GROWN, MAXIMUM = Size(1, 256), Size(3, 512), Size(4, 768)


@pytest.fixture
def server(world: World, create: Create) -> str:
    """An elastic server whose guest is up, at its minimum."""
    made = create('elastic')
    has(world, made, MINIMUM)
    return made


def has(world: World, server: str, size: Size) -> None:
    """Raise unless all say that the server has this: hypervisor, records, guest."""
    world.comes_up(server, size)
    world.guests.hears(server, lambda line: fits(line, size))
    online = [entry['online'] for entry in world.guests.agent(server, 'guest-get-vcpus')]
    assert online == [True] * size.vcpus
    answer = world.api.heard_of(server)
    assert Size(answer['current_vcpus'], answer['current_memory_mb']) == size
    assert (answer['source'], answer['guest_vcpus']) == ('hypervisor', size.vcpus)
    assert answer['balloon_driver_active']


def fits(line: Line, size: Size) -> bool:
    """Return whether a guest's line is that of a size; its kernel takes some of the memory."""
    lacks = size.memory_mb - line.memory_kb / 1024
    return line.cpus == size.vcpus and 0 < lacks < 80


@pytest.mark.short
def test_grow_and_shrink(world: World, server: str) -> None:
    """Both at once, to the maximum and back: the guest says so, and never boots."""
    before = world.guests.hears(server)
    for size in (GROWN, MAXIMUM, Size(2, 640), MINIMUM):
        world.adjust(server, size.vcpus, size.memory_mb)
        has(world, server, size)
    assert world.guests.hears(server).seconds > before.seconds


@pytest.mark.parametrize(
    ('body', 'size'),
    [
        ({'current_vcpus': 3}, Size(3, 256)),
        ({'current_memory_mb': 640}, Size(1, 640)),
        # As dashboards have them: from a form, and as gigabytes that were rounded.
        ({'current_vcpus': '2', 'current_memory_mb': '762'}, Size(2, 768)),
    ],
    ids=['only vCPUs', 'only memory', 'digits, rounded'],
)
def test_requests(world: World, server: str, body: dict[str, int | str], size: Size) -> None:
    """What is not named stays as it is; what a form sends is understood."""
    assert world.api.post_adjust(server, **body) == (202, '')
    world.api.adjusted(server, succeeds=True)
    has(world, server, size)


def test_grow_one_and_shrink_the_other(world: World, server: str) -> None:
    """One adjustment may do both."""
    world.adjust(server, 1, 768)
    world.adjust(server, 4, 256)
    has(world, server, Size(4, 256))
    world.adjust(server, 2, 640)
    has(world, server, Size(2, 640))


def test_nothing_to_do(world: World, server: str) -> None:
    """Both values are always sent: those the server has already do nothing."""
    domain = world.guests.virsh(server, 'dumpxml')
    world.adjust(server, *MINIMUM)
    assert world.guests.virsh(server, 'dumpxml') == domain
    has(world, server, MINIMUM)


def test_history_by_the_client(world: World, server: str) -> None:
    """The server's events keep who requested it, and how it ended."""
    world.adjust(server, *GROWN)
    events = world.api.cli('server', 'event', 'list', server, '-f', 'json')
    mine = next(entry for entry in events if entry['Action'] == 'xloud_adjust')
    answer = world.api.cli('server', 'event', 'show', server, mine['Request ID'], '-f', 'json')
    assert 'compute_xloud_adjust' in str(answer) and "'result': 'Success'" in str(answer)


@pytest.mark.parametrize(
    ('how', 'persist'),
    [
        pytest.param('HARD', False, marks=pytest.mark.short),
        pytest.param('SOFT', True, marks=pytest.mark.short),
        ('HARD', True),
        ('SOFT', False),
        ('stop', True),
        ('stop', False),
    ],
)
def test_start_after_adjust(world: World, server: str, how: str, persist: bool) -> None:
    """What is not to persist is gone with the next start, and is no longer accounted for."""
    world.adjust(server, *GROWN, persist=persist)
    has(world, server, GROWN)
    size = GROWN if persist else MINIMUM
    assert world.accounting.start_size(server) == size
    before = world.guests.boot_of(server)
    if how == 'stop':
        world.api.act(server, 'os-stop')
        world.api.wait(server, 'SHUTOFF')
        assert list(world.accounting.allocations(server).values()) == [size]
        world.api.act(server, 'os-start')
    else:
        world.api.act(server, 'reboot', {'type': how})
    world.api.wait(server, 'ACTIVE')
    assert world.guests.boot_of(server) != before
    has(world, server, size)


@pytest.mark.usefixtures('snapshots')
@pytest.mark.parametrize('how', ['suspend', 'rebuild', 'shelve'])
def test_grown_server_lives_on(world: World, server: str, how: str) -> None:
    """What was grown permanently outlives what else is done to a server."""
    world.adjust(server, *GROWN)
    if how == 'suspend':
        world.api.act(server, 'suspend')
        world.api.wait(server, 'SUSPENDED')
        world.api.act(server, 'resume')
    elif how == 'shelve':
        world.api.act(server, 'shelve')
        world.api.wait(server, 'SHELVED_OFFLOADED')
        world.api.act(server, 'unshelve')
    else:
        image = world.admin.image.find_image('guest', ignore_missing=False).id
        world.api.act(server, 'rebuild', {'imageRef': image})
    world.api.wait(server, 'ACTIVE')
    has(world, server, GROWN)
    world.adjust(server, *MINIMUM)
    has(world, server, MINIMUM)


@pytest.mark.hosts(2)
@pytest.mark.parametrize('persist', [True, False])
def test_live_migration(world: World, server: str, persist: bool) -> None:
    """The guest goes on with what it has there, can shrink there, and starts as agreed."""
    first = world.guests.host_of(server).host
    world.adjust(server, *GROWN, persist=persist)
    before = world.guests.hears(server)
    world.api.act(server, 'os-migrateLive', {'host': None, 'block_migration': 'auto'})
    world.api.wait(server, 'ACTIVE', 180)
    assert world.guests.host_of(server).host != first
    has(world, server, GROWN)
    assert world.guests.hears(server).seconds >= before.seconds
    assert world.accounting.start_size(server) == (GROWN if persist else MINIMUM)
    world.adjust(server, 2, 512, persist=persist)
    has(world, server, Size(2, 512))
    before = world.guests.boot_of(server)
    world.api.act(server, 'reboot', {'type': 'SOFT'})
    world.api.wait(server, 'ACTIVE')
    assert world.guests.boot_of(server) != before
    has(world, server, Size(2, 512) if persist else MINIMUM)


@pytest.mark.hosts(2)
def test_cold_migration(world: World, server: str) -> None:
    """A grown server needs, and gets, that much of the other host."""
    first = world.guests.host_of(server).host
    world.adjust(server, *GROWN)
    world.api.act(server, 'migrate')
    world.api.wait(server, 'VERIFY_RESIZE', 180)
    assert world.guests.host_of(server).host != first
    world.api.act(server, 'confirmResize')
    world.api.wait(server, 'ACTIVE')
    has(world, server, GROWN)


def test_stopped(world: World, server: str) -> None:
    """A stopped server can be given what it is to start with, and nothing else."""
    world.api.act(server, 'os-stop')
    world.api.wait(server, 'SHUTOFF')
    status, text = world.api.post_adjust(server, current_vcpus=3, persist=False)
    assert (status, text) == (
        409, 'A stopped server can be adjusted only with persist=true.',
    )  # fmt: skip
    world.adjust(server, *GROWN)
    assert list(world.accounting.allocations(server).values()) == [GROWN]
    answer = world.api.status(server)
    assert (answer['source'], answer['current_vcpus']) == ('database', 3)
    world.api.act(server, 'os-start')
    world.api.wait(server, 'ACTIVE')
    has(world, server, GROWN)


def test_paused(world: World, server: str) -> None:
    """A guest that stands still can be given vCPUs, and takes them when it goes on."""
    world.api.act(server, 'pause')
    world.api.wait(server, 'PAUSED')
    assert world.api.post_adjust(server, current_memory_mb=512)[0] == 409
    assert world.api.post_adjust(server, current_vcpus=3) == (202, '')
    world.api.adjusted(server, succeeds=True)
    assert world.api.post_adjust(server, current_vcpus=1)[0] == 409
    assert world.accounting.size(server) == Size(3, 256)
    world.api.act(server, 'unpause')
    world.api.wait(server, 'ACTIVE')
    has(world, server, Size(3, 256))


def test_resize_of_a_grown_server(world: World, server: str, flavor: Flavor) -> None:
    """It gets the new flavor's minimum; a revert gives back what it had."""
    world.adjust(server, *GROWN)
    new = world.admin.compute.find_flavor(flavor(6, 900, minimum_cpu='2', minimum_memory='320'))
    for action, size in (('revertResize', GROWN), ('confirmResize', Size(2, 320))):
        world.api.act(server, 'resize', {'flavorRef': new.id})
        world.api.wait(server, 'VERIFY_RESIZE', 180)
        assert world.accounting.size(server) == Size(2, 320)
        world.api.act(server, action)
        world.api.wait(server, 'ACTIVE', 180)
        has(world, server, size)


@pytest.mark.hosts(2)
def test_evacuation(world: World, server: str, logs: Logs) -> None:
    """A grown server is built on the other host with what it is to start with."""
    world.adjust(server, *GROWN)
    world.adjust(server, *MAXIMUM, persist=False)
    dead = world.guests.host_of(server)
    logs.expect('libvirt|privsep|MessagingTimeout|ServiceUnavailable')
    with world.faults.down(f'nova-compute-{dead.number}', f'libvirtd-{dead.number}'):
        world.api.wait_service(dead.host, 'down')
        status, text = world.api.post_adjust(server, current_vcpus=2)
        assert (status, text) == (503, 'The compute service of the host is down.')
        answer = world.api.status(server)
        assert (answer['source'], answer['current_vcpus']) == ('database', MAXIMUM.vcpus)
        world.api.act(server, 'evacuate', {})
        world.api.wait(server, 'SHUTOFF', 180)
        assert world.accounting.size(server) == GROWN
        world.api.act(server, 'os-start')
        world.api.wait(server, 'ACTIVE')
    # What it had on the dead host is released when that is back.
    world.api.wait_service(dead.host, 'up')
    assert waiting.until(lambda: len(world.accounting.allocations(server)) == 1, 60)
    has(world, server, GROWN)
