"""Plain text: one block of lines."""

from collections.abc import Sequence

from graft.text import signs
from graft.text.lines import Line, leading_blanks
from graft.text.outline import Block, Format, Heading


class Plain(Format):
    keyed = False

    def headings(self, lines: Sequence[Line]) -> list[Heading]:
        return []

    def parse_sketch(self, lines: Sequence[Line], nova: Sequence[Line]) -> Block:
        ours, replaces = _without_explanation(lines)
        root = self.parse(ours)
        root.replaces = replaces
        return root


def _without_explanation(lines: Sequence[Line]) -> tuple[Sequence[Line], bool]:
    """The lines below the comments at the very top, and whether those say ``# replaces nova``."""
    for at, line in enumerate(lines):
        if signs.replaces(line.text) and not signs.unmarked(line.text):
            return lines[at + 1 :], True
        if not line.text.startswith('#') or signs.holds(line.text):
            return (lines[at + leading_blanks(lines[at:]) :] if at else lines), False
    return [], False
