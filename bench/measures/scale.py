"""What one adjustment costs as the cloud grows."""

from __future__ import annotations

import collections
import contextlib
import itertools
import operator
import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from bench.cloud import beside, cells, parallel, seed, tuning
from bench.cloud.fleet import Fleet, expire_queues
from bench.cloud.size import Size
from bench.cloud.world import World
from bench.errors import MeasurementError
from cloud import errors, process

HOST = Size(10000, 1 << 20)
SMALL, LARGE = Size(1, 64), Size(4, 256)
#: Hosts, and servers on each of them: the first is booted, the others are copies of it.
QUICK = ((5, (40,)), (20, (40,)))
FULL = ((10, (1, 20, 200, 2000)), (100, (1, 20, 200)), (1000, (1, 20)))
#: Cells, at the first number of hosts with one server each.
QUICK_CELLS, FULL_CELLS = (1, 8), (1, 4, 16)
#: How many servers are adjusted, whatever the size of the cloud; they have a project of their own.
ADJUSTED = 5
#: How often a server is booted on a host: of a thousand boots, a few may fail.
_ATTEMPTS, _FAILURES = 2, 8


def run(world: World, quick: bool) -> dict[str, Any]:
    """Let the cloud grow beside one that does not, and adjust servers in both at each step."""
    steps, rounds, seconds = (QUICK, 2, 1.0) if quick else (FULL, 20, 30.0)
    first, last = steps[0][0], steps[-1][0]
    with (
        beside.second(world, pristine=False) as other,
        _side(other, last) as stays,
        _side(world, last) as grows,
    ):
        stays.boot(first)
        stays.warm_up()
        comparison = Comparison(grows, stays, rounds, seconds)
        growing = Growing(grows, comparison)
        data: dict[str, Any] = {'adjusts': rounds * ADJUSTED, 'points': growing.points}
        for hosts, per_host in steps:
            try:
                grows.boot(hosts)
                if not growing.points:
                    data['rows'] = growing.rows()
                    data['cells'] = growing.cells(QUICK_CELLS if quick else FULL_CELLS)
                growing.servers(per_host, in_one_project=(hosts, per_host) == steps[-1])
            except MeasurementError:
                raise
            except errors.CloudError as error:
                if not growing.points:
                    raise
                # Where it stops, and why, is a result.
                world.progress.say(f'it stops at {hosts} hosts: {error}')
                data['stopped'] = {'hosts': hosts, 'why': str(error).splitlines()[0]}
                break
    return data


@contextlib.contextmanager
def _side(world: World, hosts: int) -> Iterator[Side]:
    """Prepare a cloud for a number of hosts."""
    fleet = Fleet(world, HOST, hosts)
    expire_queues(world)
    with (
        tuning.large_buffer_pool(world),
        tuning.service_down_time(world, max(12, 4 * fleet.interval)),
    ):
        yield Side(world, fleet)


class Usage(NamedTuple):
    """What a cloud has used until a moment, or between two."""

    seconds: float
    cpu: float
    rows: float

    def since(self, before: Usage) -> Usage:
        """Return what was used since an earlier moment."""
        return Usage(*map(operator.sub, self, before))

    def above(self, idle: Usage) -> Usage:
        """Return how much more it is than idle usage for as long."""
        share = self.seconds / idle.seconds
        return Usage(self.seconds, self.cpu - idle.cpu * share, self.rows - idle.rows * share)


class Side:
    """A cloud with a server on each of its hosts; the first of the servers are adjusted."""

    def __init__(self, world: World, fleet: Fleet) -> None:
        self.world = world
        self.fleet = fleet
        self.flavor = world.servers.create_flavor('elastic', LARGE, SMALL)
        self.booted: list[str] = []
        self._failures = 0

    def boot(self, hosts: int) -> None:
        """Have this many hosts, with a server on each."""
        self.fleet.grow(hosts)
        names = self.fleet.names[len(self.booted) :]
        with self.world.progress.step(f'boot a server on each of {len(names)} hosts'):
            for _ in range(_ATTEMPTS):
                attempts = parallel.run(4, self._boot, names)
                self.booted += itertools.chain(*attempts)
                names = [name for name, servers in zip(names, attempts, strict=True) if not servers]
        if names:
            raise errors.NotReadyError(
                'the measurement', f'of {hosts} servers only {len(self.booted)} came up'
            )

    def _boot(self, host: str) -> list[str]:
        try:
            return self.world.servers.boot(self.flavor, host=host)
        except errors.CloudError as error:
            self._failures += 1
            if self._failures > _FAILURES:
                raise
            self.world.progress.say(f'no server on {host}: {error}')
            return []

    def adjusted(self) -> list[str]:
        """Return the servers that are adjusted."""
        return self.booted[:ADJUSTED]

    def warm_up(self) -> None:
        """Leave all servers small, with everything done that nova-api does only once."""
        for size, server in itertools.product((LARGE, SMALL), self.adjusted()):
            self.adjust(server, size)

    def adjust(self, server: str, size: Size) -> tuple[float, float]:
        """Adjust a server; return the seconds until it was accepted, and until it was done."""
        start = time.monotonic()
        accepted = self.world.servers.adjust(server, size)
        self.world.servers.wait_until_idle(server)
        return accepted, time.monotonic() - start

    def usage(self) -> Usage:
        """Return what the cloud has used so far."""
        rows = self.world.sql("SHOW GLOBAL STATUS LIKE 'Rows_read'")[0][1]
        return Usage(time.monotonic(), self.fleet.cloud_cpu(), float(rows))

    def rate(self, seconds: float) -> float:
        """Return the adjustments per second when every adjusted server always has one."""
        end = time.monotonic() + seconds

        def adjust_until_end(server: str) -> int:
            sizes, count = itertools.cycle((LARGE, SMALL)), 0
            while time.monotonic() < end:
                self.adjust(server, next(sizes))
                count += 1
            return count

        start = time.monotonic()
        count = sum(parallel.run(ADJUSTED, adjust_until_end, self.adjusted()))
        return count / (time.monotonic() - start)


class Comparison:
    """Adjustments in a cloud that grows and in one that does not, in turns."""

    def __init__(self, grows: Side, stays: Side, rounds: int, seconds: float) -> None:
        self.grows = grows
        self.sides = {'grows': grows, 'stays': stays}
        self.orders = itertools.cycle((('grows', 'stays'), ('stays', 'grows')))
        self.rounds = rounds
        self.seconds = seconds

    def measure(self) -> dict[str, Any]:
        """Adjust the servers one by one, in both clouds; then all at once."""
        costs: dict[str, Any] = {name: collections.defaultdict(list) for name in self.sides}
        count = self.rounds * ADJUSTED
        step = f'{count} adjustments, and {self.seconds:.0f} s of all at once'
        with self.grows.world.progress.step(step):
            self.grows.warm_up()
            with self._usage() as idle:
                time.sleep(max(4, self.grows.fleet.interval / 3))
            for size in itertools.islice(itertools.cycle((LARGE, SMALL)), self.rounds):
                with self._usage() as used:
                    self._round(size, costs)
                for name, cost in costs.items():
                    above = used[name].above(idle[name])
                    cost['cpu'].append(above.cpu / ADJUSTED)
                    cost['rows'].append(above.rows / ADJUSTED)
            rate = self.grows.rate(self.seconds)
        return {**costs, 'rate': rate, 'rest': idle['grows'].cpu / idle['grows'].seconds}

    def _round(self, size: Size, costs: dict[str, Any]) -> None:
        """Adjust each of the servers, in both clouds."""
        for index in range(ADJUSTED):
            for name in next(self.orders):
                side = self.sides[name]
                accepted, done = side.adjust(side.booted[index], size)
                costs[name]['accepted'].append(accepted)
                costs[name]['done'].append(done)

    @contextlib.contextmanager
    def _usage(self) -> Iterator[dict[str, Usage]]:
        """Yield a dictionary that has the usage of each cloud once the block is left."""
        before = {name: side.usage() for name, side in self.sides.items()}
        usage: dict[str, Usage] = {}
        yield usage
        usage |= {name: side.usage().since(before[name]) for name, side in self.sides.items()}


class Growing:
    """The cloud that grows, and what was measured at each of its sizes."""

    def __init__(self, side: Side, comparison: Comparison) -> None:
        self.side = side
        self.world = side.world
        self.comparison = comparison
        self.points: list[dict[str, Any]] = []

    def rows(self) -> dict[str, int]:
        """Return how many rows a booted server has in each table."""
        server = self.side.booted[-1]
        return seed.Seed(self.world, server).rows(server)

    def servers(self, per_host: Sequence[int], in_one_project: bool) -> None:
        """Measure with these numbers of servers on each host, one after the other."""
        booted = self.side.booted
        source = seed.Seed(self.world, booted[-1])
        hosts, copies = len(booted), 0
        for count in per_host:
            if count - 1 > copies:
                with self.world.progress.step(f'{count} servers on each'):
                    source.copy(booted, copies + 1, count - 1)
                    source.check(booted[-1], count - 1)
                copies = count - 1
            seed.spread_over_projects(self.world, booted[ADJUSTED:])
            self._measure({'hosts': hosts, 'servers': hosts * count, 'project': 'own'})
        if in_one_project:
            seed.gather_in_project(self.world)
            self._measure({'hosts': hosts, 'servers': hosts * (copies + 1), 'project': 'all'})
        memory = process.memory(self.world.cloud.processes())
        self.points[-1]['memory_mb'] = memory >> 20
        seed.remove(self.world)

    def _measure(self, point: dict[str, Any]) -> None:
        self.points.append({**point, **self.comparison.measure()})

    def cells(self, numbers: Sequence[int]) -> list[dict[str, Any]]:
        """Measure with these numbers of cells, one after the other."""
        points = []
        try:
            for number in numbers:
                with self.world.progress.step(f'cells: {number}'):
                    cells.grow(self.world, number)
                points.append({'cells': number, **self.comparison.measure()})
        finally:
            cells.remove(self.world)
        return points
