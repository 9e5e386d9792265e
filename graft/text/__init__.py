"""Weaving sketches into Nova's text files: INI, TOML, YAML, reStructuredText and plain text."""

from pathlib import PurePosixPath

from graft.errors import SketchError
from graft.signs import first_marked_line as first_sign
from graft.text.ini import Ini
from graft.text.lines import line_end, read, read_sketch, write
from graft.text.merge import Weaver
from graft.text.outline import Format
from graft.text.place import Place
from graft.text.plain import Plain
from graft.text.rst import Rst
from graft.text.toml import Toml
from graft.text.yaml import Yaml
from graft.touch import Drop, Touch

__all__ = ['first_sign', 'weave']

FORMATS: dict[str, type[Format]] = {
    '.cfg': Ini,
    '.conf': Ini,
    '.ini': Ini,
    '.rst': Rst,
    '.toml': Toml,
    '.yaml': Yaml,
    '.yml': Yaml,
}


def weave(
    path: str, original: str, sketch: str, release: str
) -> tuple[str, list[Touch], list[Drop]]:
    """Weave a sketch into the text that a file has in a release.

    Returned are the woven text, what was touched in it, and the lines of Nova's that went. Lines
    that the sketch does not touch keep their bytes, and a file that reads as the sketch says
    already is left alone. A sketch that does not fit raises ``SketchError``.
    """
    form = FORMATS.get(PurePosixPath(path).suffix, Plain)()
    place = Place(path, release)
    woven, touches = _weave(form, original, sketch, place)
    if touches:
        _refuse_broken(form, woven, sketch, place)
    return woven, touches, place.drops


def _weave(form: Format, original: str, sketch: str, place: Place) -> tuple[str, list[Touch]]:
    lines = read(original)
    end = line_end(lines)
    weaver = Weaver(form, form.parse(lines), end)
    weaver.weave(form.parse_sketch(read_sketch(sketch, end), lines), place)
    if not weaver.touches:
        return original, []
    return write(list(weaver.root.lines()), end), weaver.touches


def _refuse_broken(form: Format, woven: str, sketch: str, place: Place) -> None:
    """Refuse a woven file that its readers would not take, or would not take for what it is."""
    where = f'{place.path} ({place.release})'
    if problem := form.check(woven):
        raise SketchError(
            where,
            f'the woven file cannot be read: {problem}',
            remedy="Look for a comma or a bracket that is missing where our lines meet Nova's.",
        )
    try:
        stable = _weave(form, woven, sketch, place) == (woven, [])
    except SketchError:
        stable = False
    if not stable:
        raise SketchError(
            where,
            "our lines and Nova's run into one another: the woven file reads otherwise than the "
            'sketch',
            remedy='Set our lines off with blank lines, or indent them as their neighbours are.',
        )
