"""The real thing: Nova as released and the fork of it, as wheels and as installed environments."""

from __future__ import annotations

import shutil
import subprocess
import sys
from functools import cached_property
from pathlib import Path

import pytest

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

    @cached_property
    def tree(self) -> Path:
        """The woven source of the branch as it is now."""
        return tree.lay(self.project, self.release)

    @cached_property
    def fork(self) -> Path:
        """The forked wheel of that source."""
        head = run(['git', 'rev-parse', 'HEAD'], cwd=self.tree).strip()
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

    @cached_property
    def stock(self) -> Path:
        """The wheel of the release itself."""
        folder = self.folder / 'stock'
        if not list(folder.glob('nova-*.whl')):
            words = ['wheel', '--no-deps', '--no-build-isolation', '--wheel-dir', folder]
            run([*PIP, *words, self.tarball])
        (wheel,) = folder.glob('nova-*.whl')
        return wheel

    @cached_property
    def needs(self) -> Path:
        """The folder with everything that this release of Nova needs."""
        if why := venv.refusal(self.project, self.release):
            pytest.skip(why.splitlines()[0])
        _, python = venv.make(self.project, self.release)
        (needs,) = (python.parent.parent / 'lib').glob('python*/site-packages')
        return needs

    def environment(self, root: Path, wheel: Path) -> Path:
        """Make a virtual environment with a wheel of nova; return its site-packages.

        It is a copy of one that is kept beside the wheel: installing compiles all of Nova.
        """
        template = wheel.parent / 'environment'
        if not template.exists():
            staged = wheel.parent / 'environment.part'
            shutil.rmtree(staged, ignore_errors=True)
            subprocess.run([sys.executable, '-m', 'venv', '--without-pip', staged], check=True)
            self._install(staged, wheel)
            staged.rename(template)
        shutil.copytree(template, root, symlinks=True)
        (site,) = (root / 'lib').glob('python*/site-packages')
        (site / 'needs.pth').write_text(f'{self.needs}\n')
        return site

    @staticmethod
    def _install(root: Path, wheel: Path) -> None:
        """By name, as from an index: so that no path is written into its metadata."""
        version = wheel.name.split('-')[1]
        words = ['--python', root / 'bin' / 'python', 'install', '--no-index', '--no-deps']
        words += ['--ignore-installed', '--find-links', wheel.parent, f'nova=={version}']
        run([*PIP, *words])
