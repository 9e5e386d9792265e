"""What one adjust costs as the cloud grows."""

from __future__ import annotations

import collections
import contextlib
import itertools
import statistics
import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from bench.cloud import beside, cells, seed
from bench.cloud.fleet import Fleet, expire_queues
from bench.cloud.world import Size, World, at_once, quoted
from bench.report import plot, stats
from bench.report.page import Page
from cloud import errors, process

TITLE = 'Scale'

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


def page(page: Page, data: dict[str, Any]) -> None:
    """Show that the cost of one adjust does not follow the size of the cloud."""
    points = data['points']
    tables = len([rows for rows in data['rows'].values() if rows])
    page.say(
        'Hosts are nova-computes with the fake driver, up to 125 in a process, each with its own '
        'service, queues and resource provider, over the real RabbitMQ, MariaDB and placement. '
        'One server on each host is booted. **The others are copies of it, made in the '
        f'databases** (`seed.py`): a copy has the {sum(data["rows"].values())} rows in {tables} '
        'tables that a server has once it is booted, its allocation among them, which is checked. '
        f'The adjusts are real calls, of {_ADJUSTED} booted servers, {data["adjusts"]} one after '
        'the other and then of all at once. What computes do on their own now and then is off, but '
        'for their signs of life. CPU at rest, of one core, is what all of it takes when nothing '
        'is asked. The other servers belong to 256 other projects.'
    )
    page.table(
        ['hosts', 'servers', *_HEADS, 'CPU at rest', 'memory, MiB'],
        [
            [
                *_size(point),
                *_figures(point),
                f'{100 * point["rest"]:.0f}%',
                f'{point["memory_mb"]:,}' if 'memory_mb' in point else '',
            ]
            for point in points
        ],
    )
    page.say(
        f'**Beside it a second cloud stays as it is**, with services of its own, {_first(points)} '
        'hosts and a server on each. Adjusts are asked in turns of the one and the other, and '
        'which is first changes: so both feel whatever else this machine does, the hosts at rest '
        'among it, which elsewhere have machines of their own. This is what an adjust takes in the '
        'cloud that grows, for what it takes in the other: the median of the ratios of all turns, '
        'and in brackets how near that is, 95% sure, to the median of ever so many. CPU is of all '
        f'services and hosts, in rounds of {_ADJUSTED} adjusts, without what it is at rest.'
    )
    page.table(
        ['hosts', 'servers', *_COSTS],
        [[*_size(point), *map(_against, _ratios(point).values())] for point in points],
    )
    own = [point for point in points if point['project'] == 'own']
    ways = [way for way in _ways(own) if len({x for x, _ in way.points}) > 1]
    page.say(
        'The slope: by how much more it takes than in the other cloud, for as many more as were '
        'tried, with the standard error of a straight line through all turns of these lines. '
        'Rows are read for the servers on the same host, whose allocations placement adds up at '
        'each claim, and not for those on other hosts.'
    )
    page.table(
        ['', 'for', 'ms', 'of what it takes'], [line for way in ways for line in way.slopes()]
    )
    for way in ways:
        page.plot(f'scale-{way.name}', way.plot())
    if stopped := data.get('stopped'):
        page.say(f'It stops at {stopped["hosts"]:,} hosts: {stopped["why"]}.')
    else:
        page.say(f'No more than {own[-1]["hosts"]:,} hosts were tried.')
        _page_of_one_project(page, *points[-2:])
    _page_of_cells(page, data['cells'], _first(points))


def _first(points: Sequence[dict[str, Any]]) -> int:
    return int(points[0]['hosts'])


def _size(point: dict[str, Any]) -> list[str]:
    together = ' in one project' if point['project'] == 'all' else ''
    return [f'{point["hosts"]:,}', f'{point["servers"]:,}{together}']


def _turns(point: dict[str, Any], key: str) -> list[tuple[float, float]]:
    """Give what was taken in each turn, in the cloud that grows and in the one that stays."""
    return list(zip(point['grows'][key], point['stays'][key], strict=True))


def _ratios(point: dict[str, Any]) -> dict[str, list[float]]:
    """Give what it takes in the cloud that grows, for what it takes in the one that stays."""
    return {
        name: [grows / stays for grows, stays in _turns(point, key)] for name, key in _COSTS.items()
    }


def _against(ratios: list[float]) -> str:
    low, high = stats.sure(ratios)
    return f'{statistics.median(ratios):.2f} ({low:.2f} to {high:.2f})'


class _Way(NamedTuple):
    """A way in which the cloud gets larger, while all else stays."""

    name: str
    #: Of what there are more, and what stays.
    more: str
    stays: str
    #: How many there are, and what was measured then.
    points: list[tuple[int, dict[str, Any]]]

    def slopes(self) -> list[list[str]]:
        """Give lines of a table: by how much more an adjust takes."""
        numbers = [x for x, _ in self.points]
        by = max(numbers) - min(numbers)
        lines = []
        for name, key in _COSTS.items():
            more, usual = _slope(self.points, key)
            lines.append(
                [name, f'{by:,} more {self.more}, {self.stays}', _ms(more, by),
                 f'{100 * by * more.slope / usual:+.0f}%']
            )  # fmt: skip
        return lines

    def plot(self) -> str:
        """Draw what an adjust takes, for what it takes in the cloud that stays."""
        ratios = [(x, _ratios(point)) for x, point in self.points]
        return plot.lines(
            f'One adjust against the number of {self.more}, {self.stays}', self.more,
            'ratio; 1 is a cloud that stays',
            [plot.Series(name, [(x, statistics.median(each[name])) for x, each in ratios])
             for name in _COSTS],
            log_x=True,
        )  # fmt: skip


def _slope(points: Sequence[tuple[int, dict[str, Any]]], key: str) -> tuple[stats.Slope, float]:
    """Give how it grows with what there are more of, and what it takes in the cloud that stays."""
    turns = [(x, turn) for x, point in points for turn in _turns(point, key)]
    line = stats.slope([(x, grows - stays) for x, (grows, stays) in turns])
    return line, statistics.fmean(stays for _, (_, stays) in turns)


def _ms(line: stats.Slope, by: int) -> str:
    return f'{1000 * by * line.slope:+.1f} ± {1000 * by * line.error:.1f}'


def _ways(points: Sequence[dict[str, Any]]) -> tuple[_Way, ...]:
    """Sort what was measured by what was the same meanwhile."""
    each_has = {id(point): point['servers'] // point['hosts'] for point in points}
    first = _first(points)
    tried = [{each_has[id(p)] for p in points if p['hosts'] == n}
             for n in {p['hosts'] for p in points}]  # fmt: skip
    least, most = min(set.intersection(*tried)), max(set.intersection(*tried))
    return (
        _Way('hosts', 'hosts', f'{least} server{"s" * (least > 1)} on each',
             [(p['hosts'], p) for p in points if each_has[id(p)] == least]),
        _Way('servers', 'servers', f'on more hosts, {most} on each',
             [(p['servers'], p) for p in points if each_has[id(p)] == most]),
        _Way('host', 'servers on each host', f'{first} hosts',
             [(each_has[id(p)], p) for p in points if p['hosts'] == first]),
    )  # fmt: skip


def _page_of_one_project(page: Page, alone: dict[str, Any], together: dict[str, Any]) -> None:
    page.say(
        f'The last line has all {together["servers"]:,} servers in the project of those that are '
        f'adjusted: then an adjust reads {_rows(together):,.0f} rows instead of '
        f"{_rows(alone):,.0f}, since Nova counts a project's servers for its quota whenever "
        'one grows, as for a resize; `[quota] count_usage_from_placement` has placement do that.'
    )


def _page_of_cells(page: Page, points: list[dict[str, Any]], hosts: int) -> None:
    page.say(
        f'The same with further cells, each with a database of its own and without a server or a '
        f"host; the {hosts} hosts with their servers are in the first. Only Nova's API knows of "
        'them: it counts what a project has in every cell whenever one of its servers grows, at '
        'once and not one after the other. `[api] instance_list_per_project_cells` has it ask '
        'only those in which the project has servers.'
    )
    page.table(['cells', *_HEADS], [[str(each['cells']), *_figures(each)] for each in points])
    by = points[-1]['cells'] - points[0]['cells']
    line, _ = _slope([(each['cells'], each) for each in points], 'accepted')
    page.say(
        f'For {by} more cells an adjust is accepted {_ms(line, by)} ms later than in the cloud '
        'that stays.'
    )


_HEADS = (
    'accepted p50, s', 'p95, s', 'done p50, s', 'p95, s', 'adjusts a second', 'CPU s each',
    'rows read each',
)  # fmt: skip


def _figures(point: dict[str, Any]) -> list[str]:
    costs = point['grows']
    accepted, done = stats.spread(costs['accepted']), stats.spread(costs['done'])
    return [
        f'{accepted.p50:.3f}', f'{accepted.p95:.3f}', f'{done.p50:.3f}', f'{done.p95:.3f}',
        f'{point["rate"]:.1f}', f'{statistics.fmean(costs["cpu"]):.3f}', f'{_rows(point):,.0f}',
    ]  # fmt: skip


def _rows(point: dict[str, Any]) -> float:
    return statistics.fmean(point['grows']['rows'])
