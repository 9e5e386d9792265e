"""Reading, hashing and writing files so that a crash leaves the old ones or the new."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
import stat

from upgrade.agent.protocol import Fault, InstalledFile

#: Beside the ``nova`` package: everything on a target that belongs to the upgrade.
FOLDER = '.xloud-upgrade'


class AgentError(Exception):
    """A request that failed, with a sentence for the operator."""

    def __init__(self, text: str, fault: Fault = Fault.FAILED) -> None:
        super().__init__(text)
        self.fault = fault


def own(site: str, *parts: str) -> str:
    """Return a path in the folder that belongs to the upgrade."""
    return os.path.join(site, FOLDER, *parts)


def journal(site: str) -> str:
    return own(site, 'journal.json')


def state(site: str) -> str:
    return own(site, 'state.json')


def digest(path: str) -> str:
    result = hashlib.sha256()
    with open(path, 'rb') as stream:
        for block in iter(lambda: stream.read(1 << 20), b''):
            result.update(block)
    return result.hexdigest()


def describe(path: str) -> InstalledFile:
    """Return everything about a file that a rollback restores."""
    status = os.lstat(path)
    if stat.S_ISLNK(status.st_mode):
        return InstalledFile(link=os.readlink(path))
    return InstalledFile(
        digest(path),
        status.st_size,
        stat.S_IMODE(status.st_mode),
        status.st_mtime_ns,
        status.st_uid,
        status.st_gid,
    )


def walk(site: str, top: str):
    """Yield the paths of the files below a folder, relative to ``site``, in order."""
    if os.path.isfile(os.path.join(site, top)):
        yield top  # Old installers wrote the metadata into one file.
    for folder, folders, names in os.walk(os.path.join(site, top)):
        folders.sort()
        linked = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        for name in sorted(names + linked):
            yield os.path.relpath(os.path.join(folder, name), site)


def scan(site: str) -> dict:
    """Return every file of the installed nova and its metadata."""
    tops = ['nova', *distributions(site)]
    return {path: describe(os.path.join(site, path)) for top in tops for path in walk(site, top)}


def distributions(site: str) -> list:
    """Return the metadata folders of the installed nova; normally one."""
    kinds = ('.dist-info', '.egg-info')
    return sorted(n for n in os.listdir(site) if n.startswith('nova-') and n.endswith(kinds))


def safe(path: str) -> str:
    """Refuse a path that would leave site-packages."""
    parts = path.split('/')
    top = parts[0]
    is_nova = top == 'nova' or (top.startswith('nova-') and top.endswith('-info'))
    if not is_nova or any(part in ('', '.', '..') for part in parts):
        raise AgentError(f'the path {path!r} is not one of an installed nova')
    return path


def sync_folder(path: str) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_file(path: str) -> None:
    with open(path, 'rb') as stream:
        os.fsync(stream.fileno())


def write_json(path: str, content: object) -> None:
    """Put a file in place whole: readers see the former one or this one."""
    beside = path + '.part'
    with open(beside, 'w') as stream:
        json.dump(content, stream)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(beside, path)
    sync_folder(os.path.dirname(path))


def read_json(path: str) -> dict | None:
    try:
        with open(path) as stream:
            return json.load(stream)
    except FileNotFoundError:
        return None


def remove_tree(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(path)


def unlink(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def keep_copy(source: str, target: str) -> None:
    """Make a second name for a file, or a copy where the file system has no hard links."""
    os.makedirs(os.path.dirname(target), exist_ok=True)
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise
        shutil.copy2(source, target)
        status = os.stat(source)
        set_owner(target, status.st_uid, status.st_gid)
        sync_file(target)


def set_owner(path: str, uid: int, gid: int) -> None:
    """Only root needs to, and only root can."""
    status = os.lstat(path)
    if (status.st_uid, status.st_gid) != (uid, gid):
        with contextlib.suppress(PermissionError):
            os.chown(path, uid, gid)


def compiled(site: str, path: str) -> list:
    """Return the compiled files of a module, whichever Python wrote them."""
    if not path.endswith('.py'):
        return []
    folder, name = os.path.split(path)
    cache = os.path.join(folder, '__pycache__')
    try:
        names = sorted(os.listdir(os.path.join(site, cache)))
    except FileNotFoundError:
        return []
    stem = name[:-3] + '.'
    return [os.path.join(cache, cached) for cached in names if _is_compiled_from(cached, stem)]


def _is_compiled_from(name: str, stem: str) -> bool:
    """``a.cpython-311.opt-1.pyc`` is from ``a``; ``a.b.cpython-311.pyc`` cannot be."""
    return name.startswith(stem) and name.endswith('.pyc') and name.count('.') in (2, 3)
