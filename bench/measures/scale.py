"""What one adjust costs as the cloud grows."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from typing import Any

from bench import cells, plot, seed, stats
from bench.fleet import Fleet
from bench.page import Page
from bench.world import Size, World, at_once
from cloud import lifecycle

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


def run(world: World, quick: bool) -> dict[str, Any]:
    """Let the cloud grow, and adjust some servers whenever it has."""
    steps, adjusts, seconds = (QUICK, 20, 3.0) if quick else (FULL, 100, 30.0)
    most = steps[-1][0]
    fleet = Fleet(world, HOST, most=most)
    flavor = world.flavor('elastic', LARGE, SMALL)
    seed.remove(world)
    cells.remove(world)
    points: list[dict[str, Any]] = []
    of_cells: list[dict[str, Any]] = []
    booted: list[str] = []
    try:
        with world.patient(max(12, 4 * fleet.interval)):
            for hosts, each_has in steps:
                fleet.grow(hosts)
                with world.shown.step(f'boot a server on each of {hosts} hosts'):
                    names = fleet.names[len(booted) : hosts]
                    booted += [
                        server
                        for servers in at_once(4, lambda n: world.boot(flavor, host=n), names)
                        for server in servers
                    ]
                if not of_cells:
                    numbers = QUICK_CELLS if quick else FULL_CELLS
                    of_cells = _cells(world, fleet, booted[:_ADJUSTED], numbers, adjusts, seconds)
                kept = seed.Seed(world, booted[-1])
                copies = 0
                for count in each_has:
                    if count - 1 > copies:
                        with world.shown.step(f'{count} servers on each'):
                            kept.copy(booted, copies + 1, count - 1)
                            _check(kept, booted[-1], count - 1)
                        copies = count - 1
                    others = booted[_ADJUSTED:]
                    _give_away(world, others)
                    points.append(
                        {'hosts': hosts, 'servers': len(booted) * count, 'project': 'own',
                         **_point(world, fleet, booted[:_ADJUSTED], adjusts, seconds)}
                    )  # fmt: skip
                if hosts == most:
                    _take_back(world)
                    points.append(
                        {'hosts': hosts, 'servers': len(booted) * (copies + 1), 'project': 'all',
                         **_point(world, fleet, booted[:_ADJUSTED], adjusts, seconds)}
                    )  # fmt: skip
                memory = lifecycle.memory(world.cloud.processes())
                points[-1]['memory_mb'] = memory >> 20
                seed.remove(world)
    finally:
        seed.remove(world)
        _take_back(world)
        fleet.close()
    return {
        'points': points, 'cells': of_cells, 'adjusts': adjusts, 'rows': kept.rows(booted[0])
    }  # fmt: skip


def _cells(
    world: World,
    fleet: Fleet,
    servers: list[str],
    numbers: Sequence[int],
    count: int,
    seconds: float,
) -> list[dict[str, Any]]:
    points = []
    try:
        for number in numbers:
            with world.shown.step(f'cells: {number}'):
                cells.grow(world, number)
                # What nova-api does only once after its start is done.
                for size in (LARGE, SMALL):
                    for server in servers:
                        world.adjust(server, size)
                        world.free(server)
            points.append({'cells': number, **_point(world, fleet, servers, count, seconds)})
    finally:
        cells.remove(world)
    return points


def _check(kept: seed.Seed, server: str, number: int) -> None:
    """See that a copy is in every table as the server that it is of."""
    copy = f'{server[:24]}{number:012X}'
    if kept.rows(copy) != kept.rows(server):
        raise RuntimeError(f'{copy} is not like {server}: {kept.rows(copy)} {kept.rows(server)}')


def _give_away(world: World, booted: list[str]) -> None:
    """Let 256 other projects have the servers that are not adjusted."""
    chosen = ', '.join(f"'{each}'" for each in booted) or "''"
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


def _point(
    world: World, fleet: Fleet, servers: list[str], count: int, seconds: float
) -> dict[str, Any]:
    """Adjust one after the other, then several at once."""
    with world.shown.step(f'{count} adjusts, and {seconds:.0f} s of as many as it can'):
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
        rate = _rate(world, servers, sizes, seconds)
    return {'accepted': accepted, 'done': done, 'cpu': cpu, 'rows': rows, 'rate': rate}


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
        'tables that a booted server has, its allocation among them, which is checked. The '
        f'adjusts are real calls, of {_ADJUSTED} booted servers, {data["adjusts"]} one after the '
        'other and then of all at once. What computes do on their own now and then is off, but for '
        'their signs of life. The other servers belong to 256 other projects.'
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
    lines = []
    for what in ('hosts', 'servers'):
        by = max(point[what] for point in own)
        for key, name in (('accepted', 'accepted'), ('done', 'done')):
            line = stats.slope([(p[what], value) for p in own for value in p[key]])
            lines.append(
                [name, f'{by:,} more {what}', f'{1000 * by * line.slope:+.1f} ± '
                 f'{1000 * by * line.error:.1f}', f'{100 * by * line.slope / line.intercept:+.0f}%']
            )  # fmt: skip
    page.say(
        'The slope: by how much longer one adjust takes for as many more as were tried, with the '
        'standard error of a straight line through all adjusts. Rows are read for the servers on '
        'the same host, whose allocations placement adds up at each claim, and not for those on '
        'other hosts.'
    )
    page.table(['until', 'for', 'ms', 'of what it takes'], lines)
    for what in ('hosts', 'servers'):
        page.plot(
            f'scale-{what}',
            plot.lines(
                f'One adjust against the number of {what}', what, 'seconds',
                [plot.Series(name, sorted((p[what], stats.quantile(p[key], share)) for p in own),
                             joined=False)
                 for name, key, share in (('accepted p50', 'accepted', 0.5),
                                          ('done p50', 'done', 0.5), ('done p95', 'done', 0.95))],
                log_x=True,
            ),
        )  # fmt: skip
    alone, together = data['points'][-2], data['points'][-1]
    page.say(
        f'The last line has all {together["servers"]:,} servers in the project of those that are '
        f'adjusted: then an adjust reads {together["rows"]:,.0f} rows instead of '
        f"{alone['rows']:,.0f}, since Nova counts a project's servers for its quota whenever "
        'one grows, as for a resize; `[quota] count_usage_from_placement` has placement do that.'
    )
    page.say(f'No more than {together["hosts"]:,} hosts were tried.')
    _page_of_cells(page, data['cells'], data['points'][0]['hosts'])


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
