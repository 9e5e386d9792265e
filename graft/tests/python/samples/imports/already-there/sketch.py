"""An import that the release has, alone or among others, is not added again."""

from oslo_log import log as logging

import sys

from nova.mill import wheels
