"""Grind."""

X = 1
