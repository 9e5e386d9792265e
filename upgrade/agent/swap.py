"""Exchanging staged files for those in place, with a journal that outlives a crash.

``.xloud-upgrade/run/new`` holds what comes, ``run/old`` a second name of what goes. The journal
is written before the first rename and says ``swapping``; after the last it says ``swapped``. Who
finds ``swapping`` puts the old files back; who finds ``swapped`` has the new ones whole, and may
still put the old ones back until ``commit`` forgets them.
"""

from __future__ import annotations

import os
import stat

from upgrade.agent import files
from upgrade.agent.files import AgentError


def plan(site: str, new: list, remove: list) -> list:
    """The steps of an exchange. Compiled files of what changes go, or come, with it."""
    coming = set(new)
    going = set(remove)
    for path in [*new, *remove]:
        going.update(each for each in files.compiled(site, path) if each not in coming)
    steps = []
    for path in sorted(coming | going):
        old = os.path.lexists(os.path.join(site, path))
        if old or path in coming:
            steps.append({'path': files.safe(path), 'new': path in coming, 'old': old})
    return steps


def swap(site: str, steps: list, about: dict) -> None:
    """Rename every staged file into place; what was there stays in ``run/old``."""
    run = files.ours(site, 'run')
    for step in steps:
        if step['old']:
            files.keep_copy(_in(site, step), os.path.join(run, 'old', step['path']))
    journal = {
        'state': 'swapping',
        'about': about,
        'steps': steps,
        'made': _missing_folders(site, steps),
        'modes': _modes(site, steps),
        'before': files.read_json(files.ours(site, 'state.json')),
    }
    files.write_json(files.ours(site, 'journal.json'), journal)
    for step in steps:
        target = _in(site, step)
        if step['new']:
            os.makedirs(os.path.dirname(target), exist_ok=True)
            os.replace(os.path.join(run, 'new', step['path']), target)
        else:
            files.unlink(target)
    _drop_empty(site, steps)
    _sync(site, steps)
    files.write_json(files.ours(site, 'journal.json'), dict(journal, state='swapped'))


def undo(site: str) -> bool:
    """Put back what the journal says was there. May be cut short and done again."""
    journal = files.read_json(files.ours(site, 'journal.json'))
    if journal is None:
        return False
    if journal['state'] == 'swapped':
        # Services may have been restarted since: who ends this for us must restart them again.
        about = dict(journal['about'], restart=True)
        files.write_json(
            files.ours(site, 'journal.json'), dict(journal, state='swapping', about=about)
        )
    for folder, mode in journal['modes'].items():
        path = os.path.join(site, folder)
        if not os.path.isdir(path):
            os.makedirs(path)
            os.chmod(path, mode)
    kept = {step['path'] for step in journal['steps'] if step['old']}
    for step in journal['steps']:
        for path in files.compiled(site, step['path']):
            if path not in kept:
                files.unlink(os.path.join(site, path))
        saved = files.ours(site, 'run', 'old', step['path'])
        if not step['old']:
            files.unlink(_in(site, step))
        elif os.path.lexists(saved):
            os.replace(saved, _in(site, step))
    for folder in reversed(journal['made']):
        _rmdir(os.path.join(site, folder))
    _sync(site, journal['steps'])
    if files.read_json(files.ours(site, 'state.json')) != journal['before']:
        _remember(site, journal['before'])
    clear(site)
    return True


def commit(site: str, state: dict | None) -> None:
    """Make the exchange final: remember what is here now, forget what was."""
    journal = files.read_json(files.ours(site, 'journal.json'))
    if journal is not None and journal['state'] != 'swapped':
        raise AgentError('refused', 'the exchange of files is not whole: it cannot be final')
    _remember(site, state)
    clear(site)


def recover(site: str, keep_incoming: bool = False) -> dict | None:
    """End what a former run left unfinished; what it was and what was done about it."""
    journal = files.read_json(files.ours(site, 'journal.json'))
    if journal is None:
        if os.path.isdir(files.ours(site)):
            clear(site, keep_incoming)
        return None
    if journal['state'] == 'swapping':
        undo(site)
        return {'did': 'put back', 'about': journal['about']}
    return {'did': 'left', 'about': journal['about']}


def clear(site: str, keep_incoming: bool = False) -> None:
    """Remove all of ours but what is remembered; the journal first, it speaks of the rest."""
    if not os.path.isdir(files.ours(site)):
        return
    files.unlink(files.ours(site, 'journal.json'))
    files.sync_folder(files.ours(site))
    for name in os.listdir(files.ours(site)):
        path = files.ours(site, name)
        if name == 'state.json' or (keep_incoming and name == 'incoming'):
            continue
        if os.path.isdir(path) and not os.path.islink(path):
            files.remove_tree(path)
        else:
            files.unlink(path)
    _rmdir(files.ours(site))


def _remember(site: str, state: dict | None) -> None:
    if state is None:
        files.unlink(files.ours(site, 'state.json'))
    else:
        files.write_json(files.ours(site, 'state.json'), state)


def _in(site: str, step: dict) -> str:
    return os.path.join(site, step['path'])


def _missing_folders(site: str, steps: list) -> list:
    """The folders that the exchange will make, outer ones first."""
    found = set()
    for step in steps:
        folder = os.path.dirname(step['path'])
        while step['new'] and folder and not os.path.isdir(os.path.join(site, folder)):
            found.add(folder)
            folder = os.path.dirname(folder)
    return sorted(found)


def _modes(site: str, steps: list) -> dict:
    """The modes of folders that hold what goes, and may go with it."""
    folders = sorted({os.path.dirname(step['path']) for step in steps if step['old']})
    return {f: stat.S_IMODE(os.stat(os.path.join(site, f)).st_mode) for f in folders}


def _drop_empty(site: str, steps: list) -> None:
    """Remove the folders that the exchange has emptied, up to site-packages."""
    for step in steps:
        folder = os.path.dirname(step['path'])
        while not step['new'] and folder and _rmdir(os.path.join(site, folder)):
            folder = os.path.dirname(folder)


def _rmdir(path: str) -> bool:
    try:
        os.rmdir(path)
    except OSError:
        return False
    return True


def _sync(site: str, steps: list) -> None:
    folders = {os.path.dirname(_in(site, step)) for step in steps}
    for folder in sorted(folders):
        if os.path.isdir(folder):
            files.sync_folder(folder)
