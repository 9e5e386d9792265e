"""reStructuredText: prose under titles, nested in the order in which title styles appear."""

import re
from collections.abc import Sequence
from itertools import groupby

from graft.text import signs
from graft.text.lines import Line, leading_blanks
from graft.text.outline import Block, Format, Heading, build

ADORNMENT = re.compile(r'([!-/:-@\[-`{-~])\1+\s*$')
LABEL = re.compile(r'\.\. _[^`].*:\s*$')
# Explicit markup that is a directive, a target, a substitution or a note is no comment.
COMMENT = re.compile(r'\.\.(?:\s+(?!\S+::|_|\||\[)|$)')

Style = tuple[str, bool]


class Rst(Format):
    label = LABEL
    keyed = False
    mark = '.. replaces nova'
    spaced_depths = 99

    def headings(self, lines: Sequence[Line]) -> list[Heading]:
        return _headings(lines, [])

    def parse_sketch(self, lines: Sequence[Line], nova: Sequence[Line]) -> Block:
        lines = _without_explanation(lines)
        styles: list[Style] = []
        nova_headings = _headings(nova, styles)
        headings = _headings(lines, styles)
        root = build(lines, headings, self)
        titles = [heading.title for heading in nova_headings if heading.depth == 1]
        if len(titles) == 1:
            root.children = _under_page_title(root.children, titles[0])
        for block in root.blocks():
            _read_marks(block)
        return root


def _headings(lines: Sequence[Line], styles: list[Style]) -> list[Heading]:
    """The titles; a style that ``styles`` lacks is added to it, one level deeper than the last."""
    headings: list[Heading] = []
    at = 0
    while at < len(lines):
        below_title = bool(headings) and headings[-1].stop == at
        style, size = _title_style(lines, at, may_begin=not at or below_title)
        if not style:
            at += 1
            continue
        if style not in styles:
            styles.append(style)
        title = lines[at + size - 2].words
        headings.append(Heading(at, at + size, styles.index(style) + 1, title))
        at += size
    return headings


def _title_style(lines: Sequence[Line], at: int, *, may_begin: bool) -> tuple[Style | None, int]:
    """The style of the title that begins at this line, if one does, and its number of lines."""
    if not may_begin and not _may_precede_title(lines[at - 1]):
        return None, 0
    texts = [line.text.rstrip() for line in lines[at : at + 3]]
    if len(texts) == 3 and _adorns(texts[0], texts[1]) and texts[0] == texts[2]:
        return (texts[0][0], True), 3
    if len(texts) > 1 and not texts[0][:1].isspace() and _adorns(texts[1], texts[0]):
        return (texts[1][0], False), 2
    return None, 0


def _may_precede_title(line: Line) -> bool:
    return line.blank or signs.is_rest(line.text) or LABEL.match(line.text) is not None


def _adorns(adornment: str, title: str) -> bool:
    return (
        bool(title)
        and not signs.is_rest(adornment)
        and ADORNMENT.match(adornment) is not None
        and ADORNMENT.match(title) is None
        and len(adornment) >= min(len(title.strip()), 4)
    )


def _without_explanation(lines: Sequence[Line]) -> Sequence[Line]:
    """The lines without the comments at the very top."""
    at = leading_blanks(lines)
    while at < len(lines) and COMMENT.match(lines[at].text) and lines[at].text != Rst.mark:
        at += 1
        while at < len(lines) and (lines[at].blank or lines[at].indent):
            at += 1
    return lines[at:]


def _under_page_title(blocks: Sequence[Block], title: str) -> list[Block]:
    """Put sections that a sketch shows without the page's title under it."""
    nested: list[Block] = []
    for bare, group in groupby(blocks, key=lambda block: block.depth > 1):
        if bare and nested:
            nested[-1].children += group
        elif bare:
            nested.append(Block(title, 1, children=list(group)))
        else:
            nested += group
    return nested


def _read_marks(block: Block) -> None:
    if signs.holds(block.title):
        block.holds = True
        block.title = signs.unmarked(block.title)
    start = leading_blanks(block.body)
    if start < len(block.body) and block.body[start].text.strip() == Rst.mark:
        block.replaces = True
        above, below = block.body[:start], block.body[start + 1 :]
        block.body = [*above[: len(above) - min(len(above), leading_blanks(below))], *below]
