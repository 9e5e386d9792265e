"""Build `xloud-guest`: .deb, .rpm, tarball and script, the same bytes each time.

The tree is made once, with the modes and the time that every format then packs. The time is
SOURCE_DATE_EPOCH, or that of the newest entry in `changelog`.
"""

from __future__ import annotations

import argparse
import base64
import email.utils
import gzip
import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
NAME = 'xloud-guest'
#: What an unpacked package may need of a guest, with its metadata.
LIMIT = 100_000

_RPM_MACROS = {
    '_buildhost': 'localhost',
    'use_source_date_epoch_as_buildtime': '1',
    'clamp_mtime_to_source_date_epoch': '1',
    '_binary_payload': 'w9.gzdio',
    '_build_name_fmt': '%%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm',
    '__os_install_post': '%{nil}',
}
_SCRIPT = """#!/bin/sh
# Installs xloud-guest {version} and applies it, without a download: as vendor data or user data of
# cloud-init, or in a running guest.
set -eu

main() {{
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    base64 -d << END | tar -C "$folder" --strip-components=1 -xz
{content}END
    # Not run directly: /tmp may allow no programs. What one setting lacks must not stop the rest.
    failed=0
    sh "$folder/install" || failed=1
    sh "$folder/files/usr/bin/xloud-guest" apply || failed=1
    return $failed
}}

# All of it has been read when it starts, and nothing reads it from the standard input.
main < /dev/null
"""


class BuildError(Exception):
    """What stops a build, and what to do."""


class Release(NamedTuple):
    """A version of the package, and the time that its files have."""

    version: str
    epoch: int

    @classmethod
    def newest(cls) -> Release:
        """Return the newest of the changelog, at SOURCE_DATE_EPOCH if that is set."""
        text = (HERE / 'changelog').read_text()
        entry = re.match(r'\S+ \((\S+)\) .*?^ -- .*?>  ([^\n]+)$', text, re.MULTILINE | re.DOTALL)
        if entry is None:
            raise BuildError(f'{HERE / "changelog"}: no entry as Debian has them')
        version, date = entry.groups()
        epoch = os.environ.get('SOURCE_DATE_EPOCH')
        if epoch is not None and not epoch.isdecimal():
            raise BuildError(f'SOURCE_DATE_EPOCH is not a number of seconds: {epoch!r}')
        return cls(version, int(epoch or email.utils.parsedate_to_datetime(date).timestamp()))

    @property
    def folder(self) -> str:
        """Its name, as a folder and as the stem of files."""
        return f'{NAME}-{self.version}'


def build(target: Path) -> list[Path]:
    """Build all formats in a folder, and return their files.

    :raises BuildError: after what could be built, if a tool is missing
    """
    release = Release.newest()
    target = target.resolve()
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder, 'tree')
        _make_tree(tree, release)
        size = sum(file.stat().st_size for file in _files(tree))
        if size > LIMIT:
            raise BuildError(f'the installed files have {size} bytes, more than {LIMIT}')
        tarball = _tarball(tree, target, release)
        built = [tarball, _script(tarball, target, release)]
        lacks = []
        for tool, package, make in (('dpkg-deb', 'dpkg', _deb), ('rpmbuild', 'rpm', _rpm)):
            if shutil.which(tool) is None:
                lacks.append(
                    f'no {make.__name__[1:]}: {tool} is missing; apt-get install {package}'
                )
            else:
                built.append(make(tree, target, release))
    print(f'installed: {size} bytes')
    for file in built:
        print(f'{file.name}: {file.stat().st_size} bytes')
    if lacks:
        raise BuildError('\n'.join(lacks))
    return built


def _files(tree: Path) -> list[Path]:
    return sorted(path for path in tree.rglob('*') if path.is_file())


def _make_tree(tree: Path, release: Release) -> None:
    shutil.copytree(HERE / 'files', tree)
    documents = tree / 'usr/share/doc' / NAME
    documents.mkdir(parents=True)
    shutil.copyfile(HERE / 'packages/deb/copyright', documents / 'copyright')
    _compress((HERE / 'changelog').read_bytes(), documents / 'changelog.gz')
    manual = tree / 'usr/share/man/man8/xloud-guest.8'
    _compress(manual.read_bytes(), manual.with_name('xloud-guest.8.gz'))
    manual.unlink()
    _settle(tree, release)


def _compress(data: bytes, path: Path) -> None:
    path.write_bytes(gzip.compress(data, mtime=0))


def _settle(tree: Path, release: Release) -> None:
    """Set the modes of all files and their time, whatever the umask of the builder."""
    for path in [tree, *tree.rglob('*')]:
        is_program = path.is_file() and path.read_bytes().startswith(b'#!')
        path.chmod(0o755 if path.is_dir() or is_program else 0o644)
        os.utime(path, (release.epoch, release.epoch))


def _tarball(tree: Path, target: Path, release: Release) -> Path:
    root = tree.with_name('tar')
    shutil.copytree(tree, root / 'files')
    shutil.copyfile(HERE / 'packages/tar/install', root / 'install')
    _settle(root, release)
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode='w', format=tarfile.USTAR_FORMAT) as archive:
        for path in _files(root):
            info = tarfile.TarInfo(f'{release.folder}/{path.relative_to(root)}')
            info.mtime = release.epoch
            info.mode = path.stat().st_mode & 0o777
            info.size = path.stat().st_size
            archive.addfile(info, io.BytesIO(path.read_bytes()))
    file = target / f'{release.folder}.tar.gz'
    _compress(data.getvalue(), file)
    return file


def _script(tarball: Path, target: Path, release: Release) -> Path:
    file = target / f'{release.folder}.sh'
    content = base64.encodebytes(tarball.read_bytes()).decode()
    file.write_text(_SCRIPT.format(version=release.version, content=content))
    return file


def _deb(tree: Path, target: Path, release: Release) -> Path:
    root = tree.with_name('deb')
    shutil.copytree(tree, root)
    control = root / 'DEBIAN'
    control.mkdir()
    for name in ('postinst', 'prerm'):
        shutil.copyfile(HERE / 'packages/deb' / name, control / name)
    files = _files(tree)
    kib = sum(-(-file.stat().st_size // 1024) for file in files)
    text = (HERE / 'packages/deb/control').read_text()
    text = text.replace('@version@', release.version).replace('@kib@', str(kib))
    (control / 'control').write_text(text)
    sums = [
        f'{hashlib.md5(file.read_bytes()).hexdigest()}  {file.relative_to(tree)}\n'
        for file in files
    ]
    (control / 'md5sums').write_text(''.join(sums))
    _settle(root, release)
    file = target / f'{NAME}_{release.version}_all.deb'
    _run(['dpkg-deb', '--root-owner-group', '-Zxz', '--build', root, file], release)
    return file


def _rpm(tree: Path, target: Path, release: Release) -> Path:
    top = tree.with_name('rpm')
    top.mkdir()
    files = [f'%attr(-, root, root) /{file.relative_to(tree)}' for file in _files(tree)]
    files += [f'%dir %attr(755, root, root) /usr/share/{name}' for name in (NAME, f'doc/{NAME}')]
    text = (HERE / 'packages/rpm/xloud-guest.spec').read_text()
    text = text.replace('@version@', release.version).replace('@files@', '\n'.join(files))
    spec = top / 'xloud-guest.spec'
    spec.write_text(text)
    macros = {**_RPM_MACROS, '_topdir': str(top), '_rpmdir': str(target)}
    words: list[str | Path] = ['rpmbuild', '-bb', '--quiet', '--target', 'noarch-linux']
    for name, value in macros.items():
        words += ['--define', f'{name} {value}']
    root = top / 'root'
    shutil.copytree(tree, root)
    _run([*words, '--buildroot', root, '--noclean', spec], release)
    return target / f'{release.folder}-1.noarch.rpm'


def _run(words: list[str | Path], release: Release) -> None:
    environment = {**os.environ, 'SOURCE_DATE_EPOCH': str(release.epoch), 'LC_ALL': 'C'}
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BuildError(f'{words[0]} failed:\n{done.stdout}{done.stderr}')


def main() -> int:
    """Build into a folder, `dist` if none is named."""
    parser = argparse.ArgumentParser(prog='guest.build', description=__doc__)
    parser.add_argument('target', nargs='?', type=Path, default=HERE.parent / 'dist')
    try:
        build(parser.parse_args().target)
    except BuildError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
