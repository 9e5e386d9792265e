"""The signs of the language in a line of text: ``...``, ``# nova`` and ``# replaces nova``."""

import re

from graft.text.lines import squeeze

REST = '...'
HOLDS = re.compile(r'\s*#\s*nova\s*$')
ANYTHING = re.compile(r'\.{3}(?!\.)')  # In "a...." the first dot is a dot.
REPLACES = re.compile(r'\s*#\s*replaces nova\s*$')


def is_rest(text: str) -> bool:
    """Whether the line is only ``...``: Nova's own text as it stands."""
    return text.strip() == REST


def holds(text: str) -> bool:
    """Whether the line is an anchor."""
    return HOLDS.search(text) is not None


def replaces(text: str) -> bool:
    return REPLACES.search(text) is not None


def unmarked(text: str) -> str:
    """The line without its mark."""
    return REPLACES.sub('', HOLDS.sub('', text))


def matches(pattern: str, text: str) -> bool:
    """Whether ``text`` reads as ``pattern``, in which ``...`` matches any text."""
    parts = (re.escape(part) for part in ANYTHING.split(squeeze(pattern)))
    return re.fullmatch('.*'.join(parts), squeeze(text)) is not None
