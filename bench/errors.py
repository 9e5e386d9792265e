"""The exception of the package, besides those of ``cloud``."""

from __future__ import annotations

from cloud import errors


class MeasurementError(errors.CloudError):
    """A measurement cannot be taken, or its figures would be wrong."""
