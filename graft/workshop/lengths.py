"""The lengths of the project: a module or a class that grows past them holds two ideas.

`[tool.graft.lengths]` in `pyproject.toml` has the most lines that a `module` and a `class` may
have. A sketch is as long as it stands in the repository, whatever it is woven into.
"""

import ast
from collections.abc import Iterator

from graft.project import Project
from graft.workshop import sources


def faults(project: Project) -> Iterator[str]:
    """Each module and each class that has more lines than it may."""
    lengths = project.settings().get('lengths')
    if lengths is None:
        return
    for path, text in sources.texts(project):
        if not path.endswith('.py'):
            continue
        lines = len(text.splitlines())
        if lines > lengths['module']:
            yield f'{path}: the module has {lines} lines, {lengths["module"]} at most: divide it'
        for node in _classes(text):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > lengths['class']:
                yield (
                    f'{path}:{node.lineno}: the class {node.name} has {lines} lines, '
                    f'{lengths["class"]} at most: divide it'
                )


def _classes(text: str) -> list[ast.ClassDef]:
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return []  # a sample of what the weave refuses; ruff finds any other
    return [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
