"""Check the collection and run its unit tests: ``python -m ansible.tests``."""

from __future__ import annotations

import subprocess
import sys

from ansible import build
from ansible.tests import environment
from graft.errors import GraftError
from graft.run import step


def main() -> int:
    """Build and install the collection and run its tests; return the exit status."""
    if why := environment.refusal():
        print(f'SKIPPED [1] ansible/tests: {why}')
        print('0 passed, 0 failed, 1 skipped')
        return 0
    try:
        environment.make()
        with step('build and install the collection'):
            environment.install(build.build(environment.ROOT))
    except GraftError as error:
        print(f'ansible.tests: {error}', file=sys.stderr)
        return 1
    tests = [environment.PYTHON, '-m', 'pytest', '--tb', 'short', environment.HERE]
    variables = {
        **environment.settings(),
        # That of the tests cannot build it: `ansible` is another package there.
        'BUILD_PYTHON': sys.executable,
        'PYTHONPATH': str(environment.COLLECTIONS),
    }
    return subprocess.run(tests, cwd=environment.REPOSITORY, env=variables, check=False).returncode


if __name__ == '__main__':
    sys.exit(main())
