"""A mark on an import holds on to nothing."""

import os  # nova
