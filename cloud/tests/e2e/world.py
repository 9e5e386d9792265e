"""The running cloud as the tests see it: API, placement, hypervisor, guest."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import openstack
import sqlalchemy
from openstack.connection import Connection

from cloud import command, lifecycle, process, progress, settings, waiting
from cloud.guest import line as guest_line
from cloud.guest.line import Line
from cloud.services import host

#: Emulated, and beside other work, a guest may take this long to boot.
BOOT = 90


class Size(NamedTuple):
    """What a server has, or is counted for."""

    vcpus: int
    memory_mb: int


class World:
    """Everything a test asks or does."""

    def __init__(self) -> None:
        self.cloud = lifecycle.Cloud(settings.State(), progress.Progress(quiet=True))
        self.context = self.cloud.context()
        self.services = self.cloud.daemons()
        self.admin = self.connect('xcloud')
        self._database = sqlalchemy.create_engine(self.context.database('nova'), pool_pre_ping=True)

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

    @property
    def fakes(self) -> list[str]:
        """The names of the fake hosts."""
        return [f'fake{number}' for number in range(1, self.context.settings.fake_computes + 1)]

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

        if not waiting.until(there, seconds, 0.3):
            raise AssertionError(
                f'after {seconds} s the server is {shown["status"]} '
                f'(task {shown["task_state"]}), not {status}'
            )
        return shown

    def project(self, name: str) -> str:
        """Give the identity of a project."""
        url = self.context.settings.url('keystone') + f'/v3/projects?name={name}'
        return str(self.context.admin.get(url)['projects'][0]['id'])

    # Adjusting.

    def post_adjust(
        self, server: str, connection: Connection | None = None, **body: Any
    ) -> tuple[int, str]:
        """Ask for another size; give the status of the answer and its text."""
        answer = (connection or self.admin).compute.post(f'/os-xloud-adjust/{server}', json=body)
        if answer.status_code == 202:
            return 202, ''
        error = next(iter(answer.json().values()))
        return answer.status_code, str(error['message'])

    def adjust(
        self,
        server: str,
        vcpus: int,
        memory_mb: int,
        persist: bool = True,
        succeeds: bool = True,
        connection: Connection | None = None,
    ) -> dict[str, Any]:
        """Ask for a size as dashboards do, always of both; wait, and give how it went.

        What has succeeded is counted at once.
        """
        size = {'current_vcpus': vcpus, 'current_memory_mb': memory_mb}
        answer = self.post_adjust(server, connection, **size, persist=persist)
        if answer != (202, ''):
            raise AssertionError(f'asked for {size}, the API answered {answer}')
        last = self.adjusted(server, succeeds)
        if succeeds:
            due = Size(*map(max, (vcpus, memory_mb), self.start_size(server)))
            assert self.accounted(server) == due
            assert list(self.allocations(server).values()) == [due]
        return last

    def adjusted(
        self, server: str, succeeds: bool | None = None, seconds: float = 60
    ) -> dict[str, Any]:
        """Wait until no adjust is under way, and give how the last one went.

        Its end is written down a moment after the server's task is gone.
        """
        last: dict[str, Any] = {}

        def over() -> bool:
            if self.server(server)['task_state'] is not None:
                return False
            last.update(self.status(server)['adjust'])
            return last['state'] != 'running'

        if not waiting.until(over, seconds, 0.2):
            task = self.server(server)['task_state']
            raise AssertionError(
                f'after {seconds} s the server is in task {task}, and its last adjust: {last}'
            )
        if succeeds is not None and last['state'] != ('succeeded' if succeeds else 'failed'):
            raise AssertionError(f'the adjust ended otherwise than expected: {last}')
        return last

    def status(self, server: str, connection: Connection | None = None) -> dict[str, Any]:
        """Give what the API says of a server's size."""
        answer = (connection or self.admin).compute.get(f'/servers/{server}/xloud-status')
        openstack.exceptions.raise_from_response(answer)
        return dict(answer.json()['xloud_status'])

    def heard_of(self, server: str, seconds: float = 30) -> dict[str, Any]:
        """Give what the API says of a server's size once its guest's agent has answered, too.

        It asks briefly, since whoever looks does not want to wait.
        """
        shown: dict[str, Any] = {}

        def answered() -> bool:
            shown.update(self.status(server))
            return shown['guest_vcpus'] is not None

        waiting.until(answered, seconds, 1)
        return shown

    # What counts.

    def task(self, server: str) -> str | None:
        """Give the task of a server, without asking a service."""
        query = sqlalchemy.text('SELECT task_state FROM instances WHERE uuid = :uuid')
        with self._database.connect() as connection:
            return connection.execute(query, {'uuid': server}).scalar()

    def start_size(self, server: str) -> Size:
        """Give what a server comes back with at its next start."""
        query = sqlalchemy.text(
            'SELECT meta.`key`, meta.value FROM instance_system_metadata AS meta '
            'WHERE instance_uuid = :uuid AND meta.deleted = 0'
        )
        with self._database.connect() as connection:
            rows = connection.execute(query, {'uuid': server}).all()
        kept = {row[0]: row[1] for row in rows}
        size = self.accounted(server)
        return Size(
            int(kept.get('xloud_start_vcpus', size.vcpus)),
            int(kept.get('xloud_start_memory_mb', size.memory_mb)),
        )

    def accounted(self, server: str) -> Size:
        """Give the size that Nova keeps."""
        query = sqlalchemy.text('SELECT vcpus, memory_mb FROM instances WHERE uuid = :uuid')
        with self._database.connect() as connection:
            row = connection.execute(query, {'uuid': server}).one()
        return Size(row[0], row[1])

    def follows(self, server: str, size: Size, seconds: float = 60) -> None:
        """Wait until Nova has found out by itself what a guest has, and counts that."""

        def counted() -> bool:
            return self.accounted(server) == size and list(self.allocations(server).values()) == [
                size
            ]

        if not waiting.until(counted, seconds, 0.5):
            raise AssertionError(
                f'the server is {self.accounted(server)}, placement holds '
                f'{self.allocations(server)}, and it has {self.live(server)}; not {size}'
            )

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

    def vcpus(self, hostname: str) -> int:
        """Give how many VCPUs placement says a host has."""
        provider = next(each for each, name in self.providers().items() if name == hostname)
        shown = self._placement(f'/resource_providers/{provider}/inventories/VCPU')
        return int(shown['total'])

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

    def start_of(self, server: str) -> str | None:
        """Give what is another after each start of a server's guest."""
        return self.domain(server).get('id')

    def live(self, server: str) -> Size:
        """Give what the hypervisor says the guest has now."""
        if self.server(server)['hypervisor_hostname'] in self.fakes:
            # Nobody but its compute knows.
            shown = self.status(server)
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

    def comes_up(self, server: str, size: Size) -> None:
        """Wait until a guest has a size, and is counted for that.

        One that boots slowly is counted for all the memory it has meanwhile.
        """
        self.settles(server, size)
        self.follows(server, size)

    def agent(self, server: str, verb: str) -> Any:
        """Ask the guest agent."""
        asked = json.dumps({'execute': verb})
        return json.loads(self.virsh(server, 'qemu-agent-command', asked))['return']

    def console(self, server: str) -> str:
        shown = self.admin.compute.get_server_console_output(server, length=200)
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

    # Doing harm, and mending it.

    def halt(self, label: str) -> None:
        """Stop a service."""
        self.services[label].stop()

    def kill(self, label: str) -> None:
        """End a service as a crash does, its workers included."""
        pid = self.services[label].daemon().pid
        for each in process.family(pid):
            os.kill(each, signal.SIGKILL)
        if not waiting.until(lambda: process.started(pid) is None, 10):
            raise AssertionError(f'{label} lives on')

    @contextlib.contextmanager
    def frozen(self, label: str) -> Iterator[None]:
        """Have a service hear nothing and say nothing for a while, but be there."""
        pids = process.family(self.services[label].daemon().pid)
        for each in pids:
            os.kill(each, signal.SIGSTOP)
        try:
            yield
        finally:
            for each in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(each, signal.SIGCONT)

    def resume(self, label: str) -> None:
        """Start a service and wait until it answers."""
        self.services[label].start()
        self.services[label].wait()
        self.services[label].settle()

    @contextlib.contextmanager
    def down(self, *labels: str) -> Iterator[None]:
        """Have services stopped for a while."""
        for label in labels:
            self.halt(label)
        try:
            yield
        finally:
            for label in reversed(labels):
                self.resume(label)

    @contextlib.contextmanager
    def stock(self) -> Iterator[None]:
        """Have the cloud run stock Nova for a while, and then the fork again."""
        try:
            self._up('--pristine')
            yield
        finally:
            self._up('--no-pristine')

    @staticmethod
    def _up(option: str) -> None:
        command.run([settings.REPOSITORY / 'cloud' / 'xcloud', 'up', option])

    def wait_service(self, hostname: str, state: str, seconds: float = 60) -> None:
        """Wait until Nova holds the compute of a host for up, or for down."""

        def there() -> bool:
            listed = self.admin.compute.services(binary='nova-compute', host=hostname)
            return all(each.state == state for each in listed)

        if not waiting.until(there, seconds, 0.5):
            raise AssertionError(f'the compute of {hostname} is not {state} after {seconds} s')
