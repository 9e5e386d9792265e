"""How many servers fit on the same hosts, and how often they cannot grow then."""

from __future__ import annotations

import random
from typing import Any

from bench.cloud.fleet import Fleet
from bench.cloud.world import Size, World
from cloud import rest

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
