"""What ends our import's line ends it in the release too."""

import nova.mill.monkey  # noqa: F401
