"""A function that both sides have: signature, docstring and body."""

from collections.abc import Callable, Sequence

import libcst as cst

from graft.python import layout, signs
from graft.python.match import matches
from graft.python.place import Place
from graft.python.signature import weave_decorators, weave_params, weave_returns
from graft.python.signs import Statement, Suite, statements, with_statements

WeaveSuite = Callable[[Suite, Suite, Place], Suite]


def weave_function(
    sketch: cst.FunctionDef, nova: cst.FunctionDef, place: Place, weave: WeaveSuite
) -> cst.FunctionDef:
    """Nova's function as the sketch wants it; the same one if nothing changes."""
    if (sketch.asynchronous is None) != (nova.asynchronous is None):
        raise place.error(
            sketch,
            'one of the two is async, the function of the release or the sketch of it',
            candidates=[nova],
            remedy='Show the function as the release has it, with `async` or without.',
        )
    own_doc, body = signs.split_docstring(statements(sketch.body))
    nova_doc, _ = signs.split_docstring(statements(nova.body))
    edited = signs.any_sign(body)
    if edited:
        suite = _edited_body(body, nova, place, weave)
    else:
        suite = _replaced_body(sketch, body, nova, place)
    if not edited or signs.holds(sketch):
        place.hold(sketch)
    own_doc = weave_docstring(own_doc, nova_doc, sketch, place)
    if own_doc is not nova_doc:
        rest = statements(suite)[1:] if nova_doc is not None else statements(suite)
        suite = with_statements(suite, [own_doc, *rest])
    changes: dict[str, object] = {}
    if suite is not nova.body:
        changes['body'] = suite
    decorators = weave_decorators(sketch, nova, place)
    if decorators is not nova.decorators:
        changes['decorators'] = decorators
    returns = weave_returns(sketch, nova, place)
    if returns is not nova.returns:
        changes['returns'] = returns
    params = weave_params(sketch, nova, place)
    if params is not nova.params:
        changes['params'] = params
    return nova.with_changes(**changes) if changes else nova


def weave_docstring(
    ours: Statement | None,
    theirs: Statement | None,
    sketch: cst.FunctionDef | cst.ClassDef,
    place: Place,
) -> Statement | None:
    """The docstring that the sketch gives, if it does; Nova's goes only where a mark says so."""
    if ours is None:
        return theirs
    if theirs is not None and matches(ours, theirs):
        if signs.replaces(ours):
            place.hold(ours)
        return theirs
    if theirs is not None:
        marked = next((node for node in (ours, sketch) if signs.replaces(node)), None)
        if marked is None:
            raise place.error(
                ours,
                'the release has a docstring here, and ours would take its place',
                candidates=[theirs],
                remedy='Leave ours out, or end its last line with `# replaces nova`.',
            )
        place.drop([theirs], marked)
    return layout.ours(ours).with_changes(leading_lines=())


def _edited_body(
    body: Sequence[Statement], nova: cst.FunctionDef, place: Place, weave: WeaveSuite
) -> cst.BaseSuite:
    doc, nova_body = signs.split_docstring(statements(nova.body))
    before = with_statements(nova.body, nova_body)
    after = weave(cst.IndentedBlock(body=body), before, place)
    if after is before:
        return nova.body
    return with_statements(nova.body, [*([doc] if doc else []), *statements(after)])


def _replaced_body(
    sketch: cst.FunctionDef,
    body: Sequence[Statement],
    nova: cst.FunctionDef,
    place: Place,
) -> cst.BaseSuite:
    doc, nova_body = signs.split_docstring(statements(nova.body))
    if not body or matches(body, nova_body):
        return nova.body
    if not signs.replaces(sketch):
        raise place.error(
            sketch,
            'the release has this function, and the sketch holds on to nothing of it',
            remedy='Keep what Nova has with `...`, or end the `def` line with `# replaces nova`.',
        )
    place.drop(nova_body, sketch, below=len(getattr(nova.body, 'footer', ())))
    suite = with_statements(nova.body, [*([doc] if doc else []), *(layout.ours(s) for s in body)])
    return suite.with_changes(footer=())
