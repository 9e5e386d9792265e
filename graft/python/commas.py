"""The commas of a list that gains elements: set as Nova sets the ones it has.

LibCST keeps what follows an element in its comma, but for the last one: that, comma or not, is
followed by what stands before the closing bracket, here the list's *end*.
"""

from collections.abc import Sequence

import libcst as cst

NOTHING = cst.SimpleWhitespace('')
PLAIN = cst.Comma(whitespace_after=cst.SimpleWhitespace(' '))

Space = cst.BaseParenthesizableWhitespace


def broken(column: int) -> cst.Comma:
    """A comma at the end of a line, the next element standing at ``column``."""
    return cst.Comma(
        whitespace_after=cst.ParenthesizedWhitespace(
            indent=True, last_line=cst.SimpleWhitespace(' ' * column)
        )
    )


def breaks(comma: cst.Comma | cst.MaybeSentinel) -> bool:
    """Whether the line ends with the comma."""
    return isinstance(comma, cst.Comma) and isinstance(
        comma.whitespace_after, cst.ParenthesizedWhitespace
    )


def opens_on_a_line(holder: cst.CSTNode) -> bool:
    """Whether the first element stands on the line below the opening bracket."""
    match holder:
        case cst.Call(whitespace_before_args=space):
            pass
        case cst.Tuple(lpar=[*_, cst.LeftParen(whitespace_after=space)]):
            pass
        case cst.List(lbracket=bracket):
            space = bracket.whitespace_after
        case cst.Set(lbrace=brace) | cst.Dict(lbrace=brace):
            space = brace.whitespace_after
        case cst.ClassDef(lpar=cst.LeftParen(whitespace_after=space)):
            pass
        case _:
            return False
    return isinstance(space, cst.ParenthesizedWhitespace)


def end(holder: cst.CSTNode) -> Space:
    """What stands before the closing bracket."""
    match holder:
        case cst.Call(args=[*_, last]) | cst.ClassDef(bases=[*_, last]):
            comma = last.comma
            return comma.whitespace_after if _is(comma) else last.whitespace_after_arg
        case cst.Tuple(rpar=[first, *_]):
            return first.whitespace_before
        case cst.List(rbracket=bracket):
            return bracket.whitespace_before
        case cst.Set(rbrace=brace) | cst.Dict(rbrace=brace):
            return brace.whitespace_before
    return NOTHING


def with_end(holder: cst.CSTNode, space: Space) -> cst.CSTNode:
    """The list with that before its closing bracket; an argument has it of its own already."""
    match holder:
        case cst.Tuple(rpar=[first, *more]):
            return holder.with_changes(rpar=[first.with_changes(whitespace_before=space), *more])
        case cst.List(rbracket=bracket):
            return holder.with_changes(rbracket=bracket.with_changes(whitespace_before=space))
        case cst.Set(rbrace=brace) | cst.Dict(rbrace=brace):
            return holder.with_changes(rbrace=brace.with_changes(whitespace_before=space))
    return holder


def followed(element: cst.CSTNode, comma: cst.Comma) -> cst.CSTNode:
    """The element with another behind it."""
    if isinstance(element, cst.Arg):
        element = element.with_changes(whitespace_after_arg=NOTHING)
    return element.with_changes(comma=comma)


def closed(element: cst.CSTNode, comma: cst.Comma | cst.MaybeSentinel, space: Space) -> cst.CSTNode:
    """The element as the last of its list."""
    if not isinstance(element, cst.Arg):
        return element.with_changes(comma=comma)
    if _is(comma):
        return followed(element, comma.with_changes(whitespace_after=space))
    return element.with_changes(comma=comma, whitespace_after_arg=space)


def _is(comma: cst.Comma | cst.MaybeSentinel) -> bool:
    return isinstance(comma, cst.Comma)


def comment(space: Space) -> cst.Comment | None:
    """The comment that ends the line on which the space begins."""
    return space.first_line.comment if isinstance(space, cst.ParenthesizedWhitespace) else None


def comments(holder: cst.CSTNode, elements: Sequence[cst.CSTNode]) -> list[cst.Comment | None]:
    """For each element of a list the comment that follows it on its line."""
    spaces = [getattr(e.comma, 'whitespace_after', None) for e in elements[:-1]]
    return [comment(space) for space in (*spaces, end(holder))][: len(elements)]


def uncommented(space: Space) -> Space:
    if comment(space) is None:
        return space
    return space.with_changes(first_line=cst.TrailingWhitespace())


def commented_as(comma: cst.Comma, space: Space) -> cst.Comma:
    """A comma at the end of a line, followed by the comment with which the space begins."""
    after = comma.whitespace_after.with_changes(first_line=space.first_line)
    return comma.with_changes(whitespace_after=after)
