"""The running cloud as the tests see it, and what takes more than one side of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import openstack
from openstack.connection import Connection

from cloud import lifecycle, progress, settings, waiting
from cloud.faults import Faults
from cloud.services import host
from cloud.tests.e2e.accounting import Accounting
from cloud.tests.e2e.api import Api
from cloud.tests.e2e.guests import Guests
from cloud.tests.e2e.sizes import Size


class World:
    """Everything a test asks or does."""

    def __init__(self) -> None:
        self.cloud = lifecycle.Cloud(settings.State(), progress.Progress(quiet=True))
        self.context = self.cloud.context()
        self.admin = self.connect('xcloud')
        self.api = Api(self.cloud, self.admin)
        self.accounting = Accounting(self.context)
        self.guests = Guests(self.api, self.hosts, self.fakes)
        self.faults = Faults(self.context, self.cloud.daemons())

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

    def adjust(
        self,
        server: str,
        vcpus: int,
        memory_mb: int,
        persist: bool = True,
        succeeds: bool = True,
        connection: Connection | None = None,
        **options: Any,
    ) -> dict[str, Any]:
        """Request a size as dashboards do, always of both; wait, and return how it went.

        What has succeeded is accounted for at once.
        """
        size = {'current_vcpus': vcpus, 'current_memory_mb': memory_mb}
        answer = self.api.post_adjust(server, connection, **size, persist=persist, **options)
        if answer != (202, ''):
            raise AssertionError(f'requested {size}, the API answered {answer}')
        last = self.api.adjusted(server, succeeds)
        if succeeds:
            expected = Size(*map(max, (vcpus, memory_mb), self.accounting.start_size(server)))
            assert self.accounting.size(server) == expected
            assert list(self.accounting.allocations(server).values()) == [expected]
        return last

    def reconciles(self, server: str, size: Size, seconds: float = 60) -> None:
        """Wait until Nova has found out by itself what a guest has, and accounts for that."""

        def is_accounted() -> bool:
            allocations = list(self.accounting.allocations(server).values())
            return self.accounting.size(server) == size and allocations == [size]

        if not waiting.until(is_accounted, seconds, 0.5):
            raise AssertionError(
                f'the server is {self.accounting.size(server)}, its allocation is '
                f'{self.accounting.allocations(server)}, '
                f'and it has {self.guests.live(server)}; not {size}'
            )

    def comes_up(self, server: str, size: Size) -> None:
        """Wait until a guest has a size, and is accounted for that.

        One that boots slowly is accounted for all the memory it has until then.
        """
        self.guests.reaches(server, size)
        self.reconciles(server, size)

    def remove(self, servers: Iterable[str]) -> None:
        """Delete servers and wait until they are gone."""
        doomed = set(servers)
        for server in doomed:
            self.admin.compute.delete_server(server, ignore_missing=True)

        def gone() -> bool:
            remaining = {entry.id for entry in self.admin.compute.servers(all_projects=True)}
            return not remaining.intersection(doomed)

        if not waiting.until(gone, 60, 0.3):
            raise AssertionError('servers could not be deleted')
