"""Tests of what turns measurements into a page."""
