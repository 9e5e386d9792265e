"""What ``check`` and ``verify`` find."""

from __future__ import annotations

from dataclasses import dataclass

OK, NOTE, FAULT = 'ok', 'note', 'fault'


@dataclass(frozen=True)
class Finding:
    """``state`` is ``ok``, ``note`` (read it) or ``fault`` (fix it)."""

    target: str
    what: str
    state: str
    text: str
