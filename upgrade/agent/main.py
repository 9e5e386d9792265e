"""Answers requests, one JSON line each, until the other side goes away.

A request runs to its end even when the connection is cut in the meantime: what it does is whole, or
its journal says what to put back. Locks go with the process.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import sys
import traceback

from upgrade.agent import archive, facts, files, host, protocol, stage, swap
from upgrade.agent.files import AgentError
from upgrade.agent.protocol import Fault, Staged

LOCKS = host.Locks()


def main(idle: float) -> None:
    """Serve; ``idle`` seconds without a request mean that the other side is gone."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        # A handler and not SIG_IGN, which the services that are restarted here would inherit.
        signal.signal(number, lambda *_: None)
    os.umask(0o022)
    _write(protocol.dump_answer(None))
    while True:
        ready, _, _ = select.select([sys.stdin], [], [], idle)
        line = sys.stdin.buffer.readline() if ready else b''
        if not line.endswith(b'\n'):
            return
        if not _write(_answer(line)):
            return


def _answer(line: bytes) -> bytes:
    try:
        request = protocol.load_request(line)
        return protocol.dump_answer(HANDLERS[type(request)](request))
    except AgentError as error:
        return protocol.dump_fault(error.fault, str(error))
    except OSError as error:
        where = ' '.join(str(name) for name in (error.filename, error.filename2) if name)
        return protocol.dump_fault(Fault.FAILED, f'{error.strerror} {where}')
    except Exception:
        return protocol.dump_fault(Fault.BUG, traceback.format_exc())


def _write(line: bytes) -> bool:
    try:
        sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()
    except OSError:
        return False
    return True


def _stage(request: protocol.Stage) -> Staged:
    _check_no_journal(request.site)
    try:
        staged = stage.stage(request.site, request.files, request.removed, request.dist_info)
        failed, tolerated = stage.check_imports(
            request.site, sorted(request.files), request.entry_points
        )
    except BaseException:
        _discard(request.site)
        raise
    if failed:
        _discard(request.site)
        raise AgentError('\n'.join(f'{name}: {why}' for name, why in sorted(failed.items())))
    return Staged(staged, tolerated)


def _swap(request: protocol.Swap) -> list:
    _check_no_journal(request.site)
    steps = swap.plan(request.site, request.staged, request.removed)
    try:
        swap.swap(request.site, steps, request.operation)
    except BaseException:
        swap.undo(request.site)
        _discard(request.site)
        raise
    return steps


def _unpack(request: protocol.Unpack) -> protocol.Unpacked:
    _check_no_journal(request.site)
    try:
        return archive.unpack(request.site, request.manifest, request.sha256)
    except BaseException:
        _discard(request.site)
        raise


def _pack(request: protocol.Pack) -> protocol.PackedBackup:
    _check_no_journal(request.site)
    try:
        return archive.pack(request.site)
    except BaseException:
        _discard(request.site)
        raise


def _discard(site: str) -> None:
    """Remove what was staged; never what a journal needs."""
    if not os.path.exists(files.journal(site)):
        swap.clear(site)


def _check_no_journal(site: str) -> None:
    if os.path.exists(files.journal(site)):
        raise AgentError('an exchange of files has not ended yet')


def _write_note(request: protocol.WriteNote) -> None:
    with open(request.path, 'w') as stream:
        stream.write(request.text)


def _check_imports(request: protocol.CheckImports) -> dict:
    failed, _ = stage.check_imports(
        request.site, request.paths, request.entry_points, in_place=True
    )
    return failed


HANDLERS = {
    protocol.Ping: lambda ask: None,
    protocol.FindSite: lambda ask: facts.site_packages(ask.given),
    protocol.InspectSite: lambda ask: facts.inspect(ask.site),
    protocol.InspectHost: lambda ask: host.inspect(ask.tools),
    protocol.Lock: lambda ask: LOCKS.take(ask.folder, ask.name, ask.holder),
    protocol.CheckUnlocked: lambda ask: host.check_unlocked(ask.folder, ask.name),
    protocol.Recover: lambda ask: swap.recover(ask.site, ask.keep_incoming),
    protocol.Pack: _pack,
    protocol.Unpack: _unpack,
    protocol.Stage: _stage,
    protocol.Swap: _swap,
    protocol.Undo: lambda ask: swap.undo(ask.site),
    protocol.Commit: lambda ask: swap.commit(ask.site, ask.state),
    protocol.Clear: lambda ask: _discard(ask.site),
    protocol.Compare: lambda ask: archive.differences(ask.site, ask.manifest, ask.changed),
    protocol.CheckImports: _check_imports,
    protocol.RunCommand: lambda ask: host.run(ask.argv, ask.timeout),
    protocol.MakeFolder: lambda ask: os.makedirs(ask.path, mode=0o700, exist_ok=True),
    protocol.WriteNote: _write_note,
    protocol.RemoveTree: lambda ask: shutil.rmtree(ask.path, ignore_errors=True),
}
