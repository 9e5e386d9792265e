"""The branch woven into an unpacked release: what each file becomes, and what was touched."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from graft import kept, python, text
from graft.errors import SketchError
from graft.project import Project, Release
from graft.text import data_files, entry_points
from graft.touch import Drop, Touch


@dataclass(frozen=True)
class Woven:
    """The files that the branch adds or changes, by their path in Nova; and what went of Nova's."""

    files: Mapping[str, bytes]
    touches: Mapping[str, list[Touch]]
    drops: Mapping[str, list[Drop]]

    def write(self, tree: Path) -> None:
        for path, content in self.files.items():
            target = tree / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)

    @property
    def new(self) -> list[str]:
        return [path for path, touches in self.touches.items() if touches[0].how == 'new']


def weave(project: Project, release: Release, pristine: Path) -> Woven:
    """Weave every file of the branch; nothing is written, so nothing is ever half-written."""
    files: dict[str, bytes] = {}
    touches: dict[str, list[Touch]] = {}
    drops: dict[str, list[Drop]] = {}
    weaves = project.work / 'weaves'
    for path, source in project.files(release).items():
        if (pristine / path).exists():
            _refuse_new_file(path, source.read_bytes(), release)
        for target, sketch in _sketches(path, source, pristine, release):
            original = pristine / target
            if not original.exists():
                _refuse_sketch(target, sketch, release)
                files[target] = sketch
                touches[target] = [Touch(target, 'new', added=sketch.count(b'\n'))]
                continue
            before = original.read_text()
            after, touched, dropped = kept.result(
                weaves, _language(target).weave, target, before, sketch.decode(), release.name
            )
            if after != before:
                files[target], touches[target] = after.encode(), touched
                drops[target] = dropped
    kept.forget(weaves)
    return Woven(files, touches, drops)


def _sketches(path: str, source: Path, pristine: Path, release: Release) -> list[tuple[str, bytes]]:
    """What a file of the branch is woven into.

    Entry points and data files go where the release keeps them.
    """
    content = source.read_bytes()
    if path != 'setup.cfg' or entry_points.has_entry_points((pristine / path).read_text()):
        return [(path, content)]
    rest, points = entry_points.move_to_pyproject(content.decode(), release.name)
    rest, files = data_files.move_to_pyproject(rest, release.name)
    pairs = zip(points.splitlines(), files.splitlines(), strict=True)
    moved = ''.join(f'{point or file}\n' for point, file in pairs)
    return [(path, rest.encode()), ('pyproject.toml', moved.encode())]


def _language(path: str) -> ModuleType:
    return python if path.endswith('.py') else text


def _first_sign(path: str, content: bytes) -> int | None:
    """The first line of a file that bears a sign; a file that is no text has none."""
    try:
        return _language(path).first_sign(content.decode())
    except UnicodeDecodeError:
        return None


def _refuse_sketch(path: str, content: bytes, release: Release) -> None:
    """A file that the release lacks and that bears a sign is the sketch of one that has gone."""
    line = _first_sign(path, content)
    if line:
        raise SketchError(
            f'{path} ({release.name}), line {line}',
            'the release has no such file, but the sketch holds on to a line of it',
            remedy='Find where Nova has moved it; without a sign it would be a new file.',
        )


def _refuse_new_file(path: str, content: bytes, release: Release) -> None:
    """A file that the release has too and that bears no sign is new by mistake, or unprotected."""
    if content.strip() and _first_sign(path, content) is None:
        raise SketchError(
            f'{path} ({release.name})',
            'the release has this file, and nothing in ours says that it is a sketch',
            remedy="Put `...` where Nova's own lines stand; a new file takes a path that Nova has "
            'not.',
        )
