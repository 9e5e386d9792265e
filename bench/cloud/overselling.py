"""Looks whether placement has given away more of a host than there is."""

from __future__ import annotations

import threading

from bench.cloud import sql
from bench.cloud.world import World

#: Seconds between two looks.
_INTERVAL = 0.1

_OVERSOLD = """
SELECT COUNT(*) FROM placement.inventories JOIN (
    SELECT resource_provider_id, resource_class_id, SUM(used) AS used
    FROM placement.allocations GROUP BY 1, 2
) AS usages USING (resource_provider_id, resource_class_id)
WHERE usages.used > (total - reserved) * allocation_ratio
"""


class Watch:
    """Looks ten times a second, until it is left."""

    def __init__(self, world: World) -> None:
        self._world = world
        #: How often it has looked, and how often a host had more than it has.
        self.looks = self.oversold = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        # A connection of its own, which does not wait for the queries of the measurement.
        database = sql.Client(self._world.socket)
        while not self._stop.wait(_INTERVAL):
            self.oversold += database.run(_OVERSOLD) != [['0']]
            self.looks += 1
