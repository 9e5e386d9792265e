"""What a target needs to become the fork, and the reasons not to touch it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from upgrade.agent.protocol import Installation, InstalledFile
from upgrade.fork.payload import Payload
from upgrade.target.inventory import TargetEntry

MARGIN = 16 << 20
#: For the estimate of time: bytes per second, and seconds per target.
BYTES_PER_SECOND, SECONDS_PER_TARGET = 5e6, 12.0


@dataclass(frozen=True)
class Change:
    """A file to put on a target: ``new``, ``modified``, ``metadata`` or Nova's ``released``."""

    path: str
    kind: str
    size: int
    mode: int
    sha256: str


@dataclass
class Plan:
    """What is to be done on a target, or why nothing can be."""

    target: TargetEntry
    site: str
    version: str
    changes: list[Change] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    #: Nova's tests are installed too, and get their changes.
    with_tests: bool = False

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
        return SECONDS_PER_TARGET + self.size / BYTES_PER_SECOND + settle

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


def make(target: TargetEntry, payload: Payload, installed: Installation) -> Plan:
    """Compare what is on a target with the fork and with the release."""
    return _Planner(target, payload, installed).run()


class _Planner:
    """The three sides of the comparison, and the plan that comes of it."""

    def __init__(self, target: TargetEntry, payload: Payload, installed: Installation) -> None:
        self.payload = payload
        self.installed = installed
        #: The hashes of what an earlier apply put there.
        self.recorded = installed.state.files if installed.state else {}
        self.present = {path: f.sha256 or 'a link' for path, f in installed.files.items()}
        self.plan = Plan(target, installed.site, installed.version)

    def run(self) -> Plan:
        self.plan.problems += self._installation_problems()
        if self.plan.problems:
            return self.plan
        if self._is_another_wheel:
            self.plan.notes.append(
                f'has the fork {self.plan.version} from an image or a wheel: it is left alone, '
                'since whoever installed it replaces it'
            )
            return self.plan
        self.plan.with_tests = 'nova/tests/__init__.py' in self.present
        self._compare()
        self._replace_former_fork()
        self.plan.notes += self._unrelated_differences()
        self._metadata()
        self.plan.changes.sort(key=lambda change: change.path)
        self.plan.problems += self._obstacles()
        return self.plan

    @property
    def _is_another_wheel(self) -> bool:
        """Whether a fork is installed there that no apply has brought, and not this one."""
        version = self.plan.version
        return '+' in version and version != self.payload.version and not self.installed.state

    def _installation_problems(self) -> Iterable[str]:
        infos, version = self.installed.distributions, self.installed.version
        base_version = self.payload.base_version
        if not infos:
            yield (
                'nova has no metadata beside it: it was installed for editing, or without an '
                'installer\ninstall a released nova there first'
            )
        elif len(infos) > 1:
            yield f'nova is installed twice: {", ".join(infos)}; remove the wrong metadata'
        elif version.partition('+')[0] != base_version:
            yield (
                f'it has Nova {version or "of unknown version"}, the fork is built for '
                f'{base_version}\n'
                'use the fork built for that release: --release, `make wheel RELEASE=`'
            )

    def _compare(self) -> None:
        base_version = self.payload.base_version
        for path, item in self.payload.items.items():
            if item.kind == 'metadata' or (
                path.startswith('nova/tests/') and not self.plan.with_tests
            ):
                continue
            present = self.present.get(path, '')
            if present == item.sha256:
                continue
            if present in (item.base, self.recorded.get(path, '-')):
                installed = self.installed.files.get(path, InstalledFile())
                mode = item.mode if installed.mode is None else installed.mode
                self.plan.changes.append(Change(path, item.kind, item.size, mode, item.sha256))
            elif not present:
                self.plan.problems.append(f'{path} is missing; restore the file of {base_version}')
            else:
                self.plan.problems.append(
                    f'{path} was modified there: its sha256 is {present[:12]}, '
                    f'Nova {base_version} has {item.base[:12] or "no such file"}'
                )

    def _replace_former_fork(self) -> None:
        """Remove what an earlier fork brought and this one lacks, or restore Nova's."""
        whole = self.payload.whole
        for path, sha256 in self.recorded.items():
            if path in self.payload.items or path not in self.present:
                continue
            if self.present[path] != sha256:
                if self.present[path] != whole.get(path):
                    self.plan.problems.append(f'{path} was modified there since the last apply')
            elif path in whole:
                self.plan.changes.append(Change(path, 'released', 0, 0o644, whole[path]))
            else:
                self.plan.removed.append(path)

    def _metadata(self) -> None:
        infos = self.installed.distributions
        items = [item for item in self.payload.items.values() if item.kind == 'metadata']
        same = infos == [self.payload.dist_info]
        complete = all(self.present.get(item.path) == item.sha256 for item in items)
        if same and complete and not self.plan.changes:
            return
        self.plan.changes += [Change(i.path, i.kind, i.size, i.mode, i.sha256) for i in items]
        if not same:
            self.plan.removed += [
                path for path in self.present if path.partition('/')[0] == infos[0]
            ]

    def _unrelated_differences(self) -> Iterable[str]:
        """What is not as released, and stays as it is."""
        base_version = self.payload.base_version
        untouched = {p: s for p, s in self.payload.released.items() if p not in self.payload.items}
        modified = [
            path
            for path, sha256 in untouched.items()
            if self.present.get(path, sha256) != sha256 and path not in self.recorded
        ]
        if modified:
            yield (
                f'{_some(modified)} differ from Nova {base_version} and stay as they are: '
                'the fork does not touch them'
            )
        missing = [
            path
            for path in untouched
            if path.endswith('.py')
            and path not in self.present
            and not path.startswith('nova/tests/')
        ]
        if missing:
            yield f'{_some(missing)} of Nova {base_version} are missing'
        if self.payload.outside:
            yield (
                f'the fork changes {_some(self.payload.outside)}: '
                'merge the changes into the configuration'
            )

    def _obstacles(self) -> Iterable[str]:
        if self.plan.done:
            return
        if self.installed.unwritable:
            folders = ', '.join(self.installed.unwritable)
            yield (
                f'the user of the connection cannot write to {folders}\n'
                'set `user`, `become` or, for a container, `exec_user`'
            )
        package = sum(file.size or 0 for file in self.installed.files.values())
        needed = 2 * self.plan.size + package // 2 + MARGIN
        if self.installed.free < needed:
            yield (
                f'{self.plan.site} has {self.installed.free >> 20} MiB available, '
                f'{needed >> 20} MiB are needed for the new files and a backup\nfree some there'
            )


def _some(paths: Iterable[str]) -> str:
    listed = sorted(paths)
    rest = f' and {len(listed) - 3} more' if len(listed) > 3 else ''
    return ', '.join(listed[:3]) + rest


def as_text(plans: list[Plan], batch: int) -> Iterable[str]:
    """Yield the plan of a roll, for reading."""
    for plan in plans:
        yield f'{plan.target.name}  ({plan.target.place}, nova {plan.version})'
        for problem in plan.problems:
            yield '    cannot be done: ' + problem.replace('\n', '\n        ')
        for note in plan.notes:
            yield f'    note: {note}'
        if plan.done:
            yield '    nothing to do'
        for change in plan.changes:
            yield f'    {change.kind:9} {change.mode:04o} {change.size:8}  {change.path}'
        for path in plan.removed:
            yield f'    removed                  {path}'
    pending = [plan for plan in plans if not plan.done]
    size = sum(plan.size for plan in pending)
    yield f'{_count(size, "byte")} to {_count(len(pending), "target")}'
    restarts = [
        f'{service.role} of {plan.target.name}'
        for plan in pending
        for service in plan.target.services
    ]
    yield f'restarts in this order: {", ".join(restarts) or "none"}'
    yield f'about {round(seconds(pending, batch))} s, with {_count(batch, "compute")} at a time'


def _count(number: int, noun: str) -> str:
    return f'{number} {noun}' if number == 1 else f'{number} {noun}s'


def seconds(plans: list[Plan], batch: int) -> float:
    computes = [plan.seconds for plan in plans if plan.target.compute_only]
    others = [plan.seconds for plan in plans if not plan.target.compute_only]
    return sum(others) + sum(computes) / max(1, min(batch, len(computes) or 1))
