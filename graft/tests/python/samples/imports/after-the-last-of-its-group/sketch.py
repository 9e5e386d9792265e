"""An import that comes after all of its group is the group's last."""

import zlib

from oslo_utils import units

from nova.mill import wheels
