"""The time from the request until the guest has its new size, against virsh and a resize."""

from __future__ import annotations

import time
from typing import Any

from bench.cloud.console import Console
from bench.cloud.size import Size
from bench.cloud.world import World
from cloud import waiting
from cloud.services import host

SMALL, LARGE = Size(1, 256), Size(4, 768)

_HOST, _IMAGE = 'compute1', 'guest-brisk'

#: Seconds until something happened, or that it took.
Times = dict[str, float]


def run(world: World, quick: bool) -> dict[str, Any]:
    """Grow and shrink a guest by each method in turn, so that all meet the same load."""
    rounds, resizes = (3, 1) if quick else (50, 8)
    servers = world.servers
    elastic = servers.create_flavor('elastic', LARGE, SMALL)
    fixed = {size: servers.create_flavor(f'plain-{size.vcpus}', size) for size in (SMALL, LARGE)}
    with world.progress.step('boot a guest'):
        guest = _boot(world, elastic)
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
    guest = _boot(world, fixed[SMALL])
    with world.progress.step(f'{resizes} times up and down, by resize'):
        for _ in range(resizes):
            for size in (LARGE, SMALL):
                ways['resize'].append(guest.resize(size, fixed[size]))
    servers.delete([guest.server])
    return {'from': SMALL, 'to': LARGE, 'ways': ways}


def _boot(world: World, flavor: str) -> Guest:
    (server,) = world.servers.boot(flavor, host=_HOST, image=_IMAGE)
    guest = Guest(world, server)
    guest.console.wait_for_size(SMALL)
    return guest


class Guest:
    """A running server, its console and its domain."""

    def __init__(self, world: World, server: str) -> None:
        self.world = world
        self.server = server
        self.host = host.Libvirt(world.context, 1)
        self.console = Console(self.host.folder / 'instances' / server / 'console.log')

    def adjust(self, size: Size) -> Times:
        """Adjust the server, through Nova."""
        self.console.read()
        start = time.monotonic()
        accepted = self.world.servers.adjust(self.server, size)
        latency = self.console.wait_for_size(size).time - start
        self.world.servers.wait_until_idle(self.server)
        return {'accepted': accepted, 'seen': latency, 'done': time.monotonic() - start}

    def virsh(self, size: Size) -> Times:
        """Change the guest through libvirt, without Nova: nothing is checked or recorded."""
        self.console.read()
        start = time.monotonic()
        self.host.virsh('setmem', self.server, str(size.memory_mb << 10), '--live')
        self.host.virsh('setvcpus', self.server, str(size.vcpus), '--live')
        accepted = time.monotonic() - start
        latency = self.console.wait_for_size(size).time - start
        return {'accepted': accepted, 'seen': latency}

    def resize(self, size: Size, flavor: str) -> Times:
        """Resize and confirm; the guest is silent from its last line until its restart."""
        last = before = self.console.next()
        start = time.monotonic()
        accepted = self.world.servers.act(self.server, 'resize', {'flavorRef': flavor})
        while (line := self.console.next()).start == before.start:
            last = line
        silent = line.time - last.time
        if not line.shows(size):
            line = self.console.wait_for_size(size)
        self.world.servers.wait_for_status(self.server, 'VERIFY_RESIZE')
        self.world.servers.act(self.server, 'confirmResize')
        self.world.servers.wait_for_status(self.server, 'ACTIVE')
        done = time.monotonic() - start
        return {'accepted': accepted, 'seen': line.time - start, 'done': done, 'silent': silent}

    def live_size(self) -> Size:
        """Return the size that the hypervisor reports."""
        vcpus = int(self.host.virsh('vcpucount', self.server, '--live', '--current'))
        statistics = self.host.virsh('dommemstat', self.server)
        memory = next(line for line in statistics.splitlines() if line.startswith('actual'))
        return Size(vcpus, int(memory.split()[1]) >> 10)

    def wait_until_accounted(self, size: Size) -> None:
        """Wait until Nova accounts for a size and the server has no task."""

        def accounted() -> bool:
            url = f'{self.world.nova}/servers/{self.server}/xloud-status'
            status = self.world.client.get(url)['xloud_status']
            task = self.world.servers.show(self.server)['OS-EXT-STS:task_state']
            return (status['accounted_vcpus'], status['accounted_memory_mb']) == size and not task

        waiting.until(accounted, 30)
