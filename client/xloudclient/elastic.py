"""The elastic servers and flavors of a cloud, through Nova's API."""

from __future__ import annotations

import contextlib
import datetime
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

from openstack import exceptions
from openstack.compute.v2.server import Server

from xloudclient.errors import AdjustFailed, AdjustTimeout, NotSupported, XloudError, with_code
from xloudclient.flavors import ElasticFlavors
from xloudclient.sizes import UNFINISHED, Forecast, Period, ServerSize

#: Seconds between two requests for the status of an adjustment.
_INTERVAL = 1.0

#: How many statuses are requested at the same time.
_AT_ONCE = 8


class Elastic(ElasticFlavors):
    """The elastic servers and flavors of a cloud.

    :param compute: The ``compute`` of an ``openstack.connection.Connection``

    Servers and flavors are given by name or ID, or as openstacksdk's objects. A request that Nova
    refuses raises an ``openstack.exceptions.HttpException``, with the ``code`` of the reason.
    """

    @with_code()
    def find_server(self, server: str | Server) -> Server:
        """Return the server with a name or ID."""
        if isinstance(server, Server):
            return server
        return self._compute.find_server(server, ignore_missing=False)

    @with_code()
    def size(self, server: str | Server) -> ServerSize:
        """Return the size of a server, its bounds, and the outcome of its last adjustment."""
        answer = self._call('GET', f'/servers/{self.find_server(server).id}/xloud-status')
        return ServerSize.from_api(answer['xloud_status'])

    @with_code()
    def sizes(
        self, host: str | None = None, all_projects: bool = False
    ) -> list[tuple[Server, ServerSize]]:
        """Return servers with their sizes.

        :param host: Only servers on this compute host; for administrators
        :param all_projects: Servers of all projects; for administrators
        """
        query = {'compute_host': host} if host else {}
        servers = list(self._compute.servers(all_projects=all_projects, **query))
        # Nova ignores that for others, to whom it does not show hosts either.
        if host and any(server.compute_host != host for server in servers):
            raise XloudError('Only administrators can list the servers of a host.')
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            sizes = pool.map(self._size_unless_gone, servers)
            return [(server, size) for server, size in zip(servers, sizes) if size]

    @with_code()
    def history(
        self,
        server: str | Server,
        start: datetime.datetime | None = None,
        end: datetime.datetime | None = None,
    ) -> list[Period]:
        """Return the periods in which a server was accounted for one size, without a gap.

        :param server: The ID, if the server is deleted
        :param start: The time at which the first of them begins; None for that of the server
        :param end: The time at which the last of them ends; None for the present
        """
        if not isinstance(server, Server):
            server = self._compute.find_server(server) or Server(id=server)
        path = f'/servers/{server.id}/xloud-history'
        times = {'from': start, 'to': end}
        query = {name: _utc(time) for name, time in times.items() if time}
        periods: list[Period] = []
        while True:
            answer = self._call('GET', f'{path}?{urlencode(query)}' if query else path)
            periods += map(Period.from_api, answer['xloud_history'])
            if not answer.get('xloud_history_links'):
                return periods
            query['from'] = _utc(periods[-1].end)

    @with_code()
    def adjust(
        self,
        server: str | Server,
        vcpus: int | None = None,
        memory_mb: int | None = None,
        *,
        live_only: bool = False,
        for_seconds: int | None = None,
        when_full: str | None = None,
        force: bool = False,
        wait: bool = False,
        timeout: float = 600,
        progress: Callable[[ServerSize], None] | None = None,
    ) -> ServerSize:
        """Adjust the vCPUs and the memory of a server, and return its size.

        Both are one adjustment: the server gets both or neither. Without ``wait`` this returns as
        soon as Nova has accepted the adjustment, which then continues.

        :param vcpus: The number of vCPUs; None leaves it as it is
        :param memory_mb: The memory in MiB; None leaves it as it is
        :param live_only: Only until the next start of the server, not permanently
        :param for_seconds: After this time the server goes back to the size that it has now
        :param when_full: If its host is full, ``refuse`` the adjustment, let it ``wait``, or
            ``move`` the server to another host; None leaves that to its flavor and to the cloud
        :param force: Take memory away even below what the guest needs; policy may forbid it
        :param wait: Return once the guest has the new size
        :param timeout: How many seconds to wait at most
        :param progress: Called with the size of the server whenever it has been requested
        :raises AdjustFailed: The guest does not have the new size; only with ``wait``
        :raises AdjustTimeout: The adjustment takes longer than that; only with ``wait``
        """
        server = self.find_server(server)
        body = _adjustment(vcpus, memory_mb, live_only, for_seconds, when_full, force)
        self._call('POST', f'/os-xloud-adjust/{server.id}', body)
        if not wait:
            return self.size(server)
        return self.wait(server, vcpus, memory_mb, timeout=timeout, progress=progress)

    @with_code()
    def dry_run(
        self,
        server: str | Server,
        vcpus: int | None = None,
        memory_mb: int | None = None,
        *,
        live_only: bool = False,
        for_seconds: int | None = None,
        when_full: str | None = None,
        force: bool = False,
    ) -> Forecast:
        """Return what would become of an adjustment now; nothing is changed.

        The parameters are those of ``adjust``.
        """
        server = self.find_server(server)
        body = _adjustment(vcpus, memory_mb, live_only, for_seconds, when_full, force)
        answer = self._call('POST', f'/os-xloud-adjust/{server.id}', {**body, 'dry_run': True})
        return Forecast(**answer['dry_run'])

    @with_code()
    def wait(
        self,
        server: str | Server,
        vcpus: int | None = None,
        memory_mb: int | None = None,
        *,
        timeout: float = 600,
        progress: Callable[[ServerSize], None] | None = None,
    ) -> ServerSize:
        """Wait for the end of an adjustment, and return the size if it is the requested one.

        The parameters, and what it raises, are those of `adjust`.
        """
        size = self._wait(self.find_server(server), timeout, progress or (lambda size: None))
        # A server that is not elastic accepts only the size that it has, and no adjustment starts:
        # its last one is older.
        if size.elastic and size.adjust and size.adjust.state == 'failed':
            raise AdjustFailed(size.adjust.reason or 'Nova gives no reason.', size.adjust.code)
        difference = size.difference(vcpus, memory_mb)
        if difference:
            raise AdjustFailed(difference)
        return size

    @with_code()
    def cancel(self, server: str | Server) -> ServerSize:
        """Cancel the adjustment of a server that waits for capacity, and return its size."""
        server = self.find_server(server)
        self._call('POST', f'/os-xloud-adjust/{server.id}', {'cancel': True})
        return self.size(server)

    def _size_unless_gone(self, server: Server) -> ServerSize | None:
        with contextlib.suppress(exceptions.NotFoundException):
            return self.size(server)
        return None

    def _wait(
        self, server: Server, timeout: float, progress: Callable[[ServerSize], None]
    ) -> ServerSize:
        end = time.monotonic() + timeout
        while True:
            size = self.size(server)
            progress(size)
            if size.adjust is None or size.adjust.state not in UNFINISHED:
                return size
            if time.monotonic() > end:
                raise AdjustTimeout(
                    f'The adjustment still waits for capacity after {timeout:.0f} seconds.'
                    if size.adjust.state == 'waiting'
                    else f'The server is still being adjusted after {timeout:.0f} seconds.'
                )
            time.sleep(_INTERVAL)

    def _call(self, method: str, path: str, body: dict[str, object] | None = None) -> dict:
        answer = self._compute.request(path, method, json=body, raise_exc=False)
        if answer.status_code == 404 and 'json' not in answer.headers.get('content-type', ''):
            # That is Nova's answer for an unknown path; for an unknown server it is JSON.
            raise NotSupported('The Compute service of this cloud has no elastic servers.')
        exceptions.raise_from_response(answer)
        return answer.json()


def _adjustment(
    vcpus: int | None,
    memory_mb: int | None,
    live_only: bool,
    for_seconds: int | None,
    when_full: str | None,
    force: bool,
) -> dict[str, object]:
    """Return the body of a request, without what is left to Nova."""
    values = {
        'current_vcpus': vcpus,
        'current_memory_mb': memory_mb,
        'persist': not live_only,
        'for_seconds': for_seconds,
        'when_full': when_full,
        'force': force or None,
    }
    return {name: value for name, value in values.items() if value is not None}


def _utc(time: datetime.datetime) -> str:
    return time.astimezone(datetime.timezone.utc).strftime('%Y-%m-%dT%H:%M:%S.%fZ')
