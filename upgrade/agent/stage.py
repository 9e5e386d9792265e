"""New files, beside the old ones: checked, compiled and imported before any is exchanged."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import os
import py_compile
import subprocess
import sys

from upgrade.agent import files
from upgrade.agent.files import AgentError
from upgrade.agent.protocol import NewFile

#: Imports modules from where they are staged, as the services will from where they are going.
_IMPORT = r"""
import importlib, importlib.abc, importlib.util, json, os, sys
order = json.load(sys.stdin)

class Staged(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        place = order['staged'].get(name)
        if place is None:
            return None
        if place.endswith('/__init__.py'):
            inside = [os.path.dirname(place)] + [os.path.join(p, name.split('.')[-1])
                                                 for p in (path or [order['site']])]
            return importlib.util.spec_from_file_location(
                name, place, submodule_search_locations=inside)
        return importlib.util.spec_from_file_location(name, place)

sys.meta_path.insert(0, Staged())
sys.path.insert(0, order['site'])
if order['metadata']:
    sys.path.insert(0, order['metadata'])
failed = {}
for name in order['modules']:
    try:
        importlib.import_module(name)
    except BaseException as error:
        failed[name] = '%s: %s' % (type(error).__name__, (str(error).splitlines() or [''])[0])
for group, name, value in order['entry_points']:
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


def stage(site: str, new_files: dict, removed: list, dist_info: str) -> list:
    """Move what has arrived to ``run/new`` and complete it; return the paths that are there."""
    files.remove_tree(files.own(site, 'run'))
    new = files.own(site, 'run', 'new')
    os.makedirs(new)
    for path, new_file in sorted(new_files.items()):
        _accept(site, new, files.safe(path), new_file)
    staged = sorted(new_files)
    if dist_info:
        staged += _metadata(site, new, new_files, dist_info)
    staged += _compile(site, new, [path for path in new_files if path.endswith('.py')])
    if dist_info:
        staged += _record(site, new, staged, removed, dist_info)
    for path in staged:
        files.sync_file(os.path.join(new, path))
    return staged


def check_imports(
    site: str, paths: list, entry_points: list, in_place: bool = False, timeout: int = 300
) -> tuple:
    """Import every module; return those that fail and why, and those that failed before, too."""
    new = files.own(site, 'run', 'new')
    names = {
        _module(path): os.path.join(new, path)
        for path in paths
        if path.endswith('.py') and not path.startswith('nova/tests/')
    }
    order = {
        'site': site,
        'staged': {} if in_place else names,
        'metadata': None if in_place else new,
        'modules': sorted(names),
        'entry_points': entry_points,
    }
    failed = _import(order, timeout)
    tolerated = {}
    if failed and not in_place:
        former = [name for name in failed if name in names and _exists(site, name)]
        before = _import(
            dict(order, staged={}, metadata=None, modules=former, entry_points=[]), timeout
        )
        tolerated = {name: why for name, why in failed.items() if before.get(name) == why}
        failed = {name: why for name, why in failed.items() if name not in tolerated}
    return failed, tolerated


def _import(order: dict, timeout: int) -> dict:
    try:
        done = subprocess.run(
            [sys.executable, '-B', '-c', _IMPORT],
            input=json.dumps(order).encode(),
            capture_output=True,
            env={k: v for k, v in os.environ.items() if not k.startswith('PYTHON')},
            cwd='/',
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {'the import of all modules': f'not finished after {timeout} s'}
    try:
        return json.loads(done.stdout.decode().strip().splitlines()[-1])
    except (ValueError, IndexError):
        last = done.stderr.decode(errors='replace').strip().splitlines()[-1:]
        return {'the import of all modules': f'ended with {done.returncode}: {"".join(last)}'}


def _exists(site: str, name: str) -> bool:
    place = os.path.join(site, *name.split('.'))
    return os.path.exists(place + '.py') or os.path.exists(os.path.join(place, '__init__.py'))


def _module(path: str) -> str:
    name = path[:-3].replace('/', '.')
    return name[: -len('.__init__')] if name.endswith('.__init__') else name


def _accept(site: str, new: str, path: str, new_file: NewFile) -> None:
    source, target = files.own(site, 'incoming', path), os.path.join(new, path)
    try:
        arrived = files.digest(source)
    except FileNotFoundError:
        raise AgentError(f'{path} did not arrive; run the command again') from None
    if arrived != new_file.sha256:
        raise AgentError(
            f'{path} arrived damaged: its sha256 is {arrived}, not {new_file.sha256}; '
            'run the command again'
        )
    os.makedirs(os.path.dirname(target), exist_ok=True)
    os.replace(source, target)
    _set_mode_and_owner(site, path, target, new_file.mode)


def _set_mode_and_owner(site: str, path: str, target: str, mode: int = 0o644) -> None:
    """Take them from the file that a staged one replaces, else the owner from its folder."""
    former = os.path.join(site, path)
    if os.path.exists(former):
        status = os.stat(former)
        os.chmod(target, status.st_mode & 0o7777)
    else:
        folder = os.path.dirname(former)
        while not os.path.isdir(folder):
            folder = os.path.dirname(folder)
        status = os.stat(folder)
        os.chmod(target, mode)
    files.set_owner(target, status.st_uid, status.st_gid)


def _metadata(site: str, new: str, new_files: dict, dist_info: str) -> list:
    """Carry over what the installer wrote about itself."""
    paths = []
    for name, default in (('INSTALLER', b'xloud-upgrade\n'), ('REQUESTED', None)):
        path = dist_info + '/' + name
        content = default
        for former in files.distributions(site):
            if os.path.exists(os.path.join(site, former, name)):
                with open(os.path.join(site, former, name), 'rb') as stream:
                    content = stream.read()
        if content is not None and path not in new_files:
            os.makedirs(os.path.dirname(os.path.join(new, path)), exist_ok=True)
            with open(os.path.join(new, path), 'wb') as stream:
                stream.write(content)
            _set_mode_and_owner(site, path, os.path.join(new, path))
            paths.append(path)
    return paths


def _compile(site: str, new: str, modules: list) -> list:
    """Compile every module; the results are kept where the target keeps such files."""
    keeps = bool(files.compiled(site, 'nova/__init__.py'))
    paths = []
    for path in sorted(modules):
        source = os.path.join(new, path)
        place = _cached(path)
        target = os.path.join(new, place)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        try:
            py_compile.compile(source, target, os.path.join(site, path), doraise=True)
        except py_compile.PyCompileError as error:
            raise AgentError(
                f'{path} does not compile with Python {sys.version.split()[0]}: {error.exc_value}',
            ) from None
        if keeps:
            os.chmod(target, 0o644)
            _set_mode_and_owner(site, place, target)
            paths.append(place)
        else:
            os.unlink(target)
    return paths


def _cached(path: str) -> str:
    folder, name = os.path.split(path)
    tag = sys.implementation.cache_tag
    return os.path.join(folder, '__pycache__', f'{name[:-3]}.{tag}.pyc')


def _record(site: str, new: str, staged: list, removed: list, dist_info: str) -> list:
    """Write the RECORD that an installer would have written, from the rows of the former one."""
    rows = {}
    ending = '\n'
    former = [name for name in files.distributions(site) if name.endswith('.dist-info')]
    for name in former:
        if os.path.exists(os.path.join(site, name, 'RECORD')):
            with open(os.path.join(site, name, 'RECORD'), newline='') as stream:
                text = stream.read()
            ending = '\r\n' if '\r\n' in text else '\n'
            rows.update((row[0], row) for row in csv.reader(io.StringIO(text, '')) if row)
    rows = {
        path: row
        for path, row in rows.items()
        if path not in removed and not path.startswith(tuple(name + '/' for name in former))
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
    _set_mode_and_owner(site, path, os.path.join(new, path))
    return [path]
