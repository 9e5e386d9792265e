"""The memory of a guest by each means: how fast it changes, and what its host has of it."""

from __future__ import annotations

from typing import Any

from bench.cloud import guests
from bench.cloud.size import Size
from bench.cloud.world import World

SMALL, LARGE = Size(1, 384), Size(1, 1024)

#: The means, and what the flavor says of virtio-mem.
MEANS = {'balloon': 'false', 'virtio-mem': 'true'}

#: What was measured, by method and direction.
Ways = dict[str, dict[str, list[guests.Times]]]

#: Uses most of what the guest has, and frees it again.
_USE = """
mkdir -p /used; mount -t tmpfs -o size=4g used /used
dd if=/dev/zero of=/used/file bs=1M count=600 2>/dev/null
umount /used
"""


def run(world: World, quick: bool) -> dict[str, Any]:
    """Grow and shrink a guest with each means in turn, through Nova and by virsh."""
    rounds = 2 if quick else 20
    booted: dict[str, guests.Guest] = {}
    resident: dict[str, dict[str, int]] = {}
    for means, virtio_mem in MEANS.items():
        specs = {'hw:mem_hotplug_virtio': virtio_mem}
        flavor = world.servers.create_flavor(means, LARGE, SMALL, **specs)
        with world.progress.step(f'boot a guest with {means}'):
            guest = booted[means] = guests.boot(world, flavor, SMALL)
            guest.wait_until_accounted(SMALL)
        resident[means] = {'booted': guest.resident_mb()}
    times: dict[str, Ways] = {means: _no_times() for means in MEANS}
    with world.progress.step(f'{rounds} times up and down, by each means'):
        for _ in range(rounds):
            for means, guest in booted.items():
                _change(guest, times[means])
    with world.progress.step('use all the memory, free it, and give it back'):
        for means, guest in booted.items():
            guest.adjust(LARGE)
            guest.execute(_USE)
            resident[means]['used'] = guest.resident_mb()
            guest.adjust(SMALL)
            resident[means]['given back'] = guest.resident_mb()
    world.servers.delete([guest.server for guest in booted.values()])
    return {'from': SMALL, 'to': LARGE, 'resident': resident, 'times': times}


def _no_times() -> Ways:
    return {method: {'grow': [], 'shrink': []} for method in ('adjust', 'virsh')}


def _change(guest: guests.Guest, ways: Ways) -> None:
    """Take a guest up and down, and measure that."""
    for direction, size in (('grow', LARGE), ('shrink', SMALL)):
        ways['adjust'][direction].append(guest.adjust(size))
    for direction, size in (('grow', LARGE), ('shrink', SMALL)):
        change = guest.virsh_memory(size.memory_mb, SMALL.memory_mb)
        ways['virsh'][direction].append(change)
    guest.wait_until_accounted(SMALL)
