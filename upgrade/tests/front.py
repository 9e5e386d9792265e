"""The command, with a made-up fork in place of the one that the repository builds."""

import os
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from upgrade import cli  # noqa: E402  (after the path is set)
from upgrade.fork import payload  # noqa: E402
from upgrade.target import session  # noqa: E402

if 'FORK_WHEEL' in os.environ:
    fork = payload.read(Path(os.environ['FORK_WHEEL']), Path(os.environ['FORK_TARBALL']))
    payload.find = lambda *_: fork
session.IDLE = float(os.environ.get('AGENT_IDLE', session.IDLE))
session.PING = session.IDLE / 4
sys.exit(cli.main())
