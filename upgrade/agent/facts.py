"""What is installed on a target, and whether an exchange of its files can work."""

from __future__ import annotations

import importlib.util
import os
import sys

from upgrade.agent import files, protocol
from upgrade.agent.files import AgentError
from upgrade.agent.protocol import AppliedFork, Fault, Installation, JournalEntry


def site_packages(folder: str | None) -> str:
    """Return the folder that holds the ``nova`` package."""
    if folder:
        if not os.path.isfile(os.path.join(folder, 'nova', '__init__.py')):
            raise AgentError(f'there is no nova in {folder}', Fault.UNFIT)
        return os.path.realpath(folder)
    spec = importlib.util.find_spec('nova')
    if spec is None or not spec.origin:
        raise AgentError(f'{sys.executable} has no nova', Fault.UNFIT)
    return os.path.realpath(os.path.dirname(os.path.dirname(spec.origin)))


def inspect(site: str) -> Installation:
    """Return everything that `check` and `plan` need, at once."""
    room = os.statvfs(site)
    infos = files.distributions(site)
    return Installation(
        site,
        '.'.join(str(part) for part in sys.version_info[:3]),
        sys.executable,
        infos,
        [_version(site, name) for name in infos],
        _unwritable(site),
        room.f_bavail * room.f_frsize,
        files.scan(site),
        _is_unfinished(site),
        read_state(site),
        _journal(site),
    )


def read_state(site: str) -> AppliedFork | None:
    content = files.read_json(files.state(site))
    return content and protocol.decode(AppliedFork, content)


def _journal(site: str) -> JournalEntry | None:
    content = files.read_json(files.journal(site))
    return content and protocol.decode(JournalEntry, content)


def _is_unfinished(site: str) -> bool:
    """Whether an interrupted run has left something, or one is at work."""
    try:
        return set(os.listdir(files.own(site))) - {'state.json'} != set()
    except FileNotFoundError:
        return False


def _version(site: str, name: str) -> str:
    place = os.path.join(site, name)
    for metadata in (os.path.join(place, 'METADATA'), os.path.join(place, 'PKG-INFO'), place):
        if os.path.isfile(metadata):
            with open(metadata, encoding='utf-8', errors='replace') as stream:
                for line in stream:
                    if line.startswith('Version:'):
                        return line.split(':', 1)[1].strip()
    return ''


def _unwritable(site: str) -> list:
    folders = [site, os.path.join(site, 'nova')]
    folders += [os.path.join(site, 'nova', name) for name in ('compute', 'api', 'virt')]
    folders += [os.path.join(site, name) for name in files.distributions(site)]
    return [path for path in folders if os.path.isdir(path) and not os.access(path, os.W_OK)]
