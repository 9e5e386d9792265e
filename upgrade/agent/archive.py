"""Backups: an installed nova as a tar, the list of its files, and the way back from there."""

from __future__ import annotations

import os
import tarfile

from upgrade.agent import files
from upgrade.agent.files import AgentError

NAME = 'backup.tar.gz'


def tops(site: str) -> list:
    return ['nova', *files.distributions(site)]


def pack(site: str) -> dict:
    """Write the backup beside the package; its hash, and every file with what it is."""
    os.makedirs(files.ours(site), exist_ok=True)
    target = files.ours(site, NAME)
    listed = files.scan(site, tops(site))
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, 'wb') as stream:
        with tarfile.open(
            fileobj=stream, mode='w:gz', compresslevel=1, format=tarfile.PAX_FORMAT
        ) as tar:
            for path in listed:
                tar.add(os.path.join(site, path), path, recursive=False)
        stream.flush()
        os.fsync(stream.fileno())
    return {
        'path': target,
        'sha256': files.digest(target),
        'size': os.path.getsize(target),
        'files': listed,
        'state': files.read_json(files.ours(site, 'state.json')),
    }


def unpack(site: str, manifest: dict, sha256: str) -> tuple:
    """Stage what differs from the backup; the staged paths, and those that must go."""
    archive = files.ours(site, 'incoming', NAME)
    found = files.digest(archive)
    if found != sha256:
        raise AgentError('copy', f'the backup arrived damaged: its sha256 is {found}, not {sha256}')
    now = files.scan(site, tops(site))
    wanted = {
        path
        for path, about in manifest.items()
        if _content(now.get(path)) != _content(about) and not _is_of_runtime(path, manifest, now)
    }
    new = files.ours(site, 'run', 'new')
    files.remove_tree(files.ours(site, 'run'))
    os.makedirs(new)
    with tarfile.open(archive) as tar:
        for member in tar:
            path = files.safe(member.name)
            if path in wanted:
                if not member.isreg():
                    raise AgentError('refused', f'{path} in the backup is not a plain file')
                _extract(tar, member, os.path.join(new, path), manifest[path])
                wanted.discard(path)
    if wanted:
        raise AgentError('copy', 'the backup lacks {}'.format(', '.join(sorted(wanted)[:3])))
    staged = sorted(files.walk(new, '.'))
    staged = [os.path.normpath(path) for path in staged]
    gone = [path for path in now if path not in manifest and not path.endswith('.pyc')]
    return staged, gone


def differences(site: str, manifest: dict, changed: list) -> list:
    """Every way in which the target is not what the manifest says. ``changed``: once exchanged."""
    now = files.scan(site, tops(site))
    told = []
    for path, about in manifest.items():
        if path not in now:
            if not path.endswith('.pyc') or path in changed:
                told.append(f'{path} is missing')
            continue
        if path.endswith('.pyc') and path not in changed:
            continue
        for key in ('link', 'sha256', 'mode', 'mtime', 'uid', 'gid'):
            if about.get(key) != now[path].get(key):
                value = (key, now[path].get(key), about.get(key))
                told.append('{}: its {} is {}, it was {}'.format(path, *value))
    modules = {path for path in manifest if path.endswith('.py')}
    for path in now:
        if path not in manifest and not (path.endswith('.pyc') and _module(path) in modules):
            told.append(f'{path} was not there')
    for folder, folders, names in os.walk(os.path.join(site, 'nova')):
        if not folders and not names:
            told.append(f'{os.path.relpath(folder, site)} is left, empty')
    return told


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, target: str, about: dict) -> None:
    os.makedirs(os.path.dirname(target), exist_ok=True)
    source = tar.extractfile(member)
    with open(target, 'wb') as stream:
        stream.write(source.read())
        stream.flush()
        os.fsync(stream.fileno())
    if files.digest(target) != about['sha256']:
        raise AgentError('copy', f'{member.name} in the backup is not what its manifest says')
    files.own(target, about['uid'], about['gid'])
    os.chmod(target, about['mode'])
    os.utime(target, ns=(about['mtime'], about['mtime']))


def _content(about: dict | None) -> tuple:
    keys = ('link', 'sha256', 'mode', 'mtime', 'uid', 'gid')
    return tuple((about or {}).get(key) for key in keys)


def _is_of_runtime(path: str, manifest: dict, now: dict) -> bool:
    """A compiled file whose module is as it was: Python's own business."""
    if not path.endswith('.pyc'):
        return False
    module = _module(path)
    return module in now and _content(now[module]) == _content(manifest.get(module))


def _module(path: str) -> str:
    folder, name = os.path.split(path)
    return os.path.join(os.path.dirname(folder), name.split('.')[0] + '.py')
