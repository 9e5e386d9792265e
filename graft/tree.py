"""The woven source as a git work tree of two commits: pristine Nova, and the branch."""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from graft import fetch, kept
from graft.errors import TreeError
from graft.project import Project, Release
from graft.run import run, step
from graft.weave import Woven, weave

# What tools leave in a work tree, and Nova's tarball does not say is theirs.
IGNORED = (
    '*.egg-info/',
    '*.pyc',
    '__pycache__/',
    '.stestr/',
    '.tox/',
    'build/',
    'dist/',
    'doc/source/_static/*.sample',
    '/instances/',  # Nova's tests
)
KEY = 'graft-key'


def lay(project: Project, release: Release, *, force: bool = False) -> Path:
    """Make ``.fork/<release>/nova`` the woven tree; it is replaced whole, or left as it is."""
    folder = project.work / release.name
    tree = folder / 'nova'
    with alone(folder):
        key = _key(project, release)
        if _made_from(tree) == key and not force:
            return tree
        if tree.exists() and not force:
            _refuse_to_lose_work(tree)
        archive = fetch.tarball(project, release)
        staged = folder / '.weaving'
        shutil.rmtree(staged, ignore_errors=True)
        try:
            with step(f'weave the branch into Nova {release.version} ({release.name})'):
                _stage(project, release, archive, staged)
                (staged / '.git' / KEY).write_text(key)
                _swap(staged, tree, folder)
        finally:
            shutil.rmtree(staged, ignore_errors=True)
    return tree


def changes(tree: Path) -> dict[str, str]:
    """The files in which a woven tree differs from Nova as released: ``new`` or ``edited``."""
    released = _git(tree, 'rev-list', '--max-parents=0', 'HEAD').strip()
    lines = _git(tree, 'diff', '--name-status', '--no-renames', released).splitlines()
    return {
        path: 'new' if how == 'A' else 'edited'
        for how, _, path in (x.partition('\t') for x in lines)
    }


def _stage(project: Project, release: Release, archive: Path, staged: Path) -> Woven:
    when = fetch.unpack(archive, staged)
    shutil.rmtree(staged / fetch.METADATA, ignore_errors=True)
    woven = weave(project, release, staged)
    _git(staged, 'init', '--quiet', '--initial-branch=main')
    (staged / '.git' / 'info').mkdir(exist_ok=True)
    (staged / '.git' / 'info' / 'exclude').write_text('\n'.join(IGNORED) + '\n')
    _commit(staged, f'Nova {release.version} ({release.name})', when)
    woven.write(staged)
    _commit(staged, f'nova {project.version(release)}: the {project.label} branch', when + 1)
    return woven


def _swap(staged: Path, tree: Path, folder: Path) -> None:
    """Put the new tree in place of the old one by renames."""
    old = folder / '.replaced'
    shutil.rmtree(old, ignore_errors=True)
    if tree.exists():
        tree.rename(old)
    staged.rename(tree)
    shutil.rmtree(old, ignore_errors=True)


def _refuse_to_lose_work(tree: Path) -> None:
    commits = _git(tree, 'rev-list', '--count', 'HEAD').strip()
    changed = _git(tree, 'status', '--porcelain').splitlines()
    if commits == '2' and not changed:
        return
    what = f'{len(changed)} changed files' if changed else f'{commits} commits where 2 are woven'
    raise TreeError(
        f'{tree} holds work of yours that a new weave would lose: {what}.\n'
        '  Carry it over into the sketches (`git diff` there shows it), or discard it with FORCE=1.'
    )


def _made_from(tree: Path) -> str | None:
    try:
        return (tree / '.git' / KEY).read_text()
    except FileNotFoundError:
        return None


def _key(project: Project, release: Release) -> str:
    """A digest of everything that a woven tree is made from."""
    digest = hashlib.sha256(f'{kept.code()} {release.sha256} {project.version(release)}'.encode())
    for path, source in project.files(release).items():
        content = hashlib.sha256(source.read_bytes()).hexdigest()
        digest.update(f'{path} {content}\n'.encode())
    return digest.hexdigest()


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep out whoever else makes something there; the lock goes with the process."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / '.lock').open('w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _git(tree: Path, *words: str, **env: str) -> str:
    """Run git in the tree and nowhere else, whatever the caller's own settings."""
    elsewhere = ['GIT_DIR', 'GIT_WORK_TREE', 'GIT_INDEX_FILE']
    alone = ['env', *(f'--unset={name}' for name in elsewhere), 'git']
    plain = {'GIT_CONFIG_GLOBAL': os.devnull, 'GIT_CONFIG_SYSTEM': os.devnull}
    return run([*alone, '-c', 'gc.auto=0', *words], cwd=tree, env={**plain, **env})


def _commit(tree: Path, message: str, when: int) -> None:
    """Commit everything; the same content gives the same commit on any machine."""
    who = {'NAME': 'graft', 'EMAIL': 'graft@localhost', 'DATE': f'{when} +0000'}
    env = {f'GIT_{role}_{what}': who[what] for role in ('AUTHOR', 'COMMITTER') for what in who}
    _git(tree, 'add', '--all', '--force', '--', '.')
    _git(tree, 'commit', '--quiet', '--allow-empty', '--no-verify', '-m', message, **env)
