"""How the end-to-end tests are called."""

from __future__ import annotations

import os
from collections.abc import Sequence

from cloud import command, debian, lifecycle, service, settings


def call(
    cloud: lifecycle.Cloud, words: Sequence[str], short: bool
) -> tuple[list[str], dict[str, str]]:
    """Return the command that runs them against a cloud, and its environment."""
    environment = {
        **os.environ,
        **cloud.environment(),
        'PYTHONPATH': str(settings.REPOSITORY),
        'PYTHONDONTWRITEBYTECODE': '1',
    }
    python = str(cloud.context().venv.python)
    return [python, *arguments(words, short)], environment


def install_browser(context: service.Context) -> None:
    """Install what the tests of the dashboard need."""
    log = context.state.log('install')
    debian.install(('chromium', 'chromium-driver'), log)
    pins = settings.REPOSITORY / 'cloud' / 'tests' / 'browser.txt'
    pip = (context.venv.bin / 'pip', 'install', '--no-deps', '--disable-pip-version-check')
    command.run([*pip, '-r', pins], log=log)


def arguments(given: Sequence[str], short: bool = False) -> list[str]:
    """Return what Python is called with to run the tests, these or all."""
    words = ['-m', 'pytest', '-p', 'no:cacheprovider']
    # Those of the packages that the client is made of.
    words += ['-W', 'ignore::DeprecationWarning', '--tb', 'short']
    words += ['-m', 'short'] if short else []
    # Without a path, pytest would load the tests of the whole repository.
    paths = [settings.REPOSITORY / word.partition('::')[0] for word in given]
    # Not "-k dashboard", which is the name of a folder as well.
    named = any(path.is_relative_to(settings.E2E) and path.exists() for path in paths)
    return [*words, *([] if named else [str(settings.E2E)]), *given]
