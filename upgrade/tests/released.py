"""The real thing: Nova as released and the fork of it, as wheels and as installed environments."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from graft import build, fetch, tree
from graft.project import Project, Release
from graft.run import run
from graft.workshop import venv

REPOSITORY = Path(__file__).resolve().parent.parent.parent
PIP = [sys.executable, '-m', 'pip', '--quiet', '--disable-pip-version-check']


class Released:
    """A release of Nova; what is built of it is kept until what it is built from changes."""

    def __init__(self) -> None:
        self.project = Project.at(REPOSITORY)
        self.release: Release = self.project.release()
        self.tarball = fetch.tarball(self.project, self.release)
        self.folder = self.project.work / self.release.name / 'upgrade'
        self.folder.mkdir(parents=True, exist_ok=True)
        self.version = self.project.version(self.release)

    def fork(self) -> Path:
        """The forked wheel of the branch as it is now."""
        laid = tree.lay(self.project, self.release)
        head = run(['git', 'rev-parse', 'HEAD'], cwd=laid).strip()
        folder = self.folder / f'fork-{head}'
        if not folder.is_dir():
            for former in self.folder.glob('fork-*'):
                shutil.rmtree(former)
            staged = self.folder / 'staged'
            shutil.rmtree(staged, ignore_errors=True)
            build.build(self.project, self.release, 'build_wheel', staged)
            staged.rename(folder)
        (wheel,) = folder.glob('*.whl')
        return wheel

    def stock(self) -> Path:
        """The wheel of the release itself."""
        folder = self.folder / 'stock'
        if not list(folder.glob('nova-*.whl')):
            words = ['wheel', '--no-deps', '--no-build-isolation', '--wheel-dir', folder]
            run([*PIP, *words, self.tarball])
        (wheel,) = folder.glob('nova-*.whl')
        return wheel

    def environment(self, root: Path, wheel: Path) -> Path:
        """A virtual environment with what Nova needs, and a wheel of nova; its site-packages."""
        _, python = venv.make(self.project, self.release)
        (needs,) = (python.parent.parent / 'lib').glob('python*/site-packages')
        subprocess.run([sys.executable, '-m', 'venv', '--without-pip', root], check=True)
        (site,) = (root / 'lib').glob('python*/site-packages')
        (site / 'needs.pth').write_text(f'{needs}\n')
        self.install(root, wheel)
        return site

    @staticmethod
    def install(root: Path, wheel: Path) -> None:
        """By name, as from an index: so that no path is written into its metadata."""
        version = wheel.name.split('-')[1]
        words = ['--python', root / 'bin' / 'python', 'install', '--no-index', '--no-deps']
        words += ['--ignore-installed', '--find-links', wheel.parent, f'nova=={version}']
        run([*PIP, *words])
