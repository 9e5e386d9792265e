"""One QEMU that does not answer holds up nothing but its own server."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable

import pytest

from cloud import faults, waiting
from cloud.tests.e2e.logs import IN_VAIN, Logs
from cloud.tests.e2e.sizes import Size
from cloud.tests.e2e.world import World

Create = Callable[..., str]

pytestmark = pytest.mark.usefixtures('forked')

MINIMUM = Size(1, 256)

#: Of Nova's own periodic tasks, some that begin once a minute.
TASKS = ('update_available_resource', '_heal_instance_info_cache', '_check_instance_build_time')

#: Seconds between two turns of them, at most: their loop waits for the slowest.
TURN = 75

#: Seconds that a reader of the status may have to wait before nothing is known of the guest.
READER = 10


def turns(logs: Logs, label: str) -> Counter[str]:
    """Return how often a compute has begun each periodic task."""
    lines = logs.lines(r'Running periodic task ComputeManager\.', label)
    return Counter(re.findall(r'ComputeManager\.(\w+)', '\n'.join(lines)))


def test_periodic_tasks_and_neighbours(
    world: World, create: Create, logs: Logs, pytestconfig: pytest.Config
) -> None:
    """Its compute goes on with all else, and with that server as soon as it answers."""
    logs.expect(IN_VAIN)
    hung = create('elastic')
    place = world.guests.host_of(hung)
    neighbour = create('elastic', availability_zone=f'nova:{place.host}')
    for server in (hung, neighbour):
        world.comes_up(server, MINIMUM)
    seconds = pytestconfig.getoption('hang')
    label = f'nova-compute-{place.number}'
    with faults.frozen([world.guests.pid(hung)]):
        end = time.monotonic() + seconds
        before = turns(logs, label)
        rounds, slowest = 0, 0.0
        while time.monotonic() < end:
            world.adjust(neighbour, 2, 256)
            world.adjust(neighbour, 1, 256)
            rounds += 1
            start = time.monotonic()
            assert world.api.status(hung)['current_memory_mb'] == MINIMUM.memory_mb
            slowest = max(slowest, time.monotonic() - start)
            time.sleep(min(10, max(0, end - time.monotonic())))
        begun = turns(logs, label)
        begun.subtract(before)
        print(
            f'{seconds} s, {rounds} rounds of the neighbour, '
            f'slowest status {slowest:.1f} s, turns: {dict(begun)}'
        )
        for task in TASKS:
            assert begun[task] >= seconds // TURN, begun
        assert slowest < READER
    # What asked the guest in the meantime gets its answer, or has given up.
    world.guests.hears(hung)
    assert waiting.until(lambda: world.api.status(hung)['source'] == 'hypervisor', 60, 1)
    world.adjust(hung, 2, 384)
    world.guests.hears(hung, lambda line: line.cpus == 2)


def test_adjustment_of_a_hung_guest(world: World, create: Create, logs: Logs) -> None:
    """It fails in time, what it has is accounted for, and the next one succeeds."""
    logs.expect(IN_VAIN)
    server = create('elastic')
    world.comes_up(server, MINIMUM)
    world.guests.hears(server)
    with faults.frozen([world.guests.pid(server)]):
        status, text = world.api.post_adjust(server, current_vcpus=2, current_memory_mb=384)
        assert status in (202, 409, 503), text
        if status == 202:
            world.api.adjusted(server, succeeds=False)
    world.guests.hears(server)
    world.reconciles(server, MINIMUM)
    assert waiting.until(
        lambda: world.api.post_adjust(server, current_vcpus=2, current_memory_mb=384)[0] == 202,
        60, 1,
    )  # fmt: skip
    world.api.adjusted(server, succeeds=True)
    world.guests.reaches(server, Size(2, 384))
