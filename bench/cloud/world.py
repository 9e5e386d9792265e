"""The cloud that is measured, and what is done to its servers."""

from __future__ import annotations

import concurrent.futures
import contextlib
import functools
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from bench.cloud import sql
from cloud import errors, files, lifecycle, process, progress, rest, settings, waiting

#: All that is made here has a name that begins so, and is deleted by it.
PREFIX = 'bench-'
#: And the name of each fake host that is started here begins so.
FLEET = 'bench'
_REASON = 'measurements'

_PATIENCE = 180
#: Servers that are deleted at once: of a thousand the last would be waited for too long.
_TOGETHER = 100
#: How often that is asked for.
_TRIES = 2

T = TypeVar('T')
R = TypeVar('R')


class Size(NamedTuple):
    """How many vCPUs, and how much memory in MiB."""

    vcpus: int
    memory_mb: int


class World:
    """Servers, flavors, and the services below them."""

    def __init__(self, cloud: lifecycle.Cloud) -> None:
        self.cloud = cloud
        self.shown = cloud.shown
        self.context = cloud.context()
        self.client = self.context.admin
        self._database: sql.Client | None = None
        self.nova = self.context.settings.url('nova-api') + '/v2.1'
        glance = self.context.settings.url('glance') + '/v2/images'
        self._images = {each['name']: each['id'] for each in self.client.get(glance)['images']}

    # Servers.

    def flavor(self, name: str, most: Size, least: Size | None = None) -> str:
        """Make a flavor, elastic where a minimum is given, and give its identity."""
        identity = PREFIX + name
        with contextlib.suppress(rest.RestError):
            self.client.call('DELETE', f'{self.nova}/flavors/{identity}')
        body = {'id': identity, 'name': identity, 'disk': 1}
        body |= {'vcpus': most.vcpus, 'ram': most.memory_mb}
        self.client.post(f'{self.nova}/flavors', {'flavor': body})
        if least:
            specs = {'minimum_cpu': str(least.vcpus), 'minimum_memory': str(least.memory_mb)}
            url = f'{self.nova}/flavors/{identity}/os-extra_specs'
            self.client.post(url, {'extra_specs': specs})
        return identity

    def create(self, flavor: str, host: str = '', image: str = 'fake') -> str:
        """Ask for a server; it is not there yet."""
        body = {
            'name': f'{PREFIX}{flavor.removeprefix(PREFIX)}',
            'flavorRef': flavor,
            'imageRef': self._images[image],
            'networks': 'none',
        }
        if host:
            body['host'] = host
        return str(self.client.post(f'{self.nova}/servers', {'server': body})['server']['id'])

    def boot(self, flavor: str, count: int = 1, **where: str) -> list[str]:
        """Boot servers, four at a time, and give those that came up."""
        return [server for server in at_once(4, lambda _: self._boot(flavor, where), range(count))
                if server]  # fmt: skip

    def _boot(self, flavor: str, where: dict[str, str]) -> str | None:
        server = self.create(flavor, **where)
        # Those for which there is no host are in a database of their own.
        query = (
            f"SELECT vm_state FROM nova.instances WHERE uuid = '{server}' AND task_state IS NULL "
            f"UNION SELECT vm_state FROM nova_cell0.instances WHERE uuid = '{server}'"
        )

        def there() -> bool:
            return self.sql(query) in ([['active']], [['error']])

        if not waiting.until(there, _PATIENCE, 0.02):
            raise errors.NotReadyError('the measurement', f'server {server} does not come up')
        return server if self.sql(query) == [['active']] else None

    def server(self, server: str) -> dict[str, Any]:
        return dict(self.client.get(f'{self.nova}/servers/{server}')['server'])

    def reaches(self, server: str, *states: str, pause: float = 0.1) -> str:
        """Wait until a server has one of these states and no task; give the state."""
        found: list[str] = []

        def there() -> bool:
            shown = self.server(server)
            if shown['OS-EXT-STS:task_state'] is None and shown['status'] in states:
                found.append(shown['status'])
            return bool(found)

        if not waiting.until(there, _PATIENCE, pause):
            raise errors.NotReadyError(
                'the measurement',
                f'after {_PATIENCE} s server {server} is {self.server(server)["status"]}, '
                f'not {" or ".join(states)}',
            )
        return found[0]

    def free(self, server: str) -> None:
        """Wait until a server has no task: asked of the database, which no service feels."""
        query = f"SELECT task_state FROM nova.instances WHERE uuid = '{server}'"
        if not waiting.until(lambda: self.sql(query) == [['NULL']], _PATIENCE, 0.01):
            raise errors.NotReadyError('the measurement', f'server {server} keeps its task')

    def act(self, server: str, action: str, body: Any = None) -> float:
        """Ask for an action and give the seconds until it was accepted."""
        began = time.monotonic()
        self.client.post(f'{self.nova}/servers/{server}/action', {action: body})
        return time.monotonic() - began

    def adjust(self, server: str, size: Size) -> float:
        """Ask for a size and give the seconds until it was accepted."""
        body = {'current_vcpus': size.vcpus, 'current_memory_mb': size.memory_mb}
        began = time.monotonic()
        self.client.post(f'{self.nova}/os-xloud-adjust/{server}', body)
        return time.monotonic() - began

    def delete(self, servers: Iterable[str]) -> None:
        """Delete servers and wait until they are gone."""
        left = list(servers)
        while left:
            now, left = left[:_TOGETHER], left[_TOGETHER:]
            for _ in range(_TRIES):
                at_once(4, self._delete, now)
                if waiting.until(functools.partial(self._are_gone, now), _PATIENCE, 0.5):
                    break
            else:
                raise errors.NotReadyError('the measurement', 'servers do not go away')

    def _are_gone(self, servers: list[str]) -> bool:
        return not self.sql(
            ' UNION '.join(
                f'SELECT uuid FROM {cell}.instances '
                f'WHERE deleted = 0 AND uuid IN ({quoted(servers)})'
                for cell in ('nova', 'nova_cell0')
            )
        )

    def _delete(self, server: str) -> None:
        with contextlib.suppress(rest.RestError):
            self.client.call('DELETE', f'{self.nova}/servers/{server}')

    def servers(self) -> list[str]:
        """Give the servers that were made here."""
        listed = self.client.get(f'{self.nova}/servers?all_tenants=1&name=^{PREFIX}')['servers']
        return [str(each['id']) for each in listed]

    def delete_all(self) -> None:
        """Delete every server that was made here."""
        while servers := self.servers():
            self.delete(servers)

    def clean_up(self) -> None:
        """Delete what was made here, also by an earlier call that was cut off."""
        self.all_hosts_back()
        self.delete_all()
        for each in self.client.get(f'{self.nova}/flavors')['flavors']:
            if each['id'].startswith(PREFIX):
                self.client.call('DELETE', f'{self.nova}/flavors/{each["id"]}')

    # The cloud.

    @contextlib.contextmanager
    def wide_quota(self) -> Iterator[None]:
        """Have a quota that is counted and never reached."""
        url = f'{self.nova}/os-quota-sets/{self.project()}'
        most = dict.fromkeys(('instances', 'cores', 'ram'), 10**8)
        self.client.put(url, {'quota_set': most})
        try:
            yield
        finally:
            self.client.call('DELETE', url)

    @contextlib.contextmanager
    def other_hosts_apart(self) -> Iterator[None]:
        """Have the scheduler pass over all hosts but those of a fleet."""
        for each in self.computes():
            if each['status'] == 'enabled' and not each['host'].startswith(FLEET):
                body = {'status': 'disabled', 'disabled_reason': _REASON}
                self.client.put(f'{self.nova}/os-services/{each["id"]}', body)
        try:
            yield
        finally:
            self.all_hosts_back()

    def all_hosts_back(self) -> None:
        """Have the scheduler use the hosts again that it passed over for us."""
        for each in self.computes():
            if each['disabled_reason'] == _REASON:
                self.client.put(f'{self.nova}/os-services/{each["id"]}', {'status': 'enabled'})

    def computes(self) -> list[dict[str, Any]]:
        """Give the computes, as Nova lists them."""
        url = f'{self.nova}/os-services?binary=nova-compute'
        return list(self.client.get(url)['services'])

    @contextlib.contextmanager
    def large_database(self) -> Iterator[None]:
        """Have MariaDB keep a gigabyte of its tables in memory, as for a large cloud."""
        name = 'innodb_buffer_pool_size'
        ((before,),) = self.sql(f'SELECT @@{name}')
        self.sql(f'SET GLOBAL {name} = {1 << 30}')
        try:
            yield
        finally:
            self.sql(f'SET GLOBAL {name} = {before}')

    @contextlib.contextmanager
    def patient(self, seconds: int) -> Iterator[None]:
        """Have Nova wait so long for a sign of life before it holds a compute for down."""
        file = self.context.state.etc('nova') / 'nova.conf'
        before = file.read_text()
        option = re.compile(r'^service_down_time = .*$', re.MULTILINE)
        self._reconfigure(file, option.sub(f'service_down_time = {seconds}', before))
        try:
            yield
        finally:
            self._reconfigure(file, before)

    def _reconfigure(self, file: Path, text: str) -> None:
        if file.read_text() != text:
            files.write(file, text)
            self.restart('nova-api', 'nova-conductor', 'nova-scheduler')

    def restart(self, *labels: str) -> None:
        """Stop services, start them, and wait until they answer; others are seen by the API."""
        daemons = self.cloud.daemons()
        for label in labels:
            daemons[label].stop()
            daemons[label].start()
        for label in labels:
            daemons[label].wait()

    def project(self) -> str:
        """Give the identity of the project that all of this is in."""
        url = f'{self.context.settings.url("keystone")}/v3/auth/projects'
        projects = self.client.get(url)['projects']
        return next(str(each['id']) for each in projects if each['name'] == 'admin')

    def sql(self, statements: str) -> list[list[str]]:
        """Run statements as MariaDB's administrator and give the rows."""
        if self._database is None:
            socket = self.context.state.data('mariadb') / 'mariadb.sock'
            self._database = sql.Client(socket)
        return self._database.run(statements)

    def cpu(self) -> dict[str, float]:
        """Give the seconds of CPU that each service has used so far."""
        used = {}
        for label, each in self.cloud.daemons().items():
            daemon = each.daemon()
            if daemon and daemon.pid:
                used[label] = sum(map(cpu_of, process.family(daemon.pid)))
        return used


def bring_up(
    shown: progress.Progress, state: settings.State | None = None, **changes: Any
) -> World:
    """Have the cloud of a folder up, with the fork unless told otherwise."""
    cloud = lifecycle.Cloud(state or settings.State(), shown)
    cloud.up({'pristine': False, 'database': 'mariadb', **changes})
    return World(cloud)


def quoted(values: Iterable[str]) -> str:
    """Give values as a list in SQL, which is never empty."""
    return ', '.join(f"'{value}'" for value in values) or "''"


def at_once(count: int, function: Callable[[T], R], values: Sequence[T]) -> list[R]:
    """Call a function for each of the values, so many at a time."""
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(function, values))


def cpu_of(pid: int) -> float:
    """Give the seconds of CPU that a process has used so far."""
    with contextlib.suppress(OSError):
        fields = Path('/proc', str(pid), 'stat').read_text().rpartition(')')[2].split()
        return (int(fields[11]) + int(fields[12])) / 100
    return 0.0
