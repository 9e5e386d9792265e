"""What an upgrade carries: the forked wheel, held against the release it was woven into.

Nothing here is a list kept by hand. A file of the wheel that the release's tarball lacks is new,
one that differs is modified, and all the rest is what a target must already have.
"""

from __future__ import annotations

import configparser
import hashlib
import tarfile
import tomllib
import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from upgrade.errors import PayloadError

REPOSITORY = Path(__file__).resolve().parent.parent.parent
#: Written by the target: what its installer would have written there.
MADE_THERE = ('RECORD', 'INSTALLER', 'REQUESTED', 'direct_url.json')


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
        found = hashlib.sha256(self.version.encode())
        for path, item in sorted(self.items.items()):
            found.update(f'{path} {item.sha256}\n'.encode())
        return found.hexdigest()

    def lay_out(self, paths: set[str], folder: Path) -> int:
        """Unpack some of its files below a folder; how many bytes they are."""
        total = 0
        with zipfile.ZipFile(self.wheel) as archive:
            for path in sorted(paths):
                target = folder / path
                target.parent.mkdir(parents=True, exist_ok=True)
                content = archive.read(path)
                target.write_bytes(content)
                total += len(content)
        return total


def find(release: str | None, wheel: Path | None, tarball: Path | None) -> Payload:
    """The fork of a release as this repository has built it, or as the paths say."""
    table = tomllib.loads((REPOSITORY / 'pyproject.toml').read_text())['tool']['graft']
    name = release or table['default-release']
    try:
        about = tomllib.loads((REPOSITORY / 'releases' / name / 'release.toml').read_text())
    except FileNotFoundError:
        known = sorted(path.name for path in (REPOSITORY / 'releases').iterdir())
        raise PayloadError(f'release `{name}` is unknown; there are {", ".join(known)}') from None
    version = about['nova']
    wheel = wheel or _built(version, table['label'], table['number'], name)
    tarball = tarball or REPOSITORY / '.fork' / 'tarballs' / f'nova-{version}.tar.gz'
    if not tarball.exists():
        raise PayloadError(
            f'there is no {tarball}: what the release is cannot be told\n'
            f'  run `make wheel RELEASE={name}`, which fetches it, or name it with --tarball'
        )
    found = hashlib.sha256(tarball.read_bytes()).hexdigest()
    if found != about['sha256']:
        raise PayloadError(
            f'{tarball} is not Nova {version}: its sha256 is {found},\n'
            f'  releases/{name}/release.toml says {about["sha256"]}; delete it, `make wheel`'
        )
    return read(wheel, tarball)


def _built(version: str, label: str, number: int, name: str) -> Path:
    wheel = REPOSITORY / 'dist' / f'nova-{version}+{label}.{number}-py3-none-any.whl'
    if not wheel.exists():
        raise PayloadError(
            f'there is no {wheel}\n  run `make wheel RELEASE={name}`, or name one with --wheel'
        )
    return wheel


def read(wheel: Path, tarball: Path) -> Payload:
    """Hold a forked wheel against the tarball of its release."""
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
            f'{wheel} is of Nova {version}, {tarball} of {base_version}: take two of one release'
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
        elif top == dist_info and rest not in MADE_THERE:
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
            f'the fork adds the commands {", ".join(commands)}, which are not carried:\n'
            '  only files below site-packages are. Install the wheel with pip instead'
        )
    package = {name: sha for name, sha in released.items() if name.startswith('nova/')}
    whole = {name: sha for name, sha in hashes.items() if name.startswith('nova/')}
    return Payload(
        wheel, version, base_version, dist_info, items, package, whole, added, tuple(outside)
    )


def _released(tarball: Path) -> tuple[str, dict[str, str]]:
    """The version of a release, and the hash of each of its files."""
    found, top = {}, ''
    try:
        with tarfile.open(tarball) as archive:
            for member in archive:
                top, _, path = member.name.partition('/')
                stream = archive.extractfile(member) if member.isreg() else None
                if stream and path.startswith(('nova/', 'etc/')):
                    found[path] = hashlib.sha256(stream.read()).hexdigest()
    except (OSError, tarfile.TarError) as error:
        raise PayloadError(f'{tarball} is not a tarball: {error}') from None
    return top.removeprefix('nova-'), found


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
