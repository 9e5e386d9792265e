"""A server is created and runs."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from cloud.tests.e2e.sizes import Size
from cloud.tests.e2e.world import World

Create = Callable[..., str]


@pytest.mark.short
def test_boot_by_the_client(world: World, request: pytest.FixtureRequest) -> None:
    """The documented command gives a running server in seconds, and its console lives."""
    began = time.monotonic()
    made = world.api.cli(
        'server', 'create', '--flavor', 'small', '--image', 'guest', '--nic', 'none',
        '--wait', 'e2e-client', '-f', 'json',
    )  # fmt: skip
    took = time.monotonic() - began
    request.addfinalizer(lambda: world.api.cli('server', 'delete', '--wait', made['id']))
    assert made['status'] == 'ACTIVE'
    assert took < 30, f'it took {took:.1f} s'
    line = world.guests.hears(made['id'])
    assert line.cpus == 1
    assert 'guest: cpus=1' in world.api.cli('console', 'log', 'show', made['id'])


def test_plain_flavor(world: World, create: Create, flavor: Callable[..., str]) -> None:
    """A flavor without a minimum gives all it names, in every record and in the guest."""
    server = create(flavor(2, 256))
    assert world.accounting.size(server) == Size(2, 256)
    world.guests.reaches(server, Size(2, 256))
    line = world.guests.hears(server)
    assert line.cpus == 2
    assert 180 * 1024 < line.memory_kb < 256 * 1024


def test_agent_answers(world: World, create: Create) -> None:
    """The guest agent is reached through the hypervisor, and sees the CPUs."""
    server = create('small')
    world.guests.hears(server)
    assert world.guests.agent(server, 'guest-ping') == {}
    assert [entry['online'] for entry in world.guests.agent(server, 'guest-get-vcpus')] == [True]


def test_bare_guest(world: World, create: Create) -> None:
    """The variant without agent and balloon boots, and offers no agent."""
    server = create('small', 'guest-bare')
    assert world.guests.hears(server).cpus == 1
    channels = world.guests.domain(server).findall('devices/channel/target')
    assert 'org.qemu.guest_agent.0' not in [entry.get('name') for entry in channels]


@pytest.mark.short
@pytest.mark.usefixtures('forked')
def test_elastic_flavor_boots_at_its_minimum(
    world: World, create: Create, flavor: Callable[..., str]
) -> None:
    """The server has the minimum everywhere, and the domain has room for the maximum."""
    server = create(flavor(4, 768, minimum_cpu='2', minimum_memory='384'))
    minimum = Size(2, 384)
    assert world.accounting.size(server) == minimum
    assert list(world.accounting.allocations(server).values()) == [minimum]
    world.guests.reaches(server, minimum)
    domain = world.guests.domain(server)
    vcpu = domain.find('vcpu')
    assert vcpu is not None
    assert (vcpu.get('current'), vcpu.text) == ('2', '4')
    marks = [
        (entry.get('enabled'), entry.get('hotpluggable')) for entry in domain.findall('vcpus/vcpu')
    ]
    assert marks == [('yes', 'no')] * 2 + [('no', 'yes')] * 2
    assert domain.findtext('memory') == str(768 * 1024)
    line = world.guests.hears(server, lambda line: line.memory_kb < 384 * 1024)
    assert line.cpus == 2


@pytest.mark.usefixtures('forked')
def test_usage_counts_the_minimum(world: World, create: Create, flavor: Callable[..., str]) -> None:
    """A project's limits show the size of its servers, not what they may become."""
    demo = world.connect('xcloud-demo')
    before = demo.compute.get_limits().absolute
    server = create(flavor(4, 768, minimum_cpu='2', minimum_memory='384'), connection=demo)
    after = demo.compute.get_limits().absolute
    assert after.total_cores_used - before.total_cores_used == 2
    assert after.total_ram_used - before.total_ram_used == 384
    assert world.accounting.size(server) == Size(2, 384)
