"""Servers that people launch in a browser."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

import pytest

from cloud import waiting
from cloud.tests.e2e.browser import Dashboard
from cloud.tests.e2e.conftest import PREFIX
from cloud.tests.e2e.sizes import Size
from cloud.tests.e2e.world import World

Crowd = Callable[[str], str]
Flavor = Callable[..., str]
Quota = Callable[..., None]
LogIn = Callable[[str], Dashboard]

pytestmark = pytest.mark.usefixtures('forked')


def test_what_a_server_boots_with(flavor: Flavor, quota: Quota, log_in: LogIn) -> None:
    """A flavor says what a server boots with and can have, and needs quota for the former alone."""
    quota('demo', cores=3, ram=512)
    elastic = flavor(4, 768, minimum_cpu='2', minimum_memory='256')
    memory = flavor(1, 768, **{'hw:mem_min': '512'})
    fixed = flavor(4, 768)
    page = log_in('demo')
    page.open_launch()
    page.launch_step('Flavor')
    size = 'Boots with 2 vCPUs, 256 MiB\ncan have 4 vCPUs, 768 MiB'
    page.until(lambda: size in page.offered(elastic).text, f'no {size!r}')
    row = page.offered(elastic)
    assert not page.shown('.invalid', row)
    row = page.offered(memory)
    assert 'Boots with 1 vCPU, 512 MiB\ncan have 1 vCPU, 768 MiB' in row.text
    assert not page.shown('.invalid', row)
    page.picture('launch', 900)
    row = page.offered(fixed)
    assert 'oots with' not in row.text
    # It exceeds the quota.
    assert page.shown('.invalid', row)


@pytest.fixture
def name(world: World) -> Iterator[str]:
    """Return a name for a flavor and a server, which are deleted afterwards."""
    name = f'{PREFIX}{uuid.uuid4().hex[:6]}'
    yield name
    servers = world.admin.compute.servers(all_projects=True, name=name)
    world.remove([entry.id for entry in servers])
    flavor = world.admin.compute.find_flavor(name)
    if flavor:
        world.admin.compute.delete_flavor(flavor)


def make_flavor(page: Dashboard, name: str) -> None:
    """Make a flavor, and then make it elastic, as an administrator."""
    page.go('/admin/flavors/')
    page.one('#flavors__action_create').click()
    for field, text in (('name', name), ('vcpus', '4'), ('memory_mb', '768'), ('disk_gb', '1')):
        page.type(f'.modal-content input[name="{field}"]', text)
    page.one('.modal-content input[type="submit"]').click()
    page.reads('.alert-success', name)
    row = page.one(f'tr[data-display="{name}"]')
    page.one('.dropdown-toggle', row).click()
    page.one('a[href*="/elastic/flavors/"]', row).click()
    page.type('#id_min_vcpus', '1')
    page.type('#id_min_memory_mb', '256')
    page.picture('newcomer-flavor')
    page.one('#elastic_flavor_form input[type="submit"]').click()
    page.reads('.alert-success', f'The minimums of {name} are set.')


def launch(page: Dashboard, name: str, flavor: str) -> None:
    """Launch a server."""
    page.open_launch()
    page.type('.modal-content input[name="name"]', name)
    page.launch_step('Source')
    page.choose_offered('guest')
    page.launch_step('Flavor')
    page.choose_offered(flavor)
    page.one('.modal-footer .finish').click()
    page.reads(f'tr[data-display="{name}"]', '1 vCPU of 1 to 4')


def adjust(page: Dashboard, server: str, vcpus: int, memory_mb: int) -> None:
    """Adjust a server that has the capacity."""
    page.open_form(server)
    page.type('#id_vcpus', str(vcpus))
    page.type('#id_memory_mb', str(memory_mb))
    page.forecast('in_place', 'The server will be adjusted at once.')
    page.send()
    page.reads('.alert-success', 'is being adjusted')
    page.reads(page.row(server), f'{memory_mb} MiB of')


def test_path_of_a_newcomer(world: World, crowd: Crowd, log_in: LogIn, name: str) -> None:
    """By browser alone: flavor, server, up and down, the plot, the floor, a full host, waiting."""
    make_flavor(log_in('admin'), name)
    page = log_in('demo')
    launch(page, name, name)
    server = page.one(f'tr[data-display="{name}"]').get_attribute('data-object-id')
    assert server
    world.api.wait(server, 'ACTIVE')
    world.comes_up(server, Size(1, 256))

    for size in (Size(3, 768), Size(2, 512)):
        adjust(page, server, *size)
        world.guests.reaches(server, size)
        page.reads(page.row(server), f'{size.vcpus} vCPUs of 1 to 4')
        assert world.api.adjusted(server, succeeds=True)
    page.size_tab(server)
    page.reads('.xloud-history', '3 vCPUs, 768 MiB')
    page.one('svg.xloud-plot')
    page.picture('newcomer-plot', 1080)

    # The guest uses what it has.
    world.guests.hold(server, 300)
    assert waiting.until(lambda: world.api.status(server)['floor_memory_mb'] > 300, 30, 1)
    page.instances()
    page.open_form(server)
    page.type('#id_memory_mb', '256')
    page.forecast('refused', 'The guest needs at least')
    page.picture('newcomer-floor', 900)

    # Others take the rest of the host.
    other = crowd(server)
    page.instances()
    page.open_form(server)
    page.type('#id_vcpus', '4')
    page.forecast('refused', 'Its host')
    page.choose('when_full', 'wait')
    page.forecast('wait', 'will wait')
    page.picture('newcomer-full', 900)
    page.send()
    page.reads('.alert-success', 'is adjusted as soon as its host has the capacity')
    page.reads(page.row(server), 'Waiting for capacity')
    page.picture('newcomer-waiting', 600)
    world.remove([other])
    world.guests.reaches(server, Size(4, 512))
    page.reads(page.row(server), '4 vCPUs of 1 to 4')
    assert world.api.adjusted(server, succeeds=True)
