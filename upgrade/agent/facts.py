"""What is installed on a target, and whether an exchange of its files can work."""

from __future__ import annotations

import importlib.util
import os
import sys
import time

from upgrade.agent import files
from upgrade.agent.files import AgentError


def site_packages(given: str | None) -> str:
    """The folder that holds the ``nova`` package."""
    if given:
        if not os.path.isfile(os.path.join(given, 'nova', '__init__.py')):
            raise AgentError('unfit', f'there is no nova in {given}')
        return os.path.realpath(given)
    found = importlib.util.find_spec('nova')
    if found is None or not found.origin:
        raise AgentError('unfit', f'{sys.executable} has no nova')
    return os.path.realpath(os.path.dirname(os.path.dirname(found.origin)))


def look(site: str) -> dict:
    """Everything that `check` and `plan` need to know, at once."""
    room = os.statvfs(site)
    infos = files.distributions(site)
    return {
        'site': site,
        'python': '.'.join(str(part) for part in sys.version_info[:3]),
        'executable': sys.executable,
        'distributions': infos,
        'versions': [_version(site, name) for name in infos],
        'writable': _writable(site),
        'free': room.f_bavail * room.f_frsize,
        'inodes': room.f_favail,
        'time': time.time(),
        'files': files.scan(site, ['nova', *infos]),
        'state': files.read_json(files.ours(site, 'state.json')),
        'journal': _journal(site),
        'litter': _litter(site),
    }


def _journal(site: str) -> dict | None:
    journal = files.read_json(files.ours(site, 'journal.json'))
    return journal and {'state': journal['state'], 'about': journal['about']}


def _litter(site: str) -> bool:
    """Whether a run that was cut off has left something, or one is at work."""
    try:
        return set(os.listdir(files.ours(site))) - {'state.json'} != set()
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


def _writable(site: str) -> list:
    """The folders that this user cannot change."""
    tops = [site, os.path.join(site, 'nova')]
    tops += [os.path.join(site, 'nova', name) for name in ('compute', 'api', 'virt')]
    tops += [os.path.join(site, name) for name in files.distributions(site)]
    return [top for top in tops if os.path.isdir(top) and not os.access(top, os.W_OK)]
