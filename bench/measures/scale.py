"""What one adjust costs as the cloud grows."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from bench import cells, plot, seed, stats
from bench.fleet import Fleet, expire_queues
from bench.page import Page
from bench.world import Size, World, at_once, quoted
from cloud import errors, lifecycle

TITLE = 'Scale'

HOST = Size(10000, 1 << 20)
SMALL, LARGE = Size(1, 64), Size(4, 256)
#: Hosts, and servers on each of them: the first is booted, the others are copies of it.
QUICK = ((5, (1, 40)), (20, (1, 40)))
FULL = ((10, (1, 20, 200, 2000)), (100, (1, 20, 200)), (1000, (1, 20)))
#: Cells, at the first number of hosts with one server each.
QUICK_CELLS, FULL_CELLS = (1, 8), (1, 4, 16)
#: So many servers are adjusted, at any size of the cloud; they are a project of their own.
_ADJUSTED = 5
#: How often a server is booted on a host: of a thousand boots, a few may fail.
_TRIES, _MAY_FAIL = 2, 8


def run(world: World, quick: bool) -> dict[str, Any]:
    """Let the cloud grow, and adjust some servers whenever it has."""
    steps, adjusts, seconds = (QUICK, 15, 2.0) if quick else (FULL, 100, 30.0)
    fleet = Fleet(world, HOST, most=steps[-1][0])
    growing = _Growing(world, fleet, adjusts, seconds)
    data: dict[str, Any] = {'adjusts': adjusts, 'points': growing.points}
    expire_queues(world)
    with world.large_database(), world.patient(max(12, 4 * fleet.interval)):
        for hosts, each_has in steps:
            try:
                growing.hosts(hosts)
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


class _Growing:
    """A cloud that gets hosts, servers and cells, and what an adjust costs in it."""

    def __init__(self, world: World, fleet: Fleet, adjusts: int, seconds: float) -> None:
        self.world = world
        self.fleet = fleet
        self.adjusts = adjusts
        self.seconds = seconds
        self.flavor = world.flavor('elastic', LARGE, SMALL)
        self.booted: list[str] = []
        self.failed = 0
        self.points: list[dict[str, Any]] = []

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

    def rows(self) -> dict[str, int]:
        """Give how many rows a server has, in each table, once it is booted."""
        return seed.Seed(self.world, self.booted[-1]).rows(self.booted[-1])

    def servers(self, each_has: Sequence[int], in_one_project: bool) -> None:
        """Have so many servers on each host, one number after the other."""
        kept = seed.Seed(self.world, self.booted[-1])
        hosts, copies = len(self.booted), 0
        for count in each_has:
            if count - 1 > copies:
                with self.world.shown.step(f'{count} servers on each'):
                    kept.copy(self.booted, copies + 1, count - 1)
                    _check(kept, self.booted[-1], count - 1)
                copies = count - 1
            _give_away(self.world, self.booted[_ADJUSTED:])
            self._add({'hosts': hosts, 'servers': hosts * count, 'project': 'own'})
        if in_one_project:
            _take_back(self.world)
            self._add({'hosts': hosts, 'servers': hosts * (copies + 1), 'project': 'all'})
        memory = lifecycle.memory(self.world.cloud.processes())
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
        """Adjust one after the other, then several at once."""
        world, fleet, count = self.world, self.fleet, self.adjusts
        servers = self.booted[:_ADJUSTED]
        with world.shown.step(f'{count} adjusts, and {self.seconds:.0f} s of as many as it can'):
            # All begin small, and what nova-api does only once after its start is done.
            for server, size in itertools.product(servers, (LARGE, SMALL)):
                world.adjust(server, size)
                world.free(server)
            sizes = {server: itertools.cycle((LARGE, SMALL)) for server in servers}
            accepted, done = [], []
            rest_cpu, rest_rows = _rest(world, fleet)
            began, cpu, rows = time.monotonic(), fleet.cloud_cpu(), _rows(world)
            for index in range(count):
                server = servers[index % len(servers)]
                start = time.monotonic()
                accepted.append(world.adjust(server, next(sizes[server])))
                world.free(server)
                done.append(time.monotonic() - start)
            took = time.monotonic() - began
            cpu = (fleet.cloud_cpu() - cpu - rest_cpu * took) / count
            rows = (_rows(world) - rows - rest_rows * took) / count
            rate = _rate(world, servers, sizes, self.seconds)
        return {'accepted': accepted, 'done': done, 'cpu': cpu, 'rows': rows, 'rate': rate}


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


def _rest(world: World, fleet: Fleet) -> tuple[float, float]:
    """Give what the cloud takes each second when nothing is asked of it."""
    began, cpu, rows = time.monotonic(), fleet.cloud_cpu(), _rows(world)
    time.sleep(max(4, fleet.interval / 4))
    took = time.monotonic() - began
    return (fleet.cloud_cpu() - cpu) / took, (_rows(world) - rows) / took


def _rows(world: World) -> float:
    return float(world.sql("SHOW GLOBAL STATUS LIKE 'Rows_read'")[0][1])


def _rate(world: World, servers: list[str], sizes: dict[str, Any], seconds: float) -> float:
    """Give how many adjusts end each second, when each server always has one."""
    until = time.monotonic() + seconds

    def work(server: str) -> int:
        ended = 0
        while time.monotonic() < until:
            world.adjust(server, next(sizes[server]))
            world.free(server)
            ended += 1
        return ended

    began = time.monotonic()
    ended = sum(at_once(len(servers), work, servers))
    return ended / (time.monotonic() - began)


def page(page: Page, data: dict[str, Any]) -> None:
    """Show that the cost of one adjust does not follow the size of the cloud."""
    tables = len([rows for rows in data['rows'].values() if rows])
    page.say(
        'Hosts are nova-computes with the fake driver, up to 125 in a process, each with its own '
        'service, queues and resource provider, over the real RabbitMQ, MariaDB and placement. '
        'One server on each host is booted. **The others are copies of it, made in the '
        f'databases** (`seed.py`): a copy has the {sum(data["rows"].values())} rows in {tables} '
        'tables that a server has once it is booted, its allocation among them, which is checked. '
        f'The adjusts are real calls, of {_ADJUSTED} booted servers, {data["adjusts"]} one after '
        'the other and then of all at once. What computes do on their own now and then is off, but '
        'for their signs of life. The other servers belong to 256 other projects.'
    )
    page.table(
        ['hosts', 'servers', *_HEADS, 'memory, MiB'],
        [
            [
                f'{point["hosts"]:,}',
                f'{point["servers"]:,}' + (' in one project' if point['project'] == 'all' else ''),
                *_figures(point),
                f'{point["memory_mb"]:,}' if 'memory_mb' in point else '',
            ]
            for point in data['points']
        ],
    )
    own = [point for point in data['points'] if point['project'] == 'own']
    ways = [way for way in _ways(own) if len({x for x, _ in way.points}) > 1]
    page.say(
        'The slope: by how much longer one adjust takes, and how much more CPU, for as many more '
        'as were tried, with the standard error of a straight line through all adjusts of these '
        'lines. Its time also has in it the wait for whatever else these cores do, and all hosts '
        'live on them. Rows are read for the servers on the same host, whose allocations placement '
        'adds up at each claim, and not for those on other hosts.'
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
        _page_of_one_project(page, *data['points'][-2:])
    _page_of_cells(page, data['cells'], data['points'][0]['hosts'])


class _Way(NamedTuple):
    """A way in which the cloud gets larger, while all else stays."""

    name: str
    #: Of what there are more, and what stays.
    more: str
    stays: str
    #: How many there are, and what was measured then.
    points: list[tuple[int, dict[str, Any]]]

    def slopes(self) -> list[list[str]]:
        """Give lines of a table: by how much longer an adjust takes."""
        lines = []
        numbers = [x for x, _ in self.points]
        by = max(numbers) - min(numbers)
        for name, key in (('accepted', 'accepted'), ('done', 'done'), ('CPU', 'cpu')):
            line = stats.slope(
                [(x, value) for x, point in self.points for value in _values(point[key])]
            )
            lines.append(
                [name, f'{by:,} more {self.more}, {self.stays}', _more(line, by),
                 f'{100 * by * line.slope / line.intercept:+.0f}%']
            )  # fmt: skip
        return lines

    def plot(self) -> str:
        """Draw how long an adjust takes."""
        return plot.lines(
            f'One adjust against the number of {self.more}, {self.stays}', self.more, 'seconds',
            [plot.Series(name, [(x, stats.quantile(point[key], share)) for x, point in self.points])
             for name, key, share in (('accepted p50', 'accepted', 0.5),
                                      ('done p50', 'done', 0.5), ('done p95', 'done', 0.95))],
            log_x=True,
        )  # fmt: skip


def _more(line: stats.Slope, by: int) -> str:
    """Give how many milliseconds more it is, and how sure, if that is known."""
    more = f'{1000 * by * line.slope:+.1f}'
    return f'{more} ± {1000 * by * line.error:.1f}' if math.isfinite(line.error) else more


def _values(measured: list[float] | float) -> list[float]:
    return measured if isinstance(measured, list) else [measured]


def _ways(points: Sequence[dict[str, Any]]) -> tuple[_Way, ...]:
    """Sort what was measured by what was the same meanwhile."""
    each_has = {id(point): point['servers'] // point['hosts'] for point in points}
    first = points[0]['hosts']
    tried = [{each_has[id(p)] for p in points if p['hosts'] == n}
             for n in {p['hosts'] for p in points}]  # fmt: skip
    least, most = min(set.intersection(*tried)), max(set.intersection(*tried))
    return (
        _Way('hosts', 'hosts', f'{least} server on each',
             [(p['hosts'], p) for p in points if each_has[id(p)] == least]),
        _Way('servers', 'servers', f'on more hosts, {most} on each',
             [(p['servers'], p) for p in points if each_has[id(p)] == most]),
        _Way('host', 'servers on each host', f'{first} hosts',
             [(each_has[id(p)], p) for p in points if p['hosts'] == first]),
    )  # fmt: skip


def _page_of_one_project(page: Page, alone: dict[str, Any], together: dict[str, Any]) -> None:
    page.say(
        f'The last line of the first table has all {together["servers"]:,} servers in the project '
        f'of those that are adjusted: then an adjust reads {together["rows"]:,.0f} rows instead of '
        f"{alone['rows']:,.0f}, since Nova counts a project's servers for its quota whenever "
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
    line = stats.slope([(each['cells'], value) for each in points for value in each['accepted']])
    page.say(
        f'For {by} more cells an adjust is accepted {1000 * by * line.slope:+.1f} ± '
        f'{1000 * by * line.error:.1f} ms later.'
    )


_HEADS = (
    'accepted p50, s', 'p95, s', 'done p50, s', 'p95, s', 'adjusts a second', 'CPU s each',
    'rows read each',
)  # fmt: skip


def _figures(point: dict[str, Any]) -> list[str]:
    accepted, done = stats.spread(point['accepted']), stats.spread(point['done'])
    return [
        f'{accepted.p50:.3f}', f'{accepted.p95:.3f}', f'{done.p50:.3f}', f'{done.p95:.3f}',
        f'{point["rate"]:.1f}', f'{point["cpu"]:.3f}', f'{point["rows"]:,.0f}',
    ]  # fmt: skip
