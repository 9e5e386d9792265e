"""Statements: a sketch's block of them, woven into the block that Nova has at the same place.

The signs of the sketch's block are found in Nova's, in order. What Nova has between two of them
(the block's start and end are signs too) is kept where the sketch has ``...``; where it has none,
each statement goes by a mark of its own. A compound statement of ours that contains signs is
wrapped around what they stand for.
"""

from collections.abc import Sequence

import libcst as cst

from graft.errors import SketchError
from graft.python import gap, layout, signs
from graft.python.assignment import replace_assignment
from graft.python.compound import weave_compound
from graft.python.elements import edit_elements, is_element_edit
from graft.python.function import weave_function
from graft.python.match import matches, matches_header, matches_run, same_nodes
from graft.python.place import Place, head
from graft.python.signs import Statement, Suite, statements, with_statements


def weave_suite(sketch: Suite, nova: Suite, place: Place) -> Suite:
    """Weave the suite of a function or clause that both sides have; the same one if it fits."""
    before = statements(nova)
    after = weave_block(statements(sketch), before, place)
    unchanged = same_nodes(after, before)
    return nova if unchanged else with_statements(nova, after)


def weave_clause(clause: cst.CSTNode, nova: Suite, place: Place) -> Suite:
    """Weave a clause's suite; one that holds on to nothing must say that it replaces Nova's."""
    block = statements(clause.body)
    edited = signs.any_sign(block)
    if not edited or signs.holds(clause):
        place.hold(clause)
    if edited or _Block(block, statements(nova), place).fits():
        return weave_suite(clause.body, nova, place)
    if signs.replaces(clause):
        place.drop(statements(nova), clause, below=len(getattr(nova, 'footer', ())))
        replaced = with_statements(nova, [layout.ours(statement) for statement in block])
        return replaced.with_changes(footer=())
    raise place.error(
        clause,
        f'`{head(clause)}` holds on to nothing of what Nova has there',
        remedy='Keep what Nova has with `...`, or end the line with `# replaces nova`.',
    )


def weave_block(
    sketch: Sequence[Statement], nova: Sequence[Statement], place: Place
) -> list[Statement]:
    block = _Block(sketch, nova, place)
    if block.fits():
        block.hold_drops()
        return list(nova)
    return block.woven()


class _Block:
    """One block: finds the sketch's signs in Nova's statements, then fills the gaps between."""

    def __init__(
        self, sketch: Sequence[Statement], nova: Sequence[Statement], place: Place
    ) -> None:
        self.sketch = sketch
        self.nova = nova
        self.place = place
        self.stands_for: dict[cst.CSTNode, Sequence[Statement]] = {}

    def fits(self) -> bool:
        """Whether Nova's block says already what the sketch would make of it."""
        return matches_run(self.sketch, self.nova, signs.is_rest, self._fits)

    def _fits(self, statement: Statement, nova: Statement) -> bool:
        if self._is_anchor(statement):
            try:
                return self._woven_match(statement, nova) is nova
            except SketchError:
                return False
        if self._is_wrapper(statement):
            ours, theirs = list(signs.suites(statement)), list(signs.suites(nova))
            return (
                matches_header(statement, nova)
                and len(ours) == len(theirs)
                and all(
                    _Block(statements(o), statements(t), self.place).fits()
                    for o, t in zip(ours, theirs, strict=True)
                )
            )
        return matches(statement, nova)

    def hold_drops(self) -> None:
        """Note that the marks did their work: what they drop has gone already."""
        for statement in filter(signs.drops, self._flat(self.sketch)):
            self.place.hold(statement)

    def woven(self) -> list[Statement]:
        start = 0
        between: list[Statement] = []
        sign = self.sketch[0]
        for item in self._flat(self.sketch):
            if self._is_anchor(item):
                index, statement = self._find(item, start)
                self._stand(between, start, index, sign)
                self.stands_for[item] = [statement]
                between, start, sign = [], index + 1, item
            else:
                between.append(item)
        self._stand(between, start, len(self.nova), sign)
        return self._rebuilt(self.sketch)

    def _flat(self, block: Sequence[Statement]) -> list[Statement]:
        """The block's statements, and in place of a wrapper of ours those inside it."""
        flat: list[Statement] = []
        for statement in block:
            if self._is_wrapper(statement):
                for suite in signs.suites(statement):
                    flat.extend(self._flat(statements(suite)))
            else:
                flat.append(statement)
        return flat

    def _is_anchor(self, statement: Statement) -> bool:
        if isinstance(statement, cst.FunctionDef | cst.ClassDef):
            return any(matches_header(statement, nova) for nova in self.nova)
        return signs.holds(statement) or signs.replaces(statement) or is_element_edit(statement)

    def _is_wrapper(self, statement: Statement) -> bool:
        return (
            isinstance(statement, cst.BaseCompoundStatement)
            and not self._is_anchor(statement)
            and signs.has_sign(statement)
        )

    def _stand(self, between: Sequence[Statement], start: int, end: int, sign: Statement) -> None:
        """What stands between two signs stays where a ``...`` stands, and else goes."""
        rests = [statement for statement in between if signs.is_rest(statement)]
        if len(rests) > 1:
            raise self.place.error(
                rests[1],
                'two `...` with nothing of Nova held between them',
                remedy='Leave one out, or put an anchor between them.',
            )
        if rests:
            self.stands_for[rests[0]] = self.nova[start:end]
        elif start < end:
            ours = [(statement, signs.line_comment(statement)) for statement in between]
            gap.drop(self.nova[start:end], ours, sign, self.place)

    def _find(self, anchor: Statement, start: int) -> tuple[int, Statement]:
        """The one statement from ``start`` on that the anchor means, woven if it is to be."""
        places: list[tuple[int, Statement]] = []
        complaint: SketchError | None = None
        for index in range(start, len(self.nova)):
            try:
                woven = self._woven_match(anchor, self.nova[index])
            except SketchError as error:
                complaint = complaint or error
            else:
                if woven is not None:
                    places.append((index, woven))
        if len(places) == 1:
            return places[0]
        if places:
            raise self.place.error(
                anchor,
                f'`{head(anchor)}` stands in {len(places)} places',
                candidates=[self.nova[index] for index, _ in places],
                remedy='Quote more of the line, or hold on to the line before it as well.',
            )
        if complaint is not None:
            raise complaint
        raise self.place.error(
            anchor,
            f'`{head(anchor)}` is not in the release'
            + (' after the line held before it' if start else ''),
            candidates=self.nova[start:] or self.nova,
            remedy='Hold on to a line that the release has.',
        )

    def _woven_match(self, anchor: Statement, nova: Statement) -> Statement | None:
        """Nova's statement, woven, if it is one that the anchor can mean."""
        if isinstance(anchor, cst.SimpleStatementLine):
            if is_element_edit(anchor):
                woven = edit_elements(anchor, nova, self.place)
            elif signs.replaces(anchor):
                return replace_assignment(anchor, nova, self.place)
            else:
                woven = nova if matches(anchor, nova) else None
            if woven is not None:
                self.place.hold(anchor)
            return woven
        if not matches_header(anchor, nova):
            return None
        if isinstance(anchor, cst.FunctionDef):
            place = self.place.inside(anchor.name.value)
            return weave_function(anchor, nova, place, weave_suite)
        return weave_compound(anchor, nova, self.place, weave_clause)

    def _rebuilt(self, block: Sequence[Statement]) -> list[Statement]:
        built: list[Statement] = []
        for statement in block:
            if statement in self.stands_for:
                built.extend(self.stands_for[statement])
                continue
            if signs.has_rest_element(statement):
                raise self.place.error(
                    statement,
                    f'`{head(statement)}` is ours, but has `...` among its elements',
                    remedy='Only a statement on one line of its own, not the opening of a block, '
                    'can add to the elements that Nova has.',
                )
            if self._is_wrapper(statement):
                built.append(self._rewrapped(statement))
            else:
                built.append(layout.ours(statement))
        return built

    def _rewrapped(self, wrapper: cst.CSTNode) -> cst.CSTNode:
        """The wrapper with what the signs inside it stand for."""
        changes: dict[str, object] = {}
        for name in ('body', 'orelse', 'finalbody'):
            part = getattr(wrapper, name, None)
            if isinstance(part, cst.BaseSuite):
                changes[name] = with_statements(part, self._rebuilt(statements(part)))
            elif isinstance(part, cst.CSTNode):
                changes[name] = self._rewrapped(part)
        if isinstance(wrapper, cst.Try | cst.TryStar):
            changes['handlers'] = [self._rewrapped(handler) for handler in wrapper.handlers]
        return layout.ours(wrapper.with_changes(**changes))
