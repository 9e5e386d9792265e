"""``rollback``: what it does on one target, phase by phase."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from upgrade.commands.common import put_back_left, restart_each
from upgrade.errors import BackupError, TargetError
from upgrade.target.backups import Backup, Store
from upgrade.target.work import Work


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
