"""A text file as a tree of headed blocks, cut along its lines.

A format says which lines are headings and how deep each stands; everything else is done here.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import ClassVar

from graft.text import signs
from graft.text.lines import Line

NOTHING = re.compile(r'(?!)')


@dataclass(frozen=True)
class Heading:
    """A heading at the lines ``start`` to ``stop``.

    ``value`` is what a key has on its own line; ``closing`` is the line, if any, that only closes
    the value.
    """

    start: int
    stop: int
    depth: int
    title: str
    value: str = ''
    closing: int | None = None


@dataclass(eq=False)
class Block:
    """A heading with all that stands under it.

    ``lead`` holds the lines above that belong to the heading. The root has no heading; its
    ``foot`` is the end of the file.
    """

    title: str = ''
    depth: int = 0
    value: str = ''
    lead: list[Line] = field(default_factory=list)
    head: list[Line] = field(default_factory=list)
    body: list[Line] = field(default_factory=list)
    children: list['Block'] = field(default_factory=list)
    foot: list[Line] = field(default_factory=list)
    holds: bool = False
    replaces: bool = False

    @property
    def is_rest(self) -> bool:
        """Whether this is a ``...`` that stands among the headings of a sketch."""
        return self.title == signs.REST

    @property
    def indent(self) -> str:
        return self.head[0].indent if self.head else ''

    @property
    def title_line(self) -> Line:
        """The line that bears the title; an adornment may follow it."""
        return self.head[-2] if len(self.head) > 1 else self.head[0]

    def lines(self) -> Iterator[Line]:
        yield from self.lead
        yield from self.head
        yield from self.body
        for child in self.children:
            yield from child.lines()
        yield from self.foot

    def blocks(self) -> Iterator['Block']:
        """This block and every one under it."""
        yield self
        for child in self.children:
            yield from child.blocks()


class Format(ABC):
    """What the weave has to know about a text format."""

    comment: ClassVar[re.Pattern[str]] = NOTHING
    """A full-line comment."""
    label: ClassVar[re.Pattern[str]] = NOTHING
    """A line that names the heading below it."""
    keyed: ClassVar[bool] = True
    """Whether blocks are values of keys, and not prose under titles."""
    hanging: ClassVar[bool] = False
    """Whether the further lines of a value stand at an indentation of the file's choice."""
    continues: ClassVar[bool] = False
    """Whether lines may follow a value that stands on its key's line."""
    mark: ClassVar[str] = '# replaces nova'
    """How a sketch says that it replaces a block."""
    spaced_depths: ClassVar[int] = 0
    """How many of the outer depths are set off by a blank line where a file shows no custom."""

    @abstractmethod
    def headings(self, lines: Sequence[Line]) -> list[Heading]:
        """The headings, from the first line to the last."""

    def parse(self, lines: Sequence[Line]) -> Block:
        return build(lines, self.headings(lines), self)

    def parse_sketch(self, lines: Sequence[Line], nova: Sequence[Line]) -> Block:
        """The tree of a sketch of Nova's lines, its marks read and taken off."""
        root = self.parse(lines)
        for block in root.blocks():
            block.holds = any(signs.holds(line.text) for line in block.head)
            block.replaces = any(signs.replaces(line.text) for line in block.head)
            block.value = signs.unmarked(block.value)
            block.head = [
                Line(signs.unmarked(line.text), line.end, line.number) for line in block.head
            ]
        # What opens the sketch explains the edit.
        indexes = (at for at, line in enumerate(root.body) if self.says_something(line))
        root.body = root.body[next(indexes, len(root.body)) :]
        return root

    def depth_at(self, indent: str, depth: int) -> int:
        """The depth of a heading of this depth that moves to this indentation."""
        return depth

    def check(self, text: str) -> str:
        """Why the woven text is broken; nothing if it is not."""
        return ''

    def says_something(self, line: Line) -> bool:
        return not line.blank and not self.comment.match(line.text)

    def has_text(self, block: Block) -> bool:
        """Whether a block of a sketch, its children aside, has text of ours."""
        own_value = block.value and block.value != signs.REST and not block.holds
        return bool(own_value) or any(map(self.says_something, block.body))


def build(lines: Sequence[Line], headings: Sequence[Heading], form: Format) -> Block:
    """Nest the headings by their depth, with the lines between them."""
    root = Block()
    open_blocks = [root]
    end = Heading(len(lines), len(lines), 0, '')
    first = headings[0] if headings else end
    root.body, lead = _split_lead(lines[: first.start], _indent_at(lines, first), form)
    for heading, following in pairwise([*headings, end]):
        block = Block(heading.title, heading.depth, heading.value, lead)
        block.head = list(lines[heading.start : heading.stop])
        below = lines[heading.stop : following.start]
        block.body, lead = _split_lead(below, _indent_at(lines, following), form)
        if heading.closing is not None:
            size = heading.closing - heading.stop
            block.body, block.foot = block.body[:size], block.body[size:]
        while open_blocks[-1].depth >= block.depth:
            open_blocks.pop()
        open_blocks[-1].children.append(block)
        open_blocks.append(block)
    root.foot = lead
    return root


def _indent_at(lines: Sequence[Line], heading: Heading) -> int:
    return len(lines[heading.start].indent) if heading.start < len(lines) else 0


def _split_lead(lines: Sequence[Line], indent: int, form: Format) -> tuple[list[Line], list[Line]]:
    """Split what stands above a heading into the end of the last block and the heading's lead.

    A comment that is set deeper than the heading, or off from it by a blank line while close to
    the text above, belongs to the text above.
    """

    def is_label(line: Line) -> bool:
        return form.label.match(line.text) is not None

    def may_lead(line: Line) -> bool:
        if line.blank or is_label(line):
            return True
        return form.comment.match(line.text) is not None and len(line.indent) <= indent

    cut = len(lines)
    while cut and may_lead(lines[cut - 1]):
        cut -= 1
    above = (at for at in range(cut, len(lines)) if lines[at].blank or is_label(lines[at]))
    cut = next(above, cut)
    return list(lines[:cut]), list(lines[cut:])
