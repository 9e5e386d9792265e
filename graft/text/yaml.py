"""YAML files: mappings nested by indentation; what is no mapping is lines."""

import re
from collections.abc import Sequence

from graft.text import signs
from graft.text.lines import Line
from graft.text.outline import Format, Heading

KEY = re.compile(
    r"""\s*("[^"]*"|'[^']*'|[^\s#\-\[{&*!|>%@`"'][^#]*?|-[^\s#][^#]*?)\s*:(?:\s+(.*))?$"""
)
ITEM = re.compile(r'\s*-(?:\s|$)')
# A tag or an anchor of YAML's own says nothing about what the value is.
DECORATION = re.compile(r'(?:[&!]\S*\s*)*(?:#.*)?$')


class Yaml(Format):
    comment = re.compile(r'\s*#|---\s*$')

    def depth_at(self, indent: str, depth: int) -> int:
        return _depth(indent)

    def headings(self, lines: Sequence[Line]) -> list[Heading]:
        keys = self._keys(lines)
        rests = [at for at, line in enumerate(lines) if signs.is_rest(line.text)]
        return sorted(
            [*keys, *(self._rest(lines, at) for at in rests if _among_keys(lines[at], at, keys))],
            key=lambda heading: heading.start,
        )

    def _keys(self, lines: Sequence[Line]) -> list[Heading]:
        headings: list[Heading] = []
        opaque: int | None = None  # Lines set deeper than this belong to a text or a list.
        for at, line in enumerate(lines):
            indent = len(line.indent)
            if not self.says_something(line) or (opaque is not None and indent > opaque):
                continue
            opaque = None
            if ITEM.match(line.text):
                opaque = indent
            elif key := KEY.match(line.text):
                value = (key[2] or '').strip()
                headings.append(Heading(at, at + 1, _depth(line.indent), key[1], value))
                if not DECORATION.match(value):
                    opaque = indent
        return headings

    def _rest(self, lines: Sequence[Line], at: int) -> Heading:
        return Heading(at, at + 1, _depth(lines[at].indent), signs.REST)


def _depth(indent: str) -> int:
    return len(indent) + 1


def _among_keys(rest: Line, at: int, keys: Sequence[Heading]) -> bool:
    """Whether a ``...`` has a key beside it, and so stands for keys and not for lines."""
    depth = _depth(rest.indent)
    above = next((key for key in reversed(keys) if key.start < at and key.depth <= depth), None)
    below = next((key for key in keys if key.start > at and key.depth <= depth), None)
    return any(key is not None and key.depth == depth for key in (above, below))
