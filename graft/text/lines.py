"""Lines of a text file, taken apart and put together again without losing a byte."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher


@dataclass(frozen=True)
class Line:
    """One line; ``number`` is its place, from 1, in the file it was read from."""

    text: str
    end: str = '\n'
    number: int = 0

    @property
    def blank(self) -> bool:
        return not self.text.strip()

    @property
    def indent(self) -> str:
        return self.text[: len(self.text) - len(self.text.lstrip())]

    @property
    def words(self) -> str:
        """The text without its indentation, every run of blanks in it being one space."""
        return squeeze(self.text)

    def reindented(self, old: str, new: str) -> 'Line':
        """The line with ``new`` in the place of the indentation ``old``; deeper stays deeper."""
        if self.blank:
            return self
        deeper = self.text.removeprefix(old) if self.text.startswith(old) else self.text.lstrip()
        return replace(self, text=new + deeper)


def squeeze(text: str) -> str:
    return ' '.join(text.split())


def read(text: str) -> list[Line]:
    # Not str.splitlines(), which also breaks lines at form feeds and the like.
    parts = text.split('\n')
    whole = [
        Line(part[:-1], '\r\n', number) if part.endswith('\r') else Line(part, '\n', number)
        for number, part in enumerate(parts[:-1], 1)
    ]
    return [*whole, Line(parts[-1], '', len(parts))] if parts[-1] else whole


def read_sketch(text: str, end: str) -> list[Line]:
    """The lines of a sketch, ended the way the file ends its lines that they go into."""
    return [replace(line, end=end) for line in read(text)]


def write(lines: Sequence[Line], end: str) -> str:
    """The text of the lines; only the last one may lack its end."""
    *others, last = lines or [Line('', '')]
    return ''.join(line.text + (line.end or end) for line in others) + last.text + last.end


def line_end(lines: Sequence[Line]) -> str:
    """How a file ends its lines."""
    return lines[0].end or '\n' if lines else '\n'


def leading_blanks(lines: Sequence[Line]) -> int:
    return next((n for n, line in enumerate(lines) if not line.blank), len(lines))


def trailing_blanks(lines: Sequence[Line]) -> int:
    return leading_blanks(lines[::-1])


def trimmed(lines: Sequence[Line]) -> list[Line]:
    """The lines without the blank ones at both ends."""
    return list(lines[leading_blanks(lines) : len(lines) - trailing_blanks(lines)])


def texts(lines: Iterable[Line]) -> list[str]:
    return [line.text for line in lines]


def count_changes(before: Sequence[Line], after: Sequence[Line]) -> tuple[int, int]:
    """How many lines were added, and how many dropped."""
    matcher = SequenceMatcher(None, texts(before), texts(after), autojunk=False)
    common = sum(block.size for block in matcher.get_matching_blocks())
    return len(after) - common, len(before) - common
