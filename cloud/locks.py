"""The packages of a release of OpenStack: one lock for each that a cloud can be made of."""

from __future__ import annotations

import platform
import re
import sys
from pathlib import Path

from cloud import errors

_FOLDER = Path(__file__).resolve().parent / 'constraints'

#: The release of a cloud for which none is named, where this Python runs its packages.
_DEFAULT = '2024.1'


def path(release: str) -> Path:
    return _FOLDER / f'{release}.txt'


def releases() -> list[str]:
    return sorted(file.stem for file in _FOLDER.glob('*.txt'))


def default() -> str:
    """Return the default release or, where that does not run here, the newest that does."""
    fitting = _fitting()
    return _DEFAULT if _DEFAULT in fitting or not fitting else fitting[-1]


def check(release: str) -> None:
    """Raise if there is no lock of a release, or this Python is too new for it."""
    if not path(release).exists():
        raise errors.CheckError(
            f'there is no lock of the cloud of release {release}: {path(release)}\n'
            f'releases that have one: {", ".join(releases())}'
        )
    if not _runs_here(release):
        newest = '.'.join(map(str, _newest_python(release)))
        raise errors.CheckError(
            f'the packages of release {release} need Python {newest} or older, '
            f'and this is {platform.python_version()}\n'
            f'releases that run on it: {", ".join(_fitting()) or "none"}'
        )


def _fitting() -> list[str]:
    return [release for release in releases() if _runs_here(release)]


def _runs_here(release: str) -> bool:
    return sys.version_info[:2] <= _newest_python(release)


def _newest_python(release: str) -> tuple[int, ...]:
    """Return the newest Python that all the packages of a release run on."""
    match = re.search(r'^# Newest Python: 3\.(\d+)$', path(release).read_text(), re.MULTILINE)
    if match is None:
        raise errors.CheckError(f'{path(release)} has no line `# Newest Python: 3.N`')
    return 3, int(match[1])
