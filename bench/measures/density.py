"""How many servers fit on the same hosts, and how often they cannot grow then."""

from __future__ import annotations

import random
from typing import Any

from bench.cloud.fleet import Fleet
from bench.cloud.world import Size, World
from bench.report import plot
from bench.report.page import Page
from cloud import rest

TITLE = 'Density'

#: Of a host, and of what a server can have there at most.
HOST, LARGE = Size(32, 32768), Size(8, 8192)
#: How much of its time a server wants all it can have; else it wants its minimum.
MIXES = {'quiet': 0.1, 'mixed': 0.3, 'busy': 0.6}
#: As many servers as this, for each that fits with fixed flavors.
FILLS = (1.0, 1.5, 2.0, 3.0, 4.0)


def run(world: World, quick: bool) -> dict[str, Any]:
    """Boot until the hosts are full; then let the servers of several loads ask."""
    hosts, ratios, steps = (2, (4,), 15) if quick else (4, (2, 4, 8), 40)
    mixes = {name: MIXES[name] for name in (('mixed',) if quick else MIXES)}
    fleet = Fleet(world, HOST, most=hosts)
    rows, fits = [], {}
    try:
        fleet.grow(hosts)
        with world.other_hosts_apart():
            fits['fixed'] = fill(world, world.flavor('fixed', LARGE))
            for ratio in ratios:
                small = Size(LARGE.vcpus // ratio, LARGE.memory_mb // ratio)
                flavor = world.flavor(f'elastic-{ratio}', LARGE, small)
                fits[f'1:{ratio}'] = fill(world, flavor, keep=True)
                servers = world.servers()
                for fill_ in reversed(FILLS[1::2] if quick else FILLS):
                    wanted = round(fits['fixed'] * fill_)
                    if wanted > fits[f'1:{ratio}']:
                        continue
                    world.delete(servers[wanted:])
                    servers = servers[:wanted]
                    for mix, share in mixes.items():
                        with world.shown.step(f'1:{ratio}, {wanted} servers, {mix}'):
                            asked, refused = load(world, servers, small, share, steps)
                        rows.append({'ratio': ratio, 'fill': fill_, 'servers': wanted,
                                     'mix': mix, 'asked': asked, 'refused': refused})  # fmt: skip
                world.delete(servers)
    finally:
        fleet.close()
    return {'hosts': hosts, 'host': HOST, 'large': LARGE, 'mixes': mixes, 'fits': fits,
            'loads': rows}  # fmt: skip


def fill(world: World, flavor: str, keep: bool = False) -> int:
    """Boot servers until there is no room for one more, and give how many came up."""
    with world.shown.step(f'fill the hosts: {flavor}'):
        servers = world.servers()
        while more := world.boot(flavor, 4):
            servers += more
            if len(more) < 4:
                break
        failed = set(world.servers()) - set(servers)
        world.delete(failed if keep else failed | set(servers))
    return len(servers)


def load(
    world: World, servers: list[str], small: Size, share: float, steps: int
) -> tuple[int, int]:
    """Let servers at random want all or little; give how often more was asked and refused."""
    chance = random.Random(f'{len(servers)} {share}')
    wants, has = dict.fromkeys(servers, small), dict.fromkeys(servers, small)
    asked = refused = 0

    def ask(server: str, size: Size) -> bool:
        try:
            world.adjust(server, size)
        except rest.RestError as error:
            if error.status != 409:
                raise
            return False
        world.free(server)
        has[server] = size
        return True

    # Begins in the middle of such a day: with as many busy ones as there are then.
    for server in chance.sample(servers, round(len(servers) * share)):
        wants[server] = LARGE
        asked, refused = asked + 1, refused + (not ask(server, LARGE))
    for _ in range(steps):
        # One stops wanting and one begins, so the share stays.
        busy = [each for each in servers if wants[each] == LARGE]
        idle = [each for each in servers if wants[each] != LARGE]
        if not busy or not idle:
            break
        ends, begins = chance.choice(busy), chance.choice(idle)
        wants[ends], wants[begins] = small, LARGE
        if has[ends] != small:
            ask(ends, small)
        asked, refused = asked + 1, refused + (not ask(begins, LARGE))
    for server in servers:
        if has[server] != small:
            ask(server, small)
    return asked, refused


def page(page: Page, data: dict[str, Any]) -> None:
    """Show what fits, and what is refused then."""
    fits, large = data['fits'], data['large']
    page.say(
        f'{data["hosts"]} fake hosts of {data["host"][0]} CPUs and {data["host"][1]} MiB, without '
        f'overcommit; the scheduler, placement and every claim are real. A server can have '
        f'{large[0]} vCPUs and {large[1]} MiB. With a fixed flavor it has them always; an elastic '
        'one, with a minimum:maximum of 1:N, boots at the Nth part.'
    )
    page.table(
        ['flavor', 'servers that fit', 'against fixed'],
        [[name, count, f'{count / fits["fixed"]:.1f}'] for name, count in fits.items()],
    )
    shares = ', '.join(f'{name}: {100 * share:.0f}%' for name, share in data['mixes'].items())
    page.say(
        'A full house of minimums cannot grow. So the loads run with fewer servers, as many as '
        f'that for each that fits with the fixed flavor. A share of them ({shares}) wants '
        'all it can have, the others their minimum; again and again one stops wanting and '
        'another begins. Refused is a request for more that was answered with 409. Nobody is '
        'moved to another host meanwhile.'
    )
    page.table(
        ['minimum:maximum', 'load', 'servers', 'against fixed', 'asked for more', 'refused'],
        [[f'1:{each["ratio"]}', each['mix'], each['servers'], f'{each["fill"]:.1f}', each['asked'],
          f'{100 * each["refused"] / each["asked"]:.0f}%'] for each in _sorted(data)],
    )  # fmt: skip
    series: dict[str, list[tuple[float, float]]] = {}
    for each in _sorted(data):
        name = f'1:{each["ratio"]} {each["mix"]}'
        point = (each['fill'], 100 * each['refused'] / each['asked'])
        series.setdefault(name, []).append(point)
    for ratio in sorted({each['ratio'] for each in data['loads']}):
        chosen = [plot.Series(name.split()[1], points) for name, points in series.items()
                  if name.startswith(f'1:{ratio} ')]  # fmt: skip
        page.plot(
            f'density-{ratio}',
            plot.lines(
                f'How often growth is refused, minimum:maximum 1:{ratio}',
                'servers, for each that fits with the fixed flavor', 'refused, %', chosen,
            ),
        )  # fmt: skip


def _sorted(data: dict[str, Any]) -> list[dict[str, Any]]:
    return sorted(data['loads'], key=lambda each: (each['ratio'], each['mix'], each['fill']))
