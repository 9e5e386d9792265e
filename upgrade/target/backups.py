"""Backups on the operator's machine: a tar and a manifest for each, by target."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from upgrade.errors import BackupError


@dataclass(frozen=True)
class Backup:
    """One backup of one target."""

    folder: Path
    name: str

    @property
    def archive(self) -> Path:
        return self.folder / f'{self.name}.tar.gz'

    @property
    def about(self) -> Path:
        return self.folder / f'{self.name}.json'

    def manifest(self) -> dict[str, Any]:
        """What was backed up; the archive is held against it first."""
        try:
            about = json.loads(self.about.read_text())
            found = hashlib.sha256(self.archive.read_bytes()).hexdigest()
        except (OSError, ValueError) as error:
            raise BackupError(f'the backup {self.name} cannot be read: {error}') from None
        if found != about['sha256']:
            raise BackupError(
                f'{self.archive} is not what was backed up: its sha256 is {found},\n'
                f'  {self.about.name} says {about["sha256"]}; take another one with --to'
            )
        return about


class Store:
    """The folder BACKUP_DIR; only its owner can read it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, target: str) -> Path:
        return self.root / target.replace('/', '_')

    def new(self, target: str, version: str) -> Backup:
        """A name that no backup has yet."""
        folder = self.folder(target)
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.mkdir(exist_ok=True, mode=0o700)
        folder.chmod(0o700)
        base = f'{time.strftime("%Y%m%dT%H%M%S")}-{version}'
        taken = {path.name for path in folder.iterdir()}
        count = 1
        while (name := base if count == 1 else f'{base}-{count}') + '.json' in taken:
            count += 1
        return Backup(folder, name)

    def keep(self, backup: Backup, about: dict[str, Any]) -> None:
        """Write the manifest, last: a backup without one is none."""
        backup.archive.chmod(0o600)
        found = hashlib.sha256(backup.archive.read_bytes()).hexdigest()
        if found != about['sha256']:
            backup.archive.unlink()
            raise BackupError(
                f'the backup {backup.archive} arrived damaged: its sha256 is {found},\n'
                f'  not {about["sha256"]}; nothing was changed, run the same command again'
            )
        part = backup.about.with_suffix('.part')
        part.touch(0o600)
        part.write_text(json.dumps(about, indent=1))
        part.replace(backup.about)

    def all(self, target: str) -> list[Backup]:
        """The newest first."""
        folder = self.folder(target)
        names = sorted((path.stem for path in folder.glob('*.json')), reverse=True)
        return [Backup(folder, name) for name in names]

    def find(self, target: str, name: str | None) -> Backup:
        found = self.all(target)
        for backup in found:
            if name in (None, backup.name):
                return backup
        known = ', '.join(backup.name for backup in found) or 'none'
        wanted = f'no backup {name}' if name else 'no backup'
        raise BackupError(
            f'{target}: there is {wanted} in {self.folder(target)}\n  there are: {known}'
        )
