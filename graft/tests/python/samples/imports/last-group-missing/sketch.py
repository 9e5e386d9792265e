"""A group that comes after all others stands apart, below them."""

from nova import exception
