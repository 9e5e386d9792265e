"""Files that are written whole, or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


def write(file: Path, text: str, mode: int = 0o600) -> None:
    """Write a file aside, then put it in place: never half a file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_name(f'{file.name}.{os.getpid()}.new')
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, 'w') as stream:
        stream.write(text)
    aside.chmod(mode)
    aside.replace(file)


def write_json(file: Path, content: Any) -> None:
    write(file, json.dumps(content, indent=1) + '\n')
