"""A name that the release gives to another import stops the weave."""

from nova.quarry import stones
