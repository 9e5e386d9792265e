"""Weaving a run of lines: the signs at work, whatever the format.

The start of the block, its anchors and its end follow one another in Nova's text as in the
sketch. What Nova has between two of them stays where a ``...`` stands; where none does, each line
goes by a mark of its own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from graft.text import signs
from graft.text.lines import Line, leading_blanks, texts, trailing_blanks
from graft.text.place import Place


@dataclass
class Segment:
    """What a sketch says between two signs: ours, Nova's rest if it stays, ours again.

    The gaps are the blank lines between ours and the rest. They require that distance: Nova's own
    blank lines count towards it, and where Nova has nothing one distance does for both.
    """

    above: list[Line] = field(default_factory=list)
    gap_above: list[Line] = field(default_factory=list)
    rest: Line | None = None
    gap_below: list[Line] = field(default_factory=list)
    below: list[Line] = field(default_factory=list)
    drops: list[Line] = field(default_factory=list)

    def add(self, line: Line) -> None:
        if signs.drops(line.text):
            self.drops.append(line)
            line = replace(line, text=signs.undropped(line.text))
        (self.below if self.rest else self.above).append(line)

    def find_gaps(self) -> None:
        """Keep blank lines of ours apart from the gaps; those beside a sign are neither."""
        if self.rest:
            cut = len(self.above) - trailing_blanks(self.above)
            self.above, self.gap_above = self.above[:cut], self.above[cut:] if cut else []
            cut = leading_blanks(self.below)
            self.below, self.gap_below = self.below[cut:], self.below[:cut]
            self.gap_below = self.gap_below if self.below else []

    def woven(self, between: Sequence[Line], *, at_end: bool) -> list[Line]:
        """Ours around what Nova has here."""
        if not self.rest:
            return self.above
        if all(line.blank for line in between):
            gap = [] if at_end and not self.below else max(self.gap_above, self.gap_below, key=len)
            return [*self.above, *between, *gap[len(between) :], *self.below]
        upper_gap = self.gap_above[leading_blanks(between) :]
        lower_gap = self.gap_below[trailing_blanks(between) :]
        return [*self.above, *upper_gap, *between, *lower_gap, *self.below]

    def ends(self, nova: Sequence[Line], starts: set[int]) -> set[int]:
        """Where in Nova's lines this can end that begins at one of ``starts``."""
        starts = _past(self.above, nova, starts)
        if not self.rest:
            return starts
        nothing = {
            end
            for start in starts
            for end in range(start, start + leading_blanks(nova[start:]) + 1)
        }
        opened = _past(self.gap_above, nova, starts)
        anything = set(range(min(opened), len(nova) + 1)) if opened else set()
        something = _past(self.gap_below, nova, anything)
        return _past(self.below, nova, nothing | something)


def _past(ours: Sequence[Line], nova: Sequence[Line], starts: set[int]) -> set[int]:
    """Where Nova's lines go on below ours, word for word, that begin at one of ``starts``."""
    size = len(ours)
    return {start + size for start in starts if texts(nova[start : start + size]) == texts(ours)}


@dataclass(frozen=True)
class Anchor:
    line: Line

    @property
    def pattern(self) -> str:
        return signs.unmarked(self.line.text).strip()

    def matches(self, line: Line) -> bool:
        return signs.matches(self.pattern, line.text)


@dataclass
class Pattern:
    """A sketched block: a segment, and then an anchor and a segment as often as there are any."""

    segments: list[Segment]
    anchors: list[Anchor]

    @property
    def has_ours(self) -> bool:
        return any(segment.above or segment.below for segment in self.segments)


def has_sign(lines: Sequence[Line]) -> bool:
    return any(
        signs.is_rest(line.text) or signs.holds(line.text) or signs.drops(line.text)
        for line in lines
    )


def read_pattern(sketch: Sequence[Line], place: Place) -> Pattern:
    pattern = Pattern([Segment()], [])
    for line in sketch:
        segment = pattern.segments[-1]
        if signs.is_rest(line.text):
            if segment.rest:
                raise place.two_rests(line)
            segment.rest = line
        elif signs.holds(line.text):
            pattern.anchors.append(Anchor(line))
            pattern.segments.append(Segment())
        else:
            segment.add(line)
    for segment in pattern.segments:
        if segment.rest and segment.drops:
            raise place.drops_nothing(segment.drops[0])
        segment.find_gaps()
    return pattern


def weave_lines(nova: Sequence[Line], sketch: Sequence[Line], place: Place) -> list[Line]:
    """Nova's lines edited as the sketch says; as they are if they read that way already."""
    pattern = read_pattern(sketch, place)
    # Without lines of ours weaving again is harmless, and checks the anchors.
    if pattern.has_ours and _reads_as(pattern, nova):
        return list(nova)
    stops = [*_find_anchors(pattern.anchors, nova, place), len(nova)]
    woven: list[Line] = []
    start = 0
    for at, (segment, stop) in enumerate(zip(pattern.segments, stops, strict=True)):
        if not segment.rest:
            near = [anchor.line for anchor in pattern.anchors[max(0, at - 1) :]] + segment.above
            _drop(nova[start:stop], segment.drops, near[0], place)
        ours_and_novas = segment.woven(nova[start:stop], at_end=stop == len(nova))
        woven += [*ours_and_novas, *nova[stop : stop + 1]]
        start = stop + 1
    return woven


def _drop(nova: Sequence[Line], marked: Sequence[Line], near: Line, place: Place) -> None:
    """Let lines of Nova's go where as many of ours say so."""
    removals = [line for line in nova if not line.blank]
    if len(marked) > len(removals):
        raise place.drops_nothing(marked[len(removals)])
    if len(marked) < len(removals):
        raise place.unmarked_drop(marked[0] if marked else near, removals, len(marked))
    for ours, theirs in zip(marked, removals, strict=True):
        place.drop([theirs], ours)


def _find_anchors(anchors: Sequence[Anchor], nova: Sequence[Line], place: Place) -> Iterator[int]:
    start = 0
    above = ''
    for anchor in anchors:
        hits = [at for at in range(start, len(nova)) if anchor.matches(nova[at])]
        if not hits:
            raise place.no_match(anchor.line, anchor.pattern, nova, above=above)
        if len(hits) > 1:
            raise place.several_matches(anchor.line, anchor.pattern, [nova[at] for at in hits])
        yield hits[0]
        start = hits[0] + 1
        above = anchor.pattern


def _reads_as(pattern: Pattern, nova: Sequence[Line]) -> bool:
    """Whether Nova's lines read as the sketch says, ours standing there word for word."""
    reachable = pattern.segments[0].ends(nova, {0})
    for anchor, segment in zip(pattern.anchors, pattern.segments[1:], strict=True):
        below = {at + 1 for at in reachable if at < len(nova) and anchor.matches(nova[at])}
        reachable = segment.ends(nova, below)
    return len(nova) in reachable
