"""Ours open a module that has nothing above its first function."""

import os
