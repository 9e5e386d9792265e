"""Compound statements that both sides have: clause by clause, whichever kind they are.

A clause that the sketch does not show stays as it is. One that it shows and Nova lacks is new, and
stands after the clause that stands before it in the sketch.
"""

from collections.abc import Callable, Sequence

import libcst as cst

from graft.python import layout, signs
from graft.python.match import matches_header, same_nodes
from graft.python.place import Place, head

WeaveClause = Callable[[cst.CSTNode, cst.BaseSuite, Place], cst.BaseSuite]


def weave_compound(
    sketch: cst.CSTNode, nova: cst.CSTNode, place: Place, weave: WeaveClause
) -> cst.CSTNode:
    """Nova's statement with the sketch's clauses woven in; the same one if nothing changes."""
    changes: dict[str, object] = {'body': weave(sketch, nova.body, place)}
    if isinstance(sketch, cst.If):
        return _weave_branches(sketch, nova, place, weave)
    if isinstance(sketch, cst.Try | cst.TryStar):
        changes['handlers'] = _weave_handlers(sketch.handlers, nova.handlers, place, weave)
    for name in ('orelse', 'finalbody'):
        ours = getattr(sketch, name, None)
        if ours is not None:
            changes[name] = _weave_part(ours, getattr(nova, name), place, weave)
    return _changed(nova, changes)


def _weave_part(
    ours: cst.CSTNode, theirs: cst.CSTNode | None, place: Place, weave: WeaveClause
) -> cst.CSTNode:
    """An ``else`` or ``finally``."""
    if theirs is None:
        return _new(ours, place)
    return _changed(theirs, {'body': weave(ours, theirs.body, place)})


def _weave_handlers(
    sketch: Sequence[cst.CSTNode], nova: Sequence[cst.CSTNode], place: Place, weave: WeaveClause
) -> Sequence[cst.CSTNode]:
    """``except`` clauses, or the tests of an ``if``, found by what they open with."""
    woven = list(nova)
    after = 0
    for ours in sketch:
        index = _index(ours, woven, place)
        if index is None:
            woven.insert(after, _new(ours, place))
            after += 1
        else:
            woven[index] = _changed(woven[index], {'body': weave(ours, woven[index].body, place)})
            after = index + 1
    return nova if same_nodes(woven, nova) else woven


def _index(ours: cst.CSTNode, clauses: Sequence[cst.CSTNode], place: Place) -> int | None:
    places = [index for index, clause in enumerate(clauses) if matches_header(ours, clause)]
    if len(places) > 1:
        raise place.error(
            ours,
            f'`{head(ours)}` stands in {len(places)} places',
            candidates=[clauses[index] for index in places],
            remedy='Quote more of the line.',
        )
    if not places and (signs.holds(ours) or signs.has_sign(ours.body)):
        raise place.error(
            ours,
            f'`{head(ours)}` is not in the release',
            candidates=clauses,
            remedy='Hold on to a line that the release has.',
        )
    return places[0] if places else None


def _weave_branches(sketch: cst.If, nova: cst.If, place: Place, weave: WeaveClause) -> cst.If:
    """An ``if`` with its chain of ``elif``, and the ``else`` at its end."""
    (first, *ours), our_else = _chain(sketch)
    (head_branch, *theirs), their_else = _chain(nova)
    opened = _changed(head_branch, {'body': weave(first, head_branch.body, place)})
    branches = [opened, *_weave_handlers(ours, theirs, place, weave)]
    end = their_else if our_else is None else _weave_part(our_else, their_else, place, weave)
    if end is their_else and same_nodes(branches, [head_branch, *theirs]):
        return nova
    for branch in reversed(branches):
        end = branch.with_changes(orelse=end)
    return end


def _chain(node: cst.If) -> tuple[list[cst.If], cst.Else | None]:
    branches = [node]
    while isinstance(branches[-1].orelse, cst.If):
        branches.append(branches[-1].orelse)
    return branches, branches[-1].orelse


def _new(clause: cst.CSTNode, place: Place) -> cst.CSTNode:
    if signs.has_sign(clause.body):
        raise place.error(
            clause,
            f'`{head(clause)}` is not in the release',
            remedy='A clause that Nova lacks is ours alone: it can hold on to nothing.',
        )
    return layout.ours(clause)


def _changed(node: cst.CSTNode, changes: dict[str, object]) -> cst.CSTNode:
    if all(getattr(node, name) is value for name, value in changes.items()):
        return node
    return node.with_changes(**changes)
