"""``apply``: what it does on one target, phase by phase."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from upgrade.commands.common import put_back_left, restart_each
from upgrade.errors import TargetError, UnfitError
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


def _lines(problems: list[str]) -> str:
    if len(problems) == 1:
        return problems[0].replace('\n', '\n  ')
    return f'{len(problems)} reasons not to touch it\n' + '\n'.join(
        '  - ' + problem.replace('\n', '\n    ') for problem in problems
    )
