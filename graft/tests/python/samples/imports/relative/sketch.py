"""A relative import belongs to Nova's own."""

from . import wheels
