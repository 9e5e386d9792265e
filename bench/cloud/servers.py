"""The servers and flavors of a measurement."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Iterable
from typing import Any

from bench.cloud import parallel, sql
from bench.cloud.size import Size
from cloud import errors, rest, waiting

#: Every server and flavor of the bench has a name that begins so, and is deleted by it.
PREFIX = 'bench-'

_PATIENCE = 180
#: Where the fork records that a server moves to grow, and that its growth waits.
_PENDING = ('xloud_moving', 'xloud_waiting')
#: How many servers are deleted at once: the last of a thousand would take longer than that.
_BATCH = 100
#: How often they are asked to go.
_ATTEMPTS = 2


class Servers:
    """Servers and flavors, through Nova's API and its databases."""

    def __init__(
        self, client: rest.Client, nova: str, database: sql.Client, images: dict[str, str]
    ) -> None:
        self._client = client
        self._nova = nova
        self._database = database
        self._images = images

    def create_flavor(
        self, name: str, maximum: Size, minimum: Size | None = None, **more_specs: str
    ) -> str:
        """Create a flavor, elastic if it has a minimum, and return its ID."""
        flavor = PREFIX + name
        with contextlib.suppress(rest.RestError):
            self._client.call('DELETE', f'{self._nova}/flavors/{flavor}')
        body = {'id': flavor, 'name': flavor, 'disk': 1}
        body |= {'vcpus': maximum.vcpus, 'ram': maximum.memory_mb}
        self._client.post(f'{self._nova}/flavors', {'flavor': body})
        if minimum:
            specs = {'minimum_cpu': str(minimum.vcpus), 'minimum_memory': str(minimum.memory_mb)}
            url = f'{self._nova}/flavors/{flavor}/os-extra_specs'
            self._client.post(url, {'extra_specs': specs | more_specs})
        return flavor

    def create(self, flavor: str, host: str = '', image: str = 'fake') -> str:
        """Request a server and return its ID, without waiting for it."""
        body = {
            'name': f'{PREFIX}{flavor.removeprefix(PREFIX)}',
            'flavorRef': flavor,
            'imageRef': self._images[image],
            'networks': 'none',
        }
        if host:
            body['host'] = host
        return str(self._client.post(f'{self._nova}/servers', {'server': body})['server']['id'])

    def boot(self, flavor: str, count: int = 1, host: str = '', image: str = 'fake') -> list[str]:
        """Boot servers, four at a time, and return those that became active."""
        booted = parallel.run(4, lambda _: self._boot(flavor, host, image), range(count))
        return [server for server in booted if server]

    def _boot(self, flavor: str, host: str, image: str) -> str | None:
        server = self.create(flavor, host, image)
        # A server for which there is no host is in the database of cell 0.
        query = (
            f"SELECT vm_state FROM nova.instances WHERE uuid = '{server}' AND task_state IS NULL "
            f"UNION SELECT vm_state FROM nova_cell0.instances WHERE uuid = '{server}'"
        )

        def booted() -> bool:
            return self._database.run(query) in ([['active']], [['error']])

        if not waiting.until(booted, _PATIENCE, 0.02):
            raise errors.NotReadyError('the measurement', f'server {server} does not come up')
        return server if self._database.run(query) == [['active']] else None

    def show(self, server: str) -> dict[str, Any]:
        """Return a server as the API shows it."""
        return dict(self._client.get(f'{self._nova}/servers/{server}')['server'])

    def wait_for_status(self, server: str, status: str) -> None:
        """Wait until a server has a status and no task."""

        def reached() -> bool:
            details = self.show(server)
            return details['OS-EXT-STS:task_state'] is None and details['status'] == status

        if not waiting.until(reached, _PATIENCE, 0.1):
            raise errors.NotReadyError(
                'the measurement',
                f'after {_PATIENCE} s server {server} is {self.show(server)["status"]}, '
                f'not {status}',
            )

    def wait_until_idle(self, server: str) -> None:
        """Wait until a server has no task; the database is asked, so that no service is busy."""
        query = f"SELECT task_state FROM nova.instances WHERE uuid = '{server}'"
        if not waiting.until(lambda: self._database.run(query) == [['NULL']], _PATIENCE, 0.01):
            raise errors.NotReadyError('the measurement', f'server {server} keeps its task')

    def act(self, server: str, action: str, body: Any = None) -> float:
        """Request an action and return the seconds until it was accepted."""
        start = time.monotonic()
        self._client.post(f'{self._nova}/servers/{server}/action', {action: body})
        return time.monotonic() - start

    def adjust(self, server: str, size: Size, **more: str) -> float:
        """Request an adjustment and return the seconds until it was accepted."""
        body = {'current_vcpus': size.vcpus, 'current_memory_mb': size.memory_mb, **more}
        start = time.monotonic()
        self._client.post(f'{self._nova}/os-xloud-adjust/{server}', body)
        return time.monotonic() - start

    def cancel_adjust(self, server: str) -> None:
        """Cancel an adjustment that waits, or moves the server."""
        self._client.post(f'{self._nova}/os-xloud-adjust/{server}', {'cancel': True})

    def wait_until_adjusted(self, server: str, may_wait: bool = False) -> None:
        """Wait until the last adjustment of a server is over, or only waits for its turn."""
        keys = _PENDING[:1] if may_wait else _PENDING
        query = (
            'SELECT (task_state IS NOT NULL) + (SELECT COUNT(*) '
            'FROM nova.instance_system_metadata AS metadata '
            f'WHERE instance_uuid = uuid AND metadata.deleted = 0 AND `key` IN ({sql.quoted(keys)})'
            f") FROM nova.instances WHERE uuid = '{server}'"
        )
        if not waiting.until(lambda: self._database.run(query) == [['0']], _PATIENCE, 0.02):
            raise errors.NotReadyError('the measurement', f'server {server} is still adjusted')

    def size(self, server: str) -> Size:
        """Return what a server is accounted for."""
        query = f"SELECT vcpus, memory_mb FROM nova.instances WHERE uuid = '{server}'"
        ((vcpus, memory_mb),) = self._database.run(query)
        return Size(int(vcpus), int(memory_mb))

    def hosts(self, servers: Iterable[str]) -> dict[str, str]:
        """Return the host of each server."""
        query = f'SELECT uuid, host FROM nova.instances WHERE uuid IN ({sql.quoted(servers)})'
        return dict(self._database.run(query))

    def live_migrations(self) -> int:
        """Return how many live migrations there have been."""
        query = "SELECT COUNT(*) FROM nova.migrations WHERE migration_type = 'live-migration'"
        return int(self._database.run(query)[0][0])

    def ids(self) -> list[str]:
        """Return the servers of the bench."""
        url = f'{self._nova}/servers?all_tenants=1&name=^{PREFIX}'
        return [str(server['id']) for server in self._client.get(url)['servers']]

    def delete(self, servers: Iterable[str]) -> None:
        """Delete servers and wait until they are gone."""
        remaining = list(servers)
        while remaining:
            batch, remaining = remaining[:_BATCH], remaining[_BATCH:]
            for _ in range(_ATTEMPTS):
                parallel.run(4, self._delete, batch)
                if waiting.until(functools.partial(self._are_gone, batch), _PATIENCE, 0.5):
                    break
            else:
                raise errors.NotReadyError('the measurement', 'servers do not go away')

    def _delete(self, server: str) -> None:
        with contextlib.suppress(rest.RestError):
            self._client.call('DELETE', f'{self._nova}/servers/{server}')

    def _are_gone(self, servers: list[str]) -> bool:
        return not self._database.run(
            ' UNION '.join(
                f'SELECT uuid FROM {cell}.instances '
                f'WHERE deleted = 0 AND uuid IN ({sql.quoted(servers)})'
                for cell in ('nova', 'nova_cell0')
            )
        )

    def delete_all(self) -> None:
        """Delete every server of the bench."""
        while servers := self.ids():
            self.delete(servers)

    def delete_flavors(self) -> None:
        """Delete every flavor of the bench."""
        for flavor in self._client.get(f'{self._nova}/flavors')['flavors']:
            if flavor['id'].startswith(PREFIX):
                self._client.call('DELETE', f'{self._nova}/flavors/{flavor["id"]}')
