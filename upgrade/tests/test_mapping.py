"""The mapping of an upgrade is what the weave made, and nothing else."""

import hashlib

from graft.touch import Touch
from graft.weave import Woven
from upgrade.mapping import File, mapping


def test_mapping_is_what_was_woven_for_services() -> None:
    """New and modified files of the package are listed; tests, pages and packaging are not."""
    files = {
        'doc/source/a.rst': b'a',
        'nova/tests/unit/test_b.py': b'b',
        'nova/c.py': b'cc',
        'nova/b.py': b'bbb',
        'setup.cfg': b's',
    }
    touches = {path: [Touch('f', 'edited')] for path in files}
    touches['nova/c.py'] = [Touch('nova/c.py', 'new')]
    assert mapping(Woven(files, touches)) == [
        File('nova/b.py', 'modified', 3, hashlib.sha256(b'bbb').hexdigest()),
        File('nova/c.py', 'new', 2, hashlib.sha256(b'cc').hexdigest()),
    ]
