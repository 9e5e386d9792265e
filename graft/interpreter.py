"""Print which Python makes the environments, for the Makefile: `python3`, or the system's own.

Distributions build Python with optimizations. Who builds it without, as pyenv does by default,
waits for every test half as long again, so the system's own is taken instead, if it will do.
"""

import os
import subprocess
import sys
import sysconfig

SYSTEM = '/usr/bin/python3'
_WILL_DO = """
import ensurepip, os, sys, sysconfig
headers = os.path.join(sysconfig.get_path('include'), 'Python.h')
sys.exit(sys.version_info[:2] != (%d, %d) or not os.path.exists(headers))
"""


def best(system: str = SYSTEM) -> str:
    """The system's Python, if it is this version and better, and has all that makes modules."""
    arguments = sysconfig.get_config_var('CONFIG_ARGS') or ''
    if '--enable-optimizations' in arguments or not os.access(system, os.X_OK):
        return 'python3'
    check = [system, '-c', _WILL_DO % sys.version_info[:2]]
    result = subprocess.run(check, stderr=subprocess.DEVNULL, check=False)
    return 'python3' if result.returncode else system


if __name__ == '__main__':
    print(best())
