"""A release that the project has not seen: what a port to it begins with, in one go."""

import hashlib
import json
import shutil
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from graft import fetch, tree
from graft.errors import CommandError, ReleaseError
from graft.project import Project, Release
from graft.run import run, step

PUBLISHED = 'https://releases.openstack.org/constraints/upper/{release}'
PYTHONS = ('3.11', '3.12', '3.13')
# With which Nova's wheels, and those of releases before pyproject.toml, are built.
BUILD = ('pbr', 'setuptools<81', 'wheel')
# Nova's pages build without it: it checks the redirects of those that are published, and in some
# releases has to be compiled, with headers of a library that systems no longer have.
NEEDLESS = 'whereto'
HEADER = """\
# Everything that Nova {nova}, its tests and its documentation need, resolved from OpenStack's
# published constraints of {release}; placement because the functional tests run a real one.
"""


def add(project: Project, name: str, version: str, constraints: str | None) -> Release:
    """Fetch a release of Nova, weave the branch into it, and pin what it and its tests need.

    It may be called again: what stands in the release's folder already is kept, but for the pins.
    Where another version of the release stands, this one takes its place as soon as it is woven
    and its pins are resolved.
    """
    folder = project.root / 'releases' / name
    if not (folder / 'release.toml').exists():
        digest = _fetch(project, version)
        _take_over(project, predecessor(project, name, version), folder)
        _note(folder, version, digest)
    release = project.release(name)
    if release.version != version:
        _refuse_another_series(release, version)
        release = replace(release, version=version, sha256=_fetch(project, version))
    source = tree.lay(project, release)
    with step(f'resolve what Nova {version} needs'), tempfile.TemporaryDirectory() as place:
        upper = Path(place, 'upper.txt')
        upper.write_text(_published(name, constraints))
        pins = _resolve(source, upper, version)
    release.constraints.write_text(
        HEADER.format(nova=version, release=name) + '\n'.join(pins) + '\n'
    )
    _note(folder, version, release.sha256)
    return release


def predecessor(project: Project, name: str, version: str) -> Release:
    """The release that a port starts from: another version of it, or else the one before it."""
    earlier = [
        release
        for release in project.releases()
        if release.name < name or (release.name == name and release.version != version)
    ]
    return earlier[-1] if earlier else project.release()


def _take_over(project: Project, before: Release, folder: Path) -> None:
    """Begin with the sketches that the release before has of its own: most fit still."""
    folder.mkdir(parents=True, exist_ok=True)
    for path, source in project.files(before).items():
        target = folder / path
        if source.is_relative_to(before.folder) and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            print(f'  {target.relative_to(project.root)} is that of {before.name}', file=sys.stderr)


def _refuse_another_series(release: Release, version: str) -> None:
    series, other = (text.partition('.')[0] for text in (release.version, version))
    if series != other:
        raise ReleaseError(
            f'releases/{release.name} is of Nova {release.version}, and {version} is of another '
            'release.\n'
            f'  To have it beside that one, name it otherwise than {release.name}.'
        )


def _fetch(project: Project, version: str) -> str:
    """Have the tarball of a version; its hash."""
    archive = project.work / 'tarballs' / f'nova-{version}.tar.gz'
    if not archive.exists():
        try:
            with step(f'fetch {archive.name}'):
                fetch.download(version, archive)
        except CommandError as error:
            raise fetch.missing(version, archive, error) from None
    return hashlib.sha256(archive.read_bytes()).hexdigest()


def _note(folder: Path, version: str, digest: str) -> None:
    """Write a version and its hash; what else is said of the release stays."""
    file = folder / 'release.toml'
    lines = file.read_text().splitlines() if file.exists() else []
    rest = [line for line in lines if not line.startswith(('nova =', 'sha256 ='))]
    file.write_text('\n'.join([f'nova = "{version}"', f'sha256 = "{digest}"', *rest, '']))


def _published(name: str, constraints: str | None) -> str:
    """OpenStack's constraints of a release: from a file, or from where they are published."""
    if constraints and Path(constraints).exists():
        return Path(constraints).read_text()
    address = constraints or PUBLISHED.format(release=name)
    try:
        with urllib.request.urlopen(address, timeout=60) as answer:
            return answer.read().decode()
    except (OSError, ValueError) as error:
        raise ReleaseError(
            f"cannot read OpenStack's constraints from {address}: {error}\n"
            '  Name a file that holds them: --constraints FILE.'
        ) from None


def _resolve(source: Path, upper: Path, version: str) -> list[str]:
    """A pin of everything needed, on any Python that may run it."""
    # Placement is not among the constraints; it and Nova count their series side by side.
    placement = f'openstack-placement~={int(version.partition(".")[0]) - 18}.0'
    files = ['requirements.txt', 'test-requirements.txt', 'doc/requirements.txt']
    lines = [line for file in files for line in (source / file).read_text().splitlines()]
    needed = upper.with_name('needed.txt')
    needed.write_text('\n'.join(line for line in lines if not line.startswith(NEEDLESS)))
    packages = _report(['--requirement', needed, placement, *BUILD], upper)
    pins = {canonicalize_name(p['metadata']['name']): p['metadata']['version'] for p in packages}
    elsewhere = {
        canonicalize_name(requirement.name): requirement
        for package in packages
        for requirement in _needed_elsewhere(package['metadata'])
    }
    lines = [f'{name}=={version}' for name, version in pins.items()]
    for name, requirement in elsewhere.items():
        if name not in pins:
            marker, requirement.marker = requirement.marker, None
            alone = {
                canonicalize_name(p['metadata']['name']): p['metadata']['version']
                for p in _report(['--no-deps', str(requirement)], upper)
            }
            lines.append(f'{name}=={alone[name]} ; {marker}')
    return sorted(lines, key=lambda line: line.partition('==')[0])


def _needed_elsewhere(metadata: dict[str, Any]) -> Iterator[Requirement]:
    """What a package needs on another Python than this."""
    for text in metadata.get('requires_dist', ()):
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate({'extra': ''}):
            continue
        if any(
            requirement.marker.evaluate(
                {'python_version': python, 'python_full_version': f'{python}.0', 'extra': ''}
            )
            for python in PYTHONS
        ):
            yield requirement


def _report(requirements: list[Any], upper: Path) -> list[dict[str, Any]]:
    """What pip would install."""
    command = [sys.executable, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check']
    report = upper.with_name('report.json')
    command += ['--dry-run', '--ignore-installed', '--constraint', upper, '--report', report]
    run([*command, *requirements], cwd=upper.parent)
    return json.loads(report.read_text())['install']
