"""In a release that imports nothing, ours stand below the docstring."""

import os

from nova import exception
