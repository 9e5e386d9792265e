"""Real guests under measurement, each with its console and its domain."""

from __future__ import annotations

import base64
import time
import xml.etree.ElementTree as ET

from bench.cloud.console import Console
from bench.cloud.size import Size
from bench.cloud.world import World
from cloud import errors, waiting
from cloud.services import host

_HOST, _IMAGE = 'compute1', 'guest-brisk'

#: How long a guest may take for what it runs.
_PATIENCE = 120

#: Seconds until something happened, or that it took.
Times = dict[str, float]


def boot(world: World, flavor: str, size: Size) -> Guest:
    """Boot a server, and return its guest once that has its size."""
    (server,) = world.servers.boot(flavor, host=_HOST, image=_IMAGE)
    guest = Guest(world, server)
    guest.console.wait_for_size(size)
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

    def virsh_memory(self, memory_mb: int, boot_memory_mb: int) -> Times:
        """Change the memory by the guest's own means through libvirt, without Nova."""
        device = self._virtio_mem()
        self.console.read()
        start = time.monotonic()
        if device is None:
            self.host.virsh('setmem', self.server, str(memory_mb << 10), '--live')
        else:
            plugged = f'{memory_mb - boot_memory_mb}M'
            words = ('--alias', device, '--requested-size', plugged)
            self.host.virsh('update-memory-device', self.server, *words)
        accepted = time.monotonic() - start
        latency = self.console.wait_for_size(Size(1, memory_mb)).time - start
        return {'accepted': accepted, 'seen': latency}

    def _virtio_mem(self) -> str | None:
        """Return the alias of the guest's virtio-mem device, if it has one."""
        domain = ET.fromstring(self.host.virsh('dumpxml', self.server))
        alias = domain.find("./devices/memory[@model='virtio-mem']/alias")
        return None if alias is None else alias.get('name')

    def resident_mb(self) -> int:
        """Return the memory of the host that the guest's process has."""
        return self.host.resident_mb(self.server)

    def execute(self, script: str) -> None:
        """Run a script inside the guest, and wait for it."""
        words = {'path': '/bin/busybox', 'arg': ['sh', '-ec', script], 'capture-output': True}
        pid = self.host.agent(self.server, 'guest-exec', **words)['pid']
        last: dict[str, object] = {}

        def exited() -> bool:
            last.update(self.host.agent(self.server, 'guest-exec-status', pid=pid))
            return bool(last['exited'])

        if not waiting.until(exited, _PATIENCE, 0.1) or last['exitcode']:
            said = base64.b64decode(str(last.get('err-data', ''))).decode()
            raise errors.NotReadyError('the guest', f'a script inside it failed: {said}')
