"""What a section adds to its template."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from bench.report import plot


@dataclasses.dataclass(frozen=True)
class Section:
    """The values of a section's template, and the plots at ``$plots`` in it, by file name."""

    values: Mapping[str, object]
    plots: Mapping[str, plot.Plot]
