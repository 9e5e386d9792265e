"""What a target needs to become the fork, and what speaks against touching it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from upgrade.fork.payload import Payload
from upgrade.target.inventory import Target

MARGIN = 16 << 20
#: For the estimate of time: bytes a second, and seconds a target.
RATE, EACH = 5e6, 12.0


@dataclass(frozen=True)
class Change:
    """A file to put on a target: ``new``, ``modified``, ``metadata`` or Nova's ``released``."""

    path: str
    kind: str
    size: int
    mode: int
    sha256: str


@dataclass
class Judgement:
    """What was found on a target, and what follows."""

    target: Target
    site: str
    version: str
    changes: list[Change] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    #: Nova's tests are installed too, and get their changes.
    tests: bool = False

    @property
    def done(self) -> bool:
        return not self.problems and not self.changes and not self.removed

    @property
    def size(self) -> int:
        return sum(change.size for change in self.changes)

    @property
    def seconds(self) -> float:
        if self.done:
            return 0.0
        settle = sum(service.settle + 5 for service in self.target.services)
        return EACH + self.size / RATE + settle

    def as_json(self) -> dict[str, Any]:
        return {
            'target': self.target.name,
            'site_packages': self.site,
            'version': self.version,
            'files': [
                {**asdict(change), 'mode': f'{change.mode:04o}', 'to': f'{self.site}/{change.path}'}
                for change in self.changes
            ],
            'removed': self.removed,
            'bytes': self.size,
            'restarts': [service.role for service in self.target.services],
            'seconds': round(self.seconds),
            'problems': self.problems,
            'notes': self.notes,
        }


def judge(target: Target, payload: Payload, facts: dict[str, Any]) -> Judgement:
    """Hold what is on a target against the fork and against the release."""
    version = (facts['versions'] or [''])[0]
    found = Judgement(target, facts['site'], version)
    found.problems += _installation(payload, facts, version)
    if found.problems:
        return found
    recorded = (facts['state'] or {}).get('files', {})
    present = {path: about.get('sha256', 'a link') for path, about in facts['files'].items()}
    found.tests = 'nova/tests/__init__.py' in present
    changed = []
    for path, item in payload.items.items():
        if item.kind == 'metadata' or (path.startswith('nova/tests/') and not found.tests):
            continue
        known = present.get(path, '')
        if known == item.sha256:
            continue
        if known in (item.base, recorded.get(path, '-')):
            mode = facts['files'].get(path, {}).get('mode', item.mode)
            changed.append(Change(path, item.kind, item.size, mode, item.sha256))
        elif not known:
            found.problems.append(f'{path} is missing; put the file of {payload.base_version} back')
        else:
            found.problems.append(
                f'{path} was modified here: its sha256 is {known[:12]}, '
                f'Nova {payload.base_version} has {item.base[:12] or "no such file"}'
            )
    _former_fork(found, payload, recorded, present, changed)
    found.notes += _aside(payload, present, recorded)
    _metadata(found, payload, facts, present, changed)
    found.changes = sorted(changed, key=lambda change: change.path)
    found.problems += _room(found, facts)
    return found


def _installation(payload: Payload, facts: dict[str, Any], version: str) -> Iterable[str]:
    infos = facts['distributions']
    if not infos:
        yield (
            'nova has no metadata beside it: it is installed for editing, or not by an installer\n'
            'install a released nova there first'
        )
    elif len(infos) > 1:
        yield f'nova is installed twice: {", ".join(infos)}; remove the metadata of the wrong one'
    elif version.partition('+')[0] != payload.base_version:
        yield (
            f'it has Nova {version or "of unknown version"}, the fork is made of '
            f'{payload.base_version}\n'
            'take the fork of its release: --release, `make wheel RELEASE=`'
        )
    if facts['writable']:
        yield (
            f'{", ".join(facts["writable"])} cannot be written by the user of the connection\n'
            'set `user`, `become` or, for a container, `exec_user`'
        )


def _former_fork(
    found: Judgement,
    payload: Payload,
    recorded: dict[str, str],
    present: dict[str, str],
    changed: list[Change],
) -> None:
    """What an earlier state of the fork brought and this one lacks goes, or is Nova's again."""
    for path, sha in recorded.items():
        if path in payload.items or path not in present:
            continue
        if present[path] != sha:
            if present[path] != payload.whole.get(path):
                found.problems.append(f'{path} was modified here since the fork was put there')
        elif path in payload.whole:
            changed.append(Change(path, 'released', 0, 0o644, payload.whole[path]))
        else:
            found.removed.append(path)


def _metadata(
    found: Judgement,
    payload: Payload,
    facts: dict[str, Any],
    present: dict[str, str],
    changed: list[Change],
) -> None:
    items = [item for item in payload.items.values() if item.kind == 'metadata']
    same = facts['distributions'] == [payload.dist_info]
    if same and not changed and all(present.get(i.path) == i.sha256 for i in items):
        return
    changed += [Change(i.path, i.kind, i.size, i.mode, i.sha256) for i in items]
    if not same:
        former = facts['distributions'][0]
        found.removed += [path for path in present if path.partition('/')[0] == former]


def _aside(payload: Payload, present: dict[str, str], recorded: dict[str, str]) -> Iterable[str]:
    """What is not as released, and stays as it is."""
    odd = [
        path
        for path, sha in payload.released.items()
        if path not in payload.items and present.get(path, sha) != sha and path not in recorded
    ]
    if odd:
        yield (
            f'{_some(odd)} differ from Nova {payload.base_version} and stay as they are: '
            'the fork does not touch them'
        )
    gone = [
        path
        for path in payload.released
        if path.endswith('.py') and path not in present and not path.startswith('nova/tests/')
        if path not in payload.items
    ]
    if gone:
        yield f'{_some(gone)} of Nova {payload.base_version} are missing'
    if payload.outside:
        yield f'the fork changes {_some(payload.outside)}: merge them into the configuration'


def _room(found: Judgement, facts: dict[str, Any]) -> Iterable[str]:
    if found.done:
        return
    package = sum(about.get('size', 0) for about in facts['files'].values())
    needed = 2 * found.size + package // 2 + MARGIN
    if facts['free'] < needed:
        yield (
            f'{found.site} has {facts["free"] >> 20} MiB free, {needed >> 20} MiB are needed '
            'for the new files and a backup\nmake room there'
        )


def _some(paths: Iterable[str]) -> str:
    listed = sorted(paths)
    rest = f' and {len(listed) - 3} more' if len(listed) > 3 else ''
    return ', '.join(listed[:3]) + rest


def as_text(judgements: list[Judgement], batch: int) -> Iterable[str]:
    """The plan of a roll, for reading."""
    for found in judgements:
        yield f'{found.target.name}  ({found.target.place}, nova {found.version})'
        for problem in found.problems:
            yield '    cannot be done: ' + problem.replace('\n', '\n        ')
        for note in found.notes:
            yield f'    note: {note}'
        if found.done:
            yield '    nothing to do'
        for change in found.changes:
            yield f'    {change.kind:9} {change.mode:04o} {change.size:8}  {change.path}'
        for path in found.removed:
            yield f'    goes                     {path}'
    open_ones = [found for found in judgements if not found.done]
    yield f'{sum(found.size for found in open_ones)} bytes to {len(open_ones)} targets'
    restarts = [
        f'{service.role} of {found.target.name}'
        for found in open_ones
        for service in found.target.services
    ]
    yield f'restarts in this order: {", ".join(restarts) or "none"}'
    yield f'about {round(seconds(open_ones, batch))} s, computes {batch} at a time'


def seconds(judgements: list[Judgement], batch: int) -> float:
    computes = [found.seconds for found in judgements if found.target.compute_only]
    others = [found.seconds for found in judgements if not found.target.compute_only]
    return sum(others) + sum(computes) / max(1, min(batch, len(computes) or 1))
