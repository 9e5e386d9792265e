"""The text files of the project, for the checks that read them all."""

import subprocess
from collections.abc import Iterator

from graft.project import Project


def texts(project: Project) -> Iterator[tuple[str, str]]:
    """The path and the text of what git keeps, and of what it would if it were added."""
    command = ['git', 'ls-files', '-z', '--cached', '--others', '--exclude-standard']
    process = subprocess.run(command, cwd=project.root, capture_output=True, text=True, check=True)
    for path in filter(None, process.stdout.split('\0')):
        try:
            yield path, (project.root / path).read_text()
        except (FileNotFoundError, UnicodeDecodeError):
            continue  # deleted and not committed yet, or no text
