"""Before the fork goes: every elastic server is adjusted to its flavor's maximum.

Stock Nova knows no other size. A server whose host lacks capacity must move first, and a project
without quota must be given some, so all of them are checked before the first is changed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from upgrade.errors import CloudError
from upgrade.openstack.capacity import Capacity, Size
from upgrade.openstack.client import AnswerError, Cloud

#: The extra specs that make a flavor elastic; each resource has two names for its minimum.
CPU_SPECS = ('minimum_cpu', 'hw:cpu_min')
MEMORY_SPECS = ('minimum_memory', 'hw:mem_min')
SPECS = (*CPU_SPECS, *MEMORY_SPECS)
#: Only these can be adjusted; stock Nova starts offloaded servers with their flavor's size anyway.
ADJUSTABLE = ('ACTIVE', 'PAUSED', 'SHUTOFF')
#: How the task states of an adjustment begin. A compute adjusts and reconciles servers on its own
#: as well; that takes seconds.
TASK_PREFIX = 'xloud_'
#: Seconds: how long an adjustment in progress is waited for, and how often a server is queried.
PATIENCE = 60.0
INTERVAL = 1.0
#: What placement does not know: that the NUMA cells of a server are full, or too small.
CELL_CODES = ('xloud.numa_cell_full', 'xloud.above_host_limit')
WITHOUT_HOST = ('SHELVED_OFFLOADED', 'DELETED', 'SOFT_DELETED')


@dataclass
class Server:
    """An elastic server that is smaller than its flavor's maximum."""

    id: str
    name: str
    status: str
    project: str
    host: str
    size: Size
    maximum: Size
    #: Why it cannot be adjusted to its maximum where it is, line by line; empty if it can.
    obstacle: str = ''

    @property
    def request(self) -> dict[str, Any]:
        return {
            'current_vcpus': self.maximum.vcpus,
            'current_memory_mb': self.maximum.memory_mb,
            'persist': True,
        }

    @property
    def growth(self) -> Size:
        return Size(*(most - now for most, now in zip(self.maximum, self.size, strict=True)))

    def __str__(self) -> str:
        return (
            f'{self.id} {self.name} on {self.host}: {self.size.vcpus} of {self.maximum.vcpus} '
            f'vCPUs, {self.size.memory_mb} of {self.maximum.memory_mb} MiB'
        )


def find(cloud: Cloud) -> list[Server]:
    """Return every server that must grow, and for each whether it can."""
    servers = []
    for listed in cloud.pages('compute', '/servers/detail?all_tenants=1', 'servers'):
        specs = listed['flavor'].get('extra_specs', {})
        if any(name in specs for name in SPECS) and listed['status'] not in WITHOUT_HOST:
            server = _read(cloud, _wait_for_adjustment(cloud, listed))
            if server:
                servers.append(server)
    _find_obstacles(cloud, servers)
    return servers


def restore(
    cloud: Cloud, servers: list[Server], say: Callable[[str], None], timeout: float = 300
) -> None:
    """Adjust each to its maximum, and wait until it has it."""
    hindered = [server for server in servers if server.obstacle]
    if hindered:
        lines = []
        for server in hindered:
            lines += [f'  {server}', *(f'    {line}' for line in server.obstacle.splitlines())]
        listed = '\n'.join(lines)
        count = '1 server' if len(hindered) == 1 else f'{len(hindered)} servers'
        raise CloudError(
            f'{count} cannot be adjusted to the size of the flavor:\n{listed}\n'
            '  remove these obstacles, then run rollback again; nothing was changed'
        )
    for server in servers:
        maximum = server.maximum
        say(f'  {server.name:<20} to {maximum.vcpus} vCPUs, {maximum.memory_mb} MiB')
        if _request_adjustment(cloud, server):
            _wait_for_maximum(cloud, server, timeout)


def _request_adjustment(cloud: Cloud, server: Server) -> bool:
    """Request it, and return whether the server still exists."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            cloud.call('compute', 'POST', f'/os-xloud-adjust/{server.id}', server.request)
            return True
        except AnswerError as error:
            if error.status == 404:
                return False  # Deleted in the meantime.
            busy = error.status == 409 and f'task_state {TASK_PREFIX}' in error.body
            if not busy or time.monotonic() > end:
                raise CloudError(f'{server} cannot be adjusted: {error}') from None
        time.sleep(INTERVAL)


def _wait_for_maximum(cloud: Cloud, server: Server, timeout: float) -> None:
    end = time.monotonic() + timeout
    while True:
        status = _status(cloud, server.id)
        if status is None or _has_maximum(status):
            return
        adjustment = status.get('adjust') or {}
        if adjustment.get('state') == 'failed':
            raise CloudError(f'{server} could not be adjusted: {adjustment.get("reason")}')
        if time.monotonic() > end:
            raise CloudError(f'{server} has not reached its size after {timeout:.0f} s')
        time.sleep(INTERVAL)


def _is_adjusted(server: dict[str, Any]) -> bool:
    return (server.get('OS-EXT-STS:task_state') or '').startswith(TASK_PREFIX)


def _wait_for_adjustment(cloud: Cloud, server: dict[str, Any]) -> dict[str, Any]:
    """Return the server when no adjustment is in progress; or, after a while, as it is."""
    end = time.monotonic() + PATIENCE
    while _is_adjusted(server) and time.monotonic() < end:
        time.sleep(INTERVAL)
        try:
            server = cloud.call('compute', 'GET', f'/servers/{server["id"]}')['server']
        except AnswerError as error:
            if error.status == 404:
                return server  # Deleted in the meantime; its status is 404, too.
            raise
    return server


def _read(cloud: Cloud, server: dict[str, Any]) -> Server | None:
    """Return what is to be adjusted; None when the server has its maximum or is gone."""
    status = _status(cloud, server['id'])
    # Stock Nova would leave the server in that task state.
    in_progress = _is_adjusted(server)
    if status is None or (_has_maximum(status) and not in_progress):
        return None
    dedicated = _find_dedicated(cloud, server, status['max_vcpus'])
    size, maximum = (
        Size(
            status[f'{kind}_vcpus'],
            status[f'{kind}_memory_mb'],
            len([vcpu for vcpu in dedicated if vcpu < status[f'{kind}_vcpus']]),
        )
        for kind in ('accounted', 'max')
    )
    result = Server(
        server['id'],
        server['name'],
        server['status'],
        server['tenant_id'],
        server.get('OS-EXT-SRV-ATTR:hypervisor_hostname') or '',
        size,
        maximum,
    )
    if result.status not in ADJUSTABLE:
        result.obstacle = (
            f'its status is {result.status}; only {", ".join(ADJUSTABLE)} servers can be adjusted'
        )
    elif in_progress:
        result.obstacle = 'another adjustment is in progress'
    return result


def _find_dedicated(cloud: Cloud, server: dict[str, Any], count: int) -> set[int]:
    """Return which of its vCPUs are dedicated; an image can say that, too, but no mask."""
    specs = server['flavor'].get('extra_specs', {})
    policy = specs.get('hw:cpu_policy')
    if policy == 'mixed':
        return parse_cpus(specs.get('hw:cpu_dedicated_mask', ''), count)
    if policy is None:
        allocations = cloud.call('placement', 'GET', f'/allocations/{server["id"]}')['allocations']
        if any('PCPU' in allocation['resources'] for allocation in allocations.values()):
            policy = 'dedicated'
    return set(range(count)) if policy == 'dedicated' else set()


def parse_cpus(mask: str, count: int) -> set[int]:
    """Return the vCPUs that a mask such as ``0-3,^2`` names, of so many."""
    chosen: set[int] = set()
    excluded: set[int] = set()
    tokens = [token.strip() for token in mask.split(',') if token.strip()]
    for token in tokens:
        first, _, last = token.lstrip('^').partition('-')
        (excluded if token.startswith('^') else chosen).update(
            range(int(first), int(last or first) + 1)
        )
    if tokens and tokens[0].startswith('^'):
        chosen.update(range(count))
    return chosen - excluded


def _status(cloud: Cloud, server: str) -> dict[str, Any] | None:
    try:
        return cloud.call('compute', 'GET', f'/servers/{server}/xloud-status')['xloud_status']
    except AnswerError as error:
        if error.status == 404 and server in error.body:
            return None  # Deleted in the meantime.
        if error.status == 404:
            raise CloudError(
                'the compute API does not know elastic servers: is the fork still installed?\n'
                '  adjust the servers before the API is rolled back, or give --keep-sizes'
            ) from None
        raise


def _has_maximum(status: dict[str, Any]) -> bool:
    return all(
        status[f'{kind}_{name}'] >= status[f'max_{name}']
        for kind in ('accounted', 'start')
        for name in ('vcpus', 'memory_mb')
    )


def _find_obstacles(cloud: Cloud, servers: list[Server]) -> None:
    capacity = Capacity(cloud)
    for server in servers:
        capacity.announce(server.project, server.growth)
    for server in servers:
        if not server.obstacle:
            obstacles = capacity.take(server.host, server.project, server.growth, server.maximum)
            server.obstacle = '\n'.join(obstacles) or _cell_obstacle(cloud, server)


def _cell_obstacle(cloud: Cloud, server: Server) -> str:
    """Return what the NUMA cells of its host lack for this server alone; nothing if all is well."""
    try:
        body = {**server.request, 'dry_run': True}
        trial = cloud.call('compute', 'POST', f'/os-xloud-adjust/{server.id}', body)['dry_run']
    except AnswerError:
        return ''  # Deleted in the meantime, or the request itself will say what is wrong.
    return trial['reason'] if trial['code'] in CELL_CODES else ''
