"""An assignment that says ``# replaces nova``: the target stays Nova's, the value becomes ours."""

import libcst as cst

from graft.python import layout
from graft.python.match import matches
from graft.python.place import Place
from graft.python.signs import Statement


def replace_assignment(sketch: Statement, nova: Statement, place: Place) -> Statement | None:
    """Nova's assignment with our value; None if it assigns something else."""
    target = _target(sketch)
    if target is None:
        raise place.error(
            sketch,
            'only an assignment, a function or a block can say `# replaces nova`',
            remedy='What has no name is let go with `# drops nova` on what takes its place.',
        )
    theirs = _target(nova)
    if theirs is None or not matches(target, theirs):
        return None
    place.hold(sketch)
    if matches(sketch, nova):
        return nova
    place.drop([nova], sketch)
    above = [*nova.leading_lines, *layout.comments(sketch)]
    return nova.with_changes(body=sketch.body, leading_lines=above)


def _target(statement: Statement) -> list[cst.CSTNode] | None:
    match statement:
        case cst.SimpleStatementLine(body=[cst.Assign(targets=targets)]):
            return [target.target for target in targets]
        case cst.SimpleStatementLine(body=[cst.AnnAssign(target=target)]):
            return [target]
        case cst.SimpleStatementLine(body=[cst.AugAssign(target=target, operator=operator)]):
            return [target, operator]
    return None
