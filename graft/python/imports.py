"""Imports: those that the release lacks, each added where the style of Nova's imports puts it.

Three groups (standard library, third party, Nova), each in alphabetical order of full names.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

import libcst as cst
from libcst.helpers import get_full_name_for_node

from graft.python import layout
from graft.python.place import Place
from graft.python.signs import Statement, is_docstring

Statements = Sequence[Statement]


@dataclass(frozen=True)
class Import:
    """One imported name, and the statement among Nova's (or the sketch's) that imports it."""

    module: str
    name: str | None
    alias: str | None
    statement: Statement

    @property
    def source(self) -> tuple[str, str | None]:
        return self.module, self.name

    @property
    def full_name(self) -> str:
        return f'{self.module}.{self.name}' if self.name else self.module

    @property
    def bound(self) -> str:
        """The name that it gives the module."""
        return self.alias or self.name or self.module

    @property
    def group(self) -> int:
        root = self.module.split('.')[0]
        if root == '__future__':
            return 0
        if root in sys.stdlib_module_names:
            return 1
        return 3 if root in ('', 'nova') else 2

    @property
    def place(self) -> tuple[int, str]:
        return self.group, self.full_name.lower()

    def line(self) -> cst.SimpleStatementLine:
        """A statement that imports this and nothing else."""
        alias = f' as {self.alias}' if self.alias else ''
        if self.name:
            line = f'from {self.module} import {self.name}{alias}'
        else:
            line = f'import {self.module}{alias}'
        comment = self.statement.trailing_whitespace
        return cst.parse_statement(line).with_changes(trailing_whitespace=comment)


def is_import(statement: Statement) -> bool:
    match statement:
        case cst.SimpleStatementLine(body=[cst.Import() | cst.ImportFrom()]):
            return True
    return False


def weave_imports(sketch: Statements, nova: Statements, place: Place) -> list[Statement]:
    """Nova's statements with the sketch's imports among them."""
    body = list(nova)
    for addition in _imports(sketch):
        theirs = _imports(body)
        bound = [i for i in theirs if i.bound == addition.bound]
        if any(i.source == addition.source for i in bound):
            continue
        if bound:
            raise place.error(
                addition.statement,
                f'`{addition.bound}` is the name of another import in the release',
                candidates=[bound[0].statement],
                remedy='Import it under another name.',
            )
        _insert(body, addition, theirs)
    return body


def _imports(body: Statements) -> list[Import]:
    imports = []
    for statement in filter(is_import, body):
        node = statement.body[0]
        if isinstance(node.names, cst.ImportStar):
            continue
        for item in node.names:
            name = get_full_name_for_node(item.name)
            if isinstance(node, cst.ImportFrom):
                module = get_full_name_for_node(node.module) if node.module else ''
                imports.append(
                    Import('.' * len(node.relative) + module, name, item.evaluated_alias, statement)
                )
            else:
                imports.append(Import(name, None, item.evaluated_alias, statement))
    return imports


def _insert(body: list[Statement], addition: Import, theirs: Sequence[Import]) -> None:
    """Put a line of ours after the last of Nova's that comes before it, or before the next one."""
    new = addition.line()
    before = [i for i in theirs if i.place <= addition.place and i.group == addition.group]
    if before:
        body.insert(body.index(before[-1].statement) + 1, new)
        return
    after = [i for i in theirs if i.place > addition.place]
    if after:
        at = body.index(after[0].statement)
        following = body[at]
        spaced = layout.with_blanks(new, layout.blanks(following))
        body.insert(at, spaced)
        apart = 0 if after[0].group == addition.group else 1
        body[at + 1] = layout.with_blanks(following, apart)
        return
    at = body.index(theirs[-1].statement) + 1 if theirs else _after_docstring(body)
    body.insert(at, layout.with_blanks(new, 1 if at else 0))
    _set_apart(body, at + 1)


def _set_apart(body: list[Statement], at: int) -> None:
    """Leave the blank lines below the imports that Nova's style wants there."""
    if at < len(body):
        least = 2 if isinstance(body[at], cst.FunctionDef | cst.ClassDef) else 1
        if layout.blanks(body[at]) < least:
            body[at] = layout.with_blanks(body[at], least)


def _after_docstring(body: Statements) -> int:
    return 1 if body and is_docstring(body[0]) else 0
