"""A star import of the release's is passed over."""

import time
