"""Pages about the fork, written from what is built: ``python -m upgrade.fork.pages``.

They change whenever the branch does, so none of them is kept: they go to a folder that git ignores.
"""

from __future__ import annotations

import argparse
import ast
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from graft import report
from graft.errors import GraftError
from graft.project import Project, Release
from graft.touch import Touch
from graft.weave import Woven
from upgrade.errors import UpgradeError
from upgrade.fork import file_list, payload
from upgrade.fork.payload import Payload

HERE = Path(__file__).resolve().parent.parent
_HOW = {'edited': 'edited', 'member': 'new', 'new': 'new', 'replaced': 'replaced'}


def main() -> int:
    parser = argparse.ArgumentParser(prog='upgrade.fork.pages', description=__doc__)
    parser.add_argument('--release', help='a folder of releases/ (default: as in pyproject.toml)')
    parser.add_argument('--wheel', type=Path, help='the forked wheel (default: the one in dist/)')
    parser.add_argument('--dest', type=Path, default=HERE / 'pages', help='default: upgrade/pages')
    options = parser.parse_args()
    project = Project.at(HERE.parent)
    try:
        release = project.release(options.release)
        fork = payload.find(options.release, options.wheel, None)
        with tempfile.TemporaryDirectory(prefix='upgrade-') as folder:
            woven = report.woven(project, release, Path(folder))
    except (GraftError, UpgradeError) as error:
        print(f'upgrade.fork.pages: {error}', file=sys.stderr)
        return 1
    options.dest.mkdir(parents=True, exist_ok=True)
    for name, lines in pages(project, release, woven, fork).items():
        path = options.dest / name
        path.write_text('\n'.join(lines) + '\n')
        print(path)
    return 0


def pages(
    project: Project, release: Release, woven: Woven, fork: Payload
) -> Mapping[str, list[str]]:
    """Return each page by its name."""
    title = f'nova {project.version(release)} ({release.name})'
    return {
        'FILE_MAPPING.md': list(file_list.page(fork)),
        'CHANGES.md': list(changes(title, woven)),
        'CODE_REFERENCE.md': list(code_reference(title, woven)),
    }


def changes(title: str, woven: Woven) -> Iterator[str]:
    """Yield every function that is touched, and how."""
    yield f'# What is changed in {title}'
    yield ''
    for path, touches in sorted(woven.touches.items()):
        if touches[0].how == 'new':
            yield f'- `{path}`: new, {touches[0].added} lines'
            continue
        yield f'- `{path}`'
        for touch in touches:
            counts = f'+{touch.added} -{touch.dropped}'
            yield f'    - `{touch.name}` {_HOW.get(touch.how, touch.how)}, {counts}'
    yield ''
    new = len(woven.new)
    added = sum(touch.added for touches in woven.touches.values() for touch in touches)
    dropped = sum(touch.dropped for touches in woven.touches.values() for touch in touches)
    yield (
        f'{new} new files, {len(woven.touches) - new} files of Nova touched: '
        f'{added} lines added, {dropped} dropped.'
    )


def code_reference(title: str, woven: Woven) -> Iterator[str]:
    """Yield what the branch adds and can be called: new modules and new members."""
    yield f'# Code reference of {title}'
    yield ''
    yield 'New modules, and what is new in those of Nova. CHANGES.md has the edits.'
    for path, content in sorted(woven.files.items()):
        if not path.endswith('.py') or path.startswith('nova/tests/'):
            continue
        tree = ast.parse(content)
        lines = list(_definitions(tree, path, woven.touches[path]))
        if lines:
            yield ''
            yield f'## `{path[:-3].replace("/", ".").removesuffix(".__init__")}`'
            yield ''
            yield from lines


def _definitions(tree: ast.Module, path: str, touches: list[Touch]) -> Iterator[str]:
    whole = touches[0].how == 'new'
    if whole:
        for line in _first(ast.get_docstring(tree)):
            yield from (line, '')
    added = {touch.name for touch in touches if touch.how in ('member', 'new')}
    for name, node in _named(tree, ''):
        private = any(part.startswith('_') for part in name.split('.'))
        if (whole and not private) or name in added:
            signature = f'({ast.unparse(node.args)})' if hasattr(node, 'args') else ''
            summary = ' '.join(_first(ast.get_docstring(node)))
            yield f'- `{name}{signature}`' + (f': {summary}' if summary else '')


def _first(docstring: str | None) -> list[str]:
    return [(docstring or '').partition('\n\n')[0].replace('\n', ' ')] if docstring else []


def _named(tree: ast.AST, prefix: str) -> Iterator[tuple[str, ast.FunctionDef | ast.ClassDef]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield prefix + node.name, node
            if isinstance(node, ast.ClassDef):
                yield from _named(node, f'{prefix}{node.name}.')


if __name__ == '__main__':
    sys.exit(main())
