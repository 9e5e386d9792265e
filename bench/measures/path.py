"""What happens inside for one adjust, and where the time goes."""

from __future__ import annotations

import collections
import contextlib
import datetime
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from bench.cloud.fleet import Fleet
from bench.cloud.world import Size, World
from cloud import command, process, settings
from cloud.services import rabbitmq

SMALL, LARGE = Size(1, 1024), Size(4, 4096)
PHASES = ('asked', 'claimed', 'done')

_WATCH = settings.REPOSITORY / 'bench' / 'inside' / 'rpc_watch.py'
_PLACED = re.compile(
    r'(?m)^(\S+ \S+) .*placement\.requestlog .*? "(GET|PUT|POST|DELETE) (/[a-z_]+)'
)
_STATEMENT = re.compile(r'\s*(SELECT|INSERT|UPDATE|DELETE)\b', re.IGNORECASE)
_FRAME = re.compile(r'(.+?) \((.+?)(?::\d+)?\)')
#: Functions in which a thread only waits.
_WAITING = ('do_poll', 'wait', 'select', 'poll')
_PROFILER = 'py-spy==0.4.0'  # samples a running service and changes nothing in it


class Window(NamedTuple):
    """When the phases of an adjust end, on the clock of the machine."""

    began: float
    asked: float
    claimed: float
    done: float

    def phase(self, when: float) -> str | None:
        """Name the phase that a moment is in."""
        if self.began <= when:
            for name in PHASES:
                if when <= getattr(self, name):
                    return name
        return None


def run(world: World, quick: bool) -> dict[str, Any]:
    """Watch adjusts one by one, then many of them under a profiler."""
    watched, busy = (8, 6.0) if quick else (40, 60.0)
    fleet = Fleet(world, Size(64, 65536), most=1)
    try:
        fleet.grow(1)
        (server,) = world.boot(world.flavor('elastic', LARGE, SMALL), host=fleet.names[0])
        for size in (LARGE, SMALL):  # What is only done once is done.
            _adjust(world, server, size)
        with world.shown.step(f'{2 * watched} adjusts, all that is sent and asked'):
            taken = _watch(world, server, watched)
        with world.shown.step('the CPU of each service'):
            cpu, count = _cpu(world, fleet, server, busy)
        hottest = max((name for name in cpu if name in _PROFILED), key=cpu.__getitem__)
        with world.shown.step(f'profile {hottest}'):
            profile = _profile(world, fleet, server, hottest, busy)
    finally:
        fleet.close()
    return {'adjusts': taken, 'cpu': cpu, 'count': count, 'profile': profile, 'hottest': hottest}


#: Services that are written in Python.
_PROFILED = ('nova-api', 'nova-conductor', 'nova-compute', 'placement', 'keystone')


def _adjust(world: World, server: str, size: Size) -> float:
    accepted = world.adjust(server, size)
    world.free(server)
    return accepted


# Counting.


def _watch(world: World, server: str, count: int) -> list[dict[str, Any]]:
    log = world.context.state.log('placement')
    with _messages(world) as messages, _statements(world) as statements:
        rounds = []
        for index in range(2 * count):
            placed = log.stat().st_size
            began = time.time()
            _adjust(world, server, SMALL if index % 2 else LARGE)
            time.sleep(0.5)  # So that the next one's window begins in silence.
            rounds.append((began, log.read_bytes()[placed:].decode(errors='replace')))
        heard = messages()
        asked = statements()
    return [
        _one(began, requests, heard, asked, 'shrink' if index % 2 else 'grow')
        for index, (began, requests) in enumerate(rounds)
    ]


def _one(
    began: float,
    requests: str,
    heard: list[dict[str, Any]],
    asked: list[tuple[float, str]],
    kind: str,
) -> dict[str, Any]:
    """Sort what belongs to one adjust into its phases."""
    call = next(
        each for each in heard if each['when'] >= began and each['method'] == 'xloud_adjust'
    )
    own = [each for each in heard if each['request'] == call['request']]
    answer = next(
        each for each in heard if each['method'] is None and each['message'] == call['message']
    )
    last = max(
        each['when'] for each in heard
        if each['message'] in {mine['message'] for mine in own} and each['method'] is None
    )  # fmt: skip
    window = Window(began, call['when'], answer['when'], last)
    rpc: dict[str, list[str]] = {phase: [] for phase in PHASES}
    for each in own:
        # The call of the host is the API's, and so is the time until it is sent.
        phase = window.phase(each['when'])
        if phase:
            rpc[phase].append(each['method'])
    databases: dict[str, collections.Counter[str]] = {
        phase: collections.Counter() for phase in PHASES
    }
    for when, database in asked:
        phase = window.phase(when)
        if phase:
            databases[phase][database] += 1
    placed: dict[str, list[str]] = {phase: [] for phase in PHASES}
    for when, method, path in _PLACED.findall(requests):
        moment = datetime.datetime.fromisoformat(when).timestamp()
        phase = window.phase(moment)
        if phase:
            placed[phase].append(f'{method} {path}')
    return {
        'kind': kind,
        'seconds': dict(zip(PHASES, (window.asked - began, answer['when'] - window.asked,
                                     last - answer['when']), strict=True)),
        'rpc': rpc,
        'databases': databases,
        'placement': placed,
    }  # fmt: skip


@contextlib.contextmanager
def _messages(world: World) -> Iterator[Any]:
    """Have RabbitMQ copy every message to us; gives what gives those of the time since."""
    broker = rabbitmq.RabbitMq(world.context)
    file = world.context.state.data('nova') / 'bench-rpc.json'
    with file.open('w') as stream:
        # The URL bears a password, and others can read what a process is called with.
        watcher = subprocess.Popen(
            [world.context.venv.python, '-B', _WATCH],
            stdout=stream,
            env={'RABBITMQ_URL': world.context.messaging().replace('rabbit', 'amqp', 1),
                 process.MARK: str(world.context.state.root)},
        )  # fmt: skip
    try:
        while not file.stat().st_size:
            if watcher.poll() is not None:
                raise RuntimeError('the watcher of messages has ended')
            time.sleep(0.1)
        broker.control('trace_on')

        def heard() -> list[dict[str, Any]]:
            time.sleep(1)
            return [json.loads(line) for line in file.read_text().splitlines()[1:]]

        yield heard
    finally:
        broker.control('trace_off')
        watcher.terminate()
        watcher.wait()
        file.unlink()


@contextlib.contextmanager
def _statements(world: World) -> Iterator[Any]:
    """Have MariaDB log every statement; gives what gives those of the time since."""
    world.sql("TRUNCATE mysql.general_log; SET GLOBAL log_output = 'TABLE', general_log = ON")

    def asked() -> list[tuple[float, str]]:
        world.sql('SET GLOBAL general_log = OFF')
        # Each connection is of one service, to its database.
        names = dict(world.sql('SELECT id, IFNULL(db, "") FROM information_schema.processlist'))
        rows = world.sql(
            'SELECT UNIX_TIMESTAMP(event_time), thread_id, LEFT(CONVERT(argument USING utf8), 20) '
            "FROM mysql.general_log WHERE command_type IN ('Query', 'Execute')"
        )
        return [
            (float(when), names[thread])
            for when, thread, statement in rows
            if names.get(thread) and _STATEMENT.match(statement) and statement != 'SELECT 1'
        ]

    try:
        yield asked
    finally:
        world.sql('SET GLOBAL general_log = OFF; TRUNCATE mysql.general_log')


# Where the CPU goes.


def _cpu(world: World, fleet: Fleet, server: str, seconds: float) -> tuple[dict[str, float], int]:
    """Give the seconds of CPU that each service takes for one adjust, and of how many."""

    def used() -> dict[str, float]:
        return {**world.cpu(), 'nova-compute': fleet.cpu()}

    idle = used()
    time.sleep(seconds / 2)
    before = used()
    rest = {name: (before[name] - idle.get(name, 0)) / (seconds / 2) for name in before}
    began, count = time.monotonic(), 0
    while time.monotonic() - began < seconds:
        _adjust(world, server, SMALL if count % 2 else LARGE)
        count += 1
    took = time.monotonic() - began
    after = used()
    return {
        name: max(0.0, after[name] - before[name] - rest[name] * took) / count for name in before
    }, count


def _profile(
    world: World, fleet: Fleet, server: str, service: str, seconds: float
) -> dict[str, list[tuple[str, float]]]:
    """Sample a service at work and give where its time goes."""
    program = _profiler(world)
    out = world.context.state.data('nova') / 'bench-profile.txt'
    if service == 'nova-compute':
        pids = fleet.pids()
    else:
        daemon = world.cloud.daemons()[service].daemon()
        pids = [daemon.pid] if daemon and daemon.pid else []
    sampling = subprocess.Popen(
        [program, 'record', '--pid', str(pids[0]), '--subprocesses', '--duration',
         str(int(seconds)), '--format', 'raw', '--output', out, '--rate', '100'],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    count = 0
    while sampling.poll() is None:
        _adjust(world, server, SMALL if count % 2 else LARGE)
        count += 1
    return at_work(out.read_text())


def at_work(samples: str) -> dict[str, list[tuple[str, float]]]:
    """Give the shares of the time at work, by package and by function of Nova's."""
    total = 0
    packages, functions = collections.Counter[str](), collections.Counter[str]()
    for line in samples.splitlines():
        stack, _, count = line.rpartition(' ')
        frames = [found for each in stack.split(';') if (found := _FRAME.fullmatch(each))]
        if not frames or frames[-1][1] in _WAITING:
            continue
        total += int(count)
        packages[frames[-1][2].partition('/')[0].removesuffix('.py')] += int(count)
        functions.update(
            dict.fromkeys((f'{f[2]}: {f[1]}' for f in frames if f[2].startswith('nova/')),
                          int(count))
        )  # fmt: skip
    return {
        name: [(each, count / total) for each, count in counter.most_common(most)]
        for name, counter, most in (('packages', packages, 10), ('functions', functions, 24))
    }


def _profiler(world: World) -> Path:
    folder = world.context.state.packages / 'bench'
    if not (folder / 'bin' / 'py-spy').exists():
        command.run([sys.executable, '-m', 'pip', 'install', '--quiet', '--no-deps',
                     '--disable-pip-version-check', '--target', folder, _PROFILER])  # fmt: skip
    return folder / 'bin' / 'py-spy'
