"""The commands that the project adds to ``openstack``, as people and scripts use them."""

from __future__ import annotations

import csv
import dataclasses
import json
import os
import subprocess
import time
from collections.abc import Callable
from typing import Any

import pytest

from cloud.tests.e2e.sizes import Size
from cloud.tests.e2e.world import World

Create = Callable[..., str]
Flavor = Callable[..., str]
Quota = Callable[..., None]

pytestmark = pytest.mark.usefixtures('forked')

MINIMUM = Size(1, 256)


@dataclasses.dataclass(frozen=True)
class Ended:
    """How a command ended, and how long it took."""

    status: int
    out: str
    err: str
    seconds: float

    @property
    def json(self) -> Any:
        assert self.status == 0, self.err
        return json.loads(self.out)


def openstack(world: World, *words: str, user: str = 'xcloud') -> Ended:
    """Run ``openstack``, with what it prints and what it says beside that apart."""
    began = time.monotonic()
    done = subprocess.run(
        [world.context.venv.bin / 'openstack', '--os-cloud', user, *words],
        env={**os.environ, **world.cloud.environment()},
        capture_output=True,
        text=True,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr, time.monotonic() - began)


def booted(world: World, server: str) -> str:
    """Return the server when its guest is up, at its minimum."""
    world.comes_up(server, MINIMUM)
    return server


@pytest.mark.short
def test_adjust_and_wait(world: World, create: Create) -> None:
    """Status 0 says that the guest has it; progress does not mix with the result."""
    server = booted(world, create('elastic'))
    world.guests.hears(server)
    words = ('server', 'adjust', world.api.server(server)['name'], '--wait', '-f', 'json')
    ended = openstack(world, *words, '--vcpus', '3', '--memory', '512M')
    assert (ended.json['current_vcpus'], ended.json['current_memory_mb']) == (3, 512)
    assert ended.json['adjust_state'] == 'succeeded'
    assert ended.err.splitlines()[-1] == 'vCPUs: 3, memory in MiB: 512'
    assert world.guests.live(server) == world.accounting.size(server) == Size(3, 512)
    world.guests.hears(server, lambda line: line.cpus == 3)

    ended = openstack(world, *words, '--min')
    assert ended.err.splitlines()[-1] == 'vCPUs: 1, memory in MiB: 256'
    assert world.guests.live(server) == world.accounting.size(server) == MINIMUM


def test_adjust_without_waiting(world: World, create: Create) -> None:
    """Status 0 says that it is under way; what it is to have is reserved."""
    server = booted(world, create('elastic'))
    size = openstack(world, 'server', 'adjust', server, '--max', '-f', 'json').json
    assert (size['accounted_vcpus'], size['accounted_memory_mb']) == (4, 768)
    assert size['adjust_state'] in ('running', 'succeeded')
    world.api.adjusted(server, succeeds=True)
    assert world.guests.live(server) == Size(4, 768)


def test_live_only(world: World, create: Create) -> None:
    """What is not permanent is gone with the next start."""
    server = booted(world, create('elastic'))
    words = ('server', 'adjust', server, '--vcpus', '2', '--live-only', '--wait')
    size = openstack(world, *words, '-f', 'json').json
    assert (size['current_vcpus'], size['start_vcpus']) == (2, 1)
    assert world.accounting.start_size(server) == MINIMUM


def test_stopped_server(world: World, create: Create) -> None:
    """It has it at its next start; that is all there is to wait for."""
    server = booted(world, create('elastic'))
    world.api.act(server, 'os-stop')
    world.api.wait(server, 'SHUTOFF')
    ended = openstack(world, 'server', 'adjust', server, '--vcpus', '2', '--live-only', '--wait')
    assert (ended.status, ended.out, ended.err) == (
        1,
        '',
        'A stopped server can be adjusted only with persist=true. (xloud.stopped)\n',
    )
    size = openstack(world, 'server', 'adjust', server, '--vcpus', '2', '--wait', '-f', 'json').json
    assert (size['source'], size['start_vcpus']) == ('database', 2)
    world.api.act(server, 'os-start')
    world.api.wait(server, 'ACTIVE')
    world.guests.reaches(server, Size(2, 256))


def test_host_full(world: World, create: Create, flavor: Flavor, quota: Quota) -> None:
    """With --wait, a full host is reported at once, in Nova's own words."""
    quota('admin', cores=-1)
    server = booted(world, create('elastic'))
    place = world.guests.host_of(server)
    neighbour = flavor(world.accounting.host_vcpus(place.host) - 3, 192)
    create(neighbour, availability_zone=f'nova:{place.host}')
    ended = openstack(world, 'server', 'adjust', server, '--vcpus', '4', '--wait')
    assert (ended.status, ended.out, ended.err) == (
        1,
        '',
        'Its host has 2 vCPUs available; the request needs 3 more. (xloud.host_full)\n',
    )
    # Where the client alone takes that long to start and look, as on a busy machine, twice that.
    patience = 5 if ended.seconds < 5 else 2 * openstack(world, 'server', 'show', server).seconds
    assert ended.seconds < patience
    assert world.accounting.size(server) == MINIMUM


def test_guest_that_does_not_comply(world: World, create: Create) -> None:
    """What Nova agreed to and the guest did not do ends with the reason, too."""
    server = create('elastic', 'guest-bare')
    world.guests.hears(server)
    ended = openstack(world, 'server', 'adjust', server, '--memory', '512', '--wait')
    assert (ended.status, ended.out) == (1, '')
    reason = ended.err.splitlines()[-1]
    assert reason.startswith('The guest has no active balloon driver.')
    assert reason.endswith(' (xloud.no_balloon_driver)')
    # Nova accounts for all that it has, so the records agree.
    world.adjust(server, 1, 768)


def test_refused(world: World, create: Create) -> None:
    """What cannot be is refused with one sentence, Nova's or the command's own."""
    server = booted(world, create('elastic'))
    for words, status, text in (
        (
            ('--vcpus', '5'),
            1,
            'This server can have 1 to 4 vCPUs; 5 were requested. (xloud.out_of_range)',
        ),
        (
            ('--memory', '2G', '--wait'),
            1,
            'This server can have 256 to 768 MiB of memory; 2048 MiB were requested. '
            '(xloud.out_of_range)',
        ),
        ((), 1, 'Nothing to adjust: use --vcpus, --memory, --min or --max.'),
        (('--memory', '2X'), 2, "'2X' is not an amount of memory: use MiB, or a unit as in"),
        (('--min', '--max'), 2, 'argument --max: not allowed with argument --min'),
    ):
        ended = openstack(world, 'server', 'adjust', server, *words)
        assert (ended.status, ended.out) == (status, '')
        assert text in ended.err.splitlines()[-1]
    ended = openstack(world, 'server', 'adjust', 'e2e-absent', '--min')
    assert (ended.status, ended.err) == (1, 'No Server found for e2e-absent\n')
    assert world.accounting.size(server) == MINIMUM


def test_who_may(world: World, create: Create) -> None:
    """Policy and locks are Nova's, and so is what is said of them."""
    server = booted(world, create('elastic', connection=world.connect('xcloud-demo')))
    size, adjust = ('server', 'size', 'show', server), ('server', 'adjust', server, '--vcpus', '2')

    assert openstack(world, *size, '-f', 'json', user='xcloud-reader').json['max_vcpus'] == 4
    ended = openstack(world, *adjust, user='xcloud-reader')
    assert (ended.status, ended.err) == (
        1,
        "Policy doesn't allow os_compute_api:xloud:adjust to be performed.\n",
    )
    for words in (size, adjust):
        ended = openstack(world, *words, user='xcloud-other')
        assert (ended.status, ended.err) == (1, f'No Server found for {server}\n')

    world.api.cli('server', 'lock', server, user='xcloud-demo')
    ended = openstack(world, *adjust, '--wait', user='xcloud-demo')
    assert (ended.status, ended.err) == (1, f'Instance {server} is locked (xloud.locked)\n')
    assert world.accounting.size(server) == MINIMUM


def test_size_show(world: World, create: Create) -> None:
    """It is what the API says, under the names it has there, in every format."""
    server = booted(world, create('elastic'))
    world.adjust(server, 2, 512)
    words = ('server', 'size', 'show', server)
    size = openstack(world, *words, '-f', 'json').json
    status = world.api.status(server)
    last = status.pop('adjust')
    assert {name: size[name] for name in status} == status
    assert (size['adjust_state'], size['adjust_since']) == (last['state'], last['since'])
    one = ('-c', 'current_memory_mb')
    assert openstack(world, *words, '-f', 'value', *one).out == '512\n'
    assert openstack(world, *words, '-f', 'yaml', *one).out == 'current_memory_mb: 512\n'
    assert openstack(world, *words, '-f', 'shell', *one).out == 'current_memory_mb="512"\n'


def test_size_list(world: World, create: Create) -> None:
    """Members see the servers of their project, administrators those of all, or of a host."""
    small = create('small')
    theirs = booted(world, create('elastic', connection=world.connect('xcloud-demo')))
    place = world.guests.host_of(theirs).host

    def listed(*words: str, user: str = 'xcloud') -> dict[str, dict[str, str]]:
        ended = openstack(world, 'server', 'size', 'list', '-f', 'csv', *words, user=user)
        assert (ended.status, ended.err) == (0, '')
        return {line['ID']: line for line in csv.DictReader(ended.out.splitlines())}

    assert set(listed(user='xcloud-reader')) == {theirs}
    assert listed(user='xcloud-other') == {}
    assert set(listed()) == {small}
    everywhere = listed('--all-projects')
    assert set(everywhere) == {small, theirs}
    assert everywhere[theirs]['Project'] == world.api.project('demo')
    fields = ('vCPUs', 'Min vCPUs', 'Max vCPUs', 'Memory', 'Min Memory', 'Max Memory')
    for server, expected in ((theirs, '1 1 4 256 256 768'), (small, '1 1 1 192 192 192')):
        assert ' '.join(everywhere[server][name] for name in fields) == expected
    hosts = {server: world.api.server(server)['hypervisor_hostname'] for server in (small, theirs)}
    there = {server for server, host in hosts.items() if host == place}
    assert set(listed('--host', place, '--all-projects')) == there
    assert listed('--host', 'nowhere', '--all-projects') == {}


def test_flavor(world: World, flavor: Flavor, create: Create) -> None:
    """A flavor becomes elastic and fixed again; what is made of it in between is elastic."""
    name = flavor(2, 512)
    words = ('flavor', 'elastic')

    def specs() -> dict[str, str]:
        details = world.admin.compute.find_flavor(name, get_extra_specs=True)
        return dict(details.extra_specs)

    def bounds() -> tuple[bool, int, int]:
        details = openstack(world, *words, 'show', name, '-f', 'json').json
        assert (details['name'], details['max_vcpus'], details['max_memory_mb']) == (name, 2, 512)
        return details['elastic'], details['min_vcpus'], details['min_memory_mb']

    assert bounds() == (False, 2, 512)
    ended = openstack(world, *words, 'set', name, '--min-vcpus', '1', '--min-memory', '256M')
    assert (ended.status, ended.out, ended.err) == (0, '', '')
    assert bounds() == (True, 1, 256)
    booted(world, create(name))

    ended = openstack(world, *words, 'set', name, '--min-vcpus', '3')
    assert (ended.status, ended.err) == (
        1,
        'minimum_cpu is 3, but the flavor has only 2 vCPUs.\n',
    )
    assert openstack(world, *words, 'set', name).status == 1
    assert openstack(world, *words, 'set', name, '--min-memory', '0').status == 2
    ended = openstack(world, *words, 'set', name, '--min-vcpus', '2', user='xcloud-demo')
    assert (ended.status, 'os-flavor-extra-specs:create' in ended.err) == (1, True)
    assert specs() == {'minimum_cpu': '1', 'minimum_memory': '256'}

    assert openstack(world, *words, 'unset', name, '--min-vcpus').status == 0
    assert specs() == {'minimum_memory': '256'}
    for _ in range(2):
        assert openstack(world, *words, 'unset', name).status == 0
        assert specs() == {}
    for verb in (('show',), ('unset',), ('set', '--min-vcpus', '1')):
        ended = openstack(world, *words, *verb, 'e2e-absent')
        assert (ended.status, ended.err) == (1, 'No Flavor found for e2e-absent\n')


def test_python(world: World, create: Create) -> None:
    """The same can be had from Python."""
    import xloudclient

    server = booted(world, create('elastic'))
    elastic = xloudclient.Elastic(world.admin.compute)
    steps: list[xloudclient.ServerSize] = []
    size = elastic.adjust(server, vcpus=2, memory_mb=384, wait=True, progress=steps.append)
    assert (
        world.guests.live(server)
        == Size(size.current_vcpus, size.current_memory_mb)
        == Size(2, 384)
    )
    assert steps[-1].adjust.state == 'succeeded'
    assert [(each.id, size) for each, size in elastic.sizes()] == [(server, elastic.size(server))]


def test_help_and_completion(world: World) -> None:
    """Help lists every option, and the shell can complete it."""
    script = openstack(world, 'complete', '--shell', 'bash').out
    for command, options in (
        (
            'server adjust',
            ('--vcpus', '--memory', '--min', '--max', '--live-only', '--force', '--wait'),
        ),
        ('server size show', ()),
        ('server size list', ('--host', '--all-projects')),
        ('flavor elastic set', ('--min-vcpus', '--min-memory')),
        ('flavor elastic unset', ('--min-vcpus', '--min-memory')),
        ('flavor elastic show', ()),
    ):
        page = openstack(world, 'help', *command.split())
        assert page.status == 0
        assert 'provided by the python-xloudclient plugin' in page.out
        line = next(
            line
            for line in script.splitlines()
            if line.strip().startswith(f'cmds_{command.replace(" ", "_")}=')
        )
        for option in options:
            assert option in page.out
            assert option in line.replace("'", ' ').split()
