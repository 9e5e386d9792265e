"""Whether this machine can have a cloud at all."""

from __future__ import annotations

import contextlib
import os
import platform
import sys

from cloud import errors

#: The versions of Debian whose packages a cloud can be made of.
DEBIAN = ('12', '13')


def check() -> None:
    """Raise when this is no machine, or no user, for any command."""
    if sys.platform != 'linux':
        raise errors.CheckError('this tool needs Debian 12 or 13')
    if os.geteuid() != 0:
        raise errors.CheckError(
            'this needs root: for namespaces, libvirt and Debian packages\nrun it as root'
        )


def check_system() -> None:
    """Raise unless this is a system whose packages a cloud can be made of."""
    names = system()
    if names.get('ID') != 'debian' or names.get('VERSION_ID') not in DEBIAN:
        raise errors.CheckError(
            f'a cloud is made of the packages of Debian {" or ".join(DEBIAN)}, and this is '
            f'{names.get("PRETTY_NAME", "something else")}\n'
            'use such a machine or container'
        )


def system() -> dict[str, str]:
    """Return what the system says of itself."""
    with contextlib.suppress(OSError):
        return platform.freedesktop_os_release()
    return {}
