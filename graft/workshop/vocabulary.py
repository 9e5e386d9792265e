"""The words of the project: what it has a better word for is found in every file of it.

`[tool.graft.vocabulary]` in `pyproject.toml` names each word to use, and what not to use for it
as regular expressions. A space in them also matches the end of a line, of a comment's line and of
a string that the next one continues.
"""

import re
import subprocess
from collections.abc import Iterator

from graft.project import Project

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
    for path in _files(project):
        try:
            text = (project.root / path).read_text()
        except (FileNotFoundError, UnicodeDecodeError):
            continue  # deleted and not committed yet, or no text
        for pattern, word in rules:
            for match in pattern.finditer(text):
                line = text.count('\n', 0, match.start()) + 1
                used = re.sub(BETWEEN, ' ', match[0]).strip()
                yield f'{path}:{line}: "{used}": {word}'


def _files(project: Project) -> list[str]:
    """What git keeps, and what it would if it were added."""
    command = ['git', 'ls-files', '-z', '--cached', '--others', '--exclude-standard']
    process = subprocess.run(command, cwd=project.root, capture_output=True, text=True, check=True)
    return [path for path in process.stdout.split('\0') if path and not EXEMPT.fullmatch(path)]
