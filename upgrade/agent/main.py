"""Answers requests, one JSON line each, until the other side goes away.

A request runs to its end even when the connection is cut meanwhile: what it does is whole, or its
journal says what to put back. Locks go with the process.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import sys
import traceback

from upgrade.agent import archive, facts, files, host, stage, swap
from upgrade.agent.files import AgentError

LOCKS = host.Locks()


def main(idle: float) -> None:
    """Serve; ``idle`` seconds without a word mean that nobody is there any more."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        # A handler and not SIG_IGN, which the services that are restarted here would inherit.
        signal.signal(number, lambda *_: None)
    os.umask(0o022)
    _say({'ready': True, 'python': sys.version.split()[0]})
    while True:
        ready, _, _ = select.select([sys.stdin], [], [], idle)
        line = sys.stdin.buffer.readline() if ready else b''
        if not line.endswith(b'\n'):
            return
        request = json.loads(line)
        try:
            answer = {'ok': _DO[request.pop('do')](**request)}
        except AgentError as error:
            answer = {'kind': error.kind, 'error': str(error)}
        except OSError as error:
            where = ' '.join(str(n) for n in (error.filename, error.filename2) if n)
            answer = {'kind': 'system', 'error': f'{error.strerror} {where}'}
        except Exception:
            answer = {'kind': 'bug', 'error': traceback.format_exc()}
        if not _say(answer):
            return


def _say(answer: dict) -> bool:
    try:
        sys.stdout.write(json.dumps(answer) + '\n')
        sys.stdout.flush()
    except OSError:
        return False
    return True


def _stage(site: str, wanted: dict, removed: list, dist_info: str, entry_points: list) -> dict:
    _idle(site)
    try:
        staged = stage.stage(site, wanted, removed, dist_info)
        failed, tolerated = stage.check_imports(site, sorted(wanted), entry_points)
    except BaseException:
        _discard(site)
        raise
    if failed:
        _discard(site)
        told = ['{}: {}'.format(*pair) for pair in sorted(failed.items())]
        raise AgentError('import', '\n'.join(told))
    return {'staged': staged, 'tolerated': tolerated}


def _swap(site: str, staged: list, removed: list, about: dict) -> dict:
    _idle(site)
    steps = swap.plan(site, staged, removed)
    try:
        swap.swap(site, steps, about)
    except BaseException:
        swap.undo(site)
        _discard(site)
        raise
    return {'steps': steps}


def _unpack(site: str, manifest: dict, sha256: str) -> dict:
    _idle(site)
    try:
        staged, gone = archive.unpack(site, manifest, sha256)
    except BaseException:
        _discard(site)
        raise
    return {'staged': staged, 'gone': gone}


def _pack(site: str) -> dict:
    _idle(site)
    try:
        return archive.pack(site)
    except BaseException:
        _discard(site)
        raise


def _discard(site: str) -> None:
    """Remove what was staged; never what a journal speaks of."""
    if not os.path.exists(files.ours(site, 'journal.json')):
        swap.clear(site)


def _idle(site: str) -> None:
    if os.path.exists(files.ours(site, 'journal.json')):
        raise AgentError('refused', 'an exchange of files is not ended yet')


def _note(path: str, text: str) -> None:
    with open(path, 'w') as stream:
        stream.write(text)


def _prepare(folder: str) -> None:
    """Make a folder that files are copied to."""
    os.makedirs(folder, mode=0o700, exist_ok=True)


_DO = {
    'ping': lambda: {},
    'site': lambda given: {'site': facts.site_packages(given)},
    'facts': lambda site: facts.look(site),
    'recover': lambda site, keep_incoming=False: swap.recover(site, keep_incoming),
    'clear': _discard,
    'note': _note,
    'pack': _pack,
    'prepare': _prepare,
    'stage': _stage,
    'swap': _swap,
    'undo': lambda site: swap.undo(site),
    'commit': lambda site, state: swap.commit(site, state),
    'unpack': _unpack,
    'differences': lambda site, manifest, changed: archive.differences(site, manifest, changed),
    'imports': lambda site, wanted, entry_points: stage.check_imports(
        site, wanted, entry_points, in_place=True
    )[0],
    'lock': lambda folder, name, holder: LOCKS.take(folder, name, holder),
    'need_free': lambda folder, name: LOCKS.need_free(folder, name),
    'unlock': lambda folder, name: LOCKS.release(folder, name),
    'run': lambda argv, timeout: host.run(argv, timeout),
    'host': lambda tools, folder: host.look(tools, folder),
    'remove': lambda path: shutil.rmtree(path, ignore_errors=True),
}
