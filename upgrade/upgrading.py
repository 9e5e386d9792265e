"""``apply`` and ``rollback``: what they do on one target, phase by phase."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

from upgrade.errors import BackupError, TargetError, UnfitError
from upgrade.fork.payload import Payload
from upgrade.fork.plan import Judgement, judge
from upgrade.target.backups import Backup, Store
from upgrade.target.work import Work


class Apply:
    """Put the fork on a target."""

    kind = 'apply'

    def __init__(self, payload: Payload, store: Store, folder: Path) -> None:
        self.payload = payload
        self.store = store
        self.folder = folder
        self._ready: dict[str, dict[str, Any]] = {}

    def prepare(self, work: Work) -> bool:
        name = work.target.name
        with work.step('connect, lock and look'):
            work.lock('xloud-upgrade apply')
            work.find_or_mend()
            left = work.recover(keep_incoming=True)
        if left:
            about = left['about']
            if about['kind'] == self.kind and about['digest'] == self.payload.digest:
                work.shown.say(f'  {name:<20} goes on after an interruption: restarts')
                self._ready[name] = {'state': about['state']}
                work.keep_old()
                return True
            put_back_left(work)
        found = judge(work.target, self.payload, work.facts())
        if found.problems:
            raise UnfitError(f'{name}: {_lines(found.problems)}\n  nothing was changed there')
        for note in found.notes:
            work.shown.say(f'  {name:<20} note: {note}')
        if found.done:
            work.shown.say(f'  {name:<20} has nova {self.payload.version} already')
            return False
        backup = work.back_up(self.store, found.version, self.payload.base_version)
        with work.step(f'copy {len(found.changes)} files'):
            work.send(self._laid_out(found))
        with work.step('stage, compile and import'):
            staged = self._stage(work, found)
        self._ready[name] = {
            'staged': staged,
            'removed': found.removed,
            'state': self._state(found, backup),
        }
        return True

    def switch(self, work: Work) -> None:
        ready = self._ready[work.target.name]
        if 'staged' in ready:
            about = {
                'kind': self.kind,
                'digest': self.payload.digest,
                'version': self.payload.version,
                'state': ready['state'],
            }
            with work.step('exchange files'):
                work.swap(ready['staged'], ready['removed'], about)
        restart_each(work)
        with work.step('make it final'):
            work.commit(ready['state'])

    def _laid_out(self, found: Judgement) -> Path:
        folder = self.folder / found.target.name.replace('/', '_')
        self.payload.lay_out({change.path for change in found.changes}, folder)
        return folder

    def _stage(self, work: Work, found: Judgement) -> list[str]:
        wanted = {c.path: {'sha256': c.sha256, 'mode': c.mode} for c in found.changes}
        try:
            answer = work.inside.ask(
                'stage',
                site=work.site,
                wanted=wanted,
                removed=found.removed,
                dist_info=self.payload.dist_info,
                entry_points=self.payload.entry_points,
            )
        except TargetError as error:
            raise type(error)(f'{error}\n  its files are as they were') from None
        for name, why in sorted(answer['tolerated'].items()):
            text = f'note: {name} could not be imported before either: {why}'
            work.shown.say(f'  {found.target.name:<20} {text}')
        return answer['staged']

    def _state(self, found: Judgement, backup: Backup) -> dict[str, Any]:
        return {
            'version': self.payload.version,
            'base': self.payload.base_version,
            'digest': self.payload.digest,
            'backup': backup.name,
            'when': time.strftime('%Y-%m-%dT%H:%M:%S%z'),
            'files': {
                path: item.sha256
                for path, item in self.payload.items.items()
                if item.kind != 'metadata' and (found.tests or not path.startswith('nova/tests/'))
            },
        }


class Rollback:
    """Make a target what one of its backups says."""

    kind = 'rollback'

    def __init__(self, store: Store, folder: Path, to: str | None) -> None:
        self.store = store
        self.folder = folder
        self.to = to
        self._ready: dict[str, dict[str, Any]] = {}

    @property
    def stock_computes(self) -> list[str]:
        """The names of the hosts whose computes are stock Nova's now."""
        return sorted(
            ready['host']
            for ready in self._ready.values()
            if ready['compute'] and '+' not in ready['about']['version']
        )

    def prepare(self, work: Work) -> bool:
        name = work.target.name
        with work.step('connect, lock and look'):
            work.lock('xloud-upgrade rollback')
            work.find_or_mend()
            left = work.recover()
        if left and left['about']['kind'] == 'apply':
            put_back_left(work)
            left = None
        backup = self._choose(work, left)
        about = backup.manifest()
        if about['site'] != work.site:
            raise BackupError(
                f'{name}: the backup {backup.name} is of {about["site"]},\n'
                f'  but nova is in {work.site} now'
            )
        ready: dict[str, Any] = {
            'about': about,
            'backup': backup.name,
            'steps': [],
            'host': work.node(),
            'compute': any(service.role == 'compute' for service in work.target.services),
        }
        self._ready[name] = ready
        if left:
            work.shown.say(f'  {name:<20} goes on after an interruption: restarts')
            work.keep_old()
            return True
        if not work.inside.ask('differences', site=work.site, manifest=about['files'], changed=[]):
            work.shown.say(f'  {name:<20} is what the backup {backup.name} has already')
            return False
        folder = self.folder / name.replace('/', '_')
        folder.mkdir(mode=0o700)
        shutil.copyfile(backup.archive, folder / 'backup.tar.gz')
        with work.step(f'copy the backup {backup.name}'):
            work.send(folder)
        with work.step('stage'):
            ready.update(
                work.inside.ask(
                    'unpack', site=work.site, manifest=about['files'], sha256=about['sha256']
                )
            )
        return True

    def switch(self, work: Work) -> None:
        ready = self._ready[work.target.name]
        about = ready['about']
        if 'staged' in ready:
            with work.step('exchange files'):
                told = {'kind': self.kind, 'backup': ready['backup'], 'version': about['version']}
                steps = work.swap(ready['staged'], ready['gone'], told)
                ready['steps'] = [step['path'] for step in steps]
        restart_each(work)
        with work.step('make it final and compare'):
            work.commit(about['state'])
            odd = work.inside.ask(
                'differences', site=work.site, manifest=about['files'], changed=ready['steps']
            )
        if odd:
            raise TargetError(
                f'{work.target.name} is not what the backup {ready["backup"]} says:\n'
                + '\n'.join(f'  {line}' for line in odd[:20])
                + '\n  was it changed meanwhile? run rollback again'
            )

    def _choose(self, work: Work, left: dict[str, Any] | None) -> Backup:
        if left:
            return self.store.find(work.target.name, left['about']['backup'])
        if self.to:
            return self.store.find(work.target.name, self.to)
        # The one that the last apply made; else the newest there is.
        state = work.facts()['state'] or {}
        named = [b for b in self.store.all(work.target.name) if b.name == state.get('backup')]
        return named[0] if named else self.store.find(work.target.name, None)


def restart_each(work: Work) -> None:
    for service in work.target.services:
        work.go_on(f'the restart of {service.role}')
        work.restart(service)


def put_back_left(work: Work) -> None:
    """Take back new files that an interrupted run has left without restarting anything."""
    work.swapped = True
    work.restarted = list(work.target.services)
    told = work.put_back()
    if work.swapped or work.troubled:
        raise TargetError(told)


def _lines(problems: list[str]) -> str:
    if len(problems) == 1:
        return problems[0].replace('\n', '\n  ')
    return f'{len(problems)} reasons not to touch it\n' + '\n'.join(
        '  - ' + problem.replace('\n', '\n    ') for problem in problems
    )
