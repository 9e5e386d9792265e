"""Who may see and change what a server has."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cloud.tests.e2e.sizes import Size
from cloud.tests.e2e.world import World

Create = Callable[..., str]

pytestmark = pytest.mark.usefixtures('forked')

MINIMUM = Size(1, 256)


@pytest.fixture
def server(world: World, create: Create) -> str:
    """An elastic server of the project of the member and the reader."""
    made = create('elastic', connection=world.connect('xcloud-demo'))
    world.comes_up(made, MINIMUM)
    return made


@pytest.mark.parametrize(
    ('who', 'adjusts', 'sees'),
    [
        ('xcloud', 202, 200),
        ('xcloud-demo', 202, 200),
        ('xcloud-reader', 403, 200),
        ('xcloud-other', 404, 404),
    ],
    ids=['administrator', 'member', 'reader', 'other project'],
)
def test_who_may(world: World, server: str, who: str, adjusts: int, sees: int) -> None:
    """Members and administrators change, readers only see, and others find nothing."""
    user = world.connect(who)
    status, text = world.api.post_adjust(server, user, current_vcpus=2)
    assert (status, len(text) < 500) == (adjusts, True), text
    world.api.adjusted(server) if status == 202 else None
    assert world.accounting.size(server).vcpus == (2 if status == 202 else 1)
    assert user.compute.get(f'/servers/{server}/xloud-status').status_code == sees


def test_nobody(world: World, server: str) -> None:
    """Without a token there is nothing to be had."""
    url = world.context.settings.url('nova-api') + '/v2.1'
    for method, path in (
        ('POST', f'/os-xloud-adjust/{server}'),
        ('GET', f'/servers/{server}/xloud-status'),
    ):
        answer = world.admin.session.request(
            url + path, method, json={'current_vcpus': 2}, authenticated=False, raise_exc=False
        )
        assert answer.status_code == 401


@pytest.mark.parametrize('method', ['POST', 'GET'])
def test_no_such_server(world: World, method: str) -> None:
    """A server that is not there differs from one that cannot be had."""
    absent = '00000000-0000-4000-8000-000000000000'
    if method == 'POST':
        status, text = world.api.post_adjust(absent, current_vcpus=2)
        assert (status, text) == (404, f'Instance {absent} could not be found.')
    else:
        answer = world.admin.compute.get(f'/servers/{absent}/xloud-status')
        assert answer.status_code == 404


def test_locked(world: World, server: str) -> None:
    """A locked server is changed by administrators alone."""
    demo = world.connect('xcloud-demo')
    world.api.cli('server', 'lock', server, user='xcloud-demo')
    status, text = world.api.post_adjust(server, demo, current_vcpus=2)
    assert (status, text) == (409, f'Instance {server} is locked')
    assert world.accounting.size(server) == MINIMUM
    world.adjust(server, 2, 256)
    world.api.cli('server', 'unlock', server, user='xcloud-demo')
    world.adjust(server, *(1, 256), connection=demo)
