"""The time from the request until the guest has its new size, against virsh and a resize."""

from __future__ import annotations

from typing import Any

from bench.cloud import guests
from bench.cloud.guests import Times
from bench.cloud.size import Size
from bench.cloud.world import World
from cloud import waiting

SMALL, LARGE = Size(1, 256), Size(4, 768)


def run(world: World, quick: bool) -> dict[str, Any]:
    """Grow and shrink a guest by each method in turn, so that all meet the same load."""
    rounds, resizes = (3, 1) if quick else (50, 8)
    servers = world.servers
    elastic = servers.create_flavor('elastic', LARGE, SMALL)
    fixed = {size: servers.create_flavor(f'plain-{size.vcpus}', size) for size in (SMALL, LARGE)}
    with world.progress.step('boot a guest'):
        guest = guests.boot(world, elastic, SMALL)
        waiting.until(lambda: guest.live_size() == SMALL, 60)
    ways: dict[str, list[Times]] = {'adjust': [], 'virsh': [], 'resize': []}
    with world.progress.step(f'{rounds} times up and down, by adjustment and by virsh'):
        for _ in range(rounds):
            for size in (LARGE, SMALL):
                ways['adjust'].append(guest.adjust(size))
            for size in (LARGE, SMALL):
                ways['virsh'].append(guest.virsh(size))
            guest.wait_until_accounted(SMALL)
    servers.delete([guest.server])
    guest = guests.boot(world, fixed[SMALL], SMALL)
    with world.progress.step(f'{resizes} times up and down, by resize'):
        for _ in range(resizes):
            for size in (LARGE, SMALL):
                ways['resize'].append(guest.resize(size, fixed[size]))
    servers.delete([guest.server])
    return {'from': SMALL, 'to': LARGE, 'ways': ways}
