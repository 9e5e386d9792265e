"""``verify``: whether the fork is there whole, and can be imported."""

from __future__ import annotations

from collections.abc import Iterator

from upgrade.agent.protocol import CheckImports, Installation
from upgrade.commands.check import Row, health
from upgrade.commands.inspection import inspect
from upgrade.errors import UpgradeError
from upgrade.findings import FAULT, OK, Finding
from upgrade.fork import plan
from upgrade.fork.payload import Payload
from upgrade.target.target import Target

_LISTED = 10


def verify(target: Target, payload: Payload) -> list[Finding]:
    """Changes nothing."""
    return [Finding(target.name, *row) for row in _verify(target, payload)]


def _verify(target: Target, payload: Payload) -> Iterator[Row]:
    try:
        installed, unfinished = inspect(target)
    except UpgradeError as error:
        yield 'connection', FAULT, str(error)
        return
    if unfinished:
        yield 'interruption', FAULT, unfinished
    yield from _files(target, payload, installed)
    yield from _imports(target, payload, installed)
    for service in target.entry.services:
        yield health(target, service)


def _files(target: Target, payload: Payload, installed: Installation) -> Iterator[Row]:
    planned = plan.make(target.entry, payload, installed)
    if planned.version != payload.version:
        remedy = '\n'.join(planned.notes) if planned.done else 'run apply'
        yield 'version', FAULT, f'nova {planned.version}, not {payload.version}; {remedy}'
    else:
        yield 'version', OK, f'nova {planned.version}'
    wrong = [*planned.problems]
    wrong += [f'{change.path} is not that of the fork' for change in planned.changes]
    wrong += [f'{path} should be gone' for path in planned.removed]
    for text in wrong[:_LISTED]:
        yield 'files', FAULT, text
    if wrong[_LISTED:]:
        yield 'files', FAULT, f'and {len(wrong) - _LISTED} more'
    if not wrong:
        yield 'files', OK, f'{len(payload.items)} have the hashes of the fork'


def _imports(target: Target, payload: Payload, installed: Installation) -> Iterator[Row]:
    modules = [p for p, i in payload.items.items() if i.kind != 'metadata' and p in installed.files]
    request = CheckImports(target.site, modules, list(payload.entry_points))
    failed = target.agents.inside.ask(request)
    for name, why in sorted(failed.items()):
        yield 'imports', FAULT, f'{name}: {why}'
    if not failed:
        points = ', '.join(f'{name} ({group})' for group, name, _ in payload.entry_points)
        yield 'imports', OK, f'every module, and the entry points {points or "of the release"}'
