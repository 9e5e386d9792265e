"""Weave a sketch of a Python module into the module that a release has."""

import ast
import io
import tokenize

import libcst as cst
from libcst.metadata import MetadataWrapper

from graft.errors import SketchError
from graft.python.imports import weave_imports
from graft.python.members import Members
from graft.python.place import Place
from graft.python.signs import HOLDS, REPLACES, split_docstring
from graft.touch import Touch

__all__ = ['weave']


def weave(path: str, original: str, sketch: str, release: str) -> tuple[str, list[Touch]]:
    """The woven module, and what was touched in it."""
    nova = cst.parse_module(original)
    ours = MetadataWrapper(_parsed(path, sketch, release), unsafe_skip_copy=True)
    place = Place(path, release, ours, MetadataWrapper(nova, unsafe_skip_copy=True))
    _, body = split_docstring(ours.module.body)
    before = list(nova.body)
    imported = weave_imports(body, before, place)
    members = Members(list(imported), place)
    after = members.weave(body)
    _refuse_idle_marks(sketch, place)
    touches = members.touches
    added = len(imported) - len(before)
    if added:
        touches = [Touch('imports', 'edited', added), *touches]
    ends = nova.has_trailing_newline or (bool(after) and not before)
    return nova.with_changes(body=after, has_trailing_newline=ends).code, touches


def _parsed(path: str, sketch: str, release: str) -> cst.Module:
    try:
        ast.parse(sketch)
        return cst.parse_module(sketch)
    except (SyntaxError, cst.ParserSyntaxError) as error:
        line = error.lineno if isinstance(error, SyntaxError) else error.raw_line
        what = error.msg if isinstance(error, SyntaxError) else error.message
        raise SketchError(
            f'{path} ({release}), line {line}',
            f'the sketch is not Python: {what}',
            remedy='A sketch is plain Python; the signs are `...` and comments.',
        ) from None


def _refuse_idle_marks(sketch: str, place: Place) -> None:
    """A mark that held on to nothing stands where the language gives it no meaning."""
    for token in tokenize.generate_tokens(io.StringIO(sketch).readline):
        if token.type != tokenize.COMMENT or token.start[0] in place.held:
            continue
        if HOLDS.search(token.string) or REPLACES.search(token.string):
            mark = 'replaces nova' if REPLACES.search(token.string) else 'nova'
            raise SketchError(
                f'{place.path} ({place.release}), line {token.start[0]}',
                f'the mark `# {mark}` holds on to nothing here',
                remedy='It belongs at the end of a statement, of the line that opens a block, of '
                'a decorator, or after the comma of an element.',
            )
