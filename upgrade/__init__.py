"""Puts the forked Nova onto a running OpenStack."""
