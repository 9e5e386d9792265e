"""Guests that use their memory, shrunk at random: none of them dies of it."""

from __future__ import annotations

import collections
import concurrent.futures
import random
import time
from collections.abc import Callable
from typing import NamedTuple

import pytest

from cloud.tests.e2e.sizes import Size
from cloud.tests.e2e.world import World

Create = Callable[..., str]
Flavor = Callable[..., str]

pytestmark = pytest.mark.usefixtures('forked')

LARGE = Size(1, 768)

#: At once: each has its own guest.
GUESTS = 3

#: MiB that a guest holds when the shrink is requested, and that it takes during the shrink.
HELD_MB, TAKEN_MB = (1, 450), (0, 200)
TARGETS = (256, 760)

#: How often a guest takes memory while it shrinks.
TAKES = 0.5


class Shrink(NamedTuple):
    """One of them, to be read when a guest has died of it."""

    held_mb: int
    target: int
    taken: int
    #: refused, succeeded, or the code of its failure.
    outcome: str


def shrink(world: World, server: str, chance: random.Random) -> Shrink:
    """Have a guest hold some memory, and shrink it; raise when it does not survive that."""
    held_mb, target = chance.randint(*HELD_MB), chance.randint(*TARGETS)
    taken = chance.randint(*TAKEN_MB) if chance.random() < TAKES else 0
    world.guests.let_go(server)
    world.adjust(server, *LARGE)
    world.guests.hold(server, held_mb)
    since = world.guests.hears(server).seconds
    # Statistics may be of before or after.
    time.sleep(chance.uniform(0, 12))
    status, _ = world.api.post_adjust(server, current_vcpus=1, current_memory_mb=target)
    assert status in (202, 409)
    taking = world.guests.begin_take(server, taken)
    last = world.api.adjusted(server) if status == 202 else {'state': 'refused'}
    world.guests.finish(server, taking)
    done = Shrink(held_mb, target, taken, last.get('code') or last['state'])
    assert world.guests.hears(server).seconds > since, done
    assert world.guests.held_mb(server) >= held_mb, done
    assert world.guests.live(server) == world.accounting.size(server), done
    return done


@pytest.mark.parametrize('virtio_mem', [False, True], ids=['balloon', 'virtio-mem'])
def test_no_guest_dies(
    world: World, create: Create, flavor: Flavor, virtio_mem: bool, pytestconfig: pytest.Config
) -> None:
    """Whatever a guest holds or takes, a shrink succeeds, is refused, or is put back."""
    count = pytestconfig.getoption('shrinks')
    seed = random.randrange(1 << 32)
    print(f'seed {seed}')
    specs = {'minimum_memory': '256', 'hw:mem_hotplug_virtio': str(virtio_mem).lower()}
    name = flavor(*LARGE, **specs)
    servers = [create(name) for _ in range(GUESTS)]
    for server in servers:
        world.comes_up(server, Size(1, 256))
        world.guests.hears(server)

    def work(number: int) -> list[Shrink]:
        chance = random.Random(seed + number)
        own = World()
        return [shrink(own, servers[number], chance) for _ in range(number, count, GUESTS)]

    with concurrent.futures.ThreadPoolExecutor(GUESTS) as pool:
        done = [shrunk for part in pool.map(work, range(GUESTS)) for shrunk in part]
    counts = collections.Counter(shrunk.outcome for shrunk in done)
    print(f'{len(done)} shrinks: {dict(counts)}')
    assert len(done) == count
    # Else nothing was tried.
    assert counts['succeeded'] and counts['refused']
    for server in servers:
        assert world.guests.live(server) == world.accounting.size(server)
