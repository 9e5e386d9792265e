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
Steps = Callable[..., list[dict[str, Any]]]

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


@pytest.fixture
def steps(play: Play) -> Steps:
    """Run tasks of a module one after the other in one play; return the result of each.

    One whose options end with CHECK runs in check mode. One that fails does not end the play.
    """

    def run(module: str, *options: str, user: str = 'xcloud') -> list[dict[str, Any]]:
        tasks = ''.join(
            f"""
    - xloud.elastic.{module}: {{{words.removesuffix('CHECK').rstrip()}}}
      check_mode: {str(words.endswith('CHECK')).lower()}
      ignore_errors: true
      register: result{number}
"""
            for number, words in enumerate(options)
        )
        names = ', '.join(f'result{number}' for number in range(len(options)))
        gather = f"""
    - ansible.builtin.set_fact: {{result: "{{{{ [{names}] }}}}"}}
"""
        ended = play(tasks + gather, user=user)
        assert ended.status == 0, ended.out
        return list(ended.result)

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


def test_refusals(world: World, steps: Steps, create: Create) -> None:
    """In check mode as well, the play fails with the reason, what to do, and the code."""
    server = booted(world, create('elastic'))
    name = name_of(world, server)
    real, checked, *malformed = steps(
        'server_size',
        f'name: {name}, vcpus: 5',
        f'name: {name}, vcpus: 5 CHECK',
        f'name: {name}, memory: 2X',
        f'name: {name}, vcpus: 2, for: long',
        f'name: {name}, persist: false',
        f'name: {name}, vcpus: 2, cancel: true',
        'name: e2e-absent, vcpus: 2',
        f'name: {name}, vcpus: 2, cloud: nowhere',
    )
    for result in (real, checked):
        assert (result['failed'], result['code']) == (True, 'xloud.out_of_range')
        assert result['msg'] == (
            'This server can have 1 to 4 vCPUs; 5 were requested. Request a value in this range. '
            'For more, resize the server to a larger flavor. (xloud.out_of_range)'
        )
    assert [result['msg'] for result in malformed] == [
        "memory: '2X' is not an amount of memory: use MiB, or a unit as in 512M or 2G",
        "for: 'long' is not a duration: use seconds, or a unit as in 30m, 2h or 7d",
        'Nothing to adjust: set vcpus, memory, bound or cancel.',
        'parameters are mutually exclusive: cancel|vcpus',
        'No Server found for e2e-absent',
        'Cloud nowhere was not found.',
    ]
    assert world.api.status(server)['adjust'] is None


def test_full_host(
    world: World, steps: Steps, create: Create, flavor: Flavor, quota: Quota
) -> None:
    """A play waits for capacity, goes on with the same wait, and cancels it."""
    quota('admin', cores=-1)
    server = booted(world, create('elastic'))
    place = world.guests.host_of(server)
    neighbour = flavor(world.accounting.host_vcpus(place.host) - 3, 192)
    create(neighbour, availability_zone=f'nova:{place.host}')

    maximum, cancel = f'name: {server}, bound: maximum', f'name: {server}, cancel: true'
    waits = f'{maximum}, when_full: wait, wait: false'
    results = steps(
        'server_size',
        maximum,
        f'{maximum} CHECK',
        f'{waits} CHECK',
        waits,
        waits,
        f'{maximum}, timeout: 2',
        f'{cancel} CHECK',
        cancel,
        cancel,
        f'{cancel} CHECK',
    )
    refused, predicted, waiting = results[:2], results[2], results[3:5]
    for result in refused:
        assert (result['changed'], result['code']) == (False, 'xloud.host_full')
        assert result['remedy'].startswith('Request less, let it wait or the server move')
    assert (predicted['changed'], predicted['prediction']) == (True, {'outcome': 'wait'})
    # The second one finds the first one waiting.
    assert [result['changed'] for result in waiting] == [True, False]
    assert {result['size']['adjust']['state'] for result in waiting} == {'waiting'}
    assert results[5]['msg'] == 'The adjustment still waits for capacity after 2 seconds.'
    assert [result['changed'] for result in results[6:]] == [True, True, False, False]
    assert results[-1]['size']['adjust']['code'] == 'xloud.wait_cancelled'
    assert world.accounting.size(server) == MINIMUM


def test_limited_time(world: World, steps: Steps, create: Create) -> None:
    """A second run does not extend the time; without a limit, the server keeps the size."""
    server = booted(world, create('elastic'))
    two, one = f'name: {server}, vcpus: 2', f'name: {server}, vcpus: 1'
    first, second, keeps, kept, until_start, permanent = steps(
        'server_size',
        f'{two}, for: 2h',
        f'{two}, for: 2h',
        two,
        two,
        f'{one}, persist: false',
        one,
    )
    assert (first['changed'], second['changed']) == (True, False)
    assert first['size']['returns_at'] == second['size']['returns_at'] is not None
    assert (keeps['changed'], kept['changed']) == (True, False)
    assert keeps['size']['returns_at'] is kept['size']['returns_at'] is None
    # The start size stays, so permanently it is another adjustment.
    assert (until_start['changed'], permanent['changed']) == (True, True)
    size = until_start['size']
    assert (size['current_vcpus'], size['start_vcpus']) == (1, 2)
    assert world.accounting.size(server) == world.accounting.start_size(server) == MINIMUM


def test_sizes(world: World, steps: Steps, create: Create) -> None:
    """Sizes are those of the API, of one server, of none, or of all of a project."""
    server = booted(world, create('elastic'))
    # Another account than that of the cloud.
    settings = json.loads((world.context.state / 'clouds.yaml').read_text())['clouds']['xcloud']
    results = steps(
        'server_size_info',
        f'name: {name_of(world, server)}',
        'CHECK',
        f'cloud: xcloud-demo, auth: {json.dumps(settings["auth"])}',
        'all_projects: true',
        'name: e2e-absent',
        'cloud: xcloud-demo',
    )
    assert not any(result['changed'] for result in results)
    ids = [[entry['id'] for entry in result['sizes']] for result in results]
    assert ids == [[server]] * 4 + [[], []]
    (size,) = results[0]['sizes']
    status = world.api.status(server)
    assert size['project_id'] == world.api.project('admin')
    # What the guest needs differs from one moment to the next.
    same = {name for name in status if name not in ('adjust', 'floor_memory_mb')}
    assert {name: size[name] for name in same} == {name: status[name] for name in same}


def test_flavor(world: World, play: Play, steps: Steps) -> None:
    """A flavor becomes elastic and fixed again, once each; other extra specs stay."""
    name = f'e2e-{uuid.uuid4().hex[:6]}'
    created = """
    - openstack.cloud.compute_flavor_info: {name: NAME}
      register: found
    - openstack.cloud.compute_flavor:
        {name: NAME, vcpus: 2, ram: 512, disk: 1, extra_specs: {"hw:cpu_policy": shared}}
      when: not found.flavors
    - xloud.elastic.flavor_elastic: {name: NAME, minimum_cpu: 1}
      register: result
""".replace('NAME', name)
    try:
        for changes in (2, 0):
            ended = play(created)
            assert (ended.status, ended.changed['localhost']) == (0, changes), ended.out
        _change_flavor(world, steps, name)
    finally:
        world.admin.compute.delete_flavor(world.admin.compute.find_flavor(name))


def _change_flavor(world: World, steps: Steps, name: str) -> None:
    def specs() -> dict[str, str]:
        details = world.admin.compute.find_flavor(name, get_extra_specs=True)
        return dict(details.extra_specs)

    options = (
        f'name: {name}, minimum_cpu: 1, minimum_memory: 256M, when_full: wait, priority: 3, '
        'movable: false'
    )
    elastic = {
        'minimum_cpu': '1',
        'minimum_memory': '256',
        'xloud:when_full': 'wait',
        'xloud:priority': '3',
        'xloud:movable': 'false',
    }
    *results, minimum = steps(
        'flavor_elastic',
        f'{options} CHECK',
        options,
        options,
        f'{options} CHECK',
        f'name: {name}, minimum_cpu: 3 CHECK',
        f'name: {name}, minimum_cpu: 3',
        f'name: {name}, priority: 1001',
        f'name: {name}, minimum_cpu: 2',
    )
    assert [result['changed'] for result in results[:4]] == [True, True, False, False]
    assert [result['extra_specs'] for result in results[:4]] == [elastic] * 4
    bounds = results[1]['flavor']
    assert (bounds['min_vcpus'], bounds['max_vcpus'], bounds['min_memory_mb']) == (1, 2, 256)
    for result in results[4:6]:
        assert result['msg'] == 'minimum_cpu is 3, and the flavor has 2 vCPUs.'
    assert (results[6]['failed'], '1001' in results[6]['msg']) == (True, True)
    assert minimum['diff']['before'] == elastic
    assert minimum['diff']['after'] == {**elastic, 'minimum_cpu': '2'}
    assert specs() == {**elastic, 'minimum_cpu': '2', 'hw:cpu_policy': 'shared'}

    (denied,) = steps('flavor_elastic', f'name: {name}, priority: 4', user='xcloud-demo')
    assert 'os_compute_api:os-flavor-extra-specs:create' in denied['msg']

    absent = f'name: {name}, state: absent'
    results = steps('flavor_elastic', f'{absent} CHECK', absent, absent, f'{absent} CHECK')
    assert [result['changed'] for result in results] == [True, True, False, False]
    assert [result['extra_specs'] for result in results] == [{}] * 4
    assert results[-1]['flavor']['elastic'] is False
    assert specs() == {'hw:cpu_policy': 'shared'}
