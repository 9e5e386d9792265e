import os
import sys

from nova.mill import stones, wheels
from oslo_log import log as logging
