"""The signature of what both sides have: its decorators, and the parameters of a function."""

from collections.abc import Sequence

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from graft.python import commas, gap, signs
from graft.python.match import matches, same_nodes
from graft.python.place import WIDTH, Place, head, render

Definition = cst.FunctionDef | cst.ClassDef


def accessor(function: cst.FunctionDef) -> str:
    """What distinguishes a property's getter, setter and deleter, which share a name."""
    for decorator in function.decorators:
        match decorator.decorator:
            case cst.Attribute(
                value=cst.Name(value=owner), attr=cst.Name(value='setter' | 'deleter' as kind)
            ) if owner == function.name.value:
                return kind
    return ''


def choose(
    sketch: cst.FunctionDef, overloads: Sequence[cst.FunctionDef], place: Place
) -> cst.FunctionDef:
    """The one of several functions of a name that has the decorators the sketch shows."""
    if len(overloads) == 1:
        return overloads[0]
    marks = [d for d in sketch.decorators if signs.holds(d)] or [
        d for d in sketch.decorators if not signs.is_rest_element(d)
    ]
    candidates = [
        function
        for function in overloads
        if marks and all(any(_same(d, n) for n in function.decorators) for d in marks)
    ]
    if len(candidates) == 1:
        for decorator in marks:
            place.hold(decorator)
        return candidates[0]
    raise place.error(
        sketch,
        f'the release has {len(overloads)} functions `{sketch.name.value}`, '
        f'and {len(candidates)} of them have the decorators shown',
        candidates=[d for function in overloads for d in function.decorators],
        remedy='Show a decorator that only one of them has, its line ending in `# nova`.',
    )


def _same(ours: cst.Decorator, theirs: cst.Decorator) -> bool:
    return matches(ours.decorator, theirs.decorator)


def weave_decorators(sketch: Definition, nova: Definition, place: Place) -> Sequence[cst.Decorator]:
    """Nova's, unless the sketch gives its own; ``@...`` among those stands for Nova's."""
    if all(signs.holds(d) for d in sketch.decorators):
        _check_anchors(sketch, nova, place)
        return nova.decorators
    counterparts = [
        None
        if signs.is_rest_element(ours)
        else next((theirs for theirs in nova.decorators if _same(ours, theirs)), None)
        for ours in sketch.decorators
    ]
    woven: list[cst.Decorator] = []
    for ours, theirs in zip(sketch.decorators, counterparts, strict=True):
        if signs.is_rest_element(ours):
            woven += [n for n in nova.decorators if not any(n is k for k in counterparts)]
        elif theirs is not None:
            if signs.drops(ours):
                place.hold(ours)
            woven.append(theirs)
        else:
            woven.append(signs.without_mark(ours).with_changes(leading_lines=()))
    _check_anchors(sketch, nova, place)
    removals = [n for n in nova.decorators if not any(n is b for b in woven)]
    if removals and signs.replaces(sketch):
        place.drop(removals, sketch)
    elif removals:
        ours = [(d, signs.line_comment(d)) for d in sketch.decorators]
        gap.drop(removals, ours, sketch.decorators[0], place)
    if same_nodes(woven, nova.decorators):
        return nova.decorators
    return woven


def _check_anchors(sketch: Definition, nova: Definition, place: Place) -> None:
    for decorator in sketch.decorators:
        if not signs.holds(decorator):
            continue
        if not any(_same(decorator, n) for n in nova.decorators):
            raise place.error(
                decorator,
                f'`{head(decorator)}` is not among the decorators that the release has',
                candidates=nova.decorators,
                remedy='Hold on to a decorator that the release has.',
            )
        place.hold(decorator)


def weave_params(sketch: cst.FunctionDef, nova: cst.FunctionDef, place: Place) -> cst.Parameters:
    ours = sketch.params
    if not takes_nova(ours):
        if matches(ours, nova.params):
            if signs.drops(sketch):
                place.hold(sketch)
            return nova.params
        if not _has_all(ours, nova.params):
            _drop_from_header(sketch, nova, place, 'other parameters')
        return ours
    theirs = nova.params
    added = _added(ours, theirs, place)
    if not added:
        return theirs
    field = 'params' if isinstance(theirs.star_arg, cst.MaybeSentinel) else 'kwonly_params'
    before = getattr(theirs, field)
    bare = nova.with_changes(
        leading_lines=(),
        decorators=(),
        lines_after_decorators=(),
        body=cst.SimpleStatementSuite(body=[cst.Pass()]),
    )
    between = commas.PLAIN
    if len(before) > 1 and all(commas.breaks(p.comma) for p in before[:-1]):
        between = _broken(bare, before[0])
    woven = theirs.with_changes(**{field: _with_added(before, added, theirs, between)})
    first = (*theirs.params, *theirs.kwonly_params)[:1]
    lines = render(bare.with_changes(params=woven)).splitlines()
    if first and any(place.column(sketch) + len(line) > WIDTH for line in lines):
        between = _broken(bare, first[0])
        woven = theirs.with_changes(**{field: _with_added(before, added, theirs, between)})
    return woven


def weave_returns(
    sketch: cst.FunctionDef, nova: cst.FunctionDef, place: Place
) -> cst.Annotation | None:
    if sketch.returns is None or matches(sketch.returns, nova.returns):
        return nova.returns
    if nova.returns is not None:
        _drop_from_header(sketch, nova, place, 'another return type')
    return sketch.returns


def _drop_from_header(
    sketch: cst.FunctionDef, nova: cst.FunctionDef, place: Place, what: str
) -> None:
    """Let something of Nova's ``def`` line go, if the line of ours says so."""
    if not (signs.replaces(sketch) or signs.drops(sketch)):
        raise place.error(
            sketch,
            f'the function has {what} in the release, which would go',
            candidates=[nova],
            remedy='Show `*nova` for the parameters, or end the `def` line with `# drops nova`.',
        )
    place.drop([nova.name, *nova.params.children, *filter(None, [nova.returns])], sketch)


def _has_all(ours: cst.Parameters, theirs: cst.Parameters) -> bool:
    """Whether all the parameters that Nova has are among ours, as Nova has them."""
    for field in ('posonly_params', 'params', 'kwonly_params'):
        remaining = iter(getattr(ours, field))
        if not all(any(matches(o, t) for o in remaining) for t in getattr(theirs, field)):
            return False
    stars = [(p.star_arg, p.star_kwarg) for p in (ours, theirs)]
    return all(
        not isinstance(theirs, cst.Param) or matches(ours, theirs)
        for ours, theirs in zip(*stars, strict=True)
    )


def _added(ours: cst.Parameters, theirs: cst.Parameters, place: Place) -> Sequence[cst.Param]:
    """The parameters after ``*nova``, if they can be added to Nova's."""
    for param in (*ours.posonly_params, *ours.params, *filter(None, [ours.star_kwarg])):
        raise place.error(
            param,
            f'`{param.name.value}` stands beside `*nova`, which is all of the parameters Nova has',
            remedy='Show `*nova` first, then those that we add, by name.',
        )
    parameters = {
        p.name.value: p for p in (*theirs.posonly_params, *theirs.params, *theirs.kwonly_params)
    }
    added = []
    for param in ours.kwonly_params:
        name = param.name.value
        if name not in parameters:
            added.append(param)
        elif not matches(param.default, parameters[name].default):
            raise place.error(
                param,
                f'the parameter `{name}` has another default in the release',
                candidates=[parameters[name]],
                remedy='Leave it out, or show all parameters in place of `*nova`.',
            )
    positional = isinstance(theirs.star_arg, cst.MaybeSentinel)
    if positional and any(p.default is not None for p in (*theirs.posonly_params, *theirs.params)):
        for param in added:
            if param.default is None:
                raise place.error(
                    param,
                    f'the parameter `{param.name.value}` follows others that have a default',
                    remedy='Give it a default.',
                )
    return added


def _broken(function: cst.FunctionDef, param: cst.Param) -> cst.Comma:
    """A comma after which the next parameter stands below the given one."""
    wrapper = MetadataWrapper(cst.Module(body=[function]), unsafe_skip_copy=True)
    return commas.broken(wrapper.resolve(PositionProvider)[param].start.column)


def takes_nova(params: cst.Parameters) -> bool:
    """Whether ``*nova`` stands among the parameters: Nova's own."""
    return isinstance(params.star_arg, cst.Param) and params.star_arg.name.value == 'nova'


def _with_added(
    nova: Sequence[cst.Param],
    added: Sequence[cst.Param],
    params: cst.Parameters,
    between: cst.Comma,
) -> Sequence[cst.Param]:
    """The parameters of a kind with ours at their end, each followed by a comma if need be."""
    everything = [*nova, *added]
    closing = nova[-1].comma if nova else cst.MaybeSentinel.DEFAULT
    if params.star_kwarg is not None and not nova:
        closing = between
    built = []
    for index, param in enumerate(everything):
        last = index == len(everything) - 1
        if index < len(nova) - 1:
            comma = param.comma
        elif last:
            comma = closing
        else:
            comma = between
        built.append(param.with_changes(comma=comma))
    return built
