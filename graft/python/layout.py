"""How a statement of ours is set among Nova's: its own comments, blank lines, and nothing else."""

from collections.abc import Sequence

import libcst as cst

from graft.python import signs

Lines = Sequence[cst.EmptyLine]


def own_lines(node: cst.CSTNode) -> Lines:
    """The comments that belong to a statement: those right above it, and a blank line before them.

    What stands further up, behind a blank line, speaks to the reader of the sketch.
    """
    lines = list(node.leading_lines)
    comments: list[cst.EmptyLine] = []
    while lines and lines[-1].comment is not None:
        comments.insert(0, lines.pop())
    blank = [cst.EmptyLine(indent=False)] if lines and lines[-1].comment is None else []
    return blank + comments


def ours(node: cst.CSTNode) -> cst.CSTNode:
    """A statement of ours, ready to stand among Nova's."""
    return signs.without_mark(node).with_changes(leading_lines=own_lines(node))


def comments(node: cst.CSTNode) -> Lines:
    """The comments right above a statement, without blank lines."""
    return [line for line in own_lines(node) if line.comment is not None]


def blanks(node: cst.CSTNode) -> int:
    """The blank lines with which a statement's leading lines begin."""
    count = 0
    for line in node.leading_lines:
        if line.comment is not None:
            break
        count += 1
    return count


def with_blanks(node: cst.CSTNode, count: int) -> cst.CSTNode:
    """The statement with exactly ``count`` blank lines before it and its comments."""
    rest = list(node.leading_lines)[blanks(node) :]
    return node.with_changes(leading_lines=[cst.EmptyLine(indent=False)] * count + rest)
