"""Guests that take what they are not accounted for: they are, or they are held."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

import pytest

from cloud import ini, waiting
from cloud.tests.e2e.sizes import Size
from cloud.tests.e2e.world import World

Create = Callable[..., str]
HostOptions = Callable[[ini.Sections], None]

pytestmark = pytest.mark.usefixtures('forked')

MINIMUM, HALF, MAXIMUM = Size(1, 256), Size(1, 512), Size(1, 1024)

#: What the process of a guest that does little has beside the guest's memory, in MiB.
OVERHEAD = 256

#: Two periods of reconciliation, and the time for what is done then.
SOON = 25

#: Without its driver a guest has what the balloon held.
_UNLOAD = 'rmmod virtio_balloon'

#: Takes the memory back, and then writes into the configuration of the device, as only a driver
#: does, that 768 MiB in pages of 4 KiB are in the balloon. QEMU has that configuration at this
#: offset of its fourth region.
_LIE = """
for device in /sys/bus/pci/devices/*; do
    case $(cat $device/vendor):$(cat $device/device) in
        0x1af4:0x1045 | 0x1af4:0x1002) break ;;
    esac
done
echo ${device##*/} > /sys/bus/pci/drivers/virtio-pci/unbind
echo 1 > $device/enable
region=$(awk 'NR == 5 { print $1 }' $device/resource)
devmem $((region + 0x2000 + 4)) 32 $((768 * 256))
"""


@pytest.fixture
def elastic(flavor: Callable[..., str]) -> str:
    return flavor(*MAXIMUM, minimum_memory='256')


def start(world: World, create: Create, flavor: str) -> str:
    """Boot a server on the first host."""
    server = create(flavor, availability_zone=f'nova:{world.hosts[0].host}')
    world.comes_up(server, MINIMUM)
    world.guests.hears(server)
    return server


@pytest.fixture
def limited(world: World, host_options: HostOptions) -> None:
    """Have hosts limit the memory of their guests, and the first one be full with two of them."""
    if not world.hosts[0].limits_memory:
        pytest.skip('the machine has no memory controller of the first version to write to')
    host_options({'DEFAULT': room_for_one(world), 'xloud': {'memory_limit_overhead': OVERHEAD}})


def room_for_one(world: World) -> dict[str, int]:
    """Return the options of a first host with room for one guest at its maximum, and another."""
    room = MAXIMUM.memory_mb + MINIMUM.memory_mb + 64
    return {'reserved_host_memory_mb': memory_of(world, world.hosts[0].host) - room}


def memory_of(world: World, host: str) -> int:
    """Return how much memory placement says a host has, in MiB."""
    providers = world.accounting.providers()
    identity = next(entry for entry, name in providers.items() if name == host)
    base = world.context.settings.url('placement')
    url = f'{base}/resource_providers/{identity}/inventories/MEMORY_MB'
    return int(world.context.admin.get(url)['total'])


@contextlib.contextmanager
def goes_on(world: World, server: str) -> Iterator[None]:
    """A guest at its maximum keeps running, and all that it holds, whatever another one does."""
    world.adjust(server, *MAXIMUM)
    world.guests.hears(server, lambda line: line.memory_mb > 900)
    world.guests.hold(server, 500)
    since = world.guests.hears(server).seconds
    yield
    assert world.guests.hears(server).seconds > since
    assert world.guests.held_mb(server) == 500
    assert world.accounting.size(server) == world.guests.live(server) == MAXIMUM


@pytest.mark.parametrize(
    ('operation', 'status'), [('pause', 'PAUSED'), ('stop', 'SHUTOFF')], ids=['pause', 'stop']
)
def test_no_room_for_an_excess(
    world: World,
    host_options: HostOptions,
    create: Create,
    elastic: str,
    operation: str,
    status: str,
) -> None:
    """On a host with room for one at its maximum, who takes more is held; the other goes on."""
    host_options({'DEFAULT': room_for_one(world), 'xloud': {'on_excess': operation}})
    honest, hostile = (start(world, create, elastic) for _ in range(2))
    with goes_on(world, honest):
        world.guests.begin(hostile, _UNLOAD)
        world.api.wait(hostile, status, SOON + 20)
        assert world.accounting.size(hostile) == MINIMUM
    actions = world.api.cli('server', 'event', 'list', hostile, '-f', 'json')
    assert operation in [entry['Action'] for entry in actions]
    # Its records cannot agree.
    world.remove([hostile])


@pytest.mark.usefixtures('limited')
def test_limit_of_the_host(world: World, create: Create, elastic: str) -> None:
    """The host's kernel ends a guest that takes more than its limit; the other one goes on."""
    honest, hostile = (start(world, create, elastic) for _ in range(2))
    with goes_on(world, honest):
        limit = MINIMUM.memory_mb + OVERHEAD
        assert world.hosts[0].memory_limit_mb(hostile) == limit
        world.guests.finish(hostile, world.guests.begin(hostile, _UNLOAD))
        world.guests.begin_take(hostile, 700)
        world.api.wait(hostile, 'SHUTOFF', SOON + 20)
        assert world.accounting.size(hostile) == MINIMUM


@pytest.mark.usefixtures('limited')
@pytest.mark.parametrize('virtio_mem', [False, True], ids=['balloon', 'virtio-mem'])
@pytest.mark.hosts(2)
def test_limit_follows(
    world: World, create: Create, flavor: Callable[..., str], virtio_mem: bool
) -> None:
    """The limit is that of what a server is accounted for, also on another host."""
    means = {'hw:mem_hotplug_virtio': str(virtio_mem).lower()}
    server = start(world, create, flavor(*MAXIMUM, minimum_memory='256', **means))

    def is_limited(size: Size) -> bool:
        limit = world.guests.host_of(server).memory_limit_mb(server)
        return limit == size.memory_mb + OVERHEAD

    for size in (MAXIMUM, HALF):
        world.adjust(server, *size)
        assert is_limited(size)
    world.api.act(server, 'os-migrateLive', {'host': None, 'block_migration': 'auto'})
    world.api.wait(server, 'ACTIVE', 180)
    assert world.guests.host_of(server).host == world.hosts[1].host
    assert waiting.until(lambda: is_limited(HALF), 10, 0.5)
    world.adjust(server, *MINIMUM)
    assert is_limited(MINIMUM)


def test_unloaded_driver(world: World, create: Create, elastic: str) -> None:
    """Where there is room, a guest that takes its memory back is accounted for it."""
    server = start(world, create, elastic)
    world.guests.begin(server, _UNLOAD)
    world.reconciles(server, MAXIMUM, SOON)


def test_alternating_guest(world: World, create: Create, elastic: str) -> None:
    """A guest that has another size at each look is accounted for the smaller of them at least."""
    server = start(world, create, elastic)
    smaller, larger = 700, 701
    deadline = time.monotonic() + SOON
    while time.monotonic() < deadline:
        for memory_mb in (smaller, larger):
            world.guests.virsh(server, 'setmem', f'{memory_mb}MiB', '--live')
            time.sleep(1.3)
    assert world.accounting.size(server).memory_mb in (smaller, larger)
    allocated = list(world.accounting.allocations(server).values())
    assert allocated == [world.accounting.size(server)]


def test_lying_driver(
    world: World, host_options: HostOptions, create: Create, elastic: str
) -> None:
    """A guest that reports its minimum and uses more is accounted for what the host sees."""
    host_options({'xloud': {'guest_memory_overhead': OVERHEAD}})
    server = start(world, create, elastic)
    world.guests.finish(server, world.guests.begin(server, _LIE))
    world.guests.hears(server, lambda line: line.memory_mb > 900)
    assert world.guests.live(server) == MINIMUM
    world.guests.hold(server, 700)
    seen = world.guests.resident_mb(server)
    assert seen > MINIMUM.memory_mb + OVERHEAD
    assert waiting.until(
        lambda: world.accounting.size(server).memory_mb >= seen - OVERHEAD - 16, SOON, 0.5
    ), world.accounting.size(server)
    # Its records cannot agree.
    world.remove([server])
