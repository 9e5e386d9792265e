"""The commands: arguments, output and exit status. Each runs as ``openstack`` runs it."""

from __future__ import annotations

import csv
import json
from typing import Any, Callable

import pytest
from conftest import ADJUST, SPECS, STATUS, Ended, Nova, recorded, status

from xloudclient import remedy

Command = Callable[..., Ended]

STARTED = status('running', current_vcpus=1, current_memory_mb=256)
GROWN = status('running', current_vcpus=3, current_memory_mb=256)
DONE = status('succeeded', current_vcpus=3, current_memory_mb=640, guest_vcpus=3)


@pytest.fixture
def accepts(nova: Nova) -> Nova:
    """A Nova that accepts the adjustment and completes it after a while."""
    nova.answer(ADJUST, {}, status=202)
    nova.answer(STATUS, STARTED, GROWN, DONE)
    return nova


def test_adjust(accepts: Nova, command: Command) -> None:
    """It ends with the adjustment in progress, and prints that."""
    ended = command('server', 'adjust', 'web', '--vcpus', '3', '--memory', '640', '-f', 'json')
    assert (ended.status, ended.err) == (0, '')
    size = json.loads(ended.out)
    assert (size['name'], size['current_vcpus']) == ('web', 1)
    assert (size['adjust_state'], size['adjust_vcpus']) == ('running', 3)
    assert accepts.bodies(ADJUST) == [
        {'current_vcpus': 3, 'current_memory_mb': 640, 'persist': True}
    ]


def test_adjust_and_wait(accepts: Nova, command: Command) -> None:
    """Progress is on standard error, a line for each change; standard output has the result."""
    words = ('server', 'adjust', 'web', '--vcpus', '3', '--memory', '640', '--wait')
    ended = command(*words, '-f', 'value', '-c', 'current_vcpus', '-c', 'adjust_state')
    assert (ended.status, ended.out) == (0, '3\nsucceeded\n')
    assert ended.err.splitlines() == [
        'vCPUs: 1 (requested: 3), memory in MiB: 256 (requested: 640)',
        'vCPUs: 3, memory in MiB: 256 (requested: 640)',
        'vCPUs: 3, memory in MiB: 640',
    ]


def test_quiet(accepts: Nova, command: Command) -> None:
    """With -q there is no progress."""
    ended = command('-q', 'server', 'adjust', 'web', '--vcpus', '3', '--wait', '-f', 'yaml')
    assert (ended.status, ended.err) == (0, '')


@pytest.mark.parametrize(
    ('words', 'body'),
    [
        (('--memory', '512'), {'current_memory_mb': 512}),
        (('--memory', '512M'), {'current_memory_mb': 512}),
        (('--memory', '2G'), {'current_memory_mb': 2048}),
        (('--memory', '2g'), {'current_memory_mb': 2048}),
        (('--min',), {'current_vcpus': 1, 'current_memory_mb': 256}),
        (('--max',), {'current_vcpus': 4, 'current_memory_mb': 768}),
        (('--max', '--vcpus', '2'), {'current_vcpus': 2, 'current_memory_mb': 768}),
        (('--vcpus', '2', '--live-only'), {'current_vcpus': 2, 'persist': False}),
        (('--memory', '64', '--force'), {'current_memory_mb': 64, 'force': True}),
        (('--vcpus', '2', '--when-full', 'wait'), {'current_vcpus': 2, 'when_full': 'wait'}),
        (('--vcpus', '2', '--when-full', 'move'), {'current_vcpus': 2, 'when_full': 'move'}),
        (('--vcpus', '2', '--for', '90'), {'current_vcpus': 2, 'for_seconds': 90}),
        (('--vcpus', '2', '--for', '30m'), {'current_vcpus': 2, 'for_seconds': 1800}),
        (('--vcpus', '2', '--for', '2h'), {'current_vcpus': 2, 'for_seconds': 7200}),
    ],
    ids=lambda value: ' '.join(value) if isinstance(value, tuple) else '',
)
def test_request(
    accepts: Nova, command: Command, words: tuple[str, ...], body: dict[str, Any]
) -> None:
    """Memory may have a unit, the bounds are those of the server, and only --force forces."""
    assert command('server', 'adjust', 'web', *words).status == 0
    assert accepts.bodies(ADJUST) == [{'persist': True, **body}]


def test_dry_run(nova: Nova, command: Command) -> None:
    """It says what would become of the adjustment, why, and what to do about that."""
    reason = 'Its host has 2 vCPUs available; the request needs 3 more.'
    forecast = {'outcome': 'refused', 'code': 'xloud.host_full', 'reason': reason}
    nova.answer(ADJUST, {'dry_run': forecast})
    words = ('--vcpus', '4', '--when-full', 'refuse', '--dry-run', '-f', 'json')
    ended = command('server', 'adjust', 'web', *words)
    assert (ended.status, ended.err) == (0, '')
    assert json.loads(ended.out) == {**forecast, 'remedy': remedy('xloud.host_full')}
    assert nova.bodies(ADJUST) == [
        {'current_vcpus': 4, 'persist': True, 'when_full': 'refuse', 'dry_run': True}
    ]


@pytest.mark.parametrize(
    ('words', 'code', 'text'),
    [
        ((), 1, 'Nothing to adjust: use --vcpus, --memory, --min or --max.'),
        (('--vcpus', '0'), 2, "argument --vcpus: '0' is not a number of vCPUs"),
        (('--vcpus', 'two'), 2, "argument --vcpus: 'two' is not a number of vCPUs"),
        (
            ('--memory', '2X'),
            2,
            "argument --memory: '2X' is not an amount of memory: "
            'use MiB, or a unit as in 512M or 2G',
        ),
        (('--memory', '0G'), 2, "argument --memory: '0G' is not an amount of memory"),
        (
            ('--vcpus', '2', '--for', '2w'),
            2,
            "argument --for: '2w' is not a duration: use seconds, or a unit as in 30m, 2h or 7d",
        ),
        (('--min', '--max'), 2, 'argument --max: not allowed with argument --min'),
        (('--wait', '--dry-run'), 2, 'argument --dry-run: not allowed with argument --wait'),
    ],
    ids=lambda value: ' '.join(value) if isinstance(value, tuple) else '',
)
def test_nonsense(
    nova: Nova, command: Command, words: tuple[str, ...], code: int, text: str
) -> None:
    """Invalid arguments are not sent, and the message says what is valid."""
    ended = command('server', 'adjust', 'web', *words)
    assert (ended.status, ended.out) == (code, '')
    assert text in ended.err.splitlines()[-1]
    assert nova.calls == []


@pytest.mark.parametrize('wait', [(), ('--wait',)], ids=['', 'wait'])
def test_refused(nova: Nova, command: Command, wait: tuple[str, ...]) -> None:
    """Nova's own sentence and the code of the reason, and nothing else."""
    nova.answer(ADJUST, recorded('refused-range'), status=400)
    ended = command('server', 'adjust', 'web', '--vcpus', '9', *wait)
    assert (ended.status, ended.out) == (1, '')
    assert ended.err == (
        'This server can have 1 to 4 vCPUs; 9 were requested. (xloud.out_of_range)\n'
    )


def test_failed(nova: Nova, command: Command) -> None:
    """An adjustment that fails later ends with the reason and its code, too."""
    nova.answer(ADJUST, {}, status=202)
    nova.answer(STATUS, recorded('status-failed'))
    ended = command('server', 'adjust', 'web', '--memory', '512', '--wait', '-f', 'json')
    assert (ended.status, ended.out) == (1, '')
    assert ended.err.splitlines() == [
        'memory in MiB: 768 (requested: 512)',
        'The guest has no active balloon driver. It still has 768 MiB after 10 seconds. '
        '(xloud.no_balloon_driver)',
    ]


def test_wait_for_capacity(nova: Nova, command: Command) -> None:
    """An adjustment that waits shows that; with --wait the command waits as well."""
    waiting = status('running', current_vcpus=1, current_memory_mb=256)
    adjust = waiting['xloud_status']['adjust']
    adjust.update(state='waiting', expires_at='2026-11-21T19:53:36Z')
    nova.answer(ADJUST, {'adjust': {'state': 'waiting'}}, status=202)
    nova.answer(STATUS, waiting)
    words = ('server', 'adjust', 'web', '--vcpus', '3', '--when-full', 'wait')
    size = json.loads(command(*words, '-f', 'json').out)
    assert (size['adjust_state'], size['adjust_vcpus']) == ('waiting', 3)
    assert size['adjust_expires_at'] == '2026-11-21T19:53:36Z'
    nova.answer(STATUS, waiting, DONE)
    ended = command(*words, '--wait', '-f', 'value', '-c', 'adjust_state')
    assert (ended.status, ended.out) == (0, 'succeeded\n')


def test_move(nova: Nova, command: Command) -> None:
    """With --wait the command goes on until the server has moved and grown."""
    moving = status('running', current_vcpus=1, current_memory_mb=256)
    moving['xloud_status']['adjust'].update(state='moving')
    nova.answer(ADJUST, {'adjust': {'state': 'moving'}}, status=202)
    nova.answer(STATUS, moving, moving, GROWN, DONE)
    words = ('server', 'adjust', 'web', '--vcpus', '3', '--when-full', 'move')
    ended = command(*words, '--wait', '-f', 'value', '-c', 'adjust_state')
    assert (ended.status, ended.out) == (0, 'succeeded\n')


def test_cancel(nova: Nova, command: Command) -> None:
    """It is a request of its own, and shows the size of the server."""
    nova.answer(ADJUST, {}, status=202)
    nova.answer(STATUS, recorded('status-succeeded'))
    ended = command('server', 'adjust', 'cancel', 'web', '-f', 'value', '-c', 'name')
    assert (ended.status, ended.out) == (0, 'web\n')
    assert nova.bodies(ADJUST) == [{'cancel': True}]


def test_stock_nova(nova: Nova, command: Command) -> None:
    """For a cloud without the fork, the message says so."""
    ended = command('server', 'size', 'show', 'web')
    assert (ended.status, ended.err) == (
        1,
        'The Compute service of this cloud has no elastic servers.\n',
    )


@pytest.mark.parametrize('words', [('adjust', 'absent', '--min'), ('size', 'show', 'absent')])
def test_no_such_server(nova: Nova, command: Command, words: tuple[str, ...]) -> None:
    """The message names a server that does not exist."""
    ended = command('server', *words)
    assert (ended.status, ended.out) == (1, '')
    assert 'No Server found for absent' in ended.err


def test_size_show(nova: Nova, command: Command) -> None:
    """Names and types are those of the API."""
    nova.answer(STATUS, recorded('status-failed'))
    size = json.loads(command('server', 'size', 'show', 'web', '-f', 'json').out)
    answer = recorded('status-failed')['xloud_status']
    last = answer.pop('adjust')
    assert {name: size[name] for name in answer} == answer
    assert (size['adjust_reason'], size['adjust_since']) == (last['reason'], last['since'])
    assert size['adjust_code'] == 'xloud.no_balloon_driver'
    assert command('server', 'size', 'show', 'web', '-f', 'value', '-c', 'max_vcpus').out == '4\n'


def test_size_list(nova: Nova, command: Command) -> None:
    """There is a line for each server."""
    nova.answer(STATUS, recorded('status-succeeded'))
    (line,) = csv.DictReader(command('server', 'size', 'list', '-f', 'csv').out.splitlines())
    assert list(line) == [
        'ID', 'Name', 'vCPUs', 'Min vCPUs', 'Max vCPUs', 'Memory', 'Min Memory', 'Max Memory',
        'Adjust',
    ]  # fmt: skip
    assert (line['Name'], line['vCPUs'], line['Adjust']) == ('web', '2', 'succeeded')


def test_size_list_of_a_host_by_a_member(nova: Nova, command: Command) -> None:
    """Nova passes over the host then, so the servers would not be those of it."""
    servers = recorded('servers')
    for server in servers['servers']:
        server.pop('OS-EXT-SRV-ATTR:host', None)
    nova.answer(('GET', '/servers/detail?host=compute1'), servers)
    ended = command('server', 'size', 'list', '--host', 'compute1')
    assert (ended.status, ended.out) == (1, '')
    assert 'Only administrators can list the servers of a host.' in ended.err


def test_size_list_of_all_projects(nova: Nova, command: Command) -> None:
    """Servers of all projects are listed with their project."""
    nova.answer(STATUS, recorded('status-succeeded'))
    query = 'all_tenants=True&host=compute1'
    nova.answer(('GET', f'/servers/detail?{query}'), recorded('servers'))
    ended = command(
        'server', 'size', 'list', '--host', 'compute1', '--all-projects', '-f', 'value',
        '-c', 'Project', '-c', 'Max Memory',
    )  # fmt: skip
    assert ended.out == f'768 {recorded("server")["server"]["tenant_id"]}\n'


def test_flavor_elastic_show(nova: Nova, command: Command) -> None:
    """The minimum and the maximum of the flavor are shown."""
    assert json.loads(command('flavor', 'elastic', 'show', 'elastic', '-f', 'json').out) == {
        'id': 'elastic', 'name': 'elastic', 'elastic': True,
        'min_vcpus': 1, 'min_memory_mb': 256, 'max_vcpus': 4, 'max_memory_mb': 768,
    }  # fmt: skip


def test_flavor_elastic_set(nova: Nova, command: Command) -> None:
    """Both minimums are one request; a refusal is shown in Nova's words."""
    nova.answer(SPECS, {'extra_specs': {}})
    words = ('flavor', 'elastic', 'set', 'elastic')
    assert command(*words, '--min-vcpus', '2', '--min-memory', '1G') == Ended(0, '', '')
    assert nova.bodies(SPECS) == [{'extra_specs': {'minimum_cpu': '2', 'minimum_memory': '1024'}}]
    assert command(*words) == Ended(
        1, '', 'Nothing to set: use --min-vcpus, --min-memory or both.\n'
    )
    nova.answer(SPECS, recorded('refused-flavor'), status=400)
    assert command(*words, '--min-vcpus', '9') == Ended(
        1, '', 'minimum_cpu is 9, but the flavor has only 4 vCPUs.\n'
    )


@pytest.mark.parametrize(
    ('words', 'removed'),
    [
        ((), ['minimum_cpu', 'minimum_memory']),
        (('--min-vcpus',), ['minimum_cpu']),
        (('--min-memory',), ['minimum_memory']),
        (('--min-vcpus', '--min-memory'), ['minimum_cpu', 'minimum_memory']),
    ],
    ids=lambda value: ' '.join(value),
)
def test_flavor_elastic_unset(
    nova: Nova, command: Command, words: tuple[str, ...], removed: list[str]
) -> None:
    """Both minimums, or the one that is named."""
    for name in ('minimum_cpu', 'minimum_memory'):
        nova.answer(('DELETE', f'/flavors/elastic/os-extra_specs/{name}'), {})
    assert command('flavor', 'elastic', 'unset', 'elastic', *words) == Ended(0, '', '')
    deletions = [path.rpartition('/')[2] for method, path, _ in nova.calls if method == 'DELETE']
    assert deletions == removed


@pytest.mark.parametrize(
    'name',
    [
        'server adjust', 'server size show', 'server size list',
        'flavor elastic set', 'flavor elastic unset', 'flavor elastic show',
    ],
)  # fmt: skip
def test_help(command: Command, name: str) -> None:
    """Help describes the command and names the plugin that it is from."""
    ended = command('help', *name.split())
    assert ended.status == 0
    assert f'usage: openstack {name}' in ended.out
    assert 'provided by the python-xloudclient plugin' in ended.out


def test_completion(command: Command) -> None:
    """The shell completes the commands and their options."""
    script = command('complete', '--shell', 'bash').out
    for text in (
        "cmds_server_size='history list show'",
        "cmds_flavor_elastic='set show unset'",
        '--vcpus --memory --min --max --live-only --for --when-full --force --wait',
    ):
        assert text in script
