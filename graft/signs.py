"""The signs of the language, whatever the format of a sketch: ``...`` and three marks.

A line that ends in ``# nova`` is held on to. ``# replaces nova`` stands on what takes the place of
Nova's own of that name, ``# drops nova`` on what takes the place of a piece that has none.
"""

import re

REST = '...'

HOLDS = re.compile(r'\s*#\s*nova\s*$')
# A comment of reStructuredText begins with two dots.
REPLACES = re.compile(r'(?:\s*#|^\s*\.\.)\s*replaces nova\s*$')
DROPS = re.compile(r'\s*#\s*drops nova\s*$')
MARKS = {'nova': HOLDS, 'replaces nova': REPLACES, 'drops nova': DROPS}


def mark(text: str) -> str | None:
    """The mark at the end of a line, if it bears one."""
    return next((name for name, pattern in MARKS.items() if pattern.search(text)), None)


def first_marked_line(text: str) -> int | None:
    """The first line of a text that bears a sign: only a sketch has one."""
    lines = enumerate(text.split('\n'), 1)
    return next((n for n, line in lines if line.strip() == REST or mark(line)), None)


def unmarked(text: str) -> str:
    """The line without its mark."""
    for pattern in MARKS.values():
        text = pattern.sub('', text)
    return text
