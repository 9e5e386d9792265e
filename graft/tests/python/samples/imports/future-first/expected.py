"""Grind."""

from __future__ import annotations

import os

X = os
