"""What Nova and placement account servers for."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy

from cloud import service
from cloud.tests.e2e.sizes import Size


class Accounting:
    """The records, read where they are kept."""

    def __init__(self, context: service.Context) -> None:
        self.context = context
        self._database = sqlalchemy.create_engine(context.database('nova'), pool_pre_ping=True)

    def task(self, server: str) -> str | None:
        """Return the task of a server, without asking a service."""
        query = sqlalchemy.text('SELECT task_state FROM instances WHERE uuid = :uuid')
        with self._database.connect() as connection:
            return connection.execute(query, {'uuid': server}).scalar()

    def host(self, server: str) -> str | None:
        """Return the host of a server, without asking a service."""
        query = sqlalchemy.text('SELECT host FROM instances WHERE uuid = :uuid')
        with self._database.connect() as connection:
            return connection.execute(query, {'uuid': server}).scalar()

    def start_size(self, server: str) -> Size:
        """Return what a server comes back with at its next start."""
        query = sqlalchemy.text(
            'SELECT meta.`key`, meta.value FROM instance_system_metadata AS meta '
            'WHERE instance_uuid = :uuid AND meta.deleted = 0'
        )
        with self._database.connect() as connection:
            rows = connection.execute(query, {'uuid': server}).all()
        kept = {row[0]: row[1] for row in rows}
        size = self.size(server)
        return Size(
            int(kept.get('xloud_start_vcpus', size.vcpus)),
            int(kept.get('xloud_start_memory_mb', size.memory_mb)),
        )

    def size(self, server: str) -> Size:
        """Return the size that Nova keeps."""
        query = sqlalchemy.text('SELECT vcpus, memory_mb FROM instances WHERE uuid = :uuid')
        with self._database.connect() as connection:
            row = connection.execute(query, {'uuid': server}).one()
        return Size(row[0], row[1])

    def allocations(self, server: str) -> dict[str, Size]:
        """Return what a server has allocated, by the provider's name."""
        answer = self._placement(f'/allocations/{server}')['allocations']
        names = self.providers()
        return {
            names[provider]: _size(allocation['resources'])
            for provider, allocation in answer.items()
        }

    def providers(self) -> dict[str, str]:
        listed = self._placement('/resource_providers')['resource_providers']
        return {entry['uuid']: entry['name'] for entry in listed}

    def usage(self, provider: str) -> Size:
        """Return the usage of a provider, by its UUID."""
        return _size(self._placement(f'/resource_providers/{provider}/usages')['usages'])

    def host_vcpus(self, hostname: str) -> int:
        """Return how many VCPUs placement says a host has."""
        provider = next(entry for entry, name in self.providers().items() if name == hostname)
        answer = self._placement(f'/resource_providers/{provider}/inventories/VCPU')
        return int(answer['total'])

    def cell(self, hostname: str) -> Size:
        """Return what the one NUMA cell of a host has."""
        cell = self._cell(hostname)
        return Size(len(cell['cpuset']), cell['memory'])

    def used_of_cell(self, hostname: str) -> Size:
        """Return what is used of the one NUMA cell of a host."""
        cell = self._cell(hostname)
        return Size(cell['cpu_usage'], cell['memory_usage'])

    def pinned_cpus(self, hostname: str) -> set[int]:
        """Return which CPUs of the one NUMA cell of a host belong to a server."""
        return set(self._cell(hostname)['pinned_cpus'])

    def _cell(self, hostname: str) -> dict[str, Any]:
        query = sqlalchemy.text(
            'SELECT numa_topology FROM compute_nodes WHERE host = :host AND deleted = 0'
        )
        with self._database.connect() as connection:
            topology = json.loads(connection.execute(query, {'host': hostname}).scalar_one())
        (cell,) = topology['nova_object.data']['cells']
        return dict(cell['nova_object.data'])

    def _placement(self, path: str) -> Any:
        client = self.context.admin
        return client.get(self.context.settings.url('placement') + path)


def _size(resources: dict[str, int]) -> Size:
    """Return what placement calls by its classes; a host has CPUs of both kinds."""
    return Size(resources.get('VCPU', 0) + resources.get('PCPU', 0), resources.get('MEMORY_MB', 0))
