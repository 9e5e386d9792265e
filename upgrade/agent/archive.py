"""Backups: an installed nova as a tar, the list of its files, and the way back from there."""

from __future__ import annotations

import os
import tarfile

from upgrade.agent import facts, files
from upgrade.agent.files import AgentError
from upgrade.agent.protocol import InstalledFile, PackedBackup, Unpacked

NAME = 'backup.tar.gz'
_COMPARED = ('link', 'sha256', 'mode', 'mtime', 'uid', 'gid')


def pack(site: str) -> PackedBackup:
    """Write the backup beside the package."""
    os.makedirs(files.own(site), exist_ok=True)
    target = files.own(site, NAME)
    manifest = files.scan(site)
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, 'wb') as stream:
        with tarfile.open(
            fileobj=stream, mode='w:gz', compresslevel=1, format=tarfile.PAX_FORMAT
        ) as tar:
            for path in manifest:
                tar.add(os.path.join(site, path), path, recursive=False)
        stream.flush()
        os.fsync(stream.fileno())
    size = os.path.getsize(target)
    return PackedBackup(target, files.digest(target), size, manifest, facts.read_state(site))


def unpack(site: str, manifest: dict, sha256: str) -> Unpacked:
    """Stage what differs from the backup."""
    archive = files.own(site, 'incoming', NAME)
    arrived = files.digest(archive)
    if arrived != sha256:
        raise AgentError(f'the backup arrived damaged: its sha256 is {arrived}, not {sha256}')
    present = files.scan(site)
    missing = {
        path
        for path, saved in manifest.items()
        if not _is_same(present.get(path), saved) and not _is_of_runtime(path, manifest, present)
    }
    new = files.own(site, 'run', 'new')
    files.remove_tree(files.own(site, 'run'))
    os.makedirs(new)
    with tarfile.open(archive) as tar:
        for member in tar:
            path = files.safe(member.name)
            if path in missing:
                if not member.isreg():
                    raise AgentError(f'{path} in the backup is not a plain file')
                _extract(tar, member, os.path.join(new, path), manifest[path])
                missing.discard(path)
    if missing:
        raise AgentError('the backup lacks {}'.format(', '.join(sorted(missing)[:3])))
    staged = [os.path.normpath(path) for path in sorted(files.walk(new, '.'))]
    removed = [path for path in present if path not in manifest and not path.endswith('.pyc')]
    return Unpacked(staged, removed)


def differences(site: str, manifest: dict, changed: list) -> list:
    """Return every way in which the target is not what the manifest says.

    Compiled files may come and go, but for those that were ``changed``.
    """
    present = files.scan(site)
    result = []
    for path, saved in manifest.items():
        if path not in present:
            if not path.endswith('.pyc') or path in changed:
                result.append(f'{path} is missing')
            continue
        if path.endswith('.pyc') and path not in changed:
            continue
        for name in _COMPARED:
            value, former = getattr(present[path], name), getattr(saved, name)
            if value != former:
                result.append(f'{path}: its {name} is {value}, it was {former}')
    modules = {path for path in manifest if path.endswith('.py')}
    for path in present:
        if path not in manifest and not (path.endswith('.pyc') and _module(path) in modules):
            result.append(f'{path} was not there')
    for folder, folders, names in os.walk(os.path.join(site, 'nova')):
        if not folders and not names:
            result.append(f'{os.path.relpath(folder, site)} is left, empty')
    return result


def _extract(
    tar: tarfile.TarFile, member: tarfile.TarInfo, target: str, saved: InstalledFile
) -> None:
    os.makedirs(os.path.dirname(target), exist_ok=True)
    source = tar.extractfile(member)
    with open(target, 'wb') as stream:
        stream.write(source.read())
        stream.flush()
        os.fsync(stream.fileno())
    if files.digest(target) != saved.sha256:
        raise AgentError(f'{member.name} in the backup is not what its manifest says')
    files.set_owner(target, saved.uid, saved.gid)
    os.chmod(target, saved.mode)
    os.utime(target, ns=(saved.mtime, saved.mtime))


def _is_same(one: InstalledFile | None, other: InstalledFile | None) -> bool:
    return all(getattr(one, name, None) == getattr(other, name, None) for name in _COMPARED)


def _is_of_runtime(path: str, manifest: dict, present: dict) -> bool:
    """Whether it is a compiled file whose module is as it was: Python's own business."""
    if not path.endswith('.pyc'):
        return False
    module = _module(path)
    return module in present and _is_same(present[module], manifest.get(module))


def _module(path: str) -> str:
    folder, name = os.path.split(path)
    return os.path.join(os.path.dirname(folder), name.split('.')[0] + '.py')
