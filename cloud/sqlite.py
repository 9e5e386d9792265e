"""A plugin of SQLAlchemy's, with which many processes can share SQLite's files.

A transaction that reads and then wants to write is refused at once, however
long it would wait, when another one is about to write: each waits for the
other. Here a transaction requests the right to write before it reads, and
waits for that. The tool copies this module into the environment of the
services, which name it in the URLs of their databases.
"""

from __future__ import annotations

import threading

from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, CreateEnginePlugin, Engine

#: Where oslo.db notes that a connection has begun a transaction, and needs none.
_BEGUN = 'in_transaction'


class WriteFirst(CreateEnginePlugin):
    """Begins each transaction of an engine as one that writes."""

    def update_url(self, url: URL) -> URL:
        return url

    def engine_created(self, engine: Engine) -> None:
        mine = threading.local()

        @event.listens_for(engine, 'begin')
        def begin(connection: Connection) -> None:
            if _BEGUN not in connection.info:
                # One inside another would wait for the other, which can only end after it.
                inner = getattr(mine, 'begun', 0)
                connection.exec_driver_sql('BEGIN' if inner else 'BEGIN IMMEDIATE')
                connection.info[_BEGUN] = True
                mine.begun = inner + 1

        @event.listens_for(engine, 'rollback')
        @event.listens_for(engine, 'commit')
        def end(connection: Connection) -> None:
            if connection.info.pop(_BEGUN, None):
                mine.begun -= 1
