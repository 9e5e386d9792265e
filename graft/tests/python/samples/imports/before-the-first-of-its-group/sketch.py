"""An import that comes before all of its group takes the place of the first."""

import abc

from oslo_config import cfg

from nova import exception
