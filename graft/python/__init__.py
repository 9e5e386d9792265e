"""Weave a sketch of a Python module into the module that a release has."""

import ast
import io
import tokenize
from collections.abc import Iterator

import libcst as cst
from libcst.metadata import MetadataWrapper

from graft.errors import SketchError
from graft.python.imports import weave_imports
from graft.python.members import Members
from graft.python.place import Place
from graft.python.signs import split_docstring
from graft.signs import first_marked_line, mark
from graft.touch import Drop, Touch

_HOLDS_NOTHING = (
    'holds on to nothing',
    'It belongs at the end of a statement, of the line that opens a block, of a decorator, or '
    'after the comma of an element.',
)
_IDLE = {
    'nova': _HOLDS_NOTHING,
    'replaces nova': _HOLDS_NOTHING,
    'drops nova': (
        'drops nothing',
        'It belongs to what takes the place of a piece of Nova, between two signs and with no '
        '`...` beside it.',
    ),
}

__all__ = ['first_sign', 'weave']


def weave(
    path: str, original: str, sketch: str, release: str
) -> tuple[str, list[Touch], list[Drop]]:
    """The woven module, what was touched in it, and the lines of Nova's that went."""
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
    return nova.with_changes(body=after, has_trailing_newline=ends).code, touches, place.drops


def first_sign(sketch: str) -> int | None:
    """The first line of a module that bears a sign: only a sketch has one."""
    try:
        tree = ast.parse(sketch)
    except SyntaxError:
        return first_marked_line(sketch)
    nodes = list(ast.walk(tree))
    types = {part for node in nodes if isinstance(node, ast.Subscript) for part in ast.walk(node)}
    lines = {node.lineno for node in nodes if node not in types and _is_sign(node)}
    lines |= {token.start[0] for token in _comments(sketch) if mark(token.string)}
    return min(lines, default=None)


def _is_sign(node: ast.AST) -> bool:
    match node:
        case ast.Constant(value=value):
            return value is ...
        case ast.FunctionDef(args=args) | ast.AsyncFunctionDef(args=args):
            return args.vararg is not None and args.vararg.arg == 'nova'
    return False


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
    for token in _comments(sketch):
        name = mark(token.string)
        if name and token.start[0] not in place.held:
            problem, remedy = _IDLE[name]
            raise SketchError(
                f'{place.path} ({place.release}), line {token.start[0]}',
                f'the mark `# {name}` {problem} here',
                remedy=remedy,
            )


def _comments(source: str) -> Iterator[tokenize.TokenInfo]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return (token for token in tokens if token.type == tokenize.COMMENT)
