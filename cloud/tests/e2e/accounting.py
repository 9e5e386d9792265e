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
        self._databases = {
            cell: sqlalchemy.create_engine(context.database('nova', cell), pool_pre_ping=True)
            for cell in context.settings.own_cells or (0,)
        }
        self._above = sqlalchemy.create_engine(context.database('nova_api'), pool_pre_ping=True)

    def task(self, server: str) -> str | None:
        """Return the task of a server, without asking a service."""
        return self._row(server, 'task_state')[0]

    def host(self, server: str) -> str | None:
        """Return the host of a server, without asking a service."""
        return self._row(server, 'host')[0]

    def start_size(self, server: str) -> Size:
        """Return what a server comes back with at its next start."""
        query = (
            'SELECT meta.`key`, meta.value FROM instance_system_metadata AS meta '
            'WHERE instance_uuid = :value AND meta.deleted = 0'
        )
        kept = {row[0]: row[1] for row in self._rows(self.cell_of(server), query, server)}
        size = self.size(server)
        return Size(
            int(kept.get('xloud_start_vcpus', size.vcpus)),
            int(kept.get('xloud_start_memory_mb', size.memory_mb)),
        )

    def size(self, server: str) -> Size:
        """Return the size that Nova keeps."""
        return Size(*self._row(server, 'vcpus', 'memory_mb'))

    def cell_of(self, server: str) -> int:
        """Return the cell of a server by its number; 0 is the only one."""
        return self._mapped('instance_mappings', 'instance_uuid', server)

    def _mapped(self, table: str, column: str, value: str) -> int:
        """Return the cell that the database of the API has for something."""
        if not self.context.settings.own_cells:
            return 0
        query = (
            f'SELECT name FROM {table} AS mapping JOIN cell_mappings '
            f'ON cell_mappings.id = mapping.cell_id WHERE mapping.{column} = :value'
        )
        with self._above.connect() as connection:
            name = connection.execute(sqlalchemy.text(query), {'value': value}).scalar_one()
        return int(name.removeprefix('cell'))

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
        query = 'SELECT numa_topology FROM compute_nodes WHERE host = :value AND deleted = 0'
        cell_of_host = self._mapped('host_mappings', 'host', hostname)
        ((topology,),) = self._rows(cell_of_host, query, hostname)
        (cell,) = json.loads(topology)['nova_object.data']['cells']
        return dict(cell['nova_object.data'])

    def _row(self, server: str, *columns: str) -> tuple[Any, ...]:
        query = f'SELECT {", ".join(columns)} FROM instances WHERE uuid = :value'
        (row,) = self._rows(self.cell_of(server), query, server)
        return row

    def _rows(self, cell: int, query: str, value: str) -> list[tuple[Any, ...]]:
        with self._databases[cell].connect() as connection:
            rows = connection.execute(sqlalchemy.text(query), {'value': value})
            return [tuple(row) for row in rows]

    def _placement(self, path: str) -> Any:
        client = self.context.admin
        return client.get(self.context.settings.url('placement') + path)


def _size(resources: dict[str, int]) -> Size:
    """Return what placement calls by its classes; a host has CPUs of both kinds."""
    return Size(resources.get('VCPU', 0) + resources.get('PCPU', 0), resources.get('MEMORY_MB', 0))
