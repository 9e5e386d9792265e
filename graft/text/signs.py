"""The signs of the language in a line of text."""

import re

from graft.signs import DROPS, HOLDS, REPLACES, REST
from graft.text.lines import squeeze

ANYTHING = re.compile(r'\.{3}(?!\.)')  # In "a...." the first dot is a dot.


def is_rest(text: str) -> bool:
    """Whether the line is only ``...``: Nova's own text as it stands."""
    return text.strip() == REST


def holds(text: str) -> bool:
    """Whether the line is an anchor."""
    return HOLDS.search(text) is not None


def replaces(text: str) -> bool:
    return REPLACES.search(text) is not None


def drops(text: str) -> bool:
    """Whether the line is ours and takes the place of one of Nova's."""
    return DROPS.search(text) is not None


def unmarked(text: str) -> str:
    """A heading or anchor without its mark."""
    return REPLACES.sub('', HOLDS.sub('', text))


def undropped(text: str) -> str:
    """A line of ours without its mark."""
    return DROPS.sub('', text)


def matches(pattern: str, text: str) -> bool:
    """Whether ``text`` reads as ``pattern``, in which ``...`` matches any text."""
    parts = (re.escape(part) for part in ANYTHING.split(squeeze(pattern)))
    return re.fullmatch('.*'.join(parts), squeeze(text)) is not None
