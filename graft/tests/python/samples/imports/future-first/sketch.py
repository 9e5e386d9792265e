"""A future import stands before all others."""

from __future__ import annotations
