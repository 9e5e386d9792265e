"""Flavors as the Skyline console makes them: elastic within a NUMA cell of their host."""

from __future__ import annotations

from collections.abc import Callable, Iterator

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

MINIMUM, MEMORY = Size(1, 256), 512

#: What the console's form says of NUMA.
FORM = {'hw:numa_nodes': '1', 'hw:mem_page_size': 'any'}


@pytest.fixture
def place(world: World) -> Iterator[str]:
    """The one host that the scheduler can choose."""
    chosen, *others = (entry.host for entry in world.hosts)
    listed = world.admin.compute.services(binary='nova-compute')
    services = [entry for entry in listed if entry.host in (*others, *world.fakes)]
    for service in services:
        world.admin.compute.disable_service(service)
    yield chosen
    for service in services:
        world.admin.compute.enable_service(service)


def test_form_of_the_console(
    world: World,
    create: Create,
    flavor: Flavor,
    quota: Quota,
    place: str,
    control_options: Options,
    logs: Logs,
) -> None:
    """As many servers run as the cell has CPUs, where one did; each grows while there is room."""
    logs.expect('NoValidHost')
    quota('admin', cores=-1, ram=-1)
    control_options({'filter_scheduler': {'enabled_filters': numa.FILTERS}})
    cpus = world.accounting.cell(place).vcpus
    minimums = {'minimum_cpu': str(MINIMUM.vcpus), 'minimum_memory': str(MINIMUM.memory_mb)}
    elastic = flavor(cpus, MEMORY, **FORM, **minimums)
    grown = Size(cpus, MEMORY)

    def agrees(**sizes: Size) -> None:
        """Raise unless guests, records, placement and the cell of the host agree."""
        for server, size in sizes.items():
            world.comes_up(server, size)
        used = Size(*map(sum, zip(*sizes.values(), strict=True)))
        assert waiting.until(lambda: world.accounting.used_of_cell(place) == used, 20, 0.5), (
            world.accounting.used_of_cell(place)
        )

    servers = [create(elastic) for _ in range(cpus)]
    agrees(**dict.fromkeys(servers, MINIMUM))
    world.remove([create(elastic, status='ERROR')])
    first, *others = servers
    error = world.api.adjust_error(first, current_vcpus=2)
    assert (error['code'], error['error_code']) == (409, 'xloud.numa_cell_full'), error

    # One that has the whole cell leaves no room for the minimum of another.
    world.remove(others)
    world.adjust(first, *grown)
    agrees(**{first: grown})
    world.guests.hears(first, lambda line: line.cpus == cpus)
    world.remove([create(elastic, status='ERROR')])
    world.adjust(first, *MINIMUM)
    second = create(elastic)
    agrees(**{first: MINIMUM, second: MINIMUM})
