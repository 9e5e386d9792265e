"""More servers than can be booted: copies of booted ones, made in the databases.

A copy has a row for each row that the booted server has, in every table of
Nova's and placement's databases, so it has the same allocation on the same host.
Only its UUID differs: it ends in zeros and a number, by which copies are found
again. The compute service of its host does not know about it.
"""

from __future__ import annotations

import collections
from collections.abc import Iterable, Sequence

from bench.cloud.sql import quoted
from bench.cloud.world import World
from bench.errors import MeasurementError

_DATABASES = ('nova', 'nova_api', 'placement')
#: The columns that refer to a server.
_KEYS = ('instance_uuid', 'consumer_id')
#: The tables whose rows are servers. In others the column ``uuid`` is something else's.
_SERVERS = ('nova.instances', 'nova.instance_id_mappings', 'placement.consumers')
#: What the UUID of a copy ends in, and of no other server.
COPY = '-00000000[0-9A-F]{4}$'

#: Copies the events of actions. An event refers to its action, not to its server, so the copy of
#: the action is looked up: it has the same request, and its server is a copy of the action's.
_COPY_EVENTS = """\
INSERT INTO nova.instance_actions_events (action_id, {names})
SELECT copied.id, {values}
FROM nova.instance_actions_events event
JOIN nova.instance_actions action ON action.id = event.action_id
JOIN nova.instance_actions copied
    ON copied.request_id = action.request_id
    AND copied.action = action.action
    AND copied.id > action.id
    AND LEFT(copied.instance_uuid, 24) = LEFT(action.instance_uuid, 24)
    AND copied.instance_uuid REGEXP '{copies}'
    AND copied.instance_uuid >= CONCAT(LEFT(action.instance_uuid, 24), LPAD(HEX({first}), 12, '0'))
WHERE action.instance_uuid IN ({servers})"""


class Seed:
    """The tables that refer to servers, and copies of their rows."""

    def __init__(self, world: World, server: str) -> None:
        self.world = world
        self.columns = _columns(world)
        self.keys: dict[str, str] = {}
        for table, columns in self.columns.items():
            key = key_of(table, columns)
            if key and self._count(table, key, server):
                self.keys[table] = key

    def _count(self, table: str, key: str, server: str) -> int:
        return int(self.world.sql(f"SELECT COUNT(*) FROM {table} WHERE {key} = '{server}'")[0][0])

    def rows(self, server: str) -> dict[str, int]:
        """Return how many rows a server has in each table."""
        rows = {table: self._count(table, key, server) for table, key in self.keys.items()}
        rows['nova.instance_actions_events'] = int(
            self.world.sql(
                'SELECT COUNT(*) FROM nova.instance_actions_events WHERE action_id IN '
                f"(SELECT id FROM nova.instance_actions WHERE instance_uuid = '{server}')"
            )[0][0]
        )
        return rows

    def copy(self, servers: Iterable[str], first: int, last: int) -> None:
        """Add the copies with these numbers of each server, in the state after its boot.

        Later actions of the servers are deleted first, so that no copy has them.
        """
        chosen = quoted(servers)
        later = f"instance_uuid IN ({chosen}) AND action != 'create'"
        statements = ['SET foreign_key_checks = 0', *_delete_actions(later)]
        for table, key in self.keys.items():
            new = f"CONCAT(LEFT({key}, 24), LPAD(HEX(seq), 12, '0'))"
            values = [
                # A UUID of the row itself is unique.
                'UUID()' if column == 'uuid' != key
                else new if column == key
                else f'REPLACE({column}, {key}, {new})' if column == 'spec'
                else f'`{column}`'
                for column in self.columns[table]
            ]  # fmt: skip
            names = ', '.join(f'`{column}`' for column in self.columns[table])
            statements.append(
                f'INSERT INTO {table} ({names}) SELECT {", ".join(values)} FROM {table}, '
                f'nova.seq_{first}_to_{last} WHERE {key} IN ({chosen})'
            )
        columns = [c for c in self.columns['nova.instance_actions_events'] if c != 'action_id']
        statements.append(
            _COPY_EVENTS.format(
                names=', '.join(f'`{column}`' for column in columns),
                values=', '.join(f'event.`{column}`' for column in columns),
                copies=COPY,
                first=first,
                servers=chosen,
            )
        )
        self.world.sql(';\n'.join(statements))

    def check(self, server: str, number: int) -> None:
        """Raise MeasurementError unless a copy has as many rows as its server, in each table."""
        copy = f'{server[:24]}{number:012X}'
        expected, actual = self.rows(server), self.rows(copy)
        if actual != expected:
            raise MeasurementError(
                f'copy {copy} of server {server} has these rows: {actual}; expected: {expected}'
            )


def _columns(world: World) -> dict[str, list[str]]:
    """Return the columns of each table, except those that number its rows."""
    columns = collections.defaultdict(list)
    names = "', '".join(_DATABASES)
    for table, column in world.sql(
        "SELECT CONCAT(table_schema, '.', table_name), column_name "
        f"FROM information_schema.columns WHERE table_schema IN ('{names}') "
        'AND table_name NOT LIKE "shadow%" AND extra NOT LIKE "%auto_increment%" '
        'ORDER BY ordinal_position'
    ):
        columns[table].append(column)
    return dict(columns)


def key_of(table: str, columns: Sequence[str]) -> str | None:
    """Return the column of a table that identifies a server, if there is one."""
    if table in _SERVERS:
        return 'uuid'
    return next((key for key in _KEYS if key in columns), None)


def _delete_actions(which: str) -> list[str]:
    """Return statements that delete actions, and their events before them."""
    return [
        'DELETE FROM nova.instance_actions_events WHERE action_id IN '
        f'(SELECT id FROM nova.instance_actions WHERE {which})',
        f'DELETE FROM nova.instance_actions WHERE {which}',
    ]


def remove(world: World) -> None:
    """Remove all copies, also if an earlier run was interrupted."""
    statements = ['SET foreign_key_checks = 0', *_delete_actions(f"instance_uuid REGEXP '{COPY}'")]
    for table, columns in _columns(world).items():
        key = key_of(table, columns)
        if key:
            statements.append(f"DELETE FROM {table} WHERE {key} REGEXP '{COPY}'")
    world.sql(';\n'.join(statements))


def spread_over_projects(world: World, servers: Iterable[str]) -> None:
    """Move servers, and all copies, to 256 other projects."""
    chosen = quoted(servers)
    for table, key in (('nova.instances', 'uuid'), ('nova_api.instance_mappings', 'instance_uuid')):
        world.sql(
            f"UPDATE {table} SET project_id = CONCAT('bench', LEFT(MD5({key}), 2)) "
            f"WHERE {key} IN ({chosen}) OR {key} REGEXP '{COPY}'"
        )


def gather_in_project(world: World) -> None:
    """Move the servers in other projects back to the one of the adjusted servers."""
    project = world.project()
    for table in ('nova.instances', 'nova_api.instance_mappings'):
        world.sql(f"UPDATE {table} SET project_id = '{project}' WHERE project_id LIKE 'bench%'")
