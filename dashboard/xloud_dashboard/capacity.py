"""What hosts have promised to their servers, account for, and have available."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from keystoneauth1.adapter import Adapter
from openstack import exceptions

from xloud_dashboard import service

#: Seconds that the page waits for the amounts of its hosts.
SECONDS = 10

#: The first version of Nova's API in which the ID of a hypervisor is the one that placement has.
_HYPERVISORS = '2.53'

#: The first version of Nova's API that shows the flavor of a server as it was when it was created.
_FLAVORS = '2.47'

_NODE = 'OS-EXT-SRV-ATTR:hypervisor_hostname'


@dataclasses.dataclass(frozen=True)
class Amounts:
    """The amounts of one resource of a host."""

    #: The sum of what the flavors of its servers allow.
    promised: int
    #: What placement has allocated of it.
    accounted: int
    #: What placement can allocate of it in all.
    total: int

    @property
    def available(self) -> int:
        """Return what placement could still allocate; below 0 if the total was lowered."""
        return self.total - self.accounted


@dataclasses.dataclass(frozen=True)
class Host:
    """A host, and its amounts as far as they are known; memory is in MiB."""

    id: str
    name: str
    state: str
    status: str
    vcpus: Amounts | None = None
    memory_mb: Amounts | None = None


def hosts(compute: Any, placement: Adapter, limit: int, marker: str | None) -> list[Host]:
    """Return as many hosts as a page shows, after the one with that ID."""
    nodes = _nodes(compute, limit, marker)
    jobs = {
        f'servers {name}': functools.partial(_promised, compute, name)
        for name in {node['service']['host'] for node in nodes}
    }
    jobs.update((node['id'], functools.partial(_placed, placement, node['id'])) for node in nodes)
    results = service.results_within(SECONDS, jobs)
    return [
        _host(node, results.get(f'servers {node["service"]["host"]}'), results.get(node['id']))
        for node in nodes
    ]


def _nodes(compute: Any, limit: int, marker: str | None) -> list[dict[str, Any]]:
    query = {'limit': limit, **({'marker': marker} if marker else {})}
    response = compute.get(f'/os-hypervisors/detail?{urlencode(query)}', microversion=_HYPERVISORS)
    exceptions.raise_from_response(response)
    return list(response.json()['hypervisors'])


def _promised(compute: Any, host: str) -> dict[str, tuple[int, int]]:
    """Return what the servers of a host may have in all, by its nodes: vCPUs and MiB."""
    promised: dict[str, tuple[int, int]] = {}
    query = {'all_tenants': 1, 'host': host}
    while True:
        response = compute.get(f'/servers/detail?{urlencode(query)}', microversion=_FLAVORS)
        exceptions.raise_from_response(response)
        answer = response.json()
        for server in answer['servers']:
            vcpus, memory_mb = promised.get(server[_NODE], (0, 0))
            flavor = server['flavor']
            promised[server[_NODE]] = (vcpus + flavor['vcpus'], memory_mb + flavor['ram'])
        if not answer.get('servers_links'):
            return promised
        query['marker'] = answer['servers'][-1]['id']


def _placed(placement: Adapter, node: str) -> tuple[Mapping[str, Any], Mapping[str, int]]:
    """Return the inventories and the usages of a node."""
    inventories, usages = (
        placement.get(f'/resource_providers/{node}/{what}').json()[what]
        for what in ('inventories', 'usages')
    )
    return inventories, usages


def _host(node: Mapping[str, Any], promised: Any, placed: Any) -> Host:
    host = Host(node['id'], node['hypervisor_hostname'], node['state'], node['status'])
    if promised is None or placed is None:
        return host
    vcpus, memory_mb = promised.get(host.name, (0, 0))
    return dataclasses.replace(
        host,
        # Shared and dedicated CPUs are inventories of their own.
        vcpus=_amounts(vcpus, *placed, ('VCPU', 'PCPU')),
        memory_mb=_amounts(memory_mb, *placed, ('MEMORY_MB',)),
    )


def _amounts(
    promised: int,
    inventories: Mapping[str, Any],
    usages: Mapping[str, int],
    classes: Iterable[str],
) -> Amounts | None:
    present: Sequence[str] = [name for name in classes if name in inventories]
    if not present:
        return None  # Such as the nodes of bare metal.
    return Amounts(
        promised=promised,
        accounted=sum(usages.get(name, 0) for name in present),
        total=sum(_capacity(inventories[name]) for name in present),
    )


def _capacity(inventory: Mapping[str, Any]) -> int:
    """Return what can be allocated of an inventory; placement rounds it down as well."""
    return int((inventory['total'] - inventory['reserved']) * inventory['allocation_ratio'])
