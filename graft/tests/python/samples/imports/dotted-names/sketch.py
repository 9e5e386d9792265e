"""A dotted import of ours is distinguished from one of the same root."""

import os.path
