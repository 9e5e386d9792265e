"""What the databases say that servers have and had."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Sequence

import sqlalchemy

from cloud import service
from cloud.tests.e2e import metering
from cloud.tests.e2e.sizes import Size

#: Seconds between two samples.
INTERVAL = 0.1

#: What has allocations; those of a migration are for its server.
_ALLOCATIONS = """
SELECT allocations.consumer_id, migrations.instance_uuid, resource_classes.name,
    SUM(allocations.used)
FROM placement.allocations
JOIN placement.resource_classes ON resource_classes.id = allocations.resource_class_id
LEFT JOIN nova.migrations ON migrations.uuid = allocations.consumer_id
WHERE resource_classes.name IN ('VCPU', 'MEMORY_MB')
GROUP BY 1, 2, 3
"""

#: The recorded changes of sizes that do not lead to what the next one begins with, or to what
#: the server has now, and those that are recorded before the one that they follow.
_BREAKS = """
SELECT * FROM (
    SELECT
        instances.uuid,
        JSON_VALUE(details, '$.at') AS start,
        LEAD(JSON_VALUE(details, '$.at')) OVER later AS end,
        JSON_VALUE(details, '$.vcpus') AS vcpus,
        JSON_VALUE(details, '$.memory_mb') AS memory_mb,
        COALESCE(LEAD(JSON_VALUE(details, '$.old_vcpus')) OVER later, instances.vcpus)
            AS end_vcpus,
        COALESCE(LEAD(JSON_VALUE(details, '$.old_memory_mb')) OVER later, instances.memory_mb)
            AS end_memory_mb
    FROM instances
    JOIN instance_actions ON instance_actions.instance_uuid = instances.uuid
    JOIN instance_actions_events ON instance_actions_events.action_id = instance_actions.id
    WHERE event = 'xloud_size' AND instances.uuid IN :servers
    WINDOW later AS (PARTITION BY instances.uuid ORDER BY instance_actions_events.id)
) AS changes
WHERE vcpus != end_vcpus OR memory_mb != end_memory_mb OR start > end
"""


def breaks(context: service.Context, servers: Sequence[str]) -> list[tuple[object, ...]]:
    """Return the gaps and overlaps in the recorded histories of servers."""
    query = sqlalchemy.text(_BREAKS).bindparams(sqlalchemy.bindparam('servers', expanding=True))
    database = sqlalchemy.create_engine(context.database('nova'))
    with database.connect() as connection:
        return [tuple(row) for row in connection.execute(query, {'servers': list(servers)})]


class Sampler:
    """Reads what servers have allocated from placement's database."""

    def __init__(self, context: service.Context) -> None:
        self._database = sqlalchemy.create_engine(
            context.database('placement'), isolation_level='AUTOCOMMIT'
        )
        self._samples: list[tuple[float, dict[str, Size]]] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Sampler:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def __len__(self) -> int:
        return len(self._samples)

    def longest_pause(self) -> float:
        """Return the most seconds between two samples."""
        times = [when for when, _ in self._samples]
        return max(after - before for before, after in itertools.pairwise(times))

    def periods(self, server: str) -> list[metering.Period]:
        """Return what a server had, by all samples."""
        return [
            metering.Period(start, end, sizes.get(server, Size(0, 0)))
            for (start, sizes), (end, _) in itertools.pairwise(self._samples)
        ]

    def _run(self) -> None:
        query = sqlalchemy.text(_ALLOCATIONS)
        with self._database.connect() as connection:
            next_at = time.monotonic()
            while not self._stop.wait(max(0.0, next_at - time.monotonic())):
                before = time.time()
                rows = connection.execute(query).all()
                self._samples.append(((before + time.time()) / 2, metering.sizes(rows)))
                next_at += INTERVAL
