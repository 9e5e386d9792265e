"""The scripts of the guide for operators, run as they stand there."""

from __future__ import annotations

import re
import textwrap
from typing import Any

from cloud import settings

_GUIDE = settings.REPOSITORY / 'doc/source/admin/elastic-servers.rst'
_SCRIPT = re.compile(r'^\.\. code-block:: python\n\n((?:   .*\n|\n)+)', re.MULTILINE)


class Scripts:
    """Scripts that share their variables, as those who try them would have it."""

    def __init__(self, **variables: Any) -> None:
        self.variables = variables
        self.usage, self.history, self.listener, self.audits = (
            textwrap.dedent(script) for script in _SCRIPT.findall(_GUIDE.read_text())
        )

    def run(self, script: str, **variables: Any) -> list[float]:
        """Run one of them, and return the amounts that it prints, before their units."""
        printed: list[float] = []
        self.variables |= {'print': lambda amount, _unit: printed.append(amount), **variables}
        exec(compile(script, str(_GUIDE), 'exec'), self.variables)
        return printed
