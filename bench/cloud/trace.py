"""What a cloud sends and asks: RPC messages, SQL statements, and requests to placement."""

from __future__ import annotations

import contextlib
import datetime
import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from bench.cloud.world import World
from bench.errors import MeasurementError
from cloud import process, settings
from cloud.services import rabbitmq

_WATCH = settings.REPOSITORY / 'bench' / 'inside' / 'rpc_watch.py'
_STATEMENT = re.compile(r'\s*(SELECT|INSERT|UPDATE|DELETE)\b', re.IGNORECASE)
_REQUEST = re.compile(
    r'(?m)^(\S+ \S+) .*placement\.requestlog .*? "(GET|PUT|POST|DELETE) (/[a-z_]+)'
)


class Message(NamedTuple):
    """A call or, without a method, its answer."""

    when: float
    method: str | None
    #: The ID that a call and its answer share.
    message: str | None
    #: The ID of the API request that it belongs to.
    request: str | None


class Query(NamedTuple):
    """A statement or request: when it was logged, and the database or the method and path."""

    when: float
    target: str


@contextlib.contextmanager
def messages(world: World) -> Iterator[Callable[[], list[Message]]]:
    """Let RabbitMQ trace messages; yields a function that returns those so far."""
    broker = rabbitmq.RabbitMq(world.context)
    file = world.context.state.data('nova') / 'bench-rpc.json'
    with file.open('w') as stream:
        # The URL has a password, so it is not on the command line, which others can read.
        watcher = subprocess.Popen(
            [world.context.venv.python, '-B', _WATCH],
            stdout=stream,
            env={'RABBITMQ_URL': world.context.messaging().replace('rabbit', 'amqp', 1),
                 process.MARK: str(world.context.state.root)},
        )  # fmt: skip
    try:
        while not file.stat().st_size:
            if watcher.poll() is not None:
                raise MeasurementError('the program that watches RPC messages has ended')
            time.sleep(0.1)
        broker.control('trace_on')

        def traced() -> list[Message]:
            time.sleep(1)  # The last of them may still be on their way.
            return [Message(**json.loads(line)) for line in file.read_text().splitlines()[1:]]

        yield traced
    finally:
        broker.control('trace_off')
        watcher.terminate()
        watcher.wait()
        file.unlink()


@contextlib.contextmanager
def statements(world: World) -> Iterator[Callable[[], list[Query]]]:
    """Let MariaDB log statements; yields a function that ends that and returns them."""
    world.sql("TRUNCATE mysql.general_log; SET GLOBAL log_output = 'TABLE', general_log = ON")

    def logged() -> list[Query]:
        world.sql('SET GLOBAL general_log = OFF')
        # Each connection belongs to one service and uses one database.
        databases = dict(world.sql('SELECT id, IFNULL(db, "") FROM information_schema.processlist'))
        rows = world.sql(
            'SELECT UNIX_TIMESTAMP(event_time), thread_id, LEFT(CONVERT(argument USING utf8), 20) '
            "FROM mysql.general_log WHERE command_type IN ('Query', 'Execute')"
        )
        return [
            Query(float(when), databases[thread])
            for when, thread, statement in rows
            if databases.get(thread) and _STATEMENT.match(statement) and statement != 'SELECT 1'
        ]

    try:
        yield logged
    finally:
        world.sql('SET GLOBAL general_log = OFF; TRUNCATE mysql.general_log')


def placement_requests(log: str) -> list[Query]:
    """Return the requests in a log of placement."""
    return [
        Query(datetime.datetime.fromisoformat(when).timestamp(), f'{method} {path}')
        for when, method, path in _REQUEST.findall(log)
    ]
