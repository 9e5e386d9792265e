"""Whether a piece of Nova reads as a piece of a sketch says, whatever its layout.

In the pattern ``...`` matches any expression, and any run of elements, arguments or statements.
"""

import dataclasses
from collections.abc import Callable, Sequence
from functools import cache

import libcst as cst

from graft.python import signs

# How a thing is laid out, and not what it says.
LAYOUT = (
    cst.BaseParenthesizableWhitespace,
    cst.TrailingWhitespace,
    cst.EmptyLine,
    cst.Newline,
    cst.Comma,
    cst.Semicolon,
    cst.AssignEqual,
    cst.LeftParen,
    cst.RightParen,
    cst.LeftSquareBracket,
    cst.RightSquareBracket,
    cst.LeftCurlyBrace,
    cst.RightCurlyBrace,
    cst.MaybeSentinel,
)
LAYOUT_FIELDS = {
    'comma', 'equal', 'footer', 'header', 'indent', 'leading_lines', 'lines_after_decorators',
    'lpar', 'rpar', 'semicolon', 'trailing_whitespace',
}  # fmt: skip


@cache
def fields(kind: type[cst.CSTNode]) -> tuple[str, ...]:
    """The fields that hold what a node says, without those that hold its layout."""
    return tuple(
        field.name
        for field in dataclasses.fields(kind)
        if field.name not in LAYOUT_FIELDS and not field.name.startswith('whitespace')
    )


def matches(pattern: object, node: object) -> bool:
    """Whether ``node`` reads as ``pattern``."""
    if isinstance(pattern, cst.Ellipsis) and isinstance(node, cst.BaseExpression):
        return True
    if _text(pattern) is not None and _text(node) is not None:
        return _text(pattern) == _text(node)
    if isinstance(pattern, LAYOUT) or isinstance(node, LAYOUT):
        return isinstance(pattern, LAYOUT) == isinstance(node, LAYOUT)
    if isinstance(pattern, cst.CSTNode):
        return type(pattern) is type(node) and all(
            matches(getattr(pattern, name), getattr(node, name)) for name in fields(type(pattern))
        )
    if isinstance(pattern, list | tuple):
        return isinstance(node, list | tuple) and matches_run(pattern, node, is_rest, matches)
    return pattern == node


def matches_run(
    pattern: Sequence,
    nodes: Sequence,
    rest: Callable[[object], bool],
    same: Callable[[object, object], bool],
) -> bool:
    """Whether the nodes read as the pattern, each ``rest`` of it standing for any run of them."""
    reachable = {0}
    for item in pattern:
        if rest(item):
            reachable = set(range(min(reachable), len(nodes) + 1))
        else:
            reachable = {i + 1 for i in reachable if i < len(nodes) and same(item, nodes[i])}
        if not reachable:
            return False
    return len(nodes) in reachable


def same_nodes(one: Sequence[cst.CSTNode], other: Sequence[cst.CSTNode]) -> bool:
    """Whether two lists hold the very same nodes: nothing has been woven between them."""
    return len(one) == len(other) and all(a is b for a, b in zip(one, other, strict=True))


def is_rest(item: object) -> bool:
    if isinstance(item, cst.SimpleStatementLine):
        return signs.is_rest(item)
    return isinstance(item, cst.CSTNode) and signs.is_rest_element(item)


def matches_header(pattern: cst.CSTNode, node: cst.CSTNode) -> bool:
    """Whether two compound statements (or clauses of one) open alike, whatever their bodies."""
    if type(pattern) is not type(node):
        return False
    match pattern:
        case cst.FunctionDef() | cst.ClassDef():
            return pattern.name.value == node.name.value
        case cst.If() | cst.While():
            return matches(pattern.test, node.test)
        case cst.For():
            return matches([pattern.target, pattern.iter], [node.target, node.iter])
        case cst.With():
            return matches(pattern.items, node.items)
        case cst.ExceptHandler() | cst.ExceptStarHandler():
            return matches([pattern.type, pattern.name], [node.type, node.name])
        case cst.Try() | cst.TryStar() | cst.Else() | cst.Finally():
            return True
    return False


def _text(node: object) -> str | bytes | None:
    """What a string says, however it is quoted and broken; None if that is not known yet."""
    if isinstance(node, cst.SimpleString | cst.ConcatenatedString):
        return node.evaluated_value
    return None
