"""Backups on the operator's machine: a tar and a manifest for each, by target."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass
from pathlib import Path

from upgrade.agent import protocol
from upgrade.agent.protocol import Manifest
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
    def manifest_path(self) -> Path:
        return self.folder / f'{self.name}.json'

    def manifest(self) -> Manifest:
        """Return what was backed up; the archive is compared with it first."""
        try:
            manifest = protocol.decode(Manifest, json.loads(self.manifest_path.read_text()))
            sha256 = hashlib.sha256(self.archive.read_bytes()).hexdigest()
        except (OSError, ValueError, TypeError) as error:
            raise BackupError(f'the backup {self.name} cannot be read: {error}') from None
        if sha256 != manifest.sha256:
            raise BackupError(
                f'{self.archive} is not what was backed up: its sha256 is {sha256},\n'
                f'  {self.manifest_path.name} says {manifest.sha256}; take another one with --to'
            )
        return manifest


class Store:
    """The folder BACKUP_DIR; only its owner can read it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, target: str) -> Path:
        return self.root / target.replace('/', '_')

    def new(self, target: str, version: str) -> Backup:
        """Return a backup with a name that none has yet."""
        folder = self.folder(target)
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.mkdir(exist_ok=True, mode=0o700)
        folder.chmod(0o700)
        base = f'{time.strftime("%Y%m%dT%H%M%S")}-{version}'
        names = {path.name for path in folder.iterdir()}
        count = 1
        while (name := base if count == 1 else f'{base}-{count}') + '.json' in names:
            count += 1
        return Backup(folder, name)

    def keep(self, backup: Backup, manifest: Manifest) -> None:
        """Write the manifest, last: a backup without one is none."""
        backup.archive.chmod(0o600)
        sha256 = hashlib.sha256(backup.archive.read_bytes()).hexdigest()
        if sha256 != manifest.sha256:
            backup.archive.unlink()
            raise BackupError(
                f'the backup {backup.archive} arrived damaged: its sha256 is {sha256},\n'
                f'  not {manifest.sha256}; nothing was changed, run the command again'
            )
        part = backup.manifest_path.with_suffix('.part')
        part.touch(0o600)
        part.write_text(json.dumps(protocol.encode(manifest), indent=1))
        part.replace(backup.manifest_path)

    def all(self, target: str) -> list[Backup]:
        """Return the backups of a target, the newest first."""
        folder = self.folder(target)
        names = sorted((path.stem for path in folder.glob('*.json')), reverse=True)
        return [Backup(folder, name) for name in names]

    def find(self, target: str, name: str | None) -> Backup:
        """Return a backup by its name, or the newest."""
        backups = self.all(target)
        for backup in backups:
            if name in (None, backup.name):
                return backup
        names = ', '.join(backup.name for backup in backups) or 'none'
        missing = f'no backup {name}' if name else 'no backup'
        raise BackupError(
            f'{target}: there is {missing} in {self.folder(target)}\n  available: {names}'
        )
