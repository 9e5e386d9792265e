"""A dotted import of ours is told from one of the same root."""

import os.path
