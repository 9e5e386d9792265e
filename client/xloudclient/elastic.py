"""Asking Nova what servers have, and asking it for something else."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from openstack import exceptions
from openstack.compute.v2._proxy import Proxy
from openstack.compute.v2.flavor import Flavor
from openstack.compute.v2.server import Server

from xloudclient.errors import AdjustFailed, AdjustTimeout, NotSupported
from xloudclient.sizes import FlavorSize, ServerSize

#: The extra specs that make a flavor elastic.
MINIMUM_CPU = 'minimum_cpu'
MINIMUM_MEMORY = 'minimum_memory'

#: How often Nova is asked how an adjustment goes, in seconds.
_INTERVAL = 1.0

#: How many servers Nova is asked about at the same time.
_AT_ONCE = 8


class Elastic:
    """The elastic servers and flavors of a cloud.

    :param compute: The ``compute`` of an ``openstack.connection.Connection``

    Servers and flavors are given by name or ID, or as openstacksdk's objects. Whatever Nova
    refuses is raised as an ``openstack.exceptions.HttpException``.
    """

    def __init__(self, compute: Proxy) -> None:
        self._compute = compute

    def find_server(self, server: str | Server) -> Server:
        """Give the server of a name or ID."""
        if isinstance(server, Server):
            return server
        return self._compute.find_server(server, ignore_missing=False)

    def size(self, server: str | Server) -> ServerSize:
        """Give what a server has and can have, and how its last change went."""
        found = self.find_server(server)
        answer = self._call('GET', f'/servers/{found.id}/xloud-status')
        return ServerSize.from_api(answer['xloud_status'])

    def sizes(
        self, host: str | None = None, all_projects: bool = False
    ) -> list[tuple[Server, ServerSize]]:
        """Give the servers, and what each has.

        :param host: Only those on this compute host; for administrators
        :param all_projects: Those of all projects; for administrators
        """
        where = {'compute_host': host} if host else {}
        servers = list(self._compute.servers(all_projects=all_projects, **where))
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            sizes = pool.map(self._size_unless_gone, servers)
            return [(server, size) for server, size in zip(servers, sizes) if size]

    def adjust(
        self,
        server: str | Server,
        vcpus: int | None = None,
        memory_mb: int | None = None,
        *,
        live_only: bool = False,
        wait: bool = False,
        timeout: float = 600,
        progress: Callable[[ServerSize], None] | None = None,
    ) -> ServerSize:
        """Let a server have as many vCPUs and as much memory, and give what it has then.

        Both are one change. Without ``wait`` it returns as soon as Nova has agreed, with the
        change under way.

        :param vcpus: How many vCPUs; None leaves them as they are
        :param memory_mb: How much memory, in MiB; None leaves it as it is
        :param live_only: Until the next start of the server, and not for good
        :param wait: Return when the guest has it
        :param timeout: How many seconds to wait at most
        :param progress: Called with the size of the server each time it was asked for
        :raises AdjustFailed: The guest does not have it, for this reason; only with ``wait``
        :raises AdjustTimeout: It takes longer than that; only with ``wait``
        """
        found = self.find_server(server)
        asked = {'current_vcpus': vcpus, 'current_memory_mb': memory_mb}
        body = {name: value for name, value in asked.items() if value is not None}
        self._call('POST', f'/os-xloud-adjust/{found.id}', {**body, 'persist': not live_only})
        if not wait:
            return self.size(found)
        size = self._ended(found, timeout, progress or (lambda size: None))
        # A server that is not elastic was asked for what it has: its last change was an older one.
        if size.elastic and size.adjust and size.adjust.state == 'failed':
            raise AdjustFailed(size.adjust.reason or 'Nova does not say why.')
        lack = size.lack(vcpus, memory_mb)
        if lack:
            raise AdjustFailed(lack)
        return size

    def flavor(self, flavor: str | Flavor) -> FlavorSize:
        """Give what servers of a flavor boot with, and can have."""
        found = self._flavor(flavor)
        vcpus, memory_mb = (
            _minimum(found.extra_specs.get(name), most)
            for name, most in ((MINIMUM_CPU, found.vcpus), (MINIMUM_MEMORY, found.ram))
        )
        return FlavorSize(
            id=found.id,
            name=found.name,
            elastic=(vcpus, memory_mb) != (None, None),
            min_vcpus=vcpus or found.vcpus,
            min_memory_mb=memory_mb or found.ram,
            max_vcpus=found.vcpus,
            max_memory_mb=found.ram,
        )

    def set_flavor(
        self,
        flavor: str | Flavor,
        min_vcpus: int | None = None,
        min_memory_mb: int | None = None,
    ) -> None:
        """Let servers that are made of a flavor from now on boot with so much, and grow."""
        given = {MINIMUM_CPU: min_vcpus, MINIMUM_MEMORY: min_memory_mb}
        specs = {name: str(value) for name, value in given.items() if value is not None}
        self._compute.create_flavor_extra_specs(self._flavor(flavor), specs)

    def unset_flavor(
        self, flavor: str | Flavor, *, vcpus: bool = True, memory: bool = True
    ) -> None:
        """Let servers that are made of a flavor from now on have all of it for good."""
        found = self._flavor(flavor)
        for name, meant in ((MINIMUM_CPU, vcpus), (MINIMUM_MEMORY, memory)):
            if meant and name in found.extra_specs:
                self._compute.delete_flavor_extra_specs_property(found, name)

    def _flavor(self, flavor: str | Flavor) -> Flavor:
        wanted = flavor.id if isinstance(flavor, Flavor) else flavor
        return self._compute.find_flavor(wanted, ignore_missing=False, get_extra_specs=True)

    def _size_unless_gone(self, server: Server) -> ServerSize | None:
        with contextlib.suppress(exceptions.NotFoundException):
            return self.size(server)
        return None

    def _ended(
        self, server: Server, timeout: float, progress: Callable[[ServerSize], None]
    ) -> ServerSize:
        end = time.monotonic() + timeout
        while True:
            size = self.size(server)
            progress(size)
            if size.adjust is None or size.adjust.state != 'running':
                return size
            if time.monotonic() > end:
                raise AdjustTimeout(
                    f'The server is still being adjusted after {timeout:.0f} seconds.'
                )
            time.sleep(_INTERVAL)

    def _call(self, method: str, path: str, body: dict[str, object] | None = None) -> dict:
        answer = self._compute.request(path, method, json=body, raise_exc=False)
        if answer.status_code == 404 and 'json' not in answer.headers.get('content-type', ''):
            # Nova answers so for what it does not know, and in JSON for a server it lacks.
            raise NotSupported('The Compute service of this cloud has no elastic servers.')
        exceptions.raise_from_response(answer)
        return answer.json()


def _minimum(spec: str | None, most: int) -> int | None:
    """Read an extra spec as Nova does, which passes over what is no minimum."""
    with contextlib.suppress(TypeError, ValueError):
        value = int(spec)  # type: ignore[arg-type]
        return value if 1 <= value <= most else None
    return None
