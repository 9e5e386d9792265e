"""A release's tarball: fetched with pip by name and version, checked, kept, unpacked."""

import hashlib
import os
import sys
import tarfile
import tempfile
from pathlib import Path

from graft.errors import CommandError, ReleaseError
from graft.project import Project, Release
from graft.run import run, step

# What a source distribution carries about itself beside the project's own files.
METADATA = 'nova.egg-info'


def tarball(project: Project, release: Release) -> Path:
    """The release's tarball, from the cache or the package index, with the right hash."""
    cached = project.work / 'tarballs' / release.tarball
    if not cached.exists():
        with step(f'fetch {release.tarball}'):
            _download(release, cached)
    check(cached, release)
    return cached


def check(archive: Path, release: Release) -> None:
    """Refuse a tarball that is not the release's."""
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    if digest != release.sha256:
        raise ReleaseError(
            f'{archive} is not the release: its sha256 is {digest},\n'
            f'  releases/{release.name}/release.toml says {release.sha256}.\n'
            '  Delete the file to have it fetched again.'
        )


def _download(release: Release, target: Path) -> None:
    try:
        download(release.version, target, f'--hash=sha256:{release.sha256}')
    except CommandError as error:
        if 'DO NOT MATCH THE HASHES' in str(error):
            raise ReleaseError(
                f'the package index has another nova {release.version} than '
                f'releases/{release.name}/release.toml names by its sha256.\n{error}'
            ) from None
        raise missing(release.version, target, error) from None


def missing(version: str, target: Path, error: CommandError) -> ReleaseError:
    """A tarball that cannot be fetched: where it may be put instead."""
    return ReleaseError(
        f'cannot fetch nova {version}, and {target} is not there.\n'
        f'  Connect to a package index, or put the tarball there.\n{error}'
    )


def download(version: str, target: Path, *options: str) -> None:
    """Have pip fetch the source of a version of Nova."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        requirement = Path(folder, 'requirement.txt')
        requirement.write_text(' '.join([f'nova=={version}', *options]) + '\n')
        command = [sys.executable, '-m', 'pip', 'download', '--quiet', '--no-deps']
        command += ['--disable-pip-version-check', '--no-binary', 'nova', '--no-build-isolation']
        run([*command, '--dest', folder, '--requirement', requirement], cwd=target.parent)
        Path(folder, target.name).replace(target)


def unpack(archive: Path, target: Path) -> int:
    """Unpack a tarball's one folder as ``target``; the time of its newest file."""
    newest = 0
    with tarfile.open(archive) as tar, tempfile.TemporaryDirectory(dir=target.parent) as folder:
        members = tar.getmembers()
        for member in members:  # Who packed it has no account here.
            member.uid, member.gid, member.uname, member.gname = os.getuid(), os.getgid(), '', ''
        # Not with extractall: Debian 12 has Python 3.11.2, and filters came with 3.11.4.
        tar.extraction_filter = getattr(tarfile, 'data_filter', None)
        tar.extractall(folder, members=members)
        newest = max(int(member.mtime) for member in members)
        (top,) = Path(folder).iterdir()
        top.replace(target)
    return newest
