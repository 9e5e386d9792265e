"""How many servers fit on the same hosts, and how often they cannot grow then."""

from __future__ import annotations

from typing import Any, NamedTuple

from bench.cloud import overselling, tuning
from bench.cloud.fleet import Fleet
from bench.cloud.size import Size
from bench.cloud.world import World
from bench.measures import load

HOST = Size(32, 32768)
#: The maximum of every server; with a fixed flavor, its size.
LARGE = Size(8, 8192)
#: The share of the servers that want their maximum at a time; the others want their minimum.
MIXES = {'quiet': 0.1, 'mixed': 0.3, 'busy': 0.6}
#: The numbers of servers, as multiples of the number that fits with the fixed flavor.
FILLS = (1.5, 2.0, 3.0)


class Ways(NamedTuple):
    """What may happen if a host is full, with servers booted for that alone.

    Moves leave the hosts otherwise than the scheduler has filled them, so what is measured after
    them would be measured on other hosts.
    """

    when_full: tuple[str, ...]
    others: int = 0


WAYS = (Ways(('refuse', 'wait')), Ways(('move',)), Ways(('move',), others=3))


class _Plan(NamedTuple):
    hosts: int
    ratios: tuple[int, ...]
    steps: int
    mixes: dict[str, float]
    fills: tuple[float, ...]


_WHOLE = _Plan(4, (4, 8), 40, MIXES, FILLS)
_QUICK = _Plan(2, (4,), 15, {'mixed': MIXES['mixed']}, FILLS[::2])


def run(world: World, quick: bool) -> dict[str, Any]:
    """Boot servers until the hosts are full; then run several loads with some of them."""
    plan = _QUICK if quick else _WHOLE
    fleet = Fleet(world, HOST, maximum=plan.hosts)
    loads: list[dict[str, Any]] = []
    fits: dict[str, int] = {}
    try:
        fleet.grow(plan.hosts)
        with world.hosts.only_fleet(), overselling.Watch(world) as watch:
            fits['fixed'] = fill(world, world.servers.create_flavor('fixed', LARGE))
            for ratio in plan.ratios:
                small = Size(LARGE.vcpus // ratio, LARGE.memory_mb // ratio)
                flavor = world.servers.create_flavor(f'elastic-{ratio}', LARGE, small)
                for ways in WAYS:
                    # The changes of hours come in minutes, so no server is spared for a time.
                    options = {'max_moves': ways.others, 'move_interval': 0}
                    with tuning.xloud_options(world, **options):
                        fits[f'1:{ratio}'] = fill(world, flavor, keep=True)
                        rows = _loads(world, plan, fits['fixed'], small, ways)
                        loads += [{'ratio': ratio, **row} for row in rows]
    finally:
        fleet.close()
    return {'hosts': plan.hosts, 'host': HOST, 'large': LARGE, 'mixes': plan.mixes,
            'steps': plan.steps, 'fits': fits, 'loads': loads, 'looks': watch.looks,
            'oversold': watch.oversold}  # fmt: skip


def fill(world: World, flavor: str, keep: bool = False) -> int:
    """Boot servers until no more fit, and return how many did; keep them only if ``keep``."""
    with world.progress.step(f'fill the hosts: {flavor}'):
        servers = world.servers.ids()
        while more := world.servers.boot(flavor, 4):
            servers += more
            if len(more) < 4:
                break
        failed = set(world.servers.ids()) - set(servers)
        world.servers.delete(failed if keep else failed | set(servers))
    return len(servers)


def _loads(world: World, plan: _Plan, fixed: int, small: Size, ways: Ways) -> list[dict[str, Any]]:
    """Run the loads with fewer and fewer servers; delete the last of them."""
    rows: list[dict[str, Any]] = []
    servers = world.servers.ids()
    for multiple in sorted(plan.fills, reverse=True):
        number = round(fixed * multiple)
        if number > len(servers):
            continue
        world.servers.delete(servers[number:])
        servers = servers[:number]
        for when_full in ways.when_full:
            way = 'others' if ways.others else when_full
            for mix, share in plan.mixes.items():
                requests = load.requests(servers, share, plan.steps)
                hosts = load.Hosts(world, small, LARGE, when_full)
                free = plan.hosts * HOST.vcpus - number * small.vcpus
                pool = load.Pool(free, LARGE.vcpus - small.vcpus)
                with world.progress.step(f'{way}: {number} servers of {small.vcpus}, {mix}'):
                    moves = world.servers.live_migrations()
                    refused = load.refused(requests, hosts)
                    moves = world.servers.live_migrations() - moves
                rows.append(
                    {'fill': multiple, 'servers': number, 'mix': mix, 'way': way,
                     'requested': load.requested(requests), 'refused': refused,
                     'bound': load.refused(requests, pool), 'moves': moves}
                )  # fmt: skip
    world.servers.delete(servers)
    return rows
