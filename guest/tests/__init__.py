"""Tests of the package: its bytes, its commands, and a real system with it and without it."""
