"""The signs of the language, read off LibCST nodes: ``...`` and the marks at the end of a line."""

import re
from collections.abc import Iterator, Sequence
from functools import cache

import libcst as cst

from graft.signs import DROPS, HOLDS, REPLACES, mark, unmarked

Statement = cst.SimpleStatementLine | cst.BaseCompoundStatement
Suite = cst.BaseSuite
Clause = cst.ExceptHandler | cst.ExceptStarHandler | cst.Else | cst.Finally


def statements(suite: Suite) -> list[Statement]:
    """The statements of a suite, also of one that stands on its header's line."""
    if isinstance(suite, cst.SimpleStatementSuite):
        return [_line(suite)]
    return list(suite.body)


@cache
def _line(suite: cst.SimpleStatementSuite) -> cst.SimpleStatementLine:
    """The same one each time it is requested: statements are distinguished by identity.

    A mark at the end of its line is one of the header's.
    """
    end = suite.trailing_whitespace
    if end.comment is not None and mark(end.comment.value):
        end = cst.TrailingWhitespace()
    return cst.SimpleStatementLine(body=suite.body, trailing_whitespace=end)


def with_statements(suite: Suite, body: Sequence[Statement]) -> cst.IndentedBlock:
    if isinstance(suite, cst.SimpleStatementSuite):
        return cst.IndentedBlock(body=body)
    return suite.with_changes(body=body)


def is_rest(statement: Statement) -> bool:
    """Whether the statement is a bare ``...``: Nova's own statements as they stand."""
    match statement:
        case cst.SimpleStatementLine(body=[cst.Expr(value=cst.Ellipsis())]):
            return True
    return False


def is_rest_element(element: cst.CSTNode) -> bool:
    """Whether an element of a list is a bare ``...``: Nova's own elements as they stand."""
    match element:
        case cst.Arg(value=cst.Ellipsis(), keyword=None, star=''):
            return True
        case cst.Element(value=cst.Ellipsis()) | cst.Decorator(decorator=cst.Ellipsis()):
            return True
        case cst.DictElement(key=cst.Ellipsis(), value=cst.Ellipsis()):
            return True
    return False


def header_comment(suite: Suite) -> cst.Comment | None:
    """The comment on the line that opens a suite."""
    if isinstance(suite, cst.IndentedBlock):
        return suite.header.comment
    return suite.trailing_whitespace.comment


def line_comment(node: cst.CSTNode) -> cst.Comment | None:
    """The comment at the end of a statement's (or, for a compound one, its header's) line."""
    if isinstance(node, cst.SimpleStatementLine | cst.Decorator):
        return node.trailing_whitespace.comment
    body = getattr(node, 'body', None)
    return header_comment(body) if isinstance(body, cst.BaseSuite) else None


def bears(comment: cst.Comment | None, sign: re.Pattern[str]) -> bool:
    return comment is not None and sign.search(comment.value) is not None


def holds(node: cst.CSTNode) -> bool:
    """Whether the node's line ends in ``# nova``."""
    if isinstance(node, cst.SimpleStatementLine | cst.BaseCompoundStatement | cst.Decorator):
        return bears(line_comment(node), HOLDS)
    if isinstance(node, Clause):
        return bears(header_comment(node.body), HOLDS)
    return False


def replaces(node: cst.CSTNode) -> bool:
    """Whether the node's (header) line ends in ``# replaces nova``."""
    return bears(line_comment(node), REPLACES)


def drops(node: cst.CSTNode) -> bool:
    """Whether the node's (header) line ends in ``# drops nova``."""
    return bears(line_comment(node), DROPS)


def without_mark(node: cst.CSTNode) -> cst.CSTNode:
    """A statement or decorator of ours without the mark at the end of its (header) line."""
    comment = line_comment(node)
    if comment is None or not mark(comment.value):
        return node
    text = unmarked(comment.value)
    end = cst.TrailingWhitespace()
    if text:
        end = cst.TrailingWhitespace(
            whitespace=cst.SimpleWhitespace('  '), comment=cst.Comment(text)
        )
    if isinstance(node, cst.SimpleStatementLine | cst.Decorator):
        return node.with_changes(trailing_whitespace=end)
    field = 'header' if isinstance(node.body, cst.IndentedBlock) else 'trailing_whitespace'
    return node.with_changes(body=node.body.with_changes(**{field: end}))


def suites(statement: cst.CSTNode) -> Iterator[Suite]:
    """Every suite directly inside a compound statement, clause by clause."""
    for child in statement.children:
        if isinstance(child, cst.BaseSuite):
            yield child
        elif isinstance(child, cst.If | Clause):
            yield from suites(child)


def has_sign(node: cst.CSTNode) -> bool:
    """Whether a statement or suite bears either sign, at any depth."""
    if isinstance(node, cst.BaseSuite):
        return bears(header_comment(node), HOLDS) or any_sign(statements(node))
    if holds(node):
        return True
    if isinstance(node, cst.SimpleStatementLine):
        return is_rest(node) or has_rest_element(node)
    return any(has_sign(suite) for suite in suites(node))


def any_sign(block: Sequence[Statement]) -> bool:
    return any(is_rest(statement) or has_sign(statement) for statement in block)


def has_rest_element(node: cst.CSTNode) -> bool:
    """Whether ``...`` stands as an element of a call, tuple, list, set or dict in the node."""
    if is_rest_element(node):
        return True
    return any(
        has_rest_element(child) for child in node.children if not isinstance(child, cst.BaseSuite)
    )


def is_docstring(statement: Statement) -> bool:
    match statement:
        case cst.SimpleStatementLine(
            body=[cst.Expr(value=cst.SimpleString() | cst.ConcatenatedString())]
        ):
            return True
    return False


def split_docstring(body: Sequence[Statement]) -> tuple[Statement | None, list[Statement]]:
    if body and is_docstring(body[0]):
        return body[0], list(body[1:])
    return None, list(body)
