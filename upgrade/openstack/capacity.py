"""What hosts have available and what quota allows, counted down server after server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from upgrade.errors import CloudError
from upgrade.openstack.client import Cloud


class Size(NamedTuple):
    """vCPUs and memory: those of a server, or what it is to have more."""

    vcpus: int
    memory_mb: int
    #: How many of the vCPUs are dedicated.
    dedicated: int = 0


@dataclass
class _Inventory:
    """What a host has available of a resource, and the most of it that one server can have."""

    host: str
    resource: str
    available: float
    max_unit: int

    def obstacle(self, more: int, total: int) -> str:
        if more > self.available:
            return (
                f'{self.host} has {self.available:.0f} {self.resource} available, '
                f'{more} more are needed'
            )
        if more and total > self.max_unit:
            return f'{self.host} allows at most {self.max_unit} {self.resource} per server'
        return ''


@dataclass
class _Quota:
    """What a project may have of a resource. Nova holds administrators to it, too."""

    project: str
    resource: str
    limit: int
    in_use: int
    #: What all servers of the project are to have more, and what some were granted of that.
    requested: int = 0
    granted: int = 0

    def obstacle(self, more: int) -> str:
        """A project may be above a limit that was lowered, as long as its use does not grow."""
        unlimited = self.limit < 0
        if unlimited or not more or self.in_use + self.granted + more <= self.limit:
            return ''
        unit = 'MiB' if self.resource == 'ram' else self.resource
        return (
            f'project {self.project} uses {self.in_use} of its quota of {self.limit} {unit}, '
            f'and its elastic servers need {self.requested} more; raise it with '
            f'`openstack quota set --{self.resource} {self.in_use + self.requested} {self.project}`'
        )


class Capacity:
    """Hosts and projects as far as they were queried."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self._hosts: dict[str, dict[str, _Inventory]] = {}
        self._quotas: dict[str, dict[str, _Quota]] = {}

    def announce(self, project: str, growth: Size) -> None:
        """Add to what a project is said to need in all."""
        for resource, more in _by_quota(growth).items():
            self._quota(project)[resource].requested += more

    def take(self, host: str, project: str, growth: Size, maximum: Size) -> list[str]:
        """Count a server's growth; or return what hinders it, and count nothing."""
        inventories, quotas = self._host(host), self._quota(project)
        more, total = _by_class(growth, inventories), _by_class(maximum, inventories)
        obstacles = [
            inventory.obstacle(more[name], total[name]) for name, inventory in inventories.items()
        ]
        obstacles += [quotas[name].obstacle(more) for name, more in _by_quota(growth).items()]
        obstacles = [obstacle for obstacle in obstacles if obstacle]
        if not obstacles:
            for name, inventory in inventories.items():
                inventory.available -= more[name]
            for name, count in _by_quota(growth).items():
                quotas[name].granted += count
        return obstacles

    def _host(self, name: str) -> dict[str, _Inventory]:
        if name not in self._hosts:
            self._hosts[name] = _read_host(self.cloud, name)
        return self._hosts[name]

    def _quota(self, project: str) -> dict[str, _Quota]:
        if project not in self._quotas:
            self._quotas[project] = _read_quota(self.cloud, project)
        return self._quotas[project]


def _by_class(size: Size, inventories: dict[str, _Inventory]) -> dict[str, int]:
    """A host that still has vcpu_pin_set has no PCPU: dedicated CPUs are VCPUs there."""
    dedicated = size.dedicated if 'PCPU' in inventories else 0
    return {'VCPU': size.vcpus - dedicated, 'PCPU': dedicated, 'MEMORY_MB': size.memory_mb}


def _by_quota(size: Size) -> dict[str, int]:
    return {'cores': size.vcpus, 'ram': size.memory_mb}


def _read_host(cloud: Cloud, host: str) -> dict[str, _Inventory]:
    providers = cloud.call('placement', 'GET', f'/resource_providers?name={host}')
    if not providers['resource_providers']:
        raise CloudError(
            f'placement does not know the host {host}; see `openstack hypervisor list`'
        )
    path = f'/resource_providers/{providers["resource_providers"][0]["uuid"]}'
    inventories = cloud.call('placement', 'GET', f'{path}/inventories')['inventories']
    usages = cloud.call('placement', 'GET', f'{path}/usages')['usages']
    result = {}
    for name in ('VCPU', 'PCPU', 'MEMORY_MB'):
        if name in inventories:
            total = inventories[name]['total'] - inventories[name]['reserved']
            available = total * inventories[name]['allocation_ratio'] - usages.get(name, 0)
            result[name] = _Inventory(host, name, available, inventories[name]['max_unit'])
    return result


def _read_quota(cloud: Cloud, project: str) -> dict[str, _Quota]:
    listed = cloud.call('compute', 'GET', f'/os-quota-sets/{project}/detail')['quota_set']
    return {
        resource: _Quota(project, resource, listed[resource]['limit'], listed[resource]['in_use'])
        for resource in ('cores', 'ram')
    }
