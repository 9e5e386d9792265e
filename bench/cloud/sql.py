"""MariaDB's own client, kept open: a query takes a millisecond and starts no process."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterable
from pathlib import Path

from bench.errors import MeasurementError

_END = 'end of the answer'


class Client:
    """The administrator's connection. A statement that MariaDB refuses ends it."""

    def __init__(self, socket: Path) -> None:
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            ['mariadb', '--no-defaults', '--user=root', f'--socket={socket}', '-N', '-B', '-n'],
            stdin=subprocess.PIPE,
            # Ctrl-C is for the bench, which still has to clean up then.
            start_new_session=True,
            stdout=subprocess.PIPE,
            text=True,
            errors='replace',
        )

    def run(self, statements: str) -> list[list[str]]:
        """Run statements and return the rows of their answers."""
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise ValueError('the client was started without pipes')
        rows: list[list[str]] = []
        with self._lock:
            stdin.write(f"{statements};\nSELECT '{_END}';\n")
            stdin.flush()
            for line in stdout:
                if line == f'{_END}\n':
                    return rows
                rows.append(line.rstrip('\n').split('\t'))
        raise MeasurementError(f'MariaDB refused this, for the reason above: {statements[:200]}')


def quoted(values: Iterable[str]) -> str:
    """Return values as an SQL list, which is never empty."""
    return ', '.join(f"'{value}'" for value in values) or "''"
