"""What one adjust costs as the cloud grows."""

from __future__ import annotations

import collections
import contextlib
import itertools
import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from bench.cloud import beside, cells, seed
from bench.cloud.fleet import Fleet, expire_queues
from bench.cloud.world import Size, World, at_once, quoted
from cloud import errors, process

HOST = Size(10000, 1 << 20)
SMALL, LARGE = Size(1, 64), Size(4, 256)
#: Hosts, and servers on each of them: the first is booted, the others are copies of it.
QUICK = ((5, (40,)), (20, (40,)))
FULL = ((10, (1, 20, 200, 2000)), (100, (1, 20, 200)), (1000, (1, 20)))
#: Cells, at the first number of hosts with one server each.
QUICK_CELLS, FULL_CELLS = (1, 8), (1, 4, 16)
#: So many servers are adjusted, at any size of the cloud; they are a project of their own.
_ADJUSTED = 5
#: What is compared, as it is shown and as it is kept.
_COSTS = {'accepted': 'accepted', 'done': 'done', 'CPU': 'cpu'}
#: How often a server is booted on a host: of a thousand boots, a few may fail.
_TRIES, _MAY_FAIL = 2, 8


def run(world: World, quick: bool) -> dict[str, Any]:
    """Let the cloud grow beside one that stays, and adjust in both whenever it has."""
    steps, rounds, seconds = (QUICK, 2, 1.0) if quick else (FULL, 20, 30.0)
    first, most = steps[0][0], steps[-1][0]
    with (
        beside.second(world, pristine=False) as other,
        _large(other, most) as stays,
        _large(world, most) as grows,
    ):
        stays.hosts(first)
        stays.settle()
        growing = _Growing(grows, stays, rounds, seconds)
        data: dict[str, Any] = {'adjusts': rounds * _ADJUSTED, 'points': growing.points}
        for hosts, each_has in steps:
            try:
                grows.hosts(hosts)
                if not growing.points:
                    data['rows'] = growing.rows()
                    data['cells'] = growing.cells(QUICK_CELLS if quick else FULL_CELLS)
                growing.servers(each_has, in_one_project=(hosts, each_has) == steps[-1])
            except errors.CloudError as error:
                if not growing.points:
                    raise
                # Where it stops, and why, is a result.
                world.shown.say(f'it stops at {hosts} hosts: {error}')
                data['stopped'] = {'hosts': hosts, 'why': str(error).splitlines()[0]}
                break
    return data


@contextlib.contextmanager
def _large(world: World, most: int) -> Iterator[_Cloud]:
    """Prepare a cloud for so many hosts."""
    fleet = Fleet(world, HOST, most)
    expire_queues(world)
    with world.large_database(), world.patient(max(12, 4 * fleet.interval)):
        yield _Cloud(world, fleet)


class _Used(NamedTuple):
    """What a cloud has used until a moment."""

    seconds: float
    cpu: float
    rows: float

    def since(self, before: _Used) -> _Used:
        """Give what it has used since then."""
        return _Used(*(now - then for now, then in zip(self, before, strict=True)))

    def above(self, rest: _Used) -> _Used:
        """Give how much of it is more than what it takes at rest."""
        idle = self.seconds / rest.seconds
        return _Used(self.seconds, self.cpu - rest.cpu * idle, self.rows - rest.rows * idle)


class _Cloud:
    """A cloud with a server on each of its hosts, the first of which are adjusted."""

    def __init__(self, world: World, fleet: Fleet) -> None:
        self.world = world
        self.fleet = fleet
        self.flavor = world.flavor('elastic', LARGE, SMALL)
        self.booted: list[str] = []
        self.failed = 0

    def hosts(self, count: int) -> None:
        """Have so many hosts, with a server on each."""
        self.fleet.grow(count)
        names = self.fleet.names[len(self.booted) :]
        with self.world.shown.step(f'boot a server on each of {len(names)} hosts'):
            for _ in range(_TRIES):
                tried = at_once(4, self._boot, names)
                self.booted += itertools.chain(*tried)
                names = [name for name, servers in zip(names, tried, strict=True) if not servers]
        if names:
            raise errors.NotReadyError(
                'the measurement', f'of {count} servers only {len(self.booted)} came up'
            )

    def _boot(self, host: str) -> list[str]:
        try:
            return self.world.boot(self.flavor, host=host)
        except errors.CloudError as error:
            self.failed += 1
            if self.failed > _MAY_FAIL:
                raise
            self.world.shown.say(f'no server on {host}: {error}')
            return []

    def adjusted(self) -> list[str]:
        """Give the servers that are adjusted."""
        return self.booted[:_ADJUSTED]

    def settle(self) -> None:
        """Have all begin small, and done what nova-api does only once after its start."""
        for size, server in itertools.product((LARGE, SMALL), self.adjusted()):
            self.adjust(server, size)

    def adjust(self, server: str, size: Size) -> tuple[float, float]:
        """Give the seconds until it is accepted, and until it is done."""
        began = time.monotonic()
        accepted = self.world.adjust(server, size)
        self.world.free(server)
        return accepted, time.monotonic() - began

    def used(self) -> _Used:
        """Give what it has used so far."""
        rows = self.world.sql("SHOW GLOBAL STATUS LIKE 'Rows_read'")[0][1]
        return _Used(time.monotonic(), self.fleet.cloud_cpu(), float(rows))

    def rate(self, seconds: float) -> float:
        """Give how many adjusts end each second, when each server always has one."""
        until = time.monotonic() + seconds

        def work(server: str) -> int:
            sizes, ended = itertools.cycle((LARGE, SMALL)), 0
            while time.monotonic() < until:
                self.adjust(server, next(sizes))
                ended += 1
            return ended

        began = time.monotonic()
        ended = sum(at_once(_ADJUSTED, work, self.adjusted()))
        return ended / (time.monotonic() - began)


class _Growing:
    """A cloud that grows beside one that stays, and what an adjust costs in both."""

    def __init__(self, grows: _Cloud, stays: _Cloud, rounds: int, seconds: float) -> None:
        self.world = grows.world
        self.grows = grows
        self.clouds = {'grows': grows, 'stays': stays}
        self.orders = itertools.cycle((('grows', 'stays'), ('stays', 'grows')))
        self.rounds = rounds
        self.seconds = seconds
        self.points: list[dict[str, Any]] = []

    def rows(self) -> dict[str, int]:
        """Give how many rows a server has, in each table, once it is booted."""
        return seed.Seed(self.world, self.grows.booted[-1]).rows(self.grows.booted[-1])

    def servers(self, each_has: Sequence[int], in_one_project: bool) -> None:
        """Have so many servers on each host, one number after the other."""
        kept = seed.Seed(self.world, self.grows.booted[-1])
        hosts, copies = len(self.grows.booted), 0
        for count in each_has:
            if count - 1 > copies:
                with self.world.shown.step(f'{count} servers on each'):
                    kept.copy(self.grows.booted, copies + 1, count - 1)
                    _check(kept, self.grows.booted[-1], count - 1)
                copies = count - 1
            _give_away(self.world, self.grows.booted[_ADJUSTED:])
            self._add({'hosts': hosts, 'servers': hosts * count, 'project': 'own'})
        if in_one_project:
            _take_back(self.world)
            self._add({'hosts': hosts, 'servers': hosts * (copies + 1), 'project': 'all'})
        memory = process.memory(self.world.cloud.processes())
        self.points[-1]['memory_mb'] = memory >> 20
        seed.remove(self.world)

    def _add(self, point: dict[str, Any]) -> None:
        self.points.append({**point, **self._measure()})

    def cells(self, numbers: Sequence[int]) -> list[dict[str, Any]]:
        """Have so many cells, one number after the other, and give what is measured."""
        points = []
        try:
            for number in numbers:
                with self.world.shown.step(f'cells: {number}'):
                    cells.grow(self.world, number)
                points.append({'cells': number, **self._measure()})
        finally:
            cells.remove(self.world)
        return points

    def _measure(self) -> dict[str, Any]:
        """Adjust one after the other, in turns in both clouds; then several at once."""
        costs: dict[str, Any] = {name: collections.defaultdict(list) for name in self.clouds}
        count = self.rounds * _ADJUSTED
        with self.world.shown.step(f'{count} adjusts, and {self.seconds:.0f} s of all at once'):
            self.grows.settle()
            with self._watched() as rest:
                time.sleep(max(4, self.grows.fleet.interval / 3))
            for size in itertools.islice(itertools.cycle((LARGE, SMALL)), self.rounds):
                with self._watched() as used:
                    self._round(size, costs)
                for name, cost in costs.items():
                    more = used[name].above(rest[name])
                    cost['cpu'].append(more.cpu / _ADJUSTED)
                    cost['rows'].append(more.rows / _ADJUSTED)
            rate = self.grows.rate(self.seconds)
        return {**costs, 'rate': rate, 'rest': rest['grows'].cpu / rest['grows'].seconds}

    def _round(self, size: Size, costs: dict[str, Any]) -> None:
        """Adjust each of the servers, in both clouds."""
        for index in range(_ADJUSTED):
            for name in next(self.orders):
                cloud = self.clouds[name]
                accepted, done = cloud.adjust(cloud.booted[index], size)
                costs[name]['accepted'].append(accepted)
                costs[name]['done'].append(done)

    @contextlib.contextmanager
    def _watched(self) -> Iterator[dict[str, _Used]]:
        """Give what each cloud uses meanwhile, once that is over."""
        before = {name: cloud.used() for name, cloud in self.clouds.items()}
        used: dict[str, _Used] = {}
        yield used
        used |= {name: cloud.used().since(before[name]) for name, cloud in self.clouds.items()}


def _check(kept: seed.Seed, server: str, number: int) -> None:
    """See that a copy is in every table as the server that it is of."""
    copy = f'{server[:24]}{number:012X}'
    if kept.rows(copy) != kept.rows(server):
        raise RuntimeError(f'{copy} is not like {server}: {kept.rows(copy)} {kept.rows(server)}')


def _give_away(world: World, booted: list[str]) -> None:
    """Let 256 other projects have the servers that are not adjusted."""
    chosen = quoted(booted)
    for table, key in (('nova.instances', 'uuid'), ('nova_api.instance_mappings', 'instance_uuid')):
        world.sql(
            f"UPDATE {table} SET project_id = CONCAT('bench', LEFT(MD5({key}), 2)) "
            f"WHERE {key} IN ({chosen}) OR {key} REGEXP '{seed.COPY}'"
        )


def _take_back(world: World) -> None:
    """Let the project of those that are adjusted have all servers."""
    project = world.project()
    for table in ('nova.instances', 'nova_api.instance_mappings'):
        world.sql(f"UPDATE {table} SET project_id = '{project}' WHERE project_id LIKE 'bench%'")
