"""Each import goes into its group, in the order of full names."""

import time

from oslo_log import log as logging

from nova.mill import miller
