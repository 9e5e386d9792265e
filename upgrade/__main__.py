"""The command, as ``python -m upgrade``."""

import sys

from upgrade.cli import main

sys.exit(main())
