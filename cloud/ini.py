"""Configuration files in the form that oslo.config reads."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

Value = str | int | float | Path | None
Options = dict[str, Value]
Sections = Mapping[str, Mapping[str, Value]]


def render(sections: Sections) -> str:
    """Return the text; an option whose value is ``None`` is left out."""
    lines: list[str] = []
    for section, options in sections.items():
        if lines:
            lines.append('')
        lines.append(f'[{section}]')
        lines += [
            f'{option} = {_text(option, value)}'
            for option, value in options.items()
            if value is not None
        ]
    return '\n'.join(lines) + '\n'


def merge(*parts: Sections) -> dict[str, Options]:
    """Lay sections over each other; the later part wins."""
    merged: dict[str, Options] = {}
    for part in parts:
        for section, options in part.items():
            merged.setdefault(section, {}).update(options)
    return merged


def _text(option: str, value: Value) -> str:
    if isinstance(value, bool):
        return 'true' if value else 'false'
    text = str(value)
    if '\n' in text:
        raise ValueError(f'the value of {option} has a line break: {text!r}')
    # oslo.config takes `$` for the name of another option.
    return text.replace('$', '$$')
