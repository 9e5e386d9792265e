"""Elements: what a sketch adds to a call, tuple, list, set or dict of Nova's.

``...`` stands for the elements that Nova has. An element that Nova has too stays where it is, a
keyword or key that Nova has takes our value, and what Nova lacks is ours and goes where the sketch
shows it. An element on a line of its own that ends in ``# nova`` is an anchor, as a statement is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import pairwise

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from graft.python import commas, gap, signs
from graft.python.match import fields, matches, same_nodes
from graft.python.place import WIDTH, Place, head, render

LISTS = {
    cst.Call: 'args',
    cst.ClassDef: 'bases',
    cst.Tuple: 'elements',
    cst.List: 'elements',
    cst.Set: 'elements',
    cst.Dict: 'elements',
}

Elements = Sequence[cst.CSTNode]
Commented = tuple[cst.CSTNode, cst.Comment | None]


def is_element_edit(statement: cst.CSTNode) -> bool:
    """Whether the statement is one of Nova's, shown for what we add to its elements."""
    return (
        isinstance(statement, cst.SimpleStatementLine)
        and not signs.holds(statement)
        and not signs.is_rest(statement)
        and signs.has_rest_element(statement)
    )


def edit_elements(sketch: cst.CSTNode, nova: cst.CSTNode, place: Place) -> cst.CSTNode | None:
    """Nova's statement with our elements in it; None if the sketch cannot mean that statement."""
    if matches(sketch, nova):
        place.hold_lines(sketch)
        return nova
    indent = place.column(sketch)
    for breaks in _Breaks:
        woven = _Edit(sketch, nova, place, breaks).node(sketch, nova)
        if woven is None or not _too_wide(woven, indent) or _too_wide(nova, indent):
            break
    return woven


def edit_bases(sketch: cst.ClassDef, nova: cst.ClassDef, place: Place) -> cst.ClassDef:
    """Nova's class with the base classes that the sketch adds."""
    header = nova.with_changes(decorators=(), body=cst.SimpleStatementSuite(body=[cst.Pass()]))
    return _Edit(sketch, header, place).elements(sketch, nova)


class _Breaks(Enum):
    """Where a line that would be too long is broken, besides where Nova breaks it."""

    NONE = auto()
    BEFORE_OURS = auto()
    BETWEEN_OURS = auto()


def _too_wide(statement: cst.CSTNode, indent: int) -> bool:
    return any(indent + len(line) > WIDTH for line in render(statement).splitlines())


@dataclass(frozen=True)
class _Placed:
    """An element of the list that results, and the one of Nova's that it is, if it is one."""

    element: cst.CSTNode
    nova: cst.CSTNode | None = None


class _Edit:
    """One pass over a statement of Nova's and the sketch of it, side by side."""

    def __init__(
        self,
        sketch: cst.CSTNode,
        statement: cst.CSTNode,
        place: Place,
        breaks: _Breaks = _Breaks.NONE,
    ) -> None:
        self.sketch = sketch
        self.statement = statement.with_changes(leading_lines=())
        self.place = place
        self.breaks = breaks

    def node(self, sketch: cst.CSTNode, nova: cst.CSTNode) -> cst.CSTNode | None:
        if not signs.has_rest_element(sketch):
            return nova if matches(sketch, nova) else None
        if type(sketch) is not type(nova):
            return None
        woven = nova
        changes: dict[str, object] = {}
        for name in fields(type(sketch)):
            ours, theirs = getattr(sketch, name), getattr(nova, name)
            if name == LISTS.get(type(sketch)) and any(map(signs.is_rest_element, ours)):
                woven = self.elements(sketch, nova)
                continue
            field = self._field(ours, theirs)
            if field is None and theirs is not None:
                return None
            if field is not theirs:
                changes[name] = field
        return woven.with_changes(**changes) if changes else woven

    def _field(self, ours: object, theirs: object) -> object:
        if isinstance(ours, list | tuple) and isinstance(theirs, list | tuple):
            return self._pairs(ours, theirs)
        if isinstance(ours, cst.CSTNode) and isinstance(theirs, cst.CSTNode):
            return self.node(ours, theirs)
        return theirs if ours == theirs else None

    def _pairs(self, sketch: Elements, nova: Elements) -> Elements | None:
        if len(sketch) != len(nova):
            return None
        woven = []
        for ours, theirs in zip(sketch, nova, strict=True):
            woven.append(self.node(ours, theirs))
            if woven[-1] is None:
                return None
        return nova if same_nodes(woven, nova) else woven

    def elements(self, sketch: cst.CSTNode, nova: cst.CSTNode) -> cst.CSTNode:
        """Nova's list with ours in it; the very same one if they are in it already."""
        ours, theirs = getattr(sketch, LISTS[type(sketch)]), getattr(nova, LISTS[type(nova)])
        placed: list[_Placed] = []
        between: list[Commented] = []
        sign, start = sketch, 0
        for element, comment in zip(ours, commas.comments(sketch, ours), strict=True):
            if signs.bears(comment, signs.HOLDS):
                index = self._anchored(element, theirs, start)
                self.place.hold(comment)
                anchor = _Placed(theirs[index], theirs[index])
                placed += [*self._gap(between, theirs[start:index], sign), anchor]
                between, sign, start = [], element, index + 1
            else:
                between.append((element, comment))
        placed += self._gap(between, theirs[start:], sign)
        if same_nodes([p.element for p in placed], theirs):
            return nova
        return self._joined(placed, nova, theirs)

    def _anchored(self, anchor: cst.CSTNode, nova: Elements, start: int) -> int:
        places = [i for i in range(start, len(nova)) if matches(anchor, nova[i])]
        if len(places) == 1:
            return places[0]
        problem = f'stands in {len(places)} places of the list' if places else 'is not in the list'
        raise self.place.error(
            anchor,
            f'`{head(anchor)}` {problem}',
            candidates=[nova[i] for i in places] or nova,
            remedy='Hold on to one element that the release has, and quote enough of it.',
        )

    def _gap(
        self, between: Sequence[Commented], nova: Elements, sign: cst.CSTNode
    ) -> list[_Placed]:
        """What stands between two signs."""
        sketch = [element for element, _ in between]
        rests = [element for element in sketch if signs.is_rest_element(element)]
        if len(rests) > 1:
            raise self.place.error(
                rests[1],
                'two `...` among elements with nothing of Nova held between them',
                remedy='Leave one out, or put an anchor between them.',
            )
        counterparts = [None if e in rests else self._counterpart(e, nova) for e in sketch]
        if not rests:
            removals = [theirs for theirs in nova if not any(theirs is k for k in counterparts)]
            if removals:
                gap.drop(removals, between, sign, self.place)
            return [self._placed(o, t, c) for (o, c), t in zip(between, counterparts, strict=True)]
        placed = [_Placed(theirs, theirs) for theirs in nova]
        at = 0
        for index, (ours, theirs) in enumerate(zip(sketch, counterparts, strict=True)):
            if ours is rests[0]:
                at = len(placed)
                continue
            following = counterparts[index + 1] if index + 1 < len(counterparts) else None
            if theirs is None and following is not None:
                at = _position(placed, following)
            elif theirs is not None:
                at = _position(placed, theirs)
                del placed[at]
            if _is_positional(ours):
                at = min(at, _first_keyword(placed))
            placed.insert(at, self._placed(ours, theirs, between[index][1]))
            at += 1
        return placed

    def _placed(
        self, ours: cst.CSTNode, theirs: cst.CSTNode | None, comment: cst.Comment | None
    ) -> _Placed:
        """Our element, or Nova's own; a keyword or key of Nova's takes the sketch's value."""
        if theirs is None and not signs.has_rest_element(ours):
            return _Placed(ours)
        if theirs is None:
            raise self.place.error(
                ours,
                f'`{head(ours)}` has `...` inside, but is not in the list',
                remedy='Show what the release has there, or all of ours.',
            )
        if matches(ours, theirs):
            if comment is not None:
                self.place.hold(comment)
            return _Placed(theirs, theirs)
        value = ours.value
        if signs.has_rest_element(value):
            value = self.node(value, theirs.value)
            if value is None:
                raise self.place.error(
                    ours,
                    f'`{head(ours)}` does not read as what the release has',
                    candidates=[theirs],
                    remedy='Show the value as Nova has it, with `...` for its elements.',
                )
        elif signs.bears(comment, signs.REPLACES):
            self.place.drop([theirs], comment)
        elif not signs.replaces(self.sketch):
            raise self.place.error(
                ours,
                f'`{head(ours)}` has another value in the release, which would go',
                candidates=[theirs],
                remedy='Leave it out, or end its line with `# replaces nova`.',
            )
        else:
            self.place.drop([theirs], self.sketch)
        if value is theirs.value:
            return _Placed(theirs, theirs)
        return _Placed(theirs.with_changes(value=value), theirs)

    def _counterpart(self, ours: cst.CSTNode, nova: Elements) -> cst.CSTNode | None:
        """The element of Nova's that ours is: by its key, or by all of it where it has none."""
        key = _key(ours)
        if key is not None:
            candidates = [theirs for theirs in nova if matches(key, _key(theirs))]
        elif not signs.has_rest_element(ours) or signs.is_rest_element(ours):
            candidates = [theirs for theirs in nova if matches(ours, theirs)]
        else:
            candidates = [theirs for theirs in nova if self.node(ours, theirs) is not None]
            if len(candidates) > 1:
                raise self.place.error(
                    ours,
                    f'`{head(ours)}` stands in {len(candidates)} places of the list',
                    candidates=candidates,
                    remedy='Show more of the one you mean.',
                )
        return candidates[0] if candidates else None

    def _joined(self, placed: list[_Placed], holder: cst.CSTNode, nova: Elements) -> cst.CSTNode:
        """The list with these elements, with commas between them as Nova sets its own."""
        between = self._between(holder, nova)
        end = commas.end(holder)
        joined = []
        for item, following in pairwise(placed):
            joined.append(commas.followed(item.element, self._comma(item, nova, between, end)))
            if self._breaks(item, following) and not commas.breaks(joined[-1].comma):
                joined[-1] = joined[-1].with_changes(comma=commas.broken(self._column(nova)))
        if nova and placed[-1].nova is not nova[-1]:
            end = commas.uncommented(end)
        last = nova[-1].comma if nova else cst.MaybeSentinel.DEFAULT
        joined.append(commas.closed(placed[-1].element, last, end))
        return commas.with_end(holder.with_changes(**{LISTS[type(holder)]: joined}), end)

    def _comma(
        self, item: _Placed, nova: Elements, between: cst.Comma, end: commas.Space
    ) -> cst.Comma:
        """The comma after one of the elements."""
        if item.nova is None:
            return between
        if item.nova is not nova[-1]:
            return item.nova.comma
        if commas.comment(end) is None:
            return between
        return commas.commented_as(commas.broken(self._column(nova)), end)

    def _breaks(self, item: _Placed, following: _Placed) -> bool:
        """Whether a line too long is to be broken between two elements."""
        if following.nova is not None or self.breaks is _Breaks.NONE:
            return False
        return item.nova is not None or self.breaks is _Breaks.BETWEEN_OURS

    def _between(self, holder: cst.CSTNode, nova: Elements) -> cst.Comma:
        """A comma before an element of ours: on a new line where Nova sets its elements so."""
        if len(nova) > 1:
            on_lines = commas.breaks(nova[-2].comma)
        else:
            on_lines = bool(nova) and commas.opens_on_a_line(holder)
        return commas.broken(self._column(nova)) if on_lines else commas.PLAIN

    def _column(self, nova: Elements) -> int:
        wrapper = MetadataWrapper(cst.Module(body=[self.statement]), unsafe_skip_copy=True)
        return wrapper.resolve(PositionProvider)[nova[0]].start.column


def _is_positional(element: cst.CSTNode) -> bool:
    return isinstance(element, cst.Arg) and element.keyword is None and element.star == ''


def _first_keyword(placed: list[_Placed]) -> int:
    """Where the arguments begin that no positional one can follow."""
    for index, item in enumerate(placed):
        if item.element.keyword is not None or item.element.star == '**':
            return index
    return len(placed)


def _key(element: cst.CSTNode) -> cst.CSTNode | None:
    return getattr(element, 'key', None) or getattr(element, 'keyword', None)


def _position(placed: list[_Placed], theirs: cst.CSTNode) -> int:
    return next(index for index, item in enumerate(placed) if item.nova is theirs)
