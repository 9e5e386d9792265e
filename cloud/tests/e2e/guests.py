"""Guests: what their hypervisor says of them, and what they print and answer."""

from __future__ import annotations

import base64
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from cloud import errors, waiting
from cloud.guest import line as guest_line
from cloud.guest.line import Line
from cloud.services import host
from cloud.tests.e2e.api import Api
from cloud.tests.e2e.sizes import BOOT, Size

#: What the guest runs: its memory is held by a file system that has nowhere else to go.
_HOLD = """
[ -d /hold ] || {{ mkdir /hold; mount -t tmpfs -o size=4g hold /hold; }}
fallocate -o $(stat -c %s /hold/file || echo 0) -l {memory_mb}M /hold/file
"""
#: The same little by little, and never the last of it: what is taken then is not its own doing.
_TAKE = """
[ -d /hold ] || {{ mkdir /hold; mount -t tmpfs -o size=4g hold /hold; }}
for _ in $(seq $(({memory_mb} / 8))); do
    available=$(awk '/^MemAvailable/ {{ print int($2 / 1024) }}' /proc/meminfo)
    [ $available -gt {reserve_mb} ] || break
    fallocate -o $(stat -c %s /hold/file || echo 0) -l 8M /hold/file
done
"""
_LET_GO = 'rm -f /hold/file'
_HELD_SIZE = 'echo $(($(stat -c %s /hold/file || echo 0) >> 20))'


class Guests:
    """The guests of all hosts, each by its server."""

    def __init__(self, api: Api, hosts: Sequence[host.Libvirt], fakes: Sequence[str]) -> None:
        self.api = api
        self.hosts = hosts
        self.fakes = fakes

    def host_of(self, server: str) -> host.Libvirt:
        name = self.api.server(server)['hypervisor_hostname']
        return next(place for place in self.hosts if place.host == name)

    def virsh(self, server: str, verb: str, *words: str) -> str:
        """Run a verb of ``virsh`` on a server's domain."""
        return self.host_of(server).virsh(verb, server, *words)

    def domain(self, server: str) -> ET.Element:
        return ET.fromstring(self.virsh(server, 'dumpxml'))

    def pins(self, server: str) -> dict[int, frozenset[int]]:
        """Return on which CPUs of the machine each vCPU that a guest has may run."""
        has = {
            int(vcpu.get('id', ''))
            for vcpu in self.domain(server).iterfind('./vcpus/vcpu')
            if vcpu.get('enabled') == 'yes'
        }
        lines = self.virsh(server, 'vcpupin', '--live').splitlines()
        matches = (re.match(r'\s*(\d+)\s+(\S+)$', line) for line in lines)
        return {
            int(match[1]): frozenset(_numbers(match[2]))
            for match in matches
            if match and int(match[1]) in has
        }

    def boot_of(self, server: str) -> str | None:
        """Return what is another after each start of a server's guest."""
        return self.domain(server).get('id')

    def live(self, server: str) -> Size:
        """Return what the hypervisor says the guest has now."""
        if self.api.server(server)['hypervisor_hostname'] in self.fakes:
            # Nobody but its compute knows.
            answer = self.api.status(server)
            return Size(answer['current_vcpus'], answer['current_memory_mb'])
        vcpus = int(self.virsh(server, 'vcpucount', '--live', '--current'))
        # `dominfo` only knows what the balloon had up to a second ago.
        match = re.search(r'^actual (\d+)$', self.virsh(server, 'dommemstat'), re.MULTILINE)
        if match is None:
            raise AssertionError('virsh dommemstat shows no actual memory')
        return Size(vcpus, (int(match[1]) + self._plugged(server)) // 1024)

    def _plugged(self, server: str) -> int:
        """Return what the guest has by virtio-mem, in KiB; its balloon knows nothing of it."""
        plugged = self.domain(server).find("./devices/memory[@model='virtio-mem']/target/current")
        return 0 if plugged is None else int(plugged.text or 0)

    def reaches(self, server: str, size: Size) -> None:
        """Wait until the guest has a size.

        QEMU gives a guest all its memory; the rest is taken back by the
        balloon as soon as the guest's driver runs.
        """
        if not waiting.until(lambda: self.live(server) == size, BOOT, 0.5):
            raise AssertionError(
                f'after {BOOT} s the hypervisor says {self.live(server)}, not {size}'
            )

    def pid(self, server: str) -> int:
        """Return the process of the server's QEMU."""
        return self.host_of(server).pid(server)

    def resident_mb(self, server: str) -> int:
        """Return what the host sees the server's QEMU use."""
        return self.host_of(server).resident_mb(server)

    def agent(self, server: str, verb: str, **arguments: Any) -> Any:
        """Ask the guest agent."""
        return self.host_of(server).agent(server, verb, **arguments)

    def begin(self, server: str, script: str) -> int:
        """Start a script inside the guest; return its process there."""
        words = ['sh', '-ec', script]
        started = self.agent(
            server, 'guest-exec', **{'path': '/bin/busybox', 'arg': words, 'capture-output': True}
        )
        return int(started['pid'])

    def finish(self, server: str, pid: int, seconds: float = 60) -> str:
        """Wait for a script inside the guest; return what it printed."""
        last: dict[str, Any] = {}

        def exited() -> bool:
            last.update(self.agent(server, 'guest-exec-status', pid=pid))
            return bool(last['exited'])

        if not waiting.until(exited, seconds, 0.2):
            raise AssertionError(f'for {seconds} s the script inside the guest did not end')
        printed = base64.b64decode(last.get('out-data', '')).decode()
        if last.get('exitcode') != 0:
            error = base64.b64decode(last.get('err-data', '')).decode()
            raise AssertionError(f'the script inside the guest failed: {last} {printed} {error}')
        return printed

    def hold(self, server: str, memory_mb: int) -> None:
        """Have the guest hold more of its memory, as soon as its agent answers."""
        if not waiting.until(lambda: self._answers(server), BOOT, 0.5):
            raise AssertionError(f'for {BOOT} s the guest agent did not answer')
        self.finish(server, self.begin(server, _HOLD.format(memory_mb=memory_mb)))

    def _answers(self, server: str) -> bool:
        try:
            self.agent(server, 'guest-ping')
        except errors.CommandError:
            return False
        return True

    def begin_take(self, server: str, memory_mb: int, reserve_mb: int = 72) -> int:
        """Have the guest hold more while it has some to spare; return the process."""
        return self.begin(server, _TAKE.format(memory_mb=memory_mb, reserve_mb=reserve_mb))

    def let_go(self, server: str) -> None:
        """Have the guest free what it holds."""
        self.finish(server, self.begin(server, _LET_GO))

    def held_mb(self, server: str) -> int:
        """Return how many MiB the guest holds; none when it was started again."""
        return int(self.finish(server, self.begin(server, _HELD_SIZE)))

    def console(self, server: str) -> str:
        answer = self.api.admin.compute.get_server_console_output(server, length=200)
        return str(answer['output'])

    def trouble(self, server: str) -> str:
        """Return the last lines of the guest, with all that its kernel said on its own."""
        lines = self.console(server).splitlines()
        unusual = [line for line in lines[:-8] if not guest_line.parse(line)]
        return '\n'.join(unusual[-80:] + lines[-8:])

    def says(self, server: str) -> Line | None:
        """Return the last line of the guest."""
        lines = guest_line.parse(self.console(server))
        return lines[-1] if lines else None

    def hears(
        self,
        server: str,
        fits: Callable[[Line], bool] = lambda line: True,
        seconds: float = BOOT,
    ) -> Line:
        """Wait for a *new* line of the guest that fits, and return it."""
        before = self.console(server)
        heard: list[Line] = []

        def said() -> bool:
            now = self.console(server)
            line = self.says(server)
            if line is None or now == before or not fits(line):
                return False
            heard.append(line)
            return True

        if not waiting.until(said, seconds, 0.5):
            last = '\n'.join(self.console(server).splitlines()[-5:])
            raise AssertionError(
                f'for {seconds} s the guest did not say what was expected; its last lines:\n{last}'
            )
        return heard[-1]


def _numbers(ranges: str) -> Iterator[int]:
    """Yield what libvirt writes as ``0-2,5``."""
    for part in ranges.split(','):
        first, _, last = part.partition('-')
        yield from range(int(first), int(last or first) + 1)
