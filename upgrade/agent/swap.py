"""Exchanging staged files for those in place, with a journal that outlives a crash.

``.xloud-upgrade/run/new`` holds the new files, ``run/old`` a second name of the old ones. The
journal is written before the first rename and says ``swapping``; after the last it says
``swapped``. A run that finds ``swapping`` puts the old files back; one that finds ``swapped`` has
all the new ones, and may still put the old ones back until ``commit`` removes them.
"""

from __future__ import annotations

import dataclasses
import os
import stat

from upgrade.agent import facts, files, protocol
from upgrade.agent.files import AgentError
from upgrade.agent.protocol import AppliedFork, Journal, Leftover, Operation, Phase, Step


def plan(site: str, new: list, remove: list) -> list:
    """Return the steps of an exchange. Compiled files of what changes go, or come, with it."""
    coming = set(new)
    going = set(remove)
    for path in [*new, *remove]:
        going.update(cached for cached in files.compiled(site, path) if cached not in coming)
    steps = []
    for path in sorted(coming | going):
        old = os.path.lexists(os.path.join(site, path))
        if old or path in coming:
            steps.append(Step(files.safe(path), path in coming, old))
    return steps


def swap(site: str, steps: list, operation: Operation) -> None:
    """Rename every staged file into place; what was there stays in ``run/old``."""
    run = files.own(site, 'run')
    for step in steps:
        if step.old:
            files.keep_copy(_path(site, step), os.path.join(run, 'old', step.path))
    journal = Journal(
        Phase.SWAPPING,
        operation,
        steps,
        _missing_folders(site, steps),
        _modes(site, steps),
        facts.read_state(site),
    )
    _write_journal(site, journal)
    for step in steps:
        target = _path(site, step)
        if step.new:
            os.makedirs(os.path.dirname(target), exist_ok=True)
            os.replace(os.path.join(run, 'new', step.path), target)
        else:
            files.unlink(target)
    _remove_empty(site, steps)
    _sync(site, steps)
    _write_journal(site, dataclasses.replace(journal, state=Phase.SWAPPED))


def undo(site: str) -> bool:
    """Put back what the journal says was there. May be cut short and done again."""
    journal = _read_journal(site)
    if journal is None:
        return False
    if journal.state == Phase.SWAPPED:
        # Services may run the new files by now: a run that ends this one restarts them again.
        operation = dataclasses.replace(journal.operation, restart=True)
        interrupted = dataclasses.replace(journal, state=Phase.SWAPPING, operation=operation)
        _write_journal(site, interrupted)
    for folder, mode in journal.modes.items():
        path = os.path.join(site, folder)
        if not os.path.isdir(path):
            os.makedirs(path)
            os.chmod(path, mode)
    paths = {step.path for step in journal.steps if step.old}
    for step in journal.steps:
        for path in files.compiled(site, step.path):
            if path not in paths:
                files.unlink(os.path.join(site, path))
        saved = files.own(site, 'run', 'old', step.path)
        if not step.old:
            files.unlink(_path(site, step))
        elif os.path.lexists(saved):
            os.replace(saved, _path(site, step))
    for folder in reversed(journal.made):
        _rmdir(os.path.join(site, folder))
    _sync(site, journal.steps)
    if facts.read_state(site) != journal.before:
        _write_state(site, journal.before)
    clear(site)
    return True


def commit(site: str, state: AppliedFork | None) -> None:
    """Make the exchange final: remember what is here now, remove what was."""
    journal = _read_journal(site)
    if journal is not None and journal.state != Phase.SWAPPED:
        raise AgentError('the exchange of files is not complete: it cannot be made final')
    _write_state(site, state)
    clear(site)


def recover(site: str, keep_incoming: bool = False) -> Leftover | None:
    """End what an interrupted run left unfinished; return what that was."""
    journal = _read_journal(site)
    if journal is None:
        if os.path.isdir(files.own(site)):
            clear(site, keep_incoming)
        return None
    if journal.state == Phase.SWAPPING:
        undo(site)
        return Leftover(journal.operation, put_back=True)
    return Leftover(journal.operation, put_back=False)


def clear(site: str, keep_incoming: bool = False) -> None:
    """Remove everything but the state; the journal first, for it names the rest."""
    if not os.path.isdir(files.own(site)):
        return
    files.unlink(files.journal(site))
    files.sync_folder(files.own(site))
    for name in os.listdir(files.own(site)):
        path = files.own(site, name)
        if name == 'state.json' or (keep_incoming and name == 'incoming'):
            continue
        if os.path.isdir(path) and not os.path.islink(path):
            files.remove_tree(path)
        else:
            files.unlink(path)
    _rmdir(files.own(site))


def _read_journal(site: str) -> Journal | None:
    content = files.read_json(files.journal(site))
    return content and protocol.decode(Journal, content)


def _write_journal(site: str, journal: Journal) -> None:
    files.write_json(files.journal(site), protocol.encode(journal))


def _write_state(site: str, state: AppliedFork | None) -> None:
    if state is None:
        files.unlink(files.state(site))
    else:
        files.write_json(files.state(site), protocol.encode(state))


def _path(site: str, step: Step) -> str:
    return os.path.join(site, step.path)


def _missing_folders(site: str, steps: list) -> list:
    """Return the folders that the exchange will make, outer ones first."""
    missing = set()
    for step in steps:
        folder = os.path.dirname(step.path)
        while step.new and folder and not os.path.isdir(os.path.join(site, folder)):
            missing.add(folder)
            folder = os.path.dirname(folder)
    return sorted(missing)


def _modes(site: str, steps: list) -> dict:
    """Return the modes of the folders whose files go; they may go with the last of these."""
    folders = sorted({os.path.dirname(step.path) for step in steps if step.old})
    return {f: stat.S_IMODE(os.stat(os.path.join(site, f)).st_mode) for f in folders}


def _remove_empty(site: str, steps: list) -> None:
    """Remove the folders that the exchange has emptied, up to site-packages."""
    for step in steps:
        folder = os.path.dirname(step.path)
        while not step.new and folder and _rmdir(os.path.join(site, folder)):
            folder = os.path.dirname(folder)


def _rmdir(path: str) -> bool:
    try:
        os.rmdir(path)
    except OSError:
        return False
    return True


def _sync(site: str, steps: list) -> None:
    folders = {os.path.dirname(_path(site, step)) for step in steps}
    for folder in sorted(folders):
        if os.path.isdir(folder):
            files.sync_folder(folder)
