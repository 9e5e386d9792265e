"""In a release without imports and docstring, ours stand below the licence."""

import os
