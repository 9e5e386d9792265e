"""What an adjustment asks of which service, in which phase, and where its CPU time goes."""

from __future__ import annotations

import collections
import time
from collections.abc import Iterable
from typing import Any, NamedTuple

from bench.cloud import profiler, trace
from bench.cloud.fleet import Fleet
from bench.cloud.size import Size
from bench.cloud.world import World
from bench.errors import MeasurementError

SMALL, LARGE = Size(1, 1024), Size(4, 4096)
PHASES = ('requested', 'claimed', 'done')

#: Services that are written in Python, so that a profile shows their functions.
_PROFILED = ('nova-api', 'nova-conductor', 'nova-compute', 'placement', 'keystone')


class Window(NamedTuple):
    """When an adjustment starts and its phases end, as Unix times."""

    start: float
    requested: float
    claimed: float
    done: float

    def phase(self, when: float) -> str | None:
        """Return the phase that a moment is in."""
        if self.start <= when:
            for name in PHASES:
                if when <= getattr(self, name):
                    return name
        return None

    def sort(self, queries: Iterable[trace.Query]) -> dict[str, list[str]]:
        """Return the targets of queries, by phase."""
        targets: dict[str, list[str]] = {phase: [] for phase in PHASES}
        for when, target in queries:
            phase = self.phase(when)
            if phase:
                targets[phase].append(target)
        return targets


class Round(NamedTuple):
    """An adjustment that was traced: its kind, its start, and what placement logged during it."""

    kind: str
    start: float
    log: str


def run(world: World, quick: bool) -> dict[str, Any]:
    """Trace single adjustments; then make a series, to measure CPU time and to profile."""
    traced, seconds = (8, 6.0) if quick else (40, 60.0)
    fleet = Fleet(world, Size(64, 65536), maximum=1)
    try:
        fleet.grow(1)
        flavor = world.servers.create_flavor('elastic', LARGE, SMALL)
        (server,) = world.servers.boot(flavor, host=fleet.names[0])
        series = Series(world, server)
        for _ in range(2):  # The first include what services do only once.
            series.adjust()
        with world.progress.step(f'{2 * traced} adjustments, traced'):
            adjustments = _trace(world, series, 2 * traced)
        with world.progress.step('the CPU time of each service'):
            cpu, count = _cpu(world, fleet, series, seconds)
        hottest = max((name for name in cpu if name in _PROFILED), key=cpu.__getitem__)
        with world.progress.step(f'profile {hottest}'):
            pid = _pid(world, fleet, hottest)
            profile = profiler.sample(world, pid, seconds, series.adjust)
    finally:
        fleet.close()
    return {
        'adjusts': adjustments, 'cpu': cpu, 'count': count, 'profile': profile, 'hottest': hottest,
    }  # fmt: skip


class Series:
    """A server that grows and shrinks in turn."""

    def __init__(self, world: World, server: str) -> None:
        self._servers = world.servers
        self._server = server
        self._large = False

    @property
    def next(self) -> str:
        """The kind of the next adjustment."""
        return 'shrink' if self._large else 'grow'

    def adjust(self) -> None:
        """Make the next adjustment and wait for its end."""
        self._large = not self._large
        self._servers.adjust(self._server, LARGE if self._large else SMALL)
        self._servers.wait_until_idle(self._server)


# Tracing.


def _trace(world: World, series: Series, count: int) -> list[dict[str, Any]]:
    log = world.context.state.log('placement')
    with trace.messages(world) as messages, trace.statements(world) as statements:
        rounds = []
        for _ in range(count):
            logged, kind, start = log.stat().st_size, series.next, time.time()
            series.adjust()
            time.sleep(0.5)  # Nothing of it may fall into the next one.
            rounds.append(Round(kind, start, log.read_bytes()[logged:].decode(errors='replace')))
        sent, queries = messages(), statements()
    return [sort(adjustment, sent, queries) for adjustment in rounds]


def sort(
    adjustment: Round, messages: list[trace.Message], statements: list[trace.Query]
) -> dict[str, Any]:
    """Return what belongs to one adjustment, by phase."""
    call = next(
        message for message in messages
        if message.when >= adjustment.start and message.method == 'xloud_adjust'
    )  # fmt: skip
    own = [message for message in messages if message.request == call.request]
    ids = {message.message for message in own}
    answers = [message for message in messages if message.method is None and message.message in ids]
    claimed = next(answer.when for answer in answers if answer.message == call.message)
    done = max(answer.when for answer in answers)
    window = Window(adjustment.start, call.when, claimed, done)
    databases = window.sort(statements)
    return {
        'kind': adjustment.kind,
        'seconds': {
            'requested': call.when - adjustment.start,
            'claimed': claimed - call.when,
            'done': done - claimed,
        },
        # An answer has no request ID, so these are calls.
        'rpc': window.sort(trace.Query(message.when, message.method or '') for message in own),
        'databases': {phase: collections.Counter(names) for phase, names in databases.items()},
        'placement': window.sort(trace.placement_requests(adjustment.log)),
    }


# Where the CPU time goes.


def _cpu(
    world: World, fleet: Fleet, series: Series, seconds: float
) -> tuple[dict[str, float], int]:
    """Return the CPU time of each service per adjustment, above idle, and their number."""

    def used() -> dict[str, float]:
        return {**world.cpu(), 'nova-compute': fleet.cpu()}

    first = used()
    time.sleep(seconds / 2)
    before = used()
    idle = {name: (before[name] - first.get(name, 0)) / (seconds / 2) for name in before}
    start, number = time.monotonic(), 0
    while time.monotonic() - start < seconds:
        series.adjust()
        number += 1
    elapsed = time.monotonic() - start
    after = used()
    above_idle = {name: after[name] - before[name] - idle[name] * elapsed for name in before}
    return {name: max(0.0, cpu) / number for name, cpu in above_idle.items()}, number


def _pid(world: World, fleet: Fleet, service: str) -> int:
    """Return the main process of a service."""
    if service == 'nova-compute':
        return fleet.pids()[0]
    daemon = world.cloud.daemons()[service].daemon()
    if daemon is None or daemon.pid is None:
        raise MeasurementError(f'{service} does not run, so it cannot be profiled')
    return daemon.pid
