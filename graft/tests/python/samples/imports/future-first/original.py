"""Grind."""

import os

X = os
