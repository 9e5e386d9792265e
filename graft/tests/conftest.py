"""A small made-up project with two releases, for the tests of the house."""

import hashlib
import io
import subprocess
import tarfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import pytest

from graft.cli import main
from graft.project import Project

# How long an example takes says more of what else the machine does.
hypothesis.settings.register_profile(
    'any machine',
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile('any machine')

MODULE = '''\
# The licence.

"""Birds."""

import os

from nova import nest


class Bird(nest.Guest):
    """A bird."""

    def sing(self, song):
        """Sing a song."""
        voice = self.voice()
        voice.tune(song)
        voice.warm(song)
        return voice.carry(os.linesep)
'''

SKETCH = '''\
"""Birds count their songs."""

from nova import count


class Bird(nest.Guest):

    def sing(*nova):
        ...
        voice.tune(...)  # nova
        count.one(song)
        ...
'''

SETUP = """\
[metadata]
name = nova
summary = birds

[files]
packages =
    nova

[entry_points]
console_scripts =
    sing = nova.bird:main
"""

PYPROJECT = """\
[build-system]
requires = ["pbr"]
build-backend = "pbr.build"

[project]
name = "nova"
dynamic = ["version", "dependencies"]

[project.scripts]
sing = "nova.bird:main"

[tool.setuptools]
packages = ["nova"]
"""

COMMON = {
    'README.rst': 'Birds\n',
    'nova/__init__.py': '',
    'nova/bird.py': MODULE,
    'nova/nest.py': 'class Guest:\n    pass\n',
    'requirements.txt': '',
    'setup.py': 'import setuptools\nsetuptools.setup(setup_requires=["pbr"], pbr=True)\n',
    'nova.egg-info/SOURCES.txt': 'nova/__init__.py\nnova/bird.py\n',
    'PKG-INFO': 'Metadata-Version: 1.0\nName: nova\nVersion: 1.0.0\n',
}
OLD = {**COMMON, 'setup.cfg': SETUP}
NEW = {**COMMON, 'setup.cfg': '[metadata]\nname = nova\n', 'pyproject.toml': PYPROJECT}


@dataclass
class House:
    """The made-up project, and its command line."""

    root: Path
    capsys: pytest.CaptureFixture[str]

    def keep(self, settings: str, ignored: str) -> None:
        """Have git keep the project, but for what is ignored, and add settings."""
        with (self.root / 'pyproject.toml').open('a') as file:
            file.write(settings)
        subprocess.run(['git', 'init', '-q', self.root], check=True)
        self.write('.gitignore', ignored)

    def write(self, path: str, text: str) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def release(self, name: str, version: str, files: dict[str, str]) -> None:
        """A release, its tarball in the cache already."""
        archive = self.root / '.fork/tarballs' / f'nova-{version}.tar.gz'
        archive.parent.mkdir(parents=True, exist_ok=True)
        with tarfile.open(archive, 'w:gz') as tar:
            for path, text in files.items():
                member = tarfile.TarInfo(f'nova-{version}/{path}')
                member.size, member.mtime = len(text.encode()), 1_700_000_000
                tar.addfile(member, io.BytesIO(text.encode()))
        digest = hashlib.sha256(archive.read_bytes()).hexdigest()
        self.write(f'releases/{name}/release.toml', f'nova = "{version}"\nsha256 = "{digest}"\n')

    def graft(self, *words: str) -> tuple[int, str, str]:
        """Exit status, stdout and stderr of a command."""
        self.capsys.readouterr()
        code = main(['--project', str(self.root), *words])
        out, err = self.capsys.readouterr()
        return code, out, err

    def finder(
        self, check: Callable[[Project], Iterable[str]], place: str = 'nova/song.py'
    ) -> Callable[..., list[str]]:
        """What finds the faults of a project in which a file has some text."""

        def find(text: str, path: str = place) -> list[str]:
            self.write(path, text)
            return list(check(Project.at(self.root)))

        return find

    @property
    def tree(self) -> Path:
        return self.root / '.fork/old/nova'


@pytest.fixture
def house(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> House:
    project = House(tmp_path / 'house', capsys)
    project.write(
        'pyproject.toml',
        '[tool.graft]\nlabel = "song"\nnumber = 7\ndefault-release = "old"\n'
        'branch = ["nova", "doc", "etc", "setup.cfg"]\n',
    )
    project.release('old', '1.0.0', OLD)
    project.release('new', '2.0.0', NEW)
    project.write('nova/bird.py', SKETCH)
    project.write('nova/count.py', 'def one(song):\n    """Count a song."""\n')
    return project
