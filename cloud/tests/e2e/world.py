"""The running cloud as the tests see it: API, placement, hypervisor, guest."""

from __future__ import annotations

import dataclasses
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any

import openstack
import sqlalchemy
from openstack.connection import Connection

from cloud import command, lifecycle, progress, service, settings
from cloud.services import host

#: The guest's line, once a second.
_LINE = re.compile(r'guest: cpus=(\d+) memory_kb=(\d+) seconds=(\d+)')

#: Emulated, and beside other work, a guest may take this long to boot.
BOOT = 90


@dataclasses.dataclass(frozen=True)
class Size:
    """What a server has, or is counted for."""

    vcpus: int
    memory_mb: int


@dataclasses.dataclass(frozen=True)
class Line:
    """What the guest said last."""

    cpus: int
    memory_kb: int
    seconds: int


class World:
    """Everything a test asks or does."""

    def __init__(self) -> None:
        self.cloud = lifecycle.Cloud(settings.State(), progress.Progress(quiet=True))
        self.context = self.cloud.context()
        self.services = self.cloud.daemons()
        self.admin = self.connect('xcloud')
        self._database = sqlalchemy.create_engine(self.context.database('nova'))

    @staticmethod
    def connect(name: str) -> Connection:
        """Log in as one of the accounts of ``clouds.yaml``."""
        return openstack.connect(cloud=name)

    @property
    def forked(self) -> bool:
        return '+' in (self.context.venv.nova_version() or '')

    @property
    def hosts(self) -> list[host.Libvirt]:
        count = self.context.settings.computes
        return [host.Libvirt(self.context, number) for number in range(1, count + 1)]

    # The client and the API.

    def cli(self, *words: str, user: str = 'xcloud') -> Any:
        """Run ``openstack`` and give the JSON it prints, or its text."""
        printed = command.run(
            [self.context.venv.bin / 'openstack', '--os-cloud', user, *words],
            env=self.cloud.environment(),
        )
        return json.loads(printed) if '-f' in words else printed

    def server(self, server: str) -> dict[str, Any]:
        """Give the server as the API shows it to the administrator."""
        return dict(self.admin.compute.get_server(server).to_dict())

    def act(self, server: str, action: str, body: Any = None) -> None:
        """Post a server action; an answer other than success is an error."""
        answer = self.admin.compute.post(
            f'/servers/{server}/action', json={action: body}, microversion='2.95'
        )
        openstack.exceptions.raise_from_response(answer)

    def wait(self, server: str, status: str, seconds: float = 120) -> dict[str, Any]:
        """Return when a server has a status, and no task is left."""
        shown: dict[str, Any] = {}

        def there() -> bool:
            shown.update(self.server(server))
            if shown['status'] == 'ERROR' and status != 'ERROR':
                raise AssertionError(f'the server is in ERROR: {shown["fault"]}')
            return shown['status'] == status and shown['task_state'] is None

        if not service.until(there, seconds, 0.3):
            raise AssertionError(
                f'after {seconds} s the server is {shown["status"]} '
                f'(task {shown["task_state"]}), not {status}'
            )
        return shown

    def project(self, name: str) -> str:
        """Give the identity of a project."""
        url = self.context.settings.url('keystone') + f'/v3/projects?name={name}'
        return str(self.context.admin.get(url)['projects'][0]['id'])

    # What counts.

    def accounted(self, server: str) -> Size:
        """Give the size that Nova keeps."""
        query = sqlalchemy.text('SELECT vcpus, memory_mb FROM instances WHERE uuid = :uuid')
        with self._database.connect() as connection:
            row = connection.execute(query, {'uuid': server}).one()
        return Size(row[0], row[1])

    def allocations(self, server: str) -> dict[str, Size]:
        """Give what placement holds for a server, by the provider's name."""
        shown = self._placement(f'/allocations/{server}')['allocations']
        names = self.providers()
        return {
            names[provider]: Size(
                held['resources'].get('VCPU', 0), held['resources'].get('MEMORY_MB', 0)
            )
            for provider, held in shown.items()
        }

    def providers(self) -> dict[str, str]:
        listed = self._placement('/resource_providers')['resource_providers']
        return {each['uuid']: each['name'] for each in listed}

    def usage(self, provider: str) -> Size:
        """Give what placement counts as used of a provider, by its UUID."""
        used = self._placement(f'/resource_providers/{provider}/usages')['usages']
        return Size(used.get('VCPU', 0), used.get('MEMORY_MB', 0))

    def _placement(self, path: str) -> Any:
        client = self.context.admin
        return client.get(self.context.settings.url('placement') + path)

    # The hypervisor and the guest.

    def host_of(self, server: str) -> host.Libvirt:
        name = self.server(server)['hypervisor_hostname']
        return next(each for each in self.hosts if each.host == name)

    def virsh(self, server: str, verb: str, *words: str) -> str:
        """Run a verb of ``virsh`` on a server's domain."""
        return self.host_of(server).virsh(verb, server, *words)

    def domain(self, server: str) -> ET.Element:
        return ET.fromstring(self.virsh(server, 'dumpxml'))

    def live(self, server: str) -> Size:
        """Give what the hypervisor says the guest has now."""
        vcpus = int(self.virsh(server, 'vcpucount', '--live', '--current'))
        found = re.search(r'Used memory:\s+(\d+) KiB', self.virsh(server, 'dominfo'))
        if found is None:
            raise AssertionError('virsh dominfo shows no used memory')
        return Size(vcpus, int(found[1]) // 1024)

    def settles(self, server: str, size: Size) -> None:
        """Wait until the guest has a size.

        QEMU gives a guest all its memory; the rest is taken back by the
        balloon as soon as the guest's driver runs.
        """
        if not service.until(lambda: self.live(server) == size, BOOT, 0.5):
            raise AssertionError(
                f'after {BOOT} s the hypervisor says {self.live(server)}, not {size}'
            )

    def agent(self, server: str, verb: str) -> Any:
        """Ask the guest agent."""
        asked = json.dumps({'execute': verb})
        return json.loads(self.virsh(server, 'qemu-agent-command', asked))['return']

    def console(self, server: str) -> str:
        shown = self.admin.compute.get_server_console_output(server, length=200)
        return str(shown['output'])

    def says(self, server: str) -> Line | None:
        """Give the last line of the guest."""
        lines = _LINE.findall(self.console(server))
        return Line(*map(int, lines[-1])) if lines else None

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

        if not service.until(said, seconds, 0.5):
            last = '\n'.join(self.console(server).splitlines()[-5:])
            raise AssertionError(
                f'for {seconds} s the guest did not say what was expected; its last lines:\n{last}'
            )
        return heard[-1]

    # Doing harm, and mending it.

    def halt(self, label: str) -> None:
        """Stop a service."""
        self.services[label].stop()

    def resume(self, label: str) -> None:
        """Start a service and wait until it answers."""
        self.services[label].start()
        self.services[label].wait()
        self.services[label].settle()

    def wait_service(self, hostname: str, state: str, seconds: float = 60) -> None:
        """Wait until Nova holds the compute of a host for up, or for down."""

        def there() -> bool:
            listed = self.admin.compute.services(binary='nova-compute', host=hostname)
            return all(each.state == state for each in listed)

        if not service.until(there, seconds, 0.5):
            raise AssertionError(f'the compute of {hostname} is not {state} after {seconds} s')
