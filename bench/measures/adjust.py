"""From the request until the guest itself has it; against virsh, and against a resize."""

from __future__ import annotations

import time
from typing import Any

from bench.cloud.console import Console
from bench.cloud.world import Size, World
from cloud import waiting
from cloud.services import host

SMALL, LARGE = Size(1, 256), Size(4, 768)


def run(world: World, quick: bool) -> dict[str, Any]:
    """Take one server up and down by each way in turn, so that all meet the same load."""
    rounds, resizes = (3, 1) if quick else (50, 8)
    elastic = world.flavor('elastic', LARGE, SMALL)
    plain = {size: world.flavor(f'plain-{size.vcpus}', size) for size in (SMALL, LARGE)}
    where = {'host': 'compute1', 'image': 'guest-brisk'}
    with world.shown.step('boot a guest'):
        (server,) = world.boot(elastic, **where)
        guest = Guest(world, server)
        guest.console.hears(lambda said: said.shows(SMALL))
        waiting.until(lambda: guest.live() == SMALL, 60)
    ways: dict[str, list[dict[str, float]]] = {'adjust': [], 'virsh': [], 'resize': []}
    with world.shown.step(f'{rounds} times up and down, by adjust and by virsh'):
        for _ in range(rounds):
            for size in (LARGE, SMALL):
                ways['adjust'].append(guest.adjust(size))
            for size in (LARGE, SMALL):
                ways['virsh'].append(guest.virsh(size))
            guest.settle(SMALL)
    world.delete([server])
    (server,) = world.boot(plain[SMALL], **where)
    guest = Guest(world, server)
    guest.console.hears(lambda said: said.shows(SMALL))
    with world.shown.step(f'{resizes} times up and down, by resize'):
        for _ in range(resizes):
            for size in (LARGE, SMALL):
                ways['resize'].append(guest.resize(size, plain[size]))
    world.delete([server])
    return {'from': SMALL, 'to': LARGE, 'ways': ways}


class Guest:
    """A running server, its console and its domain."""

    def __init__(self, world: World, server: str) -> None:
        self.world = world
        self.server = server
        self.host = host.Libvirt(world.context, 1)
        self.console = Console(self.host.folder / 'instances' / server / 'console.log')

    def adjust(self, size: Size) -> dict[str, float]:
        """Ask Nova; also time until Nova says that it is done."""
        self.console.read()
        began = time.monotonic()
        accepted = self.world.adjust(self.server, size)
        seen = self.console.hears(lambda said: said.shows(size)).when - began
        self.world.free(self.server)
        return {'accepted': accepted, 'seen': seen, 'done': time.monotonic() - began}

    def virsh(self, size: Size) -> dict[str, float]:
        """Ask libvirt, behind Nova's back: nobody is asked and nothing is counted."""
        self.console.read()
        began = time.monotonic()
        self.host.virsh('setmem', self.server, str(size.memory_mb << 10), '--live')
        self.host.virsh('setvcpus', self.server, str(size.vcpus), '--live')
        accepted = time.monotonic() - began
        seen = self.console.hears(lambda said: said.shows(size)).when - began
        return {'accepted': accepted, 'seen': seen}

    def resize(self, size: Size, flavor: str) -> dict[str, float]:
        """Resize and confirm; the guest is silent from its old end to its new start."""
        last = before = self.console.hears(lambda said: True)
        began = time.monotonic()
        accepted = self.world.act(self.server, 'resize', {'flavorRef': flavor})
        while (said := self.console.hears(lambda said: True)).start == before.start:
            last = said
        silent = said.when - last.when
        if not said.shows(size):
            said = self.console.hears(lambda said: said.shows(size))
        seen = said.when - began
        self.world.reaches(self.server, 'VERIFY_RESIZE')
        self.world.act(self.server, 'confirmResize')
        self.world.reaches(self.server, 'ACTIVE')
        done = time.monotonic() - began
        return {'accepted': accepted, 'seen': seen, 'done': done, 'silent': silent}

    def live(self) -> Size:
        """Give what the hypervisor says the guest has."""
        vcpus = int(self.host.virsh('vcpucount', self.server, '--live', '--current'))
        shown = self.host.virsh('dommemstat', self.server)
        memory = next(line for line in shown.splitlines() if line.startswith('actual'))
        return Size(vcpus, int(memory.split()[1]) >> 10)

    def settle(self, size: Size) -> None:
        """Wait until Nova counts a size and has nothing to do for the server."""

        def there() -> bool:
            url = f'{self.world.nova}/servers/{self.server}/xloud-status'
            shown = self.world.client.get(url)['xloud_status']
            counted = (shown['accounted_vcpus'], shown['accounted_memory_mb'])
            task = self.world.server(self.server)['OS-EXT-STS:task_state']
            return counted == size and task is None

        waiting.until(there, 30)
