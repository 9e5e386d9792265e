"""The measurements: ``run`` of each module returns data for ``report`` to publish."""
