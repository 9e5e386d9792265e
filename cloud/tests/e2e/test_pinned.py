"""Servers with CPUs of their own, which grow onto more of them and give them back."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cloud import ini, waiting
from cloud.tests.e2e import numa
from cloud.tests.e2e.logs import Logs
from cloud.tests.e2e.sizes import Size
from cloud.tests.e2e.world import World

Create = Callable[..., str]
Flavor = Callable[..., str]
Options = Callable[[ini.Sections], None]
Quota = Callable[..., None]

pytestmark = pytest.mark.usefixtures('forked')

MINIMUM, GROWN = Size(1, 256), Size(2, 256)

#: Keeps all vCPUs of a guest busy until it is stopped.
_LOOP = 'touch /go; for _ in $(seq 2); do while [ -e /go ]; do :; done & done; wait'
_STOP = 'rm /go'


@pytest.fixture
def dedicated(world: World, host_options: Options, control_options: Options) -> set[int]:
    """Two CPUs of the machine that the hosts give to servers alone."""
    cpus = sorted(os.sched_getaffinity(0))[:2]
    if len(cpus) < 2:
        pytest.skip('needs two CPUs')
    host_options({'compute': {'cpu_dedicated_set': ','.join(map(str, cpus))}})
    control_options({'filter_scheduler': {'enabled_filters': numa.FILTERS}})
    return set(cpus)


def runs_on(world: World, server: str) -> dict[int, set[int]]:
    """Return on which CPUs of the machine the threads of vCPUs run that have much to do."""
    tasks = Path(f'/proc/{world.guests.pid(server)}/task')
    places: dict[int, set[int]] = {}
    before: dict[Path, int] = {}
    for _ in range(20):
        for task in tasks.iterdir():
            name = (task / 'comm').read_text()
            if not name.startswith('CPU '):
                continue
            fields = (task / 'stat').read_text().rpartition(')')[2].split()
            ticks, cpu = int(fields[11]) + int(fields[12]), int(fields[36])
            if ticks > before.setdefault(task, ticks):
                places.setdefault(int(name[4:].partition('/')[0]), set()).add(cpu)
        time.sleep(0.1)
    return places


def test_grows_onto_free_cpus(
    world: World,
    dedicated: set[int],
    create: Create,
    flavor: Flavor,
    quota: Quota,
    logs: Logs,
) -> None:
    """Each vCPU has a CPU that no other server has, and what is given back another one can have."""
    logs.expect('NoValidHost')
    quota('admin', cores=-1, ram=-1)
    place = world.hosts[0].host
    elastic = flavor(2, 256, minimum_cpu='1', **{'hw:cpu_policy': 'dedicated'})

    def boot() -> str:
        server = create(elastic, availability_zone=f'nova:{place}')
        world.comes_up(server, MINIMUM)
        return server

    def agrees(**cpus: set[int]) -> None:
        """Raise unless libvirt, and the cell of the host, have each server on its CPUs."""
        pinned = {server: world.guests.pins(server) for server in cpus}
        assert {server: set(own.values()) for server, own in pinned.items()} == {
            server: {frozenset({cpu}) for cpu in own} for server, own in cpus.items()
        }
        together = set().union(*cpus.values())
        assert waiting.until(lambda: world.accounting.pinned_cpus(place) == together, 20, 0.5), (
            world.accounting.pinned_cpus(place)
        )

    first, second = boot(), boot()
    ((own,),) = world.guests.pins(first).values()
    ((other,),) = world.guests.pins(second).values()
    agrees(**{first: {own}, second: {other}})
    assert {own, other} == dedicated
    error = world.api.adjust_error(first, current_vcpus=2)
    assert (error['code'], error['error_code']) == (409, 'xloud.numa_cell_full'), error

    world.remove([second])
    world.adjust(first, *GROWN)
    agrees(**{first: dedicated})
    world.guests.hears(first, lambda line: line.cpus == 2)
    loop = world.guests.begin(first, _LOOP)
    assert runs_on(world, first) == {
        vcpu: set(cpus) for vcpu, cpus in world.guests.pins(first).items()
    }
    world.guests.finish(first, world.guests.begin(first, _STOP))
    world.guests.finish(first, loop)

    world.adjust(first, *MINIMUM)
    agrees(**{first: {own}})
    second = boot()
    agrees(**{first: {own}, second: {other}})
