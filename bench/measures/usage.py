"""How long Nova needs to say what ordinary servers of a large project have had."""

from __future__ import annotations

import datetime
import time
from typing import Any, NamedTuple

from bench.cloud import seed
from bench.cloud.fleet import Fleet
from bench.cloud.size import Size
from bench.cloud.world import World
from bench.errors import MeasurementError

_HOST, _SERVER = Size(1 << 14, 1 << 24), Size(1, 512)

#: In turns, so that what becomes slower or faster with time is the same for both.
_ORDER = ('fork', 'pristine', 'pristine', 'fork')


class _Plan(NamedTuple):
    """How many servers there are, and how often each Nova is asked in a turn."""

    servers: int
    reads: int


def run(world: World, quick: bool) -> dict[str, Any]:
    """Ask the fork and stock Nova in turns, on the same databases."""
    plan = _Plan(500, 2) if quick else _Plan(5000, 10)
    data: dict[str, Any] = {**plan._asdict(), 'fork': [], 'pristine': []}
    fleet = Fleet(world, _HOST, maximum=1)
    # Not of servers that were deleted before this.
    begin = datetime.datetime.now(datetime.UTC)
    try:
        _boot(world, fleet, plan.servers)
        for kind in _ORDER:
            world.exchange(kind)
            _read(world, plan.servers, begin)  # The first includes what the API does only once.
            for number in range(plan.reads):
                with world.progress.step(f'{kind}: {number + 1} of {plan.reads}'):
                    data[kind].append(_read(world, plan.servers, begin))
    finally:
        world.exchange('fork')
        seed.remove(world)
        fleet.close()
    return data


def _boot(world: World, fleet: Fleet, servers: int) -> None:
    """Boot a server and have it copied."""
    fleet.grow(1)
    flavor = world.servers.create_flavor('plain', _SERVER)
    (server,) = world.servers.boot(flavor, host=fleet.names[0])
    source = seed.Seed(world, server)
    with world.progress.step(f'copy it {servers - 1} times'):
        source.copy([server], 1, servers - 1)
        source.check(server, servers - 1)


def _read(world: World, servers: int, begin: datetime.datetime) -> dict[str, float]:
    """Return how long all pages of the usage of the project take, and their CPU time."""
    end = begin + datetime.timedelta(days=1)
    times = f'start={begin:%Y-%m-%dT%H:%M:%S}&end={end:%Y-%m-%dT%H:%M:%S}'
    url: str | None = f'{world.nova}/os-simple-tenant-usage/{world.project()}?{times}'
    cpu, start, count = _cpu(world), time.monotonic(), 0
    while url:
        answer = world.client.get(url)
        count += len(answer['tenant_usage'].get('server_usages', ()))
        links = answer.get('tenant_usage_links', ())
        url = next((link['href'] for link in links if link['rel'] == 'next'), None)
    seconds = time.monotonic() - start
    if count != servers:
        raise MeasurementError(f'the usage has {count} servers, not {servers}')
    return {'seconds': seconds, 'cpu': _cpu(world) - cpu}


def _cpu(world: World) -> float:
    """Return the CPU time that the API and its database have used so far."""
    used = world.cpu()
    return used['nova-api'] + used['mariadb']
