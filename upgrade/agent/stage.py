"""New files, beside the old ones: checked, compiled and imported before any is exchanged."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import os
import py_compile
import subprocess
import sys

from upgrade.agent import files
from upgrade.agent.files import AgentError

#: Imports modules from where they are staged, as the services will from where they are going.
_IMPORT = r"""
import importlib, importlib.abc, importlib.util, json, os, sys
asked = json.load(sys.stdin)

class Staged(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        place = asked['staged'].get(name)
        if place is None:
            return None
        if place.endswith('/__init__.py'):
            inside = [os.path.dirname(place)] + [os.path.join(p, name.split('.')[-1])
                                                 for p in (path or [asked['site']])]
            return importlib.util.spec_from_file_location(
                name, place, submodule_search_locations=inside)
        return importlib.util.spec_from_file_location(name, place)

sys.meta_path.insert(0, Staged())
sys.path.insert(0, asked['site'])
if asked['metadata']:
    sys.path.insert(0, asked['metadata'])
failed = {}
for name in asked['modules']:
    try:
        importlib.import_module(name)
    except BaseException as error:
        failed[name] = '%s: %s' % (type(error).__name__, (str(error).splitlines() or [''])[0])
for group, name, value in asked['entry_points']:
    try:
        from importlib.metadata import EntryPoint, distribution
        if not any((e.group, e.name, e.value) == (group, name, value)
                   for e in distribution('nova').entry_points):
            raise LookupError('not registered')
        EntryPoint(name, value, group).load()
    except BaseException as error:
        failed['entry point %s of %s' % (name, group)] = '%s: %s' % (type(error).__name__, error)
sys.stdout.write('\n' + json.dumps(failed) + '\n')
"""


def stage(site: str, wanted: dict, removed: list, dist_info: str) -> list:
    """Move what came in to ``run/new``, complete it, and give the paths that stand there."""
    files.remove_tree(files.ours(site, 'run'))
    new = files.ours(site, 'run', 'new')
    os.makedirs(new)
    for path, about in sorted(wanted.items()):
        _take_in(site, new, files.safe(path), about)
    staged = sorted(wanted)
    if dist_info:
        staged += _metadata(site, new, wanted, removed, dist_info)
    staged += _compile(site, new, [path for path in wanted if path.endswith('.py')])
    if dist_info:
        staged += _record(site, new, staged, removed, dist_info)
    for path in staged:
        files.sync_file(os.path.join(new, path))
    return staged


def check_imports(
    site: str, wanted: list, entry_points: list, in_place: bool = False, timeout: int = 300
) -> tuple:
    """Import every module of ours; those that fail and why, and those that failed before too."""
    new = files.ours(site, 'run', 'new')
    names = {
        _module(path): os.path.join(new, path)
        for path in wanted
        if path.endswith('.py') and not path.startswith('nova/tests/')
    }
    asked = {
        'site': site,
        'staged': {} if in_place else names,
        'metadata': None if in_place else new,
        'modules': sorted(names),
        'entry_points': entry_points,
    }
    failed = _import(asked, timeout)
    tolerated = {}
    if failed and not in_place:
        known = [name for name in failed if name in names and _exists(site, name)]
        before = _import(
            dict(asked, staged={}, metadata=None, modules=known, entry_points=[]), timeout
        )
        tolerated = {name: why for name, why in failed.items() if before.get(name) == why}
        failed = {name: why for name, why in failed.items() if name not in tolerated}
    return failed, tolerated


def _import(asked: dict, timeout: int) -> dict:
    try:
        done = subprocess.run(
            [sys.executable, '-B', '-c', _IMPORT],
            input=files.json.dumps(asked).encode(),
            capture_output=True,
            env={k: v for k, v in os.environ.items() if not k.startswith('PYTHON')},
            cwd='/',
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {'the import of them all': f'not done after {timeout} s'}
    try:
        return files.json.loads(done.stdout.decode().strip().splitlines()[-1])
    except (ValueError, IndexError):
        said = done.stderr.decode(errors='replace').strip().splitlines()[-1:]
        return {'the import of them all': f'ended with {done.returncode}: {said}'}


def _exists(site: str, name: str) -> bool:
    place = os.path.join(site, *name.split('.'))
    return os.path.exists(place + '.py') or os.path.exists(os.path.join(place, '__init__.py'))


def _module(path: str) -> str:
    name = path[:-3].replace('/', '.')
    return name[: -len('.__init__')] if name.endswith('.__init__') else name


def _take_in(site: str, new: str, path: str, about: dict) -> None:
    source, target = files.ours(site, 'incoming', path), os.path.join(new, path)
    try:
        found = files.digest(source)
    except FileNotFoundError:
        raise AgentError('copy', f'{path} did not arrive; run it again') from None
    if found != about['sha256']:
        raise AgentError(
            'copy',
            '{} arrived damaged: its sha256 is {}, not {}; run it again'.format(
                path, found, about['sha256']
            ),
        )
    os.makedirs(os.path.dirname(target), exist_ok=True)
    os.replace(source, target)
    _dress(site, path, target, about.get('mode'))


def _dress(site: str, path: str, target: str, mode: int | None = None) -> None:
    """Give a staged file the mode and owner of the one it replaces, else of its folder."""
    former = os.path.join(site, path)
    if os.path.exists(former):
        known = os.stat(former)
        os.chmod(target, known.st_mode & 0o7777)
    else:
        folder = os.path.dirname(former)
        while not os.path.isdir(folder):
            folder = os.path.dirname(folder)
        known = os.stat(folder)
        os.chmod(target, mode or 0o644)
    files.own(target, known.st_uid, known.st_gid)


def _metadata(site: str, new: str, wanted: dict, removed: list, dist_info: str) -> list:
    """Carry over what the installer wrote about itself."""
    made = []
    for name, default in (('INSTALLER', b'xloud-upgrade\n'), ('REQUESTED', None)):
        path = dist_info + '/' + name
        content = default
        for former in files.distributions(site):
            if os.path.exists(os.path.join(site, former, name)):
                with open(os.path.join(site, former, name), 'rb') as stream:
                    content = stream.read()
        if content is not None and path not in wanted:
            os.makedirs(os.path.dirname(os.path.join(new, path)), exist_ok=True)
            with open(os.path.join(new, path), 'wb') as stream:
                stream.write(content)
            _dress(site, path, os.path.join(new, path))
            made.append(path)
    return made


def _compile(site: str, new: str, modules: list) -> list:
    """Compile every module; what comes out is kept where the target keeps such files."""
    keeps = bool(files.compiled(site, 'nova/__init__.py'))
    made = []
    for path in sorted(modules):
        source = os.path.join(new, path)
        place = _cached(path)
        target = os.path.join(new, place)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        try:
            py_compile.compile(source, target, os.path.join(site, path), doraise=True)
        except py_compile.PyCompileError as error:
            raise AgentError(
                'compile',
                f'{path} does not compile with Python {sys.version.split()[0]}: {error.exc_value}',
            ) from None
        if keeps:
            os.chmod(target, 0o644)
            _dress(site, place, target)
            made.append(place)
        else:
            os.unlink(target)
    return made


def _cached(path: str) -> str:
    folder, name = os.path.split(path)
    tag = sys.implementation.cache_tag
    return os.path.join(folder, '__pycache__', f'{name[:-3]}.{tag}.pyc')


def _record(site: str, new: str, staged: list, removed: list, dist_info: str) -> list:
    """The RECORD an installer would have written: the former one's rows, with ours in them."""
    rows = {}
    ending = '\n'
    former = [name for name in files.distributions(site) if name.endswith('.dist-info')]
    for name in former:
        if os.path.exists(os.path.join(site, name, 'RECORD')):
            with open(os.path.join(site, name, 'RECORD'), newline='') as stream:
                text = stream.read()
            ending = '\r\n' if '\r\n' in text else '\n'
            rows.update((row[0], row) for row in csv.reader(io.StringIO(text, '')) if row)
    gone = set(removed)
    rows = {
        path: row
        for path, row in rows.items()
        if path not in gone and not path.startswith(tuple(name + '/' for name in former))
    }
    for path in staged:
        place = os.path.join(new, path)
        with open(place, 'rb') as stream:
            content = stream.read()
        hashed = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b'=').decode()
        row = [path, 'sha256=' + hashed, str(len(content))]
        rows[path] = [path, '', ''] if path.endswith('.pyc') else row
    path = dist_info + '/RECORD'
    rows[path] = [path, '', '']
    text = io.StringIO()
    csv.writer(text, lineterminator=ending).writerows(sorted(rows.values()))
    with open(os.path.join(new, path), 'w', newline='') as stream:
        stream.write(text.getvalue())
    _dress(site, path, os.path.join(new, path))
    return [path]
