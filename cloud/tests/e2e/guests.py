"""Guests: what their hypervisor says of them, and what they print and answer."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from typing import Any

from cloud import waiting
from cloud.guest import line as guest_line
from cloud.guest.line import Line
from cloud.services import host
from cloud.tests.e2e.api import Api
from cloud.tests.e2e.sizes import BOOT, Size


class Guests:
    """The guests of all hosts, each by its server."""

    def __init__(self, api: Api, hosts: Sequence[host.Libvirt], fakes: Sequence[str]) -> None:
        self.api = api
        self.hosts = hosts
        self.fakes = fakes

    def host_of(self, server: str) -> host.Libvirt:
        name = self.api.server(server)['hypervisor_hostname']
        return next(each for each in self.hosts if each.host == name)

    def virsh(self, server: str, verb: str, *words: str) -> str:
        """Run a verb of ``virsh`` on a server's domain."""
        return self.host_of(server).virsh(verb, server, *words)

    def domain(self, server: str) -> ET.Element:
        return ET.fromstring(self.virsh(server, 'dumpxml'))

    def start_of(self, server: str) -> str | None:
        """Give what is another after each start of a server's guest."""
        return self.domain(server).get('id')

    def live(self, server: str) -> Size:
        """Give what the hypervisor says the guest has now."""
        if self.api.server(server)['hypervisor_hostname'] in self.fakes:
            # Nobody but its compute knows.
            shown = self.api.status(server)
            return Size(shown['current_vcpus'], shown['current_memory_mb'])
        vcpus = int(self.virsh(server, 'vcpucount', '--live', '--current'))
        # `dominfo` only knows what the balloon had up to a second ago.
        found = re.search(r'^actual (\d+)$', self.virsh(server, 'dommemstat'), re.MULTILINE)
        if found is None:
            raise AssertionError('virsh dommemstat shows no actual memory')
        return Size(vcpus, int(found[1]) // 1024)

    def settles(self, server: str, size: Size) -> None:
        """Wait until the guest has a size.

        QEMU gives a guest all its memory; the rest is taken back by the
        balloon as soon as the guest's driver runs.
        """
        if not waiting.until(lambda: self.live(server) == size, BOOT, 0.5):
            raise AssertionError(
                f'after {BOOT} s the hypervisor says {self.live(server)}, not {size}'
            )

    def agent(self, server: str, verb: str) -> Any:
        """Ask the guest agent."""
        asked = json.dumps({'execute': verb})
        return json.loads(self.virsh(server, 'qemu-agent-command', asked))['return']

    def console(self, server: str) -> str:
        shown = self.api.admin.compute.get_server_console_output(server, length=200)
        return str(shown['output'])

    def trouble(self, server: str) -> str:
        """Give the last lines of the guest, with all that its kernel said on its own."""
        lines = self.console(server).splitlines()
        unusual = [line for line in lines[:-8] if not guest_line.parse(line)]
        return '\n'.join(unusual[-80:] + lines[-8:])

    def says(self, server: str) -> Line | None:
        """Give the last line of the guest."""
        lines = guest_line.parse(self.console(server))
        return lines[-1] if lines else None

    def hears(
        self,
        server: str,
        wanted: Callable[[Line], bool] = lambda line: True,
        seconds: float = BOOT,
    ) -> Line:
        """Wait for a *new* line of the guest that fits, and give it."""
        before = self.console(server)
        heard: list[Line] = []

        def said() -> bool:
            now = self.console(server)
            line = self.says(server)
            if line is None or now == before or not wanted(line):
                return False
            heard.append(line)
            return True

        if not waiting.until(said, seconds, 0.5):
            last = '\n'.join(self.console(server).splitlines()[-5:])
            raise AssertionError(
                f'for {seconds} s the guest did not say what was expected; its last lines:\n{last}'
            )
        return heard[-1]
