"""Where in a file the weave is, and the faults it can find there."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher

from graft.errors import SketchError
from graft.text import signs
from graft.text.lines import Line
from graft.touch import Drop

LIKENESS = 0.5
MOST_LINES = 3


@dataclass(frozen=True)
class Place:
    """A block of a file of a release, named by the headings that lead to it."""

    path: str
    release: str
    headings: tuple[str, ...] = ()
    drops: list[Drop] = field(default_factory=list)

    @property
    def name(self) -> str:
        return ' > '.join(self.headings) or self.path

    def under(self, heading: str) -> 'Place':
        return replace(self, headings=(*self.headings, heading))

    def drop(self, nova: Sequence[Line], marked: Line) -> None:
        """Note that lines of Nova's go, as the mark says."""
        if nova:
            self.drops.append(Drop(nova[0].number, nova[-1].number, marked.number))

    def error(
        self, line: Line, problem: str, *, nearest: Sequence[str] = (), remedy: str = ''
    ) -> SketchError:
        """The fault ``problem``, found at a line of the sketch."""
        where = f'{self.path} ({self.release}), line {line.number}'
        if self.headings:
            where += f', {self.name}'
        return SketchError(where, problem, nearest=nearest, remedy=remedy)

    def no_match(
        self, anchor: Line, pattern: str, lines: Iterable[Line], *, above: str = ''
    ) -> SketchError:
        below = f' below "{above}"' if above else ''
        return self.error(
            anchor,
            f'the anchor "{pattern}" matches no line of Nova\'s{below}',
            nearest=nearest(pattern, ((line.words, line) for line in lines)),
            remedy=f'Hold on to a line that {self.release} has, or give that release a sketch of '
            f'its own: releases/{self.release}/{self.path}',
        )

    def several_matches(self, anchor: Line, pattern: str, lines: Sequence[Line]) -> SketchError:
        return self.error(
            anchor,
            f'the anchor "{pattern}" matches {len(lines)} lines of Nova\'s',
            nearest=[numbered(line) for line in lines],
            remedy='Quote more of the line, or hold on to a line above it first.',
        )

    def unmarked_drop(self, line: Line, removals: Sequence[Line], marks: int) -> SketchError:
        if marks:
            problem = f'"# drops nova" stands on {marks} here, and the release has {len(removals)}'
        else:
            problem = f'"{removals[0].text.strip()}" would go without a mark that says so'
        return self.error(
            line,
            problem,
            nearest=[numbered(line) for line in removals[:MOST_LINES]],
            remedy='Keep what Nova has with "...", or end each line of ours that takes the place '
            'of one of its lines with "# drops nova".',
        )

    def drops_nothing(self, line: Line) -> SketchError:
        return self.error(
            line,
            'the mark "# drops nova" drops nothing here',
            remedy="It belongs to a line that takes the place of one of Nova's, between two signs "
            'and with no "..." beside it.',
        )

    def two_rests(self, second: Line) -> SketchError:
        return self.error(
            second,
            'a second "..." with no anchor since the first, so nothing says where the one ends '
            'and the other begins',
            remedy='Leave one of them out, or hold on to a line between them.',
        )


def numbered(line: Line) -> str:
    return f'line {line.number}: {line.text.strip()}'


def nearest(pattern: str, lines: Iterable[tuple[str, Line]]) -> list[str]:
    """The lines whose text, given beside each, is most like the sought one, the likest first."""
    likeness = {line: _likeness(pattern, text) for text, line in lines if text}
    likest = sorted(likeness, key=lambda line: (-likeness[line], line.number))
    return [numbered(line) for line in likest[:MOST_LINES] if likeness[line] >= LIKENESS]


def _likeness(pattern: str, text: str) -> float:
    """How alike the two are; of an anchor what stands before its ``...`` may say more."""
    head = pattern.partition(signs.REST)[0]
    pairs = [(pattern, text), (head, text[: len(head)])]
    return max(SequenceMatcher(None, *pair, autojunk=False).ratio() for pair in pairs if all(pair))
