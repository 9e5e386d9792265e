"""The project that graft serves: its branch, its releases, and where what it builds goes."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graft.errors import ReleaseError

SKIPPED = {'__pycache__', '.DS_Store'}


@dataclass(frozen=True)
class Release:
    """A release of Nova that the branch is woven into.

    ``newest_python`` is the last that can run it, if the newest cannot; ``compiled`` are those of
    its constraints for which the package index has no wheel.
    """

    name: str
    version: str
    sha256: str
    folder: Path
    newest_python: str | None = None
    compiled: tuple[str, ...] = ()

    @property
    def constraints(self) -> Path:
        """The versions of everything that Nova and its tests need."""
        return self.folder / 'constraints.txt'

    @property
    def tarball(self) -> str:
        return f'nova-{self.version}.tar.gz'


@dataclass(frozen=True)
class Project:
    """What `pyproject.toml` says under ``[tool.graft]``."""

    root: Path
    label: str
    number: int
    default_release: str
    branch: tuple[str, ...]

    @classmethod
    def at(cls, root: Path) -> 'Project':
        table = tomllib.loads((root / 'pyproject.toml').read_text())['tool']['graft']
        return cls(
            root, table['label'], table['number'], table['default-release'], tuple(table['branch'])
        )

    def settings(self) -> dict[str, Any]:
        """Everything under ``[tool.graft]``."""
        return tomllib.loads((self.root / 'pyproject.toml').read_text())['tool']['graft']

    @property
    def work(self) -> Path:
        """The folder for everything that is built; nothing in it is kept."""
        return self.root / '.fork'

    def version(self, release: Release) -> str:
        return f'{release.version}+{self.label}.{self.number}'

    def releases(self) -> list[Release]:
        names = sorted(path.parent.name for path in self.root.glob('releases/*/release.toml'))
        return [self.release(name) for name in names]

    def release(self, name: str | None = None) -> Release:
        name = name or self.default_release
        folder = self.root / 'releases' / name
        try:
            table = tomllib.loads((folder / 'release.toml').read_text())
        except FileNotFoundError:
            names = ', '.join(
                sorted(path.parent.name for path in self.root.glob('releases/*/release.toml'))
            )
            raise ReleaseError(f'release `{name}` is unknown; there are {names}') from None
        return Release(
            name,
            table['nova'],
            table['sha256'],
            folder,
            table.get('newest-python'),
            tuple(table.get('compiled', ())),
        )

    def files(self, release: Release) -> dict[str, Path]:
        """The branch's files by their path in Nova; a release's own take the common one's place."""
        paths: dict[str, Path] = {}
        for base in (self.root, release.folder):
            for name in self.branch:
                paths.update(
                    (path.relative_to(base).as_posix(), path) for path in _walk(base / name)
                )
        return dict(sorted(paths.items()))


def _walk(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    elif path.is_dir():
        for child in sorted(path.iterdir()):
            if child.name not in SKIPPED and child.suffix != '.pyc':
                yield from _walk(child)
