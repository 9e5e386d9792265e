"""The files that an installed Nova gets, or gets changed, to become the fork.

Never a list kept by hand: whatever the weave puts below ``nova/`` and a service can load.
"""

import hashlib
from dataclasses import dataclass

from graft.weave import Woven


@dataclass(frozen=True)
class File:
    """A file below site-packages: its path there, ``new`` or ``modified``, and its content."""

    path: str
    kind: str
    bytes: int
    sha256: str


def mapping(woven: Woven) -> list[File]:
    """The files in the order of their paths; Nova's tests stay behind."""
    new = set(woven.new)
    return [
        File(
            path,
            'new' if path in new else 'modified',
            len(content),
            hashlib.sha256(content).hexdigest(),
        )
        for path, content in sorted(woven.files.items())
        if path.startswith('nova/') and not path.startswith('nova/tests/')
    ]
