"""An import whose group the release lacks stands apart, between the groups beside it."""

from oslo_utils import units
