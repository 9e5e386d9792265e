"""What an upgrade carries: the forked wheel, compared with the release it was woven into.

No list here is kept by hand. A file of the wheel that the release's tarball lacks is new, one that
differs is modified, and all the rest is what a target must already have.
"""

from __future__ import annotations

import configparser
import hashlib
import tarfile
import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from graft import fetch
from graft.errors import GraftError
from graft.project import Project
from upgrade.errors import PayloadError

REPOSITORY = Path(__file__).resolve().parent.parent.parent
#: Written on the target, as its installer would have.
WRITTEN_THERE = ('RECORD', 'INSTALLER', 'REQUESTED', 'direct_url.json')


@dataclass(frozen=True)
class Item:
    """A file that becomes the fork's: ``new`` or ``modified``, or part of the ``metadata``."""

    path: str
    kind: str
    size: int
    mode: int
    sha256: str
    base: str = ''


@dataclass(frozen=True)
class Payload:
    """The fork, ready to be carried."""

    wheel: Path
    version: str
    base_version: str
    dist_info: str
    items: dict[str, Item]
    #: Every file of the package as released, by its hash; and as the wheel has it.
    released: dict[str, str]
    whole: dict[str, str]
    entry_points: tuple[tuple[str, str, str], ...]
    #: Files outside site-packages that the fork changes: for the operator to merge.
    outside: tuple[str, ...]

    @cached_property
    def digest(self) -> str:
        digest = hashlib.sha256(self.version.encode())
        for path, item in sorted(self.items.items()):
            digest.update(f'{path} {item.sha256}\n'.encode())
        return digest.hexdigest()

    def unpack(self, paths: set[str], folder: Path) -> None:
        """Unpack some of its files below a folder."""
        with zipfile.ZipFile(self.wheel) as archive:
            for path in sorted(paths):
                target = folder / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(archive.read(path))


def find(release: str | None, wheel: Path | None, tarball: Path | None) -> Payload:
    """Return the fork of a release as this repository has built it, or as the paths say."""
    project = Project.at(REPOSITORY)
    try:
        chosen = project.release(release)
        if tarball:
            fetch.check(tarball, chosen)
        else:
            tarball = fetch.tarball(project, chosen)
    except GraftError as error:
        raise PayloadError(str(error)) from None
    wheel = wheel or REPOSITORY / 'dist' / f'nova-{project.version(chosen)}-py3-none-any.whl'
    if not wheel.exists():
        raise PayloadError(
            f'there is no {wheel}\n'
            f'  run `make wheel RELEASE={chosen.name}`, or name one with --wheel'
        )
    return read(wheel, tarball)


def read(wheel: Path, tarball: Path) -> Payload:
    """Compare a forked wheel with the tarball of its release."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            names = {info.filename: info for info in archive.infolist() if not info.is_dir()}
            content = {name: archive.read(name) for name in names}
    except (OSError, zipfile.BadZipFile) as error:
        raise PayloadError(f'{wheel} is not a wheel: {error}') from None
    base_version, released = _released(tarball)
    (dist_info,) = {n.split('/')[0] for n in names if n.endswith('.dist-info/METADATA')} or {''}
    if not dist_info.startswith('nova-'):
        raise PayloadError(f'{wheel} is not a wheel of nova')
    version = dist_info.removeprefix('nova-').removesuffix('.dist-info')
    if version.partition('+')[0] != base_version:
        raise PayloadError(
            f'{wheel} is of Nova {version}, {tarball} of {base_version}: '
            'use two of the same release'
        )
    items, outside = {}, []
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in content.items()}
    for name, info in sorted(names.items()):
        top, _, rest = name.partition('/')
        mode = 0o755 if info.external_attr >> 16 & 0o111 else 0o644
        base = released.get(name, '')
        if top == 'nova' and base != hashes[name]:
            kind = 'modified' if base else 'new'
            items[name] = Item(name, kind, info.file_size, mode, hashes[name], base)
        elif top == dist_info and rest not in WRITTEN_THERE:
            items[name] = Item(name, 'metadata', info.file_size, mode, hashes[name])
        elif top.endswith('.data') and rest.startswith('data/'):
            if released.get(rest.removeprefix('data/')) != hashes[name]:
                outside.append(rest.removeprefix('data/'))
    points = _entry_points(content.get(f'{dist_info}/entry_points.txt', b''))
    former = _entry_points(_member(tarball, 'nova.egg-info/entry_points.txt'))
    added = tuple(sorted(points - former))
    commands = [name for group, name, _ in added if group.endswith('_scripts')]
    if commands:
        raise PayloadError(
            f'the fork adds the commands {", ".join(commands)}, which an upgrade does not carry:\n'
            '  it carries files below site-packages only. Install the wheel with pip instead'
        )
    package = {name: sha for name, sha in released.items() if name.startswith('nova/')}
    whole = {name: sha for name, sha in hashes.items() if name.startswith('nova/')}
    return Payload(
        wheel, version, base_version, dist_info, items, package, whole, added, tuple(outside)
    )


def _released(tarball: Path) -> tuple[str, dict[str, str]]:
    """Return the version of a release, and the hash of each of its files."""
    hashes, top = {}, ''
    try:
        with tarfile.open(tarball) as archive:
            for member in archive:
                top, _, path = member.name.partition('/')
                stream = archive.extractfile(member) if member.isreg() else None
                if stream and path.startswith(('nova/', 'etc/')):
                    hashes[path] = hashlib.sha256(stream.read()).hexdigest()
    except (OSError, tarfile.TarError) as error:
        raise PayloadError(f'{tarball} is not a tarball: {error}') from None
    return top.removeprefix('nova-'), hashes


def _member(tarball: Path, path: str) -> bytes:
    with tarfile.open(tarball) as archive:
        for member in archive:
            if member.name.partition('/')[2] == path:
                stream = archive.extractfile(member)
                return stream.read() if stream else b''
    return b''


def _entry_points(content: bytes) -> set[tuple[str, str, str]]:
    parser = configparser.ConfigParser(delimiters=('=',), interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(content.decode())
    return {(group, *pair) for group in parser.sections() for pair in parser.items(group)}
