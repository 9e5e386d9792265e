"""What has to be true whenever nothing is under way."""

from __future__ import annotations

from cloud import waiting
from cloud.tests.e2e.sizes import Size
from cloud.tests.e2e.world import World

#: Releasing what a move or a delete freed may take this long.
_SETTLE = 20

_WITHOUT_HOST = ('SHELVED_OFFLOADED',)
_RUNNING = ('ACTIVE', 'PAUSED', 'RESCUE')


def check(world: World, seconds: float = _SETTLE) -> None:
    """Raise, naming what disagrees, unless all records agree."""
    problems: list[str] = []

    def agree() -> bool:
        problems[:] = _disagreements(world)
        return not problems

    if not waiting.until(agree, seconds, 1):
        raise AssertionError('the records do not agree:\n' + '\n'.join(problems))


def _disagreements(world: World) -> list[str]:
    problems = []
    used: dict[str, Size] = {}
    for entry in world.admin.compute.servers(all_projects=True):
        problems += [f'server {entry.id}: {text}' for text in _of_server(world, entry.id, used)]
    for provider, name in world.accounting.providers().items():
        usage, expected = world.accounting.usage(provider), used.get(name, Size(0, 0))
        if usage != expected:
            problems.append(f'{name}: its usage is {usage}, that of its servers is {expected}')
    return problems


def _of_server(world: World, server: str, used: dict[str, Size]) -> list[str]:
    details = world.api.server(server)
    status, task = details['status'], details['task_state']
    if status == 'ERROR' or task is not None:
        return [f'status {status}, task {task}']
    size, allocations = world.accounting.size(server), world.accounting.allocations(server)
    for name, part in allocations.items():
        before = used.get(name, Size(0, 0))
        used[name] = Size(before.vcpus + part.vcpus, before.memory_mb + part.memory_mb)
    if status in _WITHOUT_HOST:
        return [f'has no host, and its allocation is {allocations}'] if allocations else []
    problems = []
    if allocations != {details['hypervisor_hostname']: size}:
        problems.append(f'is {size}, its allocation is {allocations}')
    if status in _RUNNING:
        # Both are accounted for: what it has, and what it is to come back with.
        live, start = world.guests.live(server), world.accounting.start_size(server)
        expected = Size(*map(max, live, start))
        if expected != size:
            problems.append(f'is {size}, the hypervisor says {live}, and it starts with {start}')
    return problems
