"""The branch woven into an unpacked release: what each file becomes, and what was touched."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from graft import python, text
from graft.errors import SketchError
from graft.project import Project, Release
from graft.text import entry_points
from graft.touch import Touch

MARK = re.compile(r'# nova\s*$', re.MULTILINE)
NOVA_PARAMETERS = re.compile(r'^\s*(async )?def \w+\(\*nova\b', re.MULTILINE)


@dataclass(frozen=True)
class Woven:
    """The files that the branch adds or changes, by their path in Nova."""

    files: Mapping[str, bytes]
    touches: Mapping[str, list[Touch]]

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
    for path, source in project.files(release).items():
        for target, sketch in _sketches(path, source, pristine, release):
            original = pristine / target
            if not original.exists():
                content = sketch if isinstance(sketch, bytes) else sketch.encode()
                files[target], touches[target] = content, [_new(target, content, release)]
                continue
            before = original.read_text()
            after, touched = _weave(target, before, _text(sketch), release.name)
            if after != before:
                files[target], touches[target] = after.encode(), touched
    return Woven(files, touches)


def _sketches(
    path: str, source: Path, pristine: Path, release: Release
) -> list[tuple[str, bytes | str]]:
    """What a file of the branch is woven into; entry points go where the release keeps them."""
    content = source.read_bytes()
    if path != 'setup.cfg' or entry_points.has_entry_points((pristine / path).read_text()):
        return [(path, content)]
    rest, points = entry_points.move_to_pyproject(content.decode(), release.name)
    return [(path, rest), ('pyproject.toml', points)]


def _weave(path: str, original: str, sketch: str, release: str) -> tuple[str, list[Touch]]:
    language = python if path.endswith('.py') else text
    return language.weave(path, original, sketch, release)


def _text(sketch: bytes | str) -> str:
    return sketch.decode() if isinstance(sketch, bytes) else sketch


def _new(path: str, content: bytes, release: Release) -> Touch:
    """A new file, unless it bears a sign: then it was the sketch of one that has gone."""
    if path.endswith('.py'):
        source = content.decode()
        sign = MARK.search(source) or NOVA_PARAMETERS.search(source)
        if sign:
            line = source.count('\n', 0, sign.start()) + 1
            raise SketchError(
                f'{path} ({release.name}), line {line}',
                'the release has no such file, but the sketch holds on to a line of it',
                remedy='Find where Nova has moved it; without a sign it would be a new file.',
            )
    return Touch(path, 'new', added=content.count(b'\n'))
