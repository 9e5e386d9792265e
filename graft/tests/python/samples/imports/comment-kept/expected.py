import os

import nova.mill.monkey  # noqa: F401

X = os
