"""TOML files: tables, in them keys, in them the further lines of a value."""

import re
import tomllib
from collections.abc import Sequence

from graft.text import signs
from graft.text.lines import Line
from graft.text.outline import Format, Heading

TABLE = re.compile(r'\s*(\[.+\])\s*(?:#.*)?$')
KEY = re.compile(r"""\s*((?:"[^"]*"|'[^']*'|[\w.\s-])+?)\s*=\s*(.*)$""")
CLOSING = re.compile(r"""\s*(?:[\]}]+|\"""|''')\s*,?\s*(?:#.*)?$""")
TOKEN = re.compile(r"""\"""|'''|"(?:\\.|[^"\\])*"|'[^']*'|\#.*|[\[\]{}]""")


class Toml(Format):
    comment = re.compile(r'\s*#')
    hanging = True
    spaced_depths = 1

    def headings(self, lines: Sequence[Line]) -> list[Heading]:
        entries: list[Heading] = []
        at = 0
        while at < len(lines):
            text = lines[at].text
            if signs.is_rest(text):
                entries.append(Heading(at, at + 1, 2, signs.REST))
            elif table := TABLE.match(text):
                entries.append(Heading(at, at + 1, 1, _bare(table[1])))
            elif key := KEY.match(text):
                last = _last_line_of_value(lines, at, key[2])
                closing = last if last > at and CLOSING.match(lines[last].text) else None
                entries.append(Heading(at, at + 1, 2, _bare(key[1]), key[2].strip(), closing))
                at = last
            at += 1
        return entries

    def check(self, text: str) -> str:
        try:
            tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            return str(error)
        return ''


def _bare(name: str) -> str:
    """A name without its quotes, which may be written or left out."""
    return re.sub(r'\s*\.\s*', '.', re.sub('["\']', '', name)) if name != signs.REST else name


def _last_line_of_value(lines: Sequence[Line], at: int, value: str) -> int:
    """The line on which a value that begins on line ``at`` has closed its brackets and quotes."""
    depth, quote = _scan(value, 0, '')
    for last in range(at, len(lines)):
        if last > at:
            depth, quote = _scan(lines[last].text, depth, quote)
        if depth <= 0 and not quote:
            return last
    return at


def _scan(text: str, depth: int, quote: str) -> tuple[int, str]:
    """How many brackets are open after ``text``, and which long quote."""
    while text:
        if quote:
            _, closed, text = text.partition(quote)
            if not closed:
                return depth, quote
            quote = ''
        token = TOKEN.search(text)
        if not token:
            break
        text = text[token.end() :]
        if token[0] in ('"""', "'''"):
            quote = token[0]
        elif token[0] in '[{':
            depth += 1
        elif token[0] in ']}':
            depth -= 1
    return depth, quote
