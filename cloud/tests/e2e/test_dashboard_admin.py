"""What administrators see of the capacity of hosts, in a browser."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from cloud.tests.e2e.browser import Dashboard
from cloud.tests.e2e.sizes import Size
from cloud.tests.e2e.world import World

Boot = Callable[..., str]
LogIn = Callable[[str], Dashboard]

pytestmark = pytest.mark.usefixtures('forked')

CAPACITY = '/admin/elastic_capacity/'


def amounts(page: Dashboard, host: str) -> list[tuple[int, ...]]:
    """Return what the page says of the vCPUs of a host, and of its memory."""
    text = page.one(f'tr[data-display="{host}"]').text
    rows = re.findall(r'(\d+) accounted, (\d+) promised, (\d+) of (\d+) ', text)
    return [tuple(map(int, numbers)) for numbers in rows]


def test_capacity_of_hosts(world: World, boot: Boot, log_in: LogIn) -> None:
    """It is what placement has; a server that grows is promised as much, and accounted for more."""
    server = boot()
    host = world.accounting.host(server)
    assert host
    provider = next(key for key, name in world.accounting.providers().items() if name == host)
    page = log_in('admin')
    page.go(CAPACITY)
    before = world.accounting.usage(provider)
    vcpus, memory = amounts(page, host)
    total = world.accounting.host_vcpus(host)
    assert vcpus == (before.vcpus, vcpus[1], total - before.vcpus, total)
    assert memory == (before.memory_mb, memory[1], memory[3] - before.memory_mb, memory[3])
    assert vcpus[1] >= 4
    assert memory[1] >= 768
    world.adjust(server, 3, 768)
    page.go(CAPACITY)
    page.picture('capacity', 640)
    grown_vcpus, grown_memory = amounts(page, host)
    assert grown_vcpus == (vcpus[0] + 2, vcpus[1], vcpus[2] - 2, total)
    assert grown_memory == (memory[0] + 512, memory[1], memory[2] - 512, memory[3])
    # The bars are as long as these numbers.
    row = f'tr[data-display="{host}"]'
    lengths = [
        float(page.one(f'{row} .xloud-bar-{part}').get_attribute('width') or 0)
        for part in ('total', 'accounted')
    ]
    assert round(lengths[1] / lengths[0], 2) == round(grown_vcpus[0] / max(total, vcpus[1]), 2)


def test_capacity_is_not_for_members(world: World, boot: Boot, log_in: LogIn) -> None:
    """A member is not offered the page, and does not get it."""
    server = boot()
    page = log_in('demo')
    page.instances()
    page.one(page.row(server))
    assert page.count(f'a[href="{CAPACITY}"]') == 0
    page.go(CAPACITY)
    assert page.count('.xloud-bar') == 0
    assert world.hosts[0].host not in page.one('body').text


def test_capacity_of_a_host_that_is_down(world: World, boot: Boot, log_in: LogIn) -> None:
    """It is shown as such, with its amounts: placement has them."""
    server = boot()
    host = world.accounting.host(server)
    assert host
    number = next(place.number for place in world.hosts if place.host == host)
    page = log_in('admin')
    with world.faults.down(f'nova-compute-{number}'):
        world.api.wait_service(host, 'down', 120)
        page.go(CAPACITY)
        page.reads(f'tr[data-display="{host}"]', 'Down')
        assert len(amounts(page, host)) == 2
    world.api.wait_service(host, 'up')
    assert world.accounting.size(server) == Size(1, 256)
