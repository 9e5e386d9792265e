# Copyright, and a licence.

"""Grind."""

SPEED = 3
