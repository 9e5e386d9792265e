"""More servers than can be booted: copies of booted ones, straight in the databases.

A copy has a row for each row that the booted server has, in every table of
Nova's and placement's databases, so it has the same allocation on the same host.
Only its UUID differs, by which copies are also found again: it ends in zeros and
a number. The compute of its host does not know it.
"""

from __future__ import annotations

import collections
from collections.abc import Iterable, Sequence

from bench.cloud.world import World, quoted

_DATABASES = ('nova', 'nova_api', 'placement')
#: By which a row tells its server ...
_KEYS = ('instance_uuid', 'consumer_id')
#: ... and tables whose rows are servers. In others a UUID is something else's.
_SERVERS = ('nova.instances', 'nova.instance_id_mappings', 'placement.consumers')
#: What the UUID of a copy ends in, and of no other server.
COPY = '-00000000[0-9A-F]{4}$'


class Seed:
    """The tables that know servers, and copies of their rows."""

    def __init__(self, world: World, server: str) -> None:
        self.world = world
        self.columns = _columns(world)
        self.keys: dict[str, str] = {}
        for table, columns in self.columns.items():
            key = _key(table, columns)
            if key and self._count(table, key, server):
                self.keys[table] = key

    def _count(self, table: str, key: str, server: str) -> int:
        return int(self.world.sql(f"SELECT COUNT(*) FROM {table} WHERE {key} = '{server}'")[0][0])

    def rows(self, server: str) -> dict[str, int]:
        """Give how many rows a server has in each table."""
        rows = {table: self._count(table, key, server) for table, key in self.keys.items()}
        rows['nova.instance_actions_events'] = int(
            self.world.sql(
                'SELECT COUNT(*) FROM nova.instance_actions_events WHERE action_id IN '
                f"(SELECT id FROM nova.instance_actions WHERE instance_uuid = '{server}')"
            )[0][0]
        )
        return rows

    def copy(self, servers: Iterable[str], first: int, last: int) -> None:
        """Make copies of these numbers of each of the servers, all as just booted.

        What was done to the servers since then is forgotten, of them as well.
        """
        chosen = quoted(servers)
        later = f"instance_uuid IN ({chosen}) AND action != 'create'"
        statements = ['SET foreign_key_checks = 0', *_forget_actions(later)]
        for table, key in self.keys.items():
            new = f"CONCAT(LEFT({key}, 24), LPAD(HEX(seq), 12, '0'))"
            values = [
                # A UUID of the row itself has to be another in each row.
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
        statements.append(self._events(chosen, first))
        self.world.sql(';\n'.join(statements))

    def _events(self, chosen: str, first: int) -> str:
        """Copy the events of actions, which know their server by its action only."""
        columns = [c for c in self.columns['nova.instance_actions_events'] if c != 'action_id']
        names = ', '.join(f'`{column}`' for column in columns)
        values = ', '.join(f'event.`{column}`' for column in columns)
        return (
            f'INSERT INTO nova.instance_actions_events (action_id, {names}) SELECT copied.id, '
            f'{values} FROM nova.instance_actions_events event '
            'JOIN nova.instance_actions action ON action.id = event.action_id '
            'JOIN nova.instance_actions copied ON copied.request_id = action.request_id '
            'AND copied.action = action.action AND copied.id > action.id '
            f'AND copied.instance_uuid >= CONCAT(LEFT(action.instance_uuid, 24), '
            f"LPAD(HEX({first}), 12, '0')) "
            f'WHERE action.instance_uuid IN ({chosen}) AND '
            'LEFT(copied.instance_uuid, 24) = LEFT(action.instance_uuid, 24) '
            f"AND copied.instance_uuid REGEXP '{COPY}'"
        )


def _columns(world: World) -> dict[str, list[str]]:
    """Give the columns of each table, but those that number its rows."""
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


def _key(table: str, columns: Sequence[str]) -> str | None:
    if table in _SERVERS:
        return 'uuid'
    return next((each for each in _KEYS if each in columns), None)


def _forget_actions(which: str) -> list[str]:
    """Give statements that delete actions, and their events before them."""
    return [
        'DELETE FROM nova.instance_actions_events WHERE action_id IN '
        f'(SELECT id FROM nova.instance_actions WHERE {which})',
        f'DELETE FROM nova.instance_actions WHERE {which}',
    ]


def remove(world: World) -> None:
    """Remove every copy that there is."""
    statements = ['SET foreign_key_checks = 0', *_forget_actions(f"instance_uuid REGEXP '{COPY}'")]
    for table, columns in _columns(world).items():
        key = _key(table, columns)
        if key:
            statements.append(f"DELETE FROM {table} WHERE {key} REGEXP '{COPY}'")
    world.sql(';\n'.join(statements))
