"""The Ansible collection, as playbooks use it, beside the collection openstack.cloud."""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible import build
from ansible.tests import environment
from cloud.tests.e2e.sizes import Size
from cloud.tests.e2e.world import World

Create = Callable[..., str]
Flavor = Callable[..., str]
Quota = Callable[..., None]
Play = Callable[..., 'Ended']

pytestmark = pytest.mark.usefixtures('forked')

MINIMUM = Size(1, 256)

#: What each play ends with: the result that its tasks have registered, for the test.
_KEEP = """
    - name: Keep the result
      ansible.builtin.copy:
        content: "{{ result | to_json }}"
        dest: "{{ results }}/{{ inventory_hostname }}"
      delegate_to: localhost
      changed_when: false
      check_mode: false
"""


@dataclasses.dataclass(frozen=True)
class Ended:
    """How a playbook ended: what it printed, what has changed, and the results, by host."""

    status: int
    out: str
    changed: dict[str, int]
    results: dict[str, Any]

    @property
    def result(self) -> Any:
        """The result of its only host."""
        (result,) = self.results.values()
        return result


@pytest.fixture(scope='session')
def ansible(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where `ansible-playbook` is, with both collections."""
    if why := environment.refusal():
        pytest.skip(why)
    environment.make()
    environment.install(build.build(tmp_path_factory.mktemp('collection')))
    environment.add_openstack_cloud()
    return environment.VENV / 'bin' / 'ansible-playbook'


@pytest.fixture
def play(world: World, ansible: Path, tmp_path: Path) -> Play:
    """Run a play for some hosts, or for localhost."""

    def run(
        text: str,
        *options: str,
        hosts: dict[str, dict[str, Any]] | None = None,
        user: str = 'xcloud',
    ) -> Ended:
        hosts = hosts or {'localhost': {}}
        folder = tmp_path / uuid.uuid4().hex
        folder.mkdir()
        common = {
            'ansible_connection': 'local',
            'ansible_python_interpreter': str(environment.PYTHON),
            'results': str(folder),
        }
        inventory, playbook = tmp_path / 'inventory.json', tmp_path / 'play.yaml'
        inventory.write_text(json.dumps({'all': {'hosts': hosts, 'vars': common}}))
        playbook.write_text(f'- hosts: all\n  gather_facts: false\n  tasks:{text.rstrip()}{_KEEP}')
        variables = {
            **environment.settings(),
            'OS_CLIENT_CONFIG_FILE': world.cloud.environment()['OS_CLIENT_CONFIG_FILE'],
            'OS_CLOUD': user,
        }
        done = subprocess.run(
            [ansible, '-i', inventory, '--diff', *options, playbook],
            env=variables,
            capture_output=True,
            text=True,
            check=False,
        )
        recap = re.findall(r'^(\S+) +: ok=\d+ +changed=(\d+)', done.stdout, re.MULTILINE)
        return Ended(
            done.returncode,
            done.stdout + done.stderr,
            {host: int(count) for host, count in recap},
            {file.name: json.loads(file.read_text()) for file in sorted(folder.iterdir())},
        )

    return run


def booted(world: World, server: str) -> str:
    """Return the server when its guest is up, at its minimum."""
    world.comes_up(server, MINIMUM)
    return server


def name_of(world: World, server: str) -> str:
    return str(world.api.server(server)['name'])


def test_three_servers(world: World, play: Play, create: Create) -> None:
    """It is predicted in check mode, changed by the first run, and unchanged by the second."""
    # Not with openstack.cloud.server: that needs a network, and this cloud has none.
    servers = {name_of(world, server): server for server in (create('elastic') for _ in range(3))}
    names = list(servers)
    for server in servers.values():
        booted(world, server)
    sizes = [Size(2, 256), Size(1, 512), Size(3, 384)]
    hosts = {
        name: {'vcpus': size.vcpus, 'memory': f'{size.memory_mb}M'}
        for name, size in zip(names, sizes, strict=True)
    }
    text = """
    - openstack.cloud.server_info: {name: "{{ inventory_hostname }}"}
      delegate_to: localhost
      register: found

    - xloud.elastic.server_size:
        name: "{{ found.servers[0].id }}"
        vcpus: "{{ vcpus }}"
        memory: "{{ memory }}"
      delegate_to: localhost
      register: result
"""
    changed, unchanged = dict.fromkeys(names, 1), dict.fromkeys(names, 0)

    predicted = play(text, '--check', hosts=hosts)
    assert (predicted.status, predicted.changed) == (0, changed), predicted.out
    for name, size in zip(names, sizes, strict=True):
        result = predicted.results[name]
        assert result['prediction'] == {'outcome': 'in_place'}
        after = result['diff']['after']
        assert (after['current_vcpus'], after['current_memory_mb']) == tuple(size)
        assert world.accounting.size(servers[name]) == MINIMUM
        assert world.api.status(servers[name])['adjust'] is None

    first = play(text, hosts=hosts)
    assert (first.status, first.changed) == (0, changed), first.out
    for name, size in zip(names, sizes, strict=True):
        # What came is what was predicted.
        assert first.results[name]['diff'] == predicted.results[name]['diff']
        assert world.guests.live(servers[name]) == world.accounting.size(servers[name]) == size
        facts = first.results[name]['ansible_facts']['elastic_size']
        assert facts == first.results[name]['size']

    for options in ((), ('--check',)):
        second = play(text, *options, hosts=hosts)
        assert (second.status, second.changed) == (0, unchanged), second.out
        assert 'prediction' not in second.results[names[0]]


def test_refusals(world: World, play: Play, create: Create) -> None:
    """In check mode as well, the play fails with the reason, what to do, and the code."""
    name = name_of(world, booted(world, create('elastic')))
    text = f"""
    - xloud.elastic.server_size: {{name: {name}, vcpus: 5}}
      register: result
      ignore_errors: true
"""
    for options in ((), ('--check',)):
        ended = play(text, *options)
        assert ended.result['failed']
        assert ended.result['code'] == 'xloud.out_of_range'
        assert ended.result['msg'] == (
            'This server can have 1 to 4 vCPUs; 5 were requested. Request a value in this range. '
            'For more, resize the server to a larger flavor. (xloud.out_of_range)'
        )
    denied = play(text.replace('vcpus: 5', 'vcpus: 2'), user='xcloud-reader')
    assert denied.result['msg'] == f'No Server found for {name}'
    for words, message in (
        ('memory: 2X', "memory: '2X' is not an amount of memory: use MiB, or a unit as in 512M"),
        ('vcpus: 2, for: long', "for: 'long' is not a duration: use seconds, or a unit as in 30m"),
        ('persist: false', 'Nothing to adjust: set vcpus, memory, bound or cancel.'),
        ('vcpus: 2, cancel: true', 'parameters are mutually exclusive: cancel|vcpus'),
    ):
        assert play(text.replace('vcpus: 5', words)).result['msg'].startswith(message)
    assert world.api.status(world.admin.compute.find_server(name).id)['adjust'] is None


def test_full_host(world: World, play: Play, create: Create, flavor: Flavor, quota: Quota) -> None:
    """A play waits for capacity, goes on with the same wait, and cancels it."""
    quota('admin', cores=-1)
    server = booted(world, create('elastic'))
    place = world.guests.host_of(server)
    neighbour = flavor(world.accounting.host_vcpus(place.host) - 3, 192)
    create(neighbour, availability_zone=f'nova:{place.host}')
    text = f"""
    - xloud.elastic.server_size: {{name: {server}, WORDS}}
      register: result
      ignore_errors: true
"""

    def run(words: str, *options: str) -> tuple[bool, Any]:
        ended = play(text.replace('WORDS', words), *options)
        return bool(ended.changed['localhost']), ended.result

    for options in ((), ('--check',)):
        changed, result = run('bound: maximum', *options)
        assert (changed, result['code']) == (False, 'xloud.host_full')
        assert result['remedy'].startswith('Request less, let it wait or the server move')

    wait = 'bound: maximum, when_full: wait, wait: false'
    changed, result = run(wait, '--check')
    assert (changed, result['prediction']) == (True, {'outcome': 'wait'})
    for expected in (True, False):
        changed, result = run(wait)
        assert (changed, result['size']['adjust']['state']) == (expected, 'waiting')
    # It waits for the adjustment of before.
    _, result = run('bound: maximum, timeout: 2')
    assert result['msg'] == 'The adjustment still waits for capacity after 2 seconds.'

    for options, expected in ((('--check',), True), ((), True), ((), False), (('--check',), False)):
        changed, result = run('cancel: true', *options)
        assert changed == expected
    assert result['size']['adjust']['code'] == 'xloud.wait_cancelled'
    assert world.accounting.size(server) == MINIMUM


def test_limited_time(world: World, play: Play, create: Create) -> None:
    """A second run does not extend the time; without a limit, the server keeps the size."""
    server = booted(world, create('elastic'))
    text = f"""
    - xloud.elastic.server_size: {{name: {server}, vcpus: 2, for: 2h}}
      register: result
"""
    first, second = play(text), play(text)
    assert (first.changed['localhost'], second.changed['localhost']) == (1, 0), first.out
    assert first.result['size']['returns_at'] == second.result['size']['returns_at'] is not None
    keeps = text.replace(', for: 2h', '')
    for expected in (1, 0):
        ended = play(keeps)
        assert ended.changed['localhost'] == expected, ended.out
        assert ended.result['size']['returns_at'] is None
    # Until the next start only: the start size stays.
    ended = play(keeps.replace('vcpus: 2', 'vcpus: 1, persist: false'))
    assert ended.changed['localhost'] == 1
    size = ended.result['size']
    assert (size['current_vcpus'], size['start_vcpus']) == (1, 2)
    # Permanently it is another one.
    assert play(keeps.replace('vcpus: 2', 'vcpus: 1')).changed['localhost'] == 1
    assert world.accounting.size(server) == world.accounting.start_size(server) == MINIMUM


def test_sizes(world: World, play: Play, create: Create) -> None:
    """Sizes are those of the API, of one server, of none, or of all of a project."""
    server = booted(world, create('elastic'))
    text = """
    - xloud.elastic.server_size_info: {WORDS}
      register: result
"""

    def sizes(words: str, user: str = 'xcloud') -> list[dict[str, Any]]:
        ended = play(text.replace('WORDS', words), '--check', user=user)
        assert (ended.status, ended.changed['localhost']) == (0, 0), ended.out
        return list(ended.result['sizes'])

    (size,) = sizes(f'name: {name_of(world, server)}')
    status = world.api.status(server)
    assert (size['id'], size['project_id']) == (server, world.api.project('admin'))
    # What the guest needs, and what its host has, differ from one moment to the next.
    same = {name for name in status if not name.startswith(('adjust', 'floor_', 'room_'))}
    assert {name: size[name] for name in same} == {name: status[name] for name in same}
    assert size['room_vcpus'] == status['room_vcpus']
    assert [size['id'] for size in sizes('')] == [server]
    assert sizes('name: e2e-absent') == []
    assert sizes('', user='xcloud-demo') == []
    assert [size['id'] for size in sizes('all_projects: true')] == [server]


def test_flavor(world: World, play: Play, flavor: Flavor) -> None:
    """A flavor becomes elastic and fixed again, once each; other extra specs stay."""
    name = flavor(2, 512, **{'hw:cpu_policy': 'shared'})

    def specs() -> dict[str, str]:
        details = world.admin.compute.find_flavor(name, get_extra_specs=True)
        return dict(details.extra_specs)

    def run(words: str, *options: str, user: str = 'xcloud') -> tuple[int, Any]:
        ended = play(
            f"""
    - xloud.elastic.flavor_elastic: {{name: {name}, {words}}}
      register: result
      ignore_errors: true
""",
            *options,
            user=user,
        )
        return ended.changed['localhost'], ended.result

    words = 'minimum_cpu: 1, minimum_memory: 256M, when_full: wait, priority: 3, movable: false'
    expected_specs = {
        'minimum_cpu': '1',
        'minimum_memory': '256',
        'xloud:when_full': 'wait',
        'xloud:priority': '3',
        'xloud:movable': 'false',
    }
    changed, result = run(words, '--check')
    assert (changed, result['extra_specs'], specs()) == (
        1,
        expected_specs,
        {'hw:cpu_policy': 'shared'},
    )
    changed, result = run(words)
    assert (changed, specs()) == (1, {**expected_specs, 'hw:cpu_policy': 'shared'})
    assert (result['flavor']['min_vcpus'], result['flavor']['max_vcpus']) == (1, 2)
    for options in ((), ('--check',)):
        assert run(words, *options)[0] == 0
    changed, result = run('minimum_cpu: 2')
    assert (changed, result['diff']['before']['minimum_cpu']) == (1, '1')

    for options in ((), ('--check',)):
        changed, result = run('minimum_cpu: 3', *options)
        assert result['msg'] == 'minimum_cpu is 3, and the flavor has 2 vCPUs.'
    changed, result = run('priority: 1001')
    assert result['failed']
    assert '1001' in result['msg']
    changed, result = run('priority: 4', user='xcloud-demo')
    assert 'os_compute_api:os-flavor-extra-specs:create' in result['msg']

    for options, expected in ((('--check',), 1), ((), 1), ((), 0), (('--check',), 0)):
        changed, result = run('state: absent', *options)
        assert (changed, result['extra_specs']) == (expected, {})
    assert specs() == {'hw:cpu_policy': 'shared'}
    assert result['flavor']['elastic'] is False
