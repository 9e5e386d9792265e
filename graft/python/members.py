"""The members of a module or class: found by name, edited, or added after their sibling."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, field

import libcst as cst

from graft.errors import SketchError
from graft.python import layout, signs
from graft.python.assignment import replace_assignment
from graft.python.block import weave_clause, weave_suite
from graft.python.compound import weave_compound
from graft.python.elements import edit_bases, edit_elements, is_element_edit
from graft.python.function import weave_docstring, weave_function
from graft.python.imports import is_import
from graft.python.match import matches, matches_header, same_nodes
from graft.python.order import assigned_name, defined_name, first_need
from graft.python.place import Place, head, render
from graft.python.signature import accessor, choose, takes_nova, weave_decorators
from graft.python.signs import Statement, statements, with_statements
from graft.touch import Touch

Definition = cst.FunctionDef | cst.ClassDef


@dataclass
class Members:
    """One body under weaving: Nova's statements as edited, then what is new among them."""

    built: list[Statement]
    place: Place
    in_class: bool = False
    touches: list[Touch] = field(default_factory=list)

    def weave(self, sketch: Sequence[Statement]) -> list[Statement]:
        edits = [s for s in sketch if not signs.is_rest(s) and not is_import(s)]
        pairs = [(statement, self._edited(statement)) for statement in edits]
        sibling = None
        for index, (statement, counterpart) in enumerate(pairs):
            if counterpart is None:
                later = [s for s, woven in pairs[index + 1 :] if woven is None]
                counterpart = self._new(statement, sibling, later)
            sibling = counterpart
        return self.built

    def _edited(self, sketch: Statement) -> Statement | None:
        """What the release has for a statement of the sketch, woven; None if that is new."""
        if isinstance(sketch, Definition):
            return self._definition(sketch)
        name = assigned_name(sketch)
        if signs.holds(sketch) or (is_element_edit(sketch) and name is None):
            return self._anchor(sketch)
        if name is not None:
            return self._assignment(sketch, name)
        return next((s for s in self.built if matches(sketch, s)), None)

    def _definition(self, sketch: Definition) -> Statement | None:
        place = self.place.inside(sketch.name.value)
        theirs = [s for s in self.built if matches_header(sketch, s)]
        if isinstance(sketch, cst.FunctionDef):
            theirs = [s for s in theirs if accessor(s) == accessor(sketch)]
        if not theirs:
            return None
        if isinstance(sketch, cst.ClassDef):
            return self._class(sketch, theirs[0], place)
        nova = choose(sketch, theirs, place)
        how = 'replaced' if signs.replaces(sketch) else 'edited'
        woven = weave_function(sketch, nova, place, weave_suite)
        return self._changed(nova, woven, sketch.name.value, how)

    def _class(self, sketch: cst.ClassDef, nova: cst.ClassDef, place: Place) -> Statement:
        own_doc, body = signs.split_docstring(statements(sketch.body))
        nova_doc, _ = signs.split_docstring(statements(nova.body))
        if signs.holds(sketch):
            place.hold(sketch)
        before = statements(nova.body)
        inner = Members(list(before), place, in_class=True)
        after = inner.weave(body)
        own_doc = weave_docstring(own_doc, nova_doc, sketch, place)
        if own_doc is not nova_doc:
            after = [own_doc, *after[1 if nova_doc else 0 :]]
        woven = nova
        if not same_nodes(after, before):
            woven = woven.with_changes(body=with_statements(nova.body, after))
        if sketch.bases and not matches(sketch.bases, nova.bases):
            if not any(map(signs.is_rest_element, sketch.bases)):
                raise place.error(
                    sketch,
                    'the class has other bases in the release',
                    candidates=[nova],
                    remedy='Show the bases that Nova has, or none, or `...` and those we add.',
                )
            woven = edit_bases(sketch, woven, place)
        decorators = weave_decorators(sketch, nova, place)
        if decorators is not nova.decorators:
            woven = woven.with_changes(decorators=decorators)
        added, dropped = _difference(_opening(nova), _opening(woven))
        if added or dropped:
            self.touches.append(Touch(place.name, 'edited', added, dropped))
        self.touches += inner.touches
        return self._swap(nova, woven)

    def _assignment(self, sketch: Statement, name: str) -> Statement | None:
        place = self.place.inside(name)
        theirs = [s for s in self.built if assigned_name(s) == name]
        if not theirs:
            return None
        if len(theirs) > 1:
            raise place.error(
                sketch,
                f'the release assigns `{name}` in {len(theirs)} places',
                candidates=theirs,
                remedy='Hold on to the line before the one you mean, and add to it from there.',
            )
        nova = theirs[0]
        if is_element_edit(sketch):
            woven = edit_elements(sketch, nova, place)
            if woven is None:
                raise place.error(
                    sketch,
                    f'`{head(sketch)}` does not read as what the release has',
                    candidates=[nova],
                    remedy='Show the value as Nova has it, with `...` for its elements.',
                )
            place.hold(sketch)
            return self._changed(nova, woven, name, 'edited')
        if matches(sketch, nova) or isinstance(sketch.body[0].value, cst.Ellipsis):
            place.hold(sketch)
            return nova
        if signs.replaces(sketch):
            return self._changed(nova, replace_assignment(sketch, nova, place), name, 'replaced')
        raise place.error(
            sketch,
            'the release has this assignment, and the sketch holds on to nothing of it',
            candidates=[nova],
            remedy='Keep what Nova has with `...`, or end the line with `# replaces nova`.',
        )

    def _anchor(self, sketch: Statement) -> Statement:
        """A statement of Nova's that the sketch holds on to: as a sibling, or to edit it."""
        places: list[tuple[Statement, Statement]] = []
        complaint: SketchError | None = None
        for nova in self.built:
            try:
                woven = self._woven_match(sketch, nova)
            except SketchError as error:
                complaint = complaint or error
            else:
                if woven is not None:
                    places.append((nova, woven))
        if len(places) == 1:
            self.place.hold(sketch)
            return self._changed(*places[0], head(sketch), 'edited')
        if complaint is not None and not places:
            raise complaint
        problem = f'stands in {len(places)} places' if places else 'is not in the release'
        raise self.place.error(
            sketch,
            f'`{head(sketch)}` {problem}',
            candidates=[nova for nova, _ in places] or self.built,
            remedy='Hold on to one line that the release has, and quote enough of it.',
        )

    def _woven_match(self, sketch: Statement, nova: Statement) -> Statement | None:
        if is_element_edit(sketch):
            return edit_elements(sketch, nova, self.place)
        if isinstance(sketch, cst.SimpleStatementLine):
            return nova if matches(sketch, nova) else None
        if matches_header(sketch, nova):
            return weave_compound(sketch, nova, self.place, weave_clause)
        return None

    def _new(
        self, sketch: Statement, sibling: Statement | None, later: Sequence[Statement]
    ) -> Statement:
        name = defined_name(sketch) or head(sketch)
        if holds_on(sketch):
            raise self.place.inside(name).error(
                sketch,
                f'`{head(sketch)}` is not in the release, but the sketch holds on to it',
                candidates=[s for s in self.built if isinstance(s, type(sketch))],
                remedy='Find where the release has it now; without a sign it would be new.',
            )
        at = len(self.built) if sibling is None else _index(self.built, sibling) + 1
        if not self.in_class or assigned_name(sketch):
            at = min(at, first_need(sketch, self.built, later))
        new = layout.with_blanks(
            sketch.with_changes(leading_lines=layout.comments(sketch)),
            self._blanks(self.built[at - 1] if at else None, sketch),
        )
        self.built.insert(at, new)
        if at + 1 < len(self.built):
            following = self.built[at + 1]
            if isinstance(sketch, Definition) or isinstance(following, Definition):
                least = self._blanks(sketch, following)
                if layout.blanks(following) < least:
                    self.built[at + 1] = layout.with_blanks(following, least)
        self.touches.append(Touch(self._full(name), 'member', added=_lines(new)))
        return new

    def _blanks(self, previous: Statement | None, statement: Statement) -> int:
        """How many blank lines Nova's style wants between two statements."""
        if previous is None:
            return 0
        if isinstance(previous, Definition) or isinstance(statement, Definition):
            return 1 if self.in_class else 2
        return min(layout.blanks(statement), 1)

    def _changed(self, nova: Statement, woven: Statement, name: str, how: str) -> Statement:
        if woven is not nova:
            added, dropped = _difference(nova, woven)
            self.touches.append(Touch(self._full(name), how, added, dropped))
        return self._swap(nova, woven)

    def _swap(self, nova: Statement, woven: Statement) -> Statement:
        self.built[_index(self.built, nova)] = woven
        return woven

    def _full(self, name: str) -> str:
        return self.place.inside(name).name


def _opening(node: cst.ClassDef) -> cst.ClassDef:
    """A class without its members."""
    docstring, _ = signs.split_docstring(statements(node.body))
    rest = cst.SimpleStatementLine(body=[cst.Pass()])
    body = [rest] if docstring is None else [docstring, rest]
    return node.with_changes(body=cst.IndentedBlock(body=body))


def holds_on(sketch: Statement) -> bool:
    """Whether a statement that the release lacks bears a sign all the same."""
    if isinstance(sketch, cst.FunctionDef) and takes_nova(sketch.params):
        return True
    if signs.has_sign(sketch) or signs.replaces(sketch) or signs.drops(sketch):
        return True
    if assigned_name(sketch) and isinstance(sketch.body[0].value, cst.Ellipsis):
        return True
    return isinstance(sketch, cst.ClassDef) and any(map(holds_on, statements(sketch.body)))


def _difference(nova: Statement, woven: Statement) -> tuple[int, int]:
    before, after = render(nova).splitlines(), render(woven).splitlines()
    codes = difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    changed = [code for code in codes if code[0] != 'equal']
    return sum(c[4] - c[3] for c in changed), sum(c[2] - c[1] for c in changed)


def _lines(statement: Statement) -> int:
    return len(render(statement).strip().splitlines())


def _index(body: Sequence[Statement], statement: Statement) -> int:
    return next(i for i, s in enumerate(body) if s is statement)
