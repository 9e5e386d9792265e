"""SQLite's files, as the services share them."""

from __future__ import annotations

import concurrent.futures
from pathlib import Path

import pytest
import sqlalchemy
from sqlalchemy.engine import Connection

from cloud.tests.e2e.world import World


@pytest.mark.short
def test_transactions_wait_for_each_other(world: World, tmp_path: Path) -> None:
    """What a transaction has read, nobody changes until it has written."""
    if world.context.settings.database != 'sqlite':
        pytest.skip('needs `xcloud up --db sqlite`')
    options = world.context.database('nova').partition('?')[2]
    engine = sqlalchemy.create_engine(f'sqlite:///{tmp_path}/counter.db?{options}')
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text('CREATE TABLE counter AS SELECT 0 AS value'))

    def count() -> None:
        with engine.begin() as connection:
            write(connection, read(connection) + 1)

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        with engine.begin() as connection:
            value = read(connection)
            other = pool.submit(count)
            concurrent.futures.wait([other], timeout=1)
            assert not other.done()
            # As some services do: what looks in between does not wait.
            with engine.begin() as inner:
                assert read(inner) == value
            write(connection, value + 1)
        other.result()
    with engine.connect() as connection:
        assert read(connection) == 2


def read(connection: Connection) -> int:
    return int(connection.execute(sqlalchemy.text('SELECT value FROM counter')).scalar() or 0)


def write(connection: Connection, value: int) -> None:
    connection.execute(sqlalchemy.text('UPDATE counter SET value = :value'), {'value': value})
