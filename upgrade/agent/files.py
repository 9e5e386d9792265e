"""Reading, hashing and writing files so that a crash leaves the old ones or the new."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
import stat

#: Beside the ``nova`` package: everything of ours on a target.
FOLDER = '.xloud-upgrade'


class AgentError(Exception):
    """What a failed request is told with: a kind the other side knows, and a sentence."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


def ours(site: str, *parts: str) -> str:
    return os.path.join(site, FOLDER, *parts)


def digest(path: str) -> str:
    found = hashlib.sha256()
    with open(path, 'rb') as stream:
        for block in iter(lambda: stream.read(1 << 20), b''):
            found.update(block)
    return found.hexdigest()


def describe(path: str) -> dict:
    """Everything about a file that a rollback must bring back."""
    known = os.lstat(path)
    if stat.S_ISLNK(known.st_mode):
        return {'link': os.readlink(path)}
    return {
        'sha256': digest(path),
        'size': known.st_size,
        'mode': stat.S_IMODE(known.st_mode),
        'mtime': known.st_mtime_ns,
        'uid': known.st_uid,
        'gid': known.st_gid,
    }


def walk(site: str, top: str):
    """The paths of the files below a folder, relative to ``site``, in order."""
    if os.path.isfile(os.path.join(site, top)):
        yield top  # Old installers wrote the metadata into one file.
    for folder, folders, names in os.walk(os.path.join(site, top)):
        folders.sort()
        linked = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        for name in sorted(names + linked):
            yield os.path.relpath(os.path.join(folder, name), site)


def scan(site: str, tops: list) -> dict:
    return {path: describe(os.path.join(site, path)) for top in tops for path in walk(site, top)}


def distributions(site: str) -> list:
    """The metadata folders of the installed nova; one, where all is well."""
    kinds = ('.dist-info', '.egg-info')
    return sorted(n for n in os.listdir(site) if n.startswith('nova-') and n.endswith(kinds))


def safe(path: str) -> str:
    """Refuse a path that would leave site-packages."""
    parts = path.split('/')
    top = parts[0]
    known = top == 'nova' or (top.startswith('nova-') and top.endswith(('-info',)))
    if not known or any(part in ('', '.', '..') for part in parts):
        raise AgentError('refused', f'the path {path!r} is not one of an installed nova')
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
    """A second name for a file, or a true copy of it where the file system has no hard links."""
    os.makedirs(os.path.dirname(target), exist_ok=True)
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise
        shutil.copy2(source, target)
        known = os.stat(source)
        own(target, known.st_uid, known.st_gid)
        sync_file(target)


def own(path: str, uid: int, gid: int) -> None:
    """Give a file its owner; only root needs to, and only root can."""
    known = os.lstat(path)
    if (known.st_uid, known.st_gid) != (uid, gid):
        with contextlib.suppress(PermissionError):
            os.chown(path, uid, gid)


def compiled(site: str, path: str) -> list:
    """The compiled files that stand for a module, whichever Python wrote them."""
    if not path.endswith('.py'):
        return []
    folder, name = os.path.split(path)
    cache = os.path.join(folder, '__pycache__')
    try:
        names = sorted(os.listdir(os.path.join(site, cache)))
    except FileNotFoundError:
        return []
    stem = name[:-3] + '.'
    return [os.path.join(cache, each) for each in names if _compiles(each, stem)]


def _compiles(name: str, stem: str) -> bool:
    """``a.cpython-311.opt-1.pyc`` is of ``a``; ``a.b.cpython-311.pyc`` cannot be."""
    return name.startswith(stem) and name.endswith('.pyc') and name.count('.') in (2, 3)
