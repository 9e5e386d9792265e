"""The words of the project: what it has a better word for is found in every file of it.

`[tool.graft.vocabulary]` in `pyproject.toml` names each word to use, and what not to use for it
as regular expressions. A space in them also matches the end of a line, of a comment's line and of
a string that the next one continues.
"""

import re
from collections.abc import Iterator

from graft.project import Project
from graft.workshop import sources

BETWEEN = r'[\s"\'#_]+'
# The list itself, and what others have written.
EXEMPT = re.compile(r'pyproject\.toml|LICENSE|.*\.lock|releases/[^/]+/constraints\.txt')


def faults(project: Project) -> Iterator[str]:
    """Each use of a word that the project has another one for."""
    vocabulary = project.settings().get('vocabulary', {})
    rules = [
        (re.compile(rf'(?<![a-z])(?:{form.replace(" ", BETWEEN)})(?![a-z])', re.IGNORECASE), word)
        for word, forms in vocabulary.items()
        for form in forms
    ]
    if not rules:
        return
    for path, text in sources.texts(project):
        if EXEMPT.fullmatch(path):
            continue
        for pattern, word in rules:
            for match in pattern.finditer(text):
                line = text.count('\n', 0, match.start()) + 1
                used = re.sub(BETWEEN, ' ', match[0]).strip()
                yield f'{path}:{line}: "{used}": {word}'
