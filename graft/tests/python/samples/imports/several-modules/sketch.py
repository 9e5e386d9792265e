"""Each module of an import of ours gets a line."""

import abc, time
