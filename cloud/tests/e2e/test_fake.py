"""Fake hosts have servers too; guests keep away from them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cloud.tests.e2e.test_adjust import GROWN, MAXIMUM, MINIMUM
from cloud.tests.e2e.world import World

Create = Callable[..., str]


@pytest.fixture(autouse=True)
def _fakes(world: World) -> None:
    if not world.fakes:
        pytest.skip('needs `xcloud up --fake-computes 1`')


def test_guest_on_a_real_host(world: World, create: Create) -> None:
    """However much room fake hosts seem to have."""
    assert world.api.server(create('small'))['hypervisor_hostname'] not in world.fakes


@pytest.mark.usefixtures('forked')
def test_adjust(world: World, create: Create) -> None:
    """Servers of fake hosts are counted like others, and start like others."""
    servers = [create('elastic', 'fake') for _ in range(3)]
    for server in servers:
        assert world.api.server(server)['hypervisor_hostname'] in world.fakes
        assert world.accounting.size(server) == world.guests.live(server) == MINIMUM
    for size, persist in ((GROWN, True), (MAXIMUM, False)):
        world.adjust(servers[0], *size, persist=persist)
        assert world.accounting.size(servers[0]) == world.guests.live(servers[0]) == size
        assert list(world.accounting.allocations(servers[0]).values()) == [size]
    world.api.act(servers[0], 'reboot', {'type': 'HARD'})
    world.api.wait(servers[0], 'ACTIVE')
    assert world.accounting.size(servers[0]) == GROWN


@pytest.mark.usefixtures('forked')
def test_restart(world: World, create: Create) -> None:
    """A fake host is known again when its compute starts again, with nothing on it."""
    for name in world.fakes:
        with world.faults.down(f'nova-compute-{name}'):
            pass
    world.adjust(create('elastic', 'fake'), *GROWN)
