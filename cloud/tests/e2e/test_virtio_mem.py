"""Memory that is plugged block by block: what is not plugged is not there."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cloud import waiting
from cloud.tests.e2e.sizes import Size
from cloud.tests.e2e.world import World

Create = Callable[..., str]

pytestmark = pytest.mark.usefixtures('forked')

MINIMUM, GROWN, MAXIMUM = Size(1, 256), Size(1, 512), Size(1, 1024)

#: What an emulating QEMU has beside the memory of its guest, in MiB: translated code, mostly.
OVERHEAD = 256

#: Fills a file in the guest's memory with data, and prints what it must be when it is read back.
_FILL = """
[ -d /data ] || {{ mkdir /data; mount -t tmpfs -o size=4g data /data; }}
dd if=/dev/urandom of=/data/part bs=1M count=8 2>/dev/null
for _ in $(seq $(({memory_mb} / 8))); do cat /data/part; done > /data/file
rm /data/part
md5sum < /data/file
"""
_READ = 'md5sum < /data/file'
_FREE = 'rm -f /data/file'


@pytest.fixture
def elastic(flavor: Callable[..., str]) -> Callable[..., str]:
    """Make a flavor of 256 to 1024 MiB, with virtio-mem unless it says otherwise."""

    def make(**specs: str) -> str:
        specs = {'hw:mem_hotplug_virtio': 'true', **specs}
        return flavor(4, 1024, minimum_cpu='1', minimum_memory='256', **specs)

    return make


@pytest.fixture
def server(world: World, create: Create, elastic: Callable[..., str]) -> str:
    made = create(elastic())
    world.comes_up(made, MINIMUM)
    world.guests.hears(made)
    return made


def run(world: World, server: str, script: str) -> str:
    return world.guests.finish(server, world.guests.begin(server, script), 120)


def sees(world: World, server: str, memory_mb: int) -> None:
    """Wait until the guest's own count of its memory is that, less what its kernel keeps."""
    world.guests.hears(server, lambda line: memory_mb - 64 < line.memory_mb <= memory_mb)


def reset(world: World, server: str) -> None:
    """Reset a guest, and wait until it has booted again with all that it had."""
    since = world.guests.hears(server, lambda line: line.seconds > 30).seconds
    memory_mb = world.guests.live(server).memory_mb
    world.guests.virsh(server, 'reset')
    for _ in range(5):
        # Not the last lines of the guest that was.
        assert world.accounting.size(server).memory_mb == memory_mb
        waiting.until(lambda: False, 1, 1)
    world.guests.hears(
        server,
        lambda line: line.seconds < since and memory_mb - 64 < line.memory_mb <= memory_mb,
    )


@pytest.mark.short
def test_a_guest_without_drivers(world: World, create: Create, elastic: Callable[..., str]) -> None:
    """It has its minimum; with a balloon the same guest has its maximum."""
    careful = create(elastic(), 'guest-bare')
    careless = create(elastic(**{'hw:mem_hotplug_virtio': 'false'}), 'guest-bare')
    sees(world, careful, MINIMUM.memory_mb)
    sees(world, careless, MAXIMUM.memory_mb)
    assert world.accounting.size(careful) == MINIMUM


@pytest.mark.short
def test_a_guest_that_takes_all_it_can(world: World, server: str) -> None:
    """It does not get more than it is accounted for."""
    sees(world, server, MINIMUM.memory_mb)
    world.guests.finish(server, world.guests.begin_take(server, 2048, reserve_mb=24))
    assert world.guests.held_mb(server) > MINIMUM.memory_mb // 2
    assert world.guests.resident_mb(server) < MINIMUM.memory_mb + OVERHEAD
    assert world.guests.live(server) == world.accounting.size(server) == MINIMUM


@pytest.mark.short
def test_grow_and_shrink(world: World, server: str) -> None:
    """What is added can be used; what is taken is the host's again."""
    world.adjust(server, *MAXIMUM)
    sees(world, server, MAXIMUM.memory_mb)
    written = run(world, server, _FILL.format(memory_mb=640))
    assert run(world, server, _READ) == written
    used = world.guests.resident_mb(server)
    assert used > 640
    status, _ = world.api.post_adjust(server, current_memory_mb=256)
    # Statistics may be older than the data; then the guest stops it.
    if status == 202:
        assert world.api.adjusted(server, succeeds=False)['code'] == 'xloud.memory_exhausted'
    assert run(world, server, _READ) == written
    run(world, server, _FREE)
    assert waiting.until(lambda: world.api.status(server)['floor_memory_mb'] < 250, 30, 1)
    world.adjust(server, *MINIMUM)
    sees(world, server, MINIMUM.memory_mb)
    assert world.guests.resident_mb(server) < used - 500
    assert world.api.status(server)['has_virtiomem']


@pytest.mark.parametrize('how', ['SOFT', 'HARD'])
def test_reboot(world: World, server: str, how: str) -> None:
    """A guest starts with its start size, which is not there until its driver runs."""
    world.adjust(server, *GROWN)
    world.adjust(server, *MAXIMUM, persist=False)
    world.api.act(server, 'reboot', {'type': how})
    world.api.wait(server, 'ACTIVE')
    world.comes_up(server, GROWN)
    sees(world, server, GROWN.memory_mb)


def test_reset(world: World, server: str) -> None:
    """A guest that resets itself gets back what it had, and is accounted for it all the time."""
    world.adjust(server, *GROWN)
    reset(world, server)
    assert world.guests.live(server) == GROWN
    world.adjust(server, *MAXIMUM)
    sees(world, server, MAXIMUM.memory_mb)


def test_suspend_and_resume(world: World, server: str) -> None:
    world.adjust(server, *GROWN)
    written = run(world, server, _FILL.format(memory_mb=128))
    world.api.act(server, 'suspend')
    world.api.wait(server, 'SUSPENDED')
    world.api.act(server, 'resume')
    world.api.wait(server, 'ACTIVE')
    world.comes_up(server, GROWN)
    assert run(world, server, _READ) == written


@pytest.mark.hosts(2)
def test_live_migration_there_and_back(world: World, server: str) -> None:
    """What is plugged goes along with the data in it, after a reset as well."""
    world.adjust(server, *GROWN)
    reset(world, server)
    written = run(world, server, _FILL.format(memory_mb=128))
    for _ in range(2):
        origin = world.guests.host_of(server).host
        world.api.act(server, 'os-migrateLive', {'host': None, 'block_migration': 'auto'})
        world.api.wait(server, 'ACTIVE')
        assert waiting.until(lambda: world.guests.host_of(server).host != origin, 60, 1)  # noqa: B023
        world.comes_up(server, GROWN)
        assert run(world, server, _READ) == written
    run(world, server, _FREE)
    world.adjust(server, *MAXIMUM)
    sees(world, server, MAXIMUM.memory_mb)


def test_restart_of_the_compute_service(world: World, server: str) -> None:
    """Killed in the middle of an adjustment, it accounts for what the guest has got."""
    status, _ = world.api.post_adjust(server, current_memory_mb=1024)
    assert status == 202
    label = f'nova-compute-{world.guests.host_of(server).number}'
    world.faults.kill(label)
    world.faults.resume(label)
    assert waiting.until(lambda: world.accounting.task(server) is None, 60, 1)
    live = world.guests.live(server)
    world.reconciles(server, live)
    assert world.api.status(server)['current_memory_mb'] == live.memory_mb
