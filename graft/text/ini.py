"""INI files: sections, in them keys, in them the further lines of a value."""

import re
from collections.abc import Sequence

from graft.text import signs
from graft.text.lines import Line
from graft.text.outline import Format, Heading

SECTION = re.compile(r'(\[[^\]]+\])\s*(?:[#;].*)?$')
KEY = re.compile(r'([^\s=:][^=:]*?)\s*[=:]\s*(.*)$')


class Ini(Format):
    comment = re.compile(r'\s*[#;]')
    hanging = True
    continues = True
    spaced_depths = 1

    def headings(self, lines: Sequence[Line]) -> list[Heading]:
        entries: list[Heading] = []
        for at, line in enumerate(lines):
            in_value = bool(entries) and entries[-1].depth == 2
            if signs.is_rest(line.text) and not (line.indent and in_value):
                entries.append(Heading(at, at + 1, 2, signs.REST))
            elif line.indent or not self.says_something(line):
                continue
            elif section := SECTION.match(line.text):
                entries.append(Heading(at, at + 1, 1, section[1]))
            else:
                key = KEY.match(line.text)
                title, value = key.groups() if key else (signs.unmarked(line.text).strip(), '')
                entries.append(Heading(at, at + 1, 2, title, value.strip()))
        return entries
