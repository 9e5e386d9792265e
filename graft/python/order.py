"""What a module needs while it is being imported, and so must have before."""

from collections.abc import Sequence
from functools import lru_cache

import libcst as cst

from graft.python.signs import Statement


def assigned_name(statement: Statement) -> str | None:
    """The one name that a statement assigns, if that is what it does."""
    match statement:
        case cst.SimpleStatementLine(
            body=[cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))])]
        ):
            return name
        case cst.SimpleStatementLine(body=[cst.AnnAssign(target=cst.Name(value=name))]):
            return name
    return None


def defined_name(statement: Statement) -> str | None:
    if isinstance(statement, cst.FunctionDef | cst.ClassDef):
        return statement.name.value
    return assigned_name(statement)


def first_need(sketch: Statement, body: Sequence[Statement], later: Sequence[Statement]) -> int:
    """Where the body first needs a new statement, if it is only for one of those yet to come."""
    name = defined_name(sketch)
    if name is None:
        return len(body)
    needs = [
        first_need(user, body, later[index + 1 :])
        for index, user in enumerate(later)
        if name in _used(user)
    ]
    needs += [index for index, statement in enumerate(body) if name in _used(statement)]
    return min(needs, default=len(body))


@lru_cache(maxsize=2_000)  # Each new statement of a module asks it of all that the module has.
def _used(statement: Statement) -> set[str]:
    uses = _Uses()
    statement.visit(uses)
    return uses.names


class _Uses(cst.CSTVisitor):
    """The names that are looked up when a statement is executed, not when a function is called."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def visit_Name(self, node: cst.Name) -> None:
        self.names.add(node.value)

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:
        for part in (*node.decorators, node.params, node.returns):
            if part is not None:
                part.visit(self)
        return False

    def visit_Lambda(self, node: cst.Lambda) -> bool:
        return False

    def visit_Attribute(self, node: cst.Attribute) -> bool:
        node.value.visit(self)
        return False

    def visit_Arg(self, node: cst.Arg) -> bool:
        node.value.visit(self)
        return False

    def visit_Param(self, node: cst.Param) -> bool:
        for part in (node.default, node.annotation):
            if part is not None:
                part.visit(self)
        return False

    def visit_AssignTarget(self, node: cst.AssignTarget) -> bool:
        return not isinstance(node.target, cst.Name)
