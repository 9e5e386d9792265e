"""More cells: databases of their own, without servers or hosts."""

from __future__ import annotations

from bench.cloud.world import World

_NAME = 'bench_cell_'


def grow(world: World, count: int) -> None:
    """Have this many cells, including the one with the servers."""
    tables = [name for (name,) in world.sql('SHOW TABLES FROM nova')]
    existing = len(_names(world)) + 1
    for number in range(existing + 1, count + 1):
        name = f'{_NAME}{number}'
        statements = [f'CREATE DATABASE {name}', f"GRANT ALL ON {name}.* TO 'xcloud'@'localhost'"]
        statements += [f'CREATE TABLE {name}.`{table}` LIKE nova.`{table}`' for table in tables]
        statements.append(
            'INSERT INTO nova_api.cell_mappings '
            '(uuid, name, transport_url, database_connection, disabled) '
            f"SELECT UUID(), '{name}', transport_url, "
            f"REPLACE(database_connection, '/nova?', '/{name}?'), 0 "
            "FROM nova_api.cell_mappings WHERE name = 'cell1'"
        )
        world.sql(';\n'.join(statements))
    world.restart('nova-api')  # It reads the list of cells once.


def remove(world: World) -> None:
    """Remove the cells of the bench, also if an earlier run was interrupted."""
    names = _names(world)
    if names:
        world.sql(f"DELETE FROM nova_api.cell_mappings WHERE name LIKE '{_NAME}%'")
        world.restart('nova-api')
        world.sql(';\n'.join(f'DROP DATABASE {name}' for name in names))


def _names(world: World) -> list[str]:
    return [name for (name,) in world.sql(f"SHOW DATABASES LIKE '{_NAME}%'")]
