"""Before the fork goes: every elastic server gets what its flavor says, the maximum.

Stock Nova knows no other size. A server whose host has no room to grow must move first, and a
project without quota must be given some, so all of them are looked at before the first is changed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from upgrade.errors import CloudError
from upgrade.openstack.client import AnswerError, Cloud

SPECS = ('minimum_cpu', 'minimum_memory')
#: Adjust works on these; stock Nova gives those that are offloaded their flavor's size by itself.
ADJUSTABLE = ('ACTIVE', 'PAUSED', 'SHUTOFF')
#: How the tasks begin of a server whose size is changed, or set right: the computes do that by
#: themselves now and then. It ends within seconds.
_TASK = 'xloud_'
PATIENCE = 60.0
WITHOUT_HOST = ('SHELVED_OFFLOADED', 'DELETED', 'SOFT_DELETED')


@dataclass
class Server:
    """An elastic server that has less than its flavor's maximum."""

    id: str
    name: str
    status: str
    project: str
    host: str
    vcpus: int
    memory_mb: int
    max_vcpus: int
    max_memory_mb: int
    #: Why it cannot be brought to its maximum where it is; nothing if it can.
    obstacle: str = ''

    def __str__(self) -> str:
        return (
            f'{self.id} {self.name} on {self.host}: {self.vcpus} of {self.max_vcpus} vCPUs, '
            f'{self.memory_mb} of {self.max_memory_mb} MiB'
        )


def find(cloud: Cloud) -> list[Server]:
    """Every server that must grow, and for each whether it can."""
    found = []
    for server in cloud.pages('compute', '/servers/detail?all_tenants=1', 'servers'):
        specs = server['flavor'].get('extra_specs', {})
        if any(name in specs for name in SPECS) and server['status'] not in WITHOUT_HOST:
            smaller = _smaller(cloud, _at_rest(cloud, server))
            if smaller:
                found.append(smaller)
    _obstacles(cloud, found)
    return found


def bring_back(
    cloud: Cloud, servers: list[Server], say: Callable[[str], None], timeout: float = 300
) -> None:
    """Adjust each to its maximum, and wait until it has it."""
    stuck = [server for server in servers if server.obstacle]
    if stuck:
        listed = '\n'.join(f'  {server}\n    {server.obstacle}' for server in stuck)
        raise CloudError(
            f'{len(stuck)} servers cannot be brought to the size of their flavor:\n{listed}\n'
            '  move, resume or resize them, then run rollback again; nothing was changed'
        )
    for server in servers:
        say(f'  {server.name:<20} to {server.max_vcpus} vCPUs, {server.max_memory_mb} MiB')
        body = {
            'current_vcpus': server.max_vcpus,
            'current_memory_mb': server.max_memory_mb,
            'persist': True,
        }
        if _ask(cloud, server, body):
            _await(cloud, server, timeout)


def _ask(cloud: Cloud, server: Server, body: dict[str, Any]) -> bool:
    """Ask for its size; whether it is still there."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            cloud.call('compute', 'POST', f'/os-xloud-adjust/{server.id}', body)
            return True
        except AnswerError as error:
            if error.status == 404:
                return False  # Deleted meanwhile.
            busy = error.status == 409 and f'task_state {_TASK}' in error.body
            if not busy or time.monotonic() > end:
                raise CloudError(f'{server} cannot be adjusted: {error}') from None
        time.sleep(1)


def _await(cloud: Cloud, server: Server, timeout: float) -> None:
    end = time.monotonic() + timeout
    while True:
        status = _status(cloud, server.id)
        if status is None or _has_maximum(status):
            return
        adjust = status.get('adjust') or {}
        if adjust.get('state') == 'failed':
            raise CloudError(f'{server} could not be adjusted: {adjust.get("reason")}')
        if time.monotonic() > end:
            raise CloudError(f'{server} has not reached its size after {timeout:.0f} s')
        time.sleep(1)


def _busy(server: dict[str, Any]) -> bool:
    return (server.get('OS-EXT-STS:task_state') or '').startswith(_TASK)


def _at_rest(cloud: Cloud, server: dict[str, Any]) -> dict[str, Any]:
    """The server when its size is no longer being changed; or, after a while, as it is."""
    end = time.monotonic() + PATIENCE
    while _busy(server) and time.monotonic() < end:
        time.sleep(1)
        try:
            server = cloud.call('compute', 'GET', f'/servers/{server["id"]}')['server']
        except AnswerError as error:
            if error.status == 404:
                return server  # Deleted meanwhile, as its status will tell.
            raise
    return server


def _smaller(cloud: Cloud, server: dict[str, Any]) -> Server | None:
    status = _status(cloud, server['id'])
    # Stock Nova would never end that.
    busy = _busy(server)
    if status is None or (_has_maximum(status) and not busy):
        return None
    found = Server(
        server['id'],
        server['name'],
        server['status'],
        server['tenant_id'],
        server.get('OS-EXT-SRV-ATTR:hypervisor_hostname') or '',
        status['accounted_vcpus'],
        status['accounted_memory_mb'],
        status['max_vcpus'],
        status['max_memory_mb'],
    )
    if found.status not in ADJUSTABLE:
        found.obstacle = f'its status is {found.status}; adjust needs {", ".join(ADJUSTABLE)}'
    elif busy:
        found.obstacle = 'it is being adjusted just now'
    return found


def _status(cloud: Cloud, server: str) -> dict[str, Any] | None:
    try:
        return cloud.call('compute', 'GET', f'/servers/{server}/xloud-status')['xloud_status']
    except AnswerError as error:
        if error.status == 404 and server in error.body:
            return None  # Deleted meanwhile.
        if error.status == 404:
            raise CloudError(
                'the compute API does not know elastic servers: is the fork still on it?\n'
                '  bring sizes back before the API is rolled back, or give --keep-sizes'
            ) from None
        raise


def _has_maximum(status: dict[str, Any]) -> bool:
    return all(
        status[f'{kind}_{name}'] >= status[f'max_{name}']
        for kind in ('accounted', 'start')
        for name in ('vcpus', 'memory_mb')
    )


def _obstacles(cloud: Cloud, servers: list[Server]) -> None:
    """Count each host's room and each project's quota down, server after server."""
    rooms: dict[str, dict[str, list[float]]] = {}
    quotas: dict[str, dict[str, _Quota]] = {}
    for server in servers:
        if server.project not in quotas:
            quotas[server.project] = _quotas(cloud, server.project)
        for resource, more in _quota_growth(server).items():
            quotas[server.project][resource].requested += more
    for server in servers:
        if server.obstacle:
            continue
        if server.host not in rooms:
            rooms[server.host] = _room(cloud, server.host)
        room = rooms[server.host]
        needs = {
            'VCPU': (server.max_vcpus - server.vcpus, server.max_vcpus),
            'MEMORY_MB': (server.max_memory_mb - server.memory_mb, server.max_memory_mb),
        }
        told = []
        for name, (more, whole) in needs.items():
            # Dedicated CPUs are reserved in full from the start: they are no VCPU of the host.
            free, most = room.get(name, [float('inf'), float('inf')])
            if more > free:
                told.append(f'{server.host} has {free:.0f} {name} free, it needs {more} more')
            elif more and whole > most:
                told.append(f'{server.host} lets one server have {most:.0f} {name} at most')
        growth = _quota_growth(server)
        quota = quotas[server.project]
        told += [
            str(quota[resource])
            for resource in growth
            if not quota[resource].allows(growth[resource])
        ]
        server.obstacle = '; '.join(told)
        if not server.obstacle:
            for name, (more, _) in needs.items():
                if name in room:
                    room[name][0] -= more
            for resource, more in growth.items():
                quota[resource].granted += more


@dataclass
class _Quota:
    """What a project may have of a resource. Nova keeps an administrator to it, too."""

    project: str
    resource: str
    limit: int
    in_use: int
    #: What all its servers need more, and what those that were looked at have been given of that.
    requested: int = 0
    granted: int = 0

    def __str__(self) -> str:
        unit = 'MiB' if self.resource == 'ram' else self.resource
        return (
            f'project {self.project} uses {self.in_use} of its quota of {self.limit} {unit}, '
            f'and its elastic servers need {self.requested} more; raise it with '
            f'`openstack quota set --{self.resource} {self.in_use + self.requested} {self.project}`'
        )

    def allows(self, more: int) -> bool:
        """A project may be above a limit that was lowered, as long as that does not grow."""
        unlimited = self.limit < 0
        return unlimited or not more or self.in_use + self.granted + more <= self.limit


def _quotas(cloud: Cloud, project: str) -> dict[str, _Quota]:
    listed = cloud.call('compute', 'GET', f'/os-quota-sets/{project}/detail')['quota_set']
    return {
        resource: _Quota(project, resource, listed[resource]['limit'], listed[resource]['in_use'])
        for resource in ('cores', 'ram')
    }


def _quota_growth(server: Server) -> dict[str, int]:
    return {
        'cores': server.max_vcpus - server.vcpus,
        'ram': server.max_memory_mb - server.memory_mb,
    }


def _room(cloud: Cloud, host: str) -> dict[str, list[float]]:
    """What placement has free on a host, and the most that it gives to one server."""
    listed = cloud.call('placement', 'GET', f'/resource_providers?name={host}')
    if not listed['resource_providers']:
        raise CloudError(
            f'placement does not know the host {host}; see `openstack hypervisor list`'
        )
    place = f'/resource_providers/{listed["resource_providers"][0]["uuid"]}'
    inventories = cloud.call('placement', 'GET', f'{place}/inventories')['inventories']
    usages = cloud.call('placement', 'GET', f'{place}/usages')['usages']
    return {
        name: [
            (known['total'] - known['reserved']) * known['allocation_ratio'] - usages.get(name, 0),
            known['max_unit'],
        ]
        for name, known in inventories.items()
        if name in ('VCPU', 'MEMORY_MB')
    }
