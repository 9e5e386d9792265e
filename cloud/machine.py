"""Whether this machine can have a cloud at all."""

from __future__ import annotations

import os
import sys

from cloud import errors


def check() -> None:
    """Raise when this is no machine, or no user, for any command."""
    if sys.platform != 'linux':
        raise errors.CheckError('this tool needs Linux, Debian 12 for choice')
    if os.geteuid() != 0:
        raise errors.CheckError(
            'this needs root: for namespaces, libvirt and Debian packages\nrun it as root'
        )
