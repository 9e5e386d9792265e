"""What the branch touches in a release, and what Nova changed of it in another."""

import difflib
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import libcst as cst

from graft import fetch
from graft.project import Project, Release
from graft.weave import Woven, weave


def woven(project: Project, release: Release, folder: Path) -> Woven:
    """The weave of a release, unpacked into a folder for the purpose."""
    pristine = folder / release.version
    fetch.unpack(fetch.tarball(project, release), pristine)
    return weave(project, release, pristine)


def touched(project: Project, release: Release) -> dict[str, list[dict[str, Any]]]:
    with tempfile.TemporaryDirectory(prefix='graft-') as folder:
        touches = woven(project, release, Path(folder)).touches
    return {path: [asdict(touch) for touch in entries] for path, entries in touches.items()}


def as_text(files: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    for path, touches in files.items():
        if touches[0]['how'] == 'new':
            yield f'{path}  new, {touches[0]["added"]} lines'
            continue
        yield path
        for touch in touches:
            yield f'    {touch["how"]:8} {touch["name"]}  +{touch["added"]} -{touch["dropped"]}'
    new = sum(touches[0]['how'] == 'new' for touches in files.values())
    added = sum(touch['added'] for touches in files.values() for touch in touches)
    dropped = sum(touch['dropped'] for touches in files.values() for touch in touches)
    yield (
        f'{new} new files, {len(files) - new} files of Nova touched: '
        f'{added} lines added, {dropped} dropped'
    )


def changed_between(project: Project, release: Release, other: Release) -> Iterator[str]:
    """The touched functions whose text Nova changed from one release to the other, as diffs."""
    with tempfile.TemporaryDirectory(prefix='graft-') as name:
        folder = Path(name)
        touches = woven(project, release, folder).touches
        fetch.unpack(fetch.tarball(project, other), folder / other.version)
        for path, entries in touches.items():
            if path.endswith('.py') and entries[0].how != 'new':
                one, two = (_definitions(folder / r.version / path) for r in (release, other))
                for function in (touch.name for touch in entries if touch.name in one):
                    before, after = one[function], two.get(function)
                    if before != after:
                        yield from _difference(path, function, before, after, release, other)


def _difference(
    path: str, function: str, before: str, after: str | None, release: Release, other: Release
) -> Iterator[str]:
    old, new = release.name, other.name
    if old == new:
        old, new = release.version, other.version
    if after is None:
        yield f'{path}: {function} is not in {new}'
        return
    yield f'{path}: {function}'
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), old, new, n=1, lineterm=''
    )
    yield from (f'    {line}' for line in lines)


def _definitions(path: Path) -> dict[str, str]:
    """The text of each function, class and module-level assignment of a file, by its name."""
    if not path.exists():
        return {}
    module = cst.parse_module(path.read_text())
    definitions: dict[str, str] = {}

    def collect(body: Any, prefix: str) -> None:
        for statement in body:
            match statement:
                case cst.FunctionDef() | cst.ClassDef():
                    name = prefix + statement.name.value
                    definitions[name] = module.code_for_node(
                        statement.with_changes(leading_lines=())
                    )
                    if isinstance(statement, cst.ClassDef):
                        collect(statement.body.body, f'{name}.')
                case cst.SimpleStatementLine(
                    body=[cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))])]
                ):
                    definitions[prefix + name] = module.code_for_node(
                        statement.with_changes(leading_lines=())
                    )

    collect(module.body, '')
    return definitions
