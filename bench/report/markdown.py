"""Markdown, and the templates in ``texts``: the prose of the page, with ``$names`` for its figures.

They are ``string.Template``: a page needs values put into sentences and no more, a template reads
as the page does, and nothing has to be installed for it. Whatever depends on a result is decided
in Python.
"""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from pathlib import Path

TEXTS = Path(__file__).parent / 'texts'
#: What begins a block that is not prose: its lines stay as they are.
_VERBATIM = ('#', '|', '    ', '![')

_WORD = re.compile(r'(?:`[^`]*`|[^`\s])+')


def fill(template: str, **values: object) -> str:
    """Return a template with its values, its paragraphs wrapped.

    :raises ValueError: The values are not exactly those that the template names
    """
    text = string.Template((TEXTS / f'{template}.md').read_text())
    names = text.get_identifiers()
    if set(names) != values.keys():
        unlike = ', '.join(sorted(set(names) ^ values.keys()))
        raise ValueError(f'the values for {template}.md are not those that it names: {unlike}')
    blocks = text.substitute(values).strip('\n').split('\n\n')
    return '\n\n'.join(
        block if block.startswith(_VERBATIM) else wrapped(block) for block in blocks if block
    )


def table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a table; columns of numbers are aligned right."""
    columns = list(zip(*rows, strict=True)) or [()] * len(heads)
    ruler = ['---:' if all(map(_is_number, column)) else '---' for column in columns]
    lines = [heads, ruler, *rows]
    return '\n'.join('| ' + ' | '.join(map(str, line)) + ' |' for line in lines)


def wrapped(text: str, width: int = 100) -> str:
    """Return a paragraph broken into lines, but not within code."""
    lines = ['']
    for word in _WORD.findall(text):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append(word)
        else:
            lines[-1] = f'{lines[-1]} {word}'.strip()
    return '\n'.join(lines)


def _is_number(cell: object) -> bool:
    return str(cell).replace(',', '').lstrip('+-').rstrip('%').replace('.', '', 1).isdigit()
