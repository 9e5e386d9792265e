"""The forked nova in an operator's own image: one layer over it, by the image's own Python."""

import json
import shlex
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pip

from graft.errors import CommandError, ReleaseError
from graft.project import Project, Release
from graft.run import run, step

ENGINES = ('podman', 'docker')

# Where images keep Nova: on their own path, or in the environment that Kolla or LOCI makes.
PYTHONS = ('python3', '/var/lib/kolla/venv/bin/python3', '/var/lib/openstack/bin/python3')

FIND = 'import importlib.metadata as m, sys; print(sys.executable, m.version("nova"))'
# The version that its user gets, and which packages that lacks.
VERIFY = r"""
import importlib.metadata as m, re, nova.elastic
needs = {re.match(r'[\w.-]+', line)[0] for line in m.requires('nova') or () if ';' not in line}
print(m.version('nova'), *sorted(needs - {n for n in needs if list(m.distributions(name=n))}))
"""

# The wheel and pip, which the image may lack, are there only while the layer is made.
CONTAINERFILE = """\
FROM {base}
USER root
RUN --mount=type=bind,target=/mnt PYTHONPATH=/mnt PYTHONDONTWRITEBYTECODE=1 {python} -m pip \\
    --disable-pip-version-check install --no-index --no-deps --no-cache-dir \\
    --root-user-action ignore --break-system-packages /mnt/{wheel}
{user}
"""


@dataclass(frozen=True)
class Engine:
    """Podman or docker, with options of the caller's."""

    command: Sequence[str]

    @classmethod
    def chosen(cls, words: str | None) -> 'Engine':
        command = shlex.split(words) if words else [e for e in ENGINES if shutil.which(e)][:1]
        if not command or not shutil.which(command[0]):
            raise CommandError(
                f'there is no {command[0] if command else " or ".join(ENGINES)} on this machine\n'
                '  On Debian: apt-get install podman'
            )
        return cls(command)

    def inspect(self, image: str) -> dict[str, Any]:
        """What an image is; it is fetched if this machine does not have it."""
        words = [*self.command, 'image', 'inspect', image]
        try:
            output = run(words)
        except CommandError:
            with step(f'fetch {image}'):
                run([*self.command, 'pull', image])
            output = run(words)
        details: dict[str, Any] = json.loads(output)[0]
        return details

    def ask(self, image: str, python: str, program: str) -> list[str]:
        """The words that a program prints last when the image's own user runs it."""
        alone = ['run', '--rm', '--network', 'none', '--entrypoint', python]
        return run([*self.command, *alone, image, '-c', program]).splitlines()[-1].split()


@dataclass(frozen=True)
class Base:
    """An image of Nova: the Python that runs it there, its version, and the image's user."""

    name: str
    python: str
    version: str
    user: str


def look(engine: Engine, base: str, release: Release) -> Base:
    """What an image has, which must be Nova of that release."""
    user = engine.inspect(base)['Config'].get('User') or ''
    for python in PYTHONS:
        try:
            found, version = engine.ask(base, python, FIND)
        except CommandError as error:
            reason = error
            continue
        if version.split('.')[0] != release.version.split('.')[0]:
            raise ReleaseError(
                f'{base} has Nova {version}, and this fork is of {release.version} '
                f'({release.name})\n'
                '  Name the release of the image: RELEASE=...; README.md lists those there are.'
            )
        return Base(base, found, version, user)
    raise ReleaseError(f'{base} has no Nova that {" or ".join(PYTHONS)} would find\n{reason}')


def build(engine: Engine, base: Base, wheel: Path, tag: str) -> None:
    """Put a wheel of Nova over the base, and see that the image's own user gets it."""
    text = CONTAINERFILE.format(
        base=base.name,
        python=base.python,
        wheel=wheel.name,
        user=f'USER {base.user}' if base.user else '',
    )
    with tempfile.TemporaryDirectory(prefix='graft-') as folder, step(f'build {tag}'):
        context = Path(folder)
        shutil.copy(wheel, context)
        shutil.copytree(Path(pip.__file__).parent, context / 'pip')
        (context / 'Containerfile').write_text(text)
        words = ['build', '--network', 'none', '--tag', tag, '--file', context / 'Containerfile']
        run([*engine.command, *words, context])
    with step(f'verify {tag}'):
        found, *lacking = engine.ask(tag, base.python, VERIFY)
    if found != wheel.name.split('-')[1]:
        raise CommandError(f'{tag} still has Nova {found}: another place comes first in its path')
    if lacking:
        raise CommandError(
            f'{tag} lacks {", ".join(lacking)}, which this Nova needs\n'
            '  Base it on an image of that release, or add them to the base.'
        )


def name(base: str, project: Project) -> str:
    """What the new image is called when nobody says: the base's name and its tag with a suffix."""
    repository, colon, tag = base.rpartition(':')
    if not colon or '/' in tag:
        repository, tag = base, 'latest'
    return f'{repository}:{tag}-{project.label}.{project.number}'
