"""A Debian under load is adjusted at random: it keeps its programs, its CPUs and its size."""

from __future__ import annotations

import collections
import random
import re
import time
from collections.abc import Callable
from typing import NamedTuple

import pytest

from cloud import ini, waiting
from cloud.guest import distribution
from cloud.tests.e2e import debians
from cloud.tests.e2e.debians import Debian
from cloud.tests.e2e.sizes import Size
from cloud.tests.e2e.world import World

pytestmark = pytest.mark.usefixtures('forked')

MINIMUM, MAXIMUM = Size(1, 768), Size(3, 2048)

#: What a guest under load takes and returns, again and again, in MiB. Who has programs like that
#: sets the margin of the floor higher than both.
BURST, MARGIN = 128, 256

#: The same load from the start to the end: CPUs, and memory in bursts.
_LOAD = (
    'systemd-run --quiet --unit=load stress-ng --timeout 0 --cpu 2'
    f' --vm 1 --vm-bytes {BURST}M --vm-method write64'
)
#: And another one that holds so much memory as there is to spare; it is over when it has it.
_HOLD = """
available() {{ awk '/^MemAvailable/ {{ print int($2 / 1024) }}' /proc/meminfo; }}
before=$(available)
[ $((before - {memory_mb})) -gt {reserve_mb} ] || exit 0
systemd-run --quiet --collect --unit=held stress-ng --timeout 0 --vm 1 --vm-bytes {memory_mb}M \\
    --vm-method write64 --vm-populate --vm-hang 0
for _ in $(seq 60); do
    [ $(available) -gt $((before - {memory_mb} * 9 / 10)) ] || break
    sleep 1
done
"""
_LET_GO = 'systemctl stop held 2> /dev/null || :'

#: What must be the same in the end.
_HEALTH = """
cat /proc/sys/kernel/random/boot_id
awk '/^oom_kill/ { print $2 }' /proc/vmstat
systemctl is-active load
"""
_WORK = 'systemctl show load --property CPUUsageNSec --value'
_KERNEL = 'journalctl --dmesg --output cat'
_TROUBLE = re.compile(r'Out of memory|Kernel panic|Oops|kernel BUG|CPU\d+ failed')

#: How an adjustment may end: also with a refusal, or put back.
OUTCOMES = {'succeeded', 'xloud.below_floor', 'xloud.memory_exhausted', 'xloud.guest_timeout'}


class Health(NamedTuple):
    """Which start of its system this is, how many programs ran out of memory, and of the load."""

    boot: str
    kills: int
    load: str


def health(debian: Debian) -> Health:
    boot, kills, load = debian.run(_HEALTH).split()
    return Health(boot, int(kills), load)


def adjust(world: World, debian: Debian, size: Size) -> str:
    """Request a size; return what became of it."""
    error = world.api.adjust_error(
        debian.server, current_vcpus=size.vcpus, current_memory_mb=size.memory_mb
    )
    if error:
        return str(error['error_code'])
    last = world.api.adjusted(debian.server, seconds=180)
    return str(last.get('code') or last['state'])


def agrees(world: World, debian: Debian) -> bool:
    """Return whether the guest, its hypervisor and the records have the same size."""
    live = world.guests.live(debian.server)
    return live == world.accounting.size(debian.server) and debian.online() == live.vcpus


@pytest.mark.parametrize('means', ['balloon', 'virtio-mem'])
def test_random_adjustments(
    world: World,
    boot_debian: debians.Boot,
    host_options: Callable[[ini.Sections], None],
    say: Callable[[str], None],
    pytestconfig: pytest.Config,
    means: str,
) -> None:
    """No program is killed, nothing restarts, no CPU is lost, and the records agree each time."""
    seconds, seed = pytestconfig.getoption('busy'), random.randrange(1 << 32)
    host_options({'xloud': {'memory_floor_margin': MARGIN}})
    debian = boot_debian(distribution.PROGRAMS.name, means, MINIMUM, MAXIMUM, disk=2)
    say(f'{means}: up after {debian.boot:.0f} s, {seconds} s of adjustments, seed {seed}')
    debian.run(_LOAD)
    healthy = health(debian)
    assert (healthy.kills, healthy.load) == (0, 'active')

    chance = random.Random(seed)
    outcomes: collections.Counter[str] = collections.Counter()
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        debian.run(_LET_GO)
        if chance.random() < 0.5:
            spare_mb = chance.randrange(100, 1200, 50)
            debian.run(_HOLD.format(memory_mb=spare_mb, reserve_mb=MARGIN))
        size = Size(chance.randint(1, 3), chance.randrange(768, 2049, 64))
        outcomes[adjust(world, debian, size)] += 1
        assert waiting.until(lambda: agrees(world, debian), 30, 1), (size, outcomes)
        assert health(debian) == healthy, (size, outcomes)
    say(f'{means}: {outcomes.total()} adjustments: {dict(outcomes)}')
    assert outcomes.keys() <= OUTCOMES
    assert outcomes['succeeded']

    debian.run(_LET_GO)
    for size in (MAXIMUM, MINIMUM):
        # What was let go, or a burst, may still be in use for a moment.
        assert waiting.until(lambda size=size: adjust(world, debian, size) == 'succeeded', 120, 5)
        assert debian.sees(size)
    assert agrees(world, debian)
    assert health(debian) == healthy
    say(f'{means}: the load had {int(debian.run(_WORK)) / 1e9:.0f} s of CPU time')
    assert not _TROUBLE.findall(debian.run(_KERNEL))
