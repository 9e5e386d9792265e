"""Servers are adjusted to their flavor's maximum before the fork goes."""

import os
from collections.abc import Iterator

import pytest

from upgrade.errors import CloudError
from upgrade.openstack import sizes, smoke, traits
from upgrade.openstack.client import Cloud
from upgrade.tests.cloud import FakeCloud
from upgrade.tests.world import World


@pytest.fixture
def fake() -> Iterator[FakeCloud]:
    cloud = FakeCloud()
    yield cloud
    cloud.http.shutdown()
    cloud.http.server_close()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What changes in the made-up cloud changes at once."""
    monkeypatch.setattr(sizes, 'INTERVAL', 0.01)


@pytest.fixture
def cloud(fake: FakeCloud) -> Cloud:
    return Cloud(fake.environment)


def test_only_servers_that_are_smaller_grow(fake: FakeCloud, cloud: Cloud) -> None:
    """To the flavor's maximum, permanently; those that have it already are left alone."""
    fake.room['host1'] = {'vcpus': 8, 'memory_mb': 8192}
    fake.server('full', 'host1', (4, 4), (4096, 4096))
    fake.server('small', 'host1', (1, 4), (1024, 4096))
    fake.server('stopped', 'host1', (1, 2), (2048, 2048), status='SHUTOFF')
    fake.server('stored', '', (1, 4), (1024, 4096), status='SHELVED_OFFLOADED')
    fake.server('plain', 'host1', (1, 4), (1024, 4096), specs={})
    servers = sizes.find(cloud)
    assert [server.id for server in servers] == ['small', 'stopped']
    lines: list[str] = []
    sizes.restore(cloud, servers, lines.append)
    assert fake.adjustments == [
        ('small', {'current_vcpus': 4, 'current_memory_mb': 4096, 'persist': True}),
        ('stopped', {'current_vcpus': 2, 'current_memory_mb': 2048, 'persist': True}),
    ]
    assert sizes.find(cloud) == []
    assert len(lines) == 2


def test_an_adjustment_in_progress_is_an_obstacle(
    fake: FakeCloud, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stock Nova would leave the server in its task state, so it has to end first."""
    monkeypatch.setattr(sizes, 'PATIENCE', 0)
    fake.room['host1'] = {'vcpus': 8, 'memory_mb': 8192}
    fake.server('full', 'host1', (4, 4), (4096, 4096), task='xloud_adjusting')
    fake.server('busy', 'host1', (4, 4), (4096, 4096), task='rebooting')
    assert [(server.id, server.obstacle) for server in sizes.find(cloud)] == [
        ('full', 'another adjustment is in progress')
    ]


def test_what_a_compute_reconciles_is_waited_for(fake: FakeCloud, cloud: Cloud) -> None:
    """It takes seconds, and may begin at any time: also after the check."""
    fake.room['host1'] = {'vcpus': 8, 'memory_mb': 8192}
    fake.server('one', 'host1', (1, 4), (4096, 4096), task='xloud_adjusting', then=None)
    servers = sizes.find(cloud)
    assert [(server.id, server.obstacle) for server in servers] == [('one', '')]
    fake.servers['one']['tasks'] = ['xloud_adjusting']
    sizes.restore(cloud, servers, print)
    assert fake.servers['one']['vcpus'] == [4, 4]
    assert len(fake.adjustments) == 2


def test_a_full_host_is_an_obstacle_before_anything_grows(fake: FakeCloud, cloud: Cloud) -> None:
    """Capacity is counted down, server after server; one too many and none is changed."""
    fake.room = {
        'host1': {'vcpus': 4, 'memory_mb': 4096},
        'host2': {'vcpus': 4, 'memory_mb': 4096, 'most': 2},
    }
    fake.server('a', 'host1', (1, 4), (1024, 4096))
    fake.server('b', 'host1', (1, 4), (1024, 4096))
    fake.server('c', 'host2', (1, 4), (1024, 1024))
    fake.server('d', 'host2', (1, 2), (1024, 1024), status='SUSPENDED')
    servers = sizes.find(cloud)
    no_vcpus = 'host1 has 1 VCPU available, 3 more are needed'
    assert {server.id: server.obstacle for server in servers} == {
        'a': '',
        'b': f'{no_vcpus}\nhost1 has 1024 MEMORY_MB available, 3072 more are needed',
        'c': 'host2 allows at most 2 VCPU per server',
        'd': 'its status is SUSPENDED; only ACTIVE, PAUSED, SHUTOFF servers can be adjusted',
    }
    with pytest.raises(CloudError) as caught:
        sizes.restore(cloud, servers, print)
    assert str(caught.value).splitlines()[:4] == [
        '3 servers cannot be adjusted to the size of the flavor:',
        '  b b on host1: 1 of 4 vCPUs, 1024 of 4096 MiB',
        f'    {no_vcpus}',
        '    host1 has 1024 MEMORY_MB available, 3072 more are needed',
    ]
    assert fake.adjustments == []


def test_dedicated_cpus_are_counted_down_too(fake: FakeCloud, cloud: Cloud) -> None:
    """They are another resource of the host, whether flavor or image requests them."""
    fake.room = {
        'host1': {'vcpus': 1, 'pcpus': 7, 'memory_mb': 65536},
        'host2': {'vcpus': 3, 'memory_mb': 65536},
    }
    policy, mask = 'hw:cpu_policy', 'hw:cpu_dedicated_mask'
    specs = {'minimum_cpu': '1', policy: 'dedicated'}
    mixed = {'minimum_cpu': '1', policy: 'mixed', mask: '^0'}
    fake.server('a', 'host1', (1, 4), (1024, 1024), specs=specs)
    fake.server('b', 'host1', (1, 4), (1024, 1024), specs=mixed)
    fake.server('c', 'host1', (2, 4), (1024, 1024), pinned=True)
    fake.server('d', 'host1', (2, 4), (1024, 1024), specs={**mixed, mask: '0-1'})
    # This one still has vcpu_pin_set.
    fake.server('e', 'host2', (1, 4), (1024, 1024), specs=specs)
    assert {server.id: server.obstacle for server in sizes.find(cloud)} == {
        'a': '',
        'b': '',
        'c': 'host1 has 1 PCPU available, 2 more are needed',
        'd': 'host1 has 1 VCPU available, 2 more are needed',
        'e': '',
    }


def test_a_full_numa_cell_is_an_obstacle(fake: FakeCloud, cloud: Cloud) -> None:
    """Placement does not know NUMA cells, so Nova is asked; what passes in time is none."""
    fake.room['host1'] = {'vcpus': 64, 'memory_mb': 65536}
    reason = 'NUMA cell 0 of its host has 0 vCPUs available; the request needs 3 more there.'
    for name, code in (('a', 'xloud.numa_cell_full'), ('b', 'xloud.invalid_state')):
        trial = {'outcome': 'refused', 'code': code, 'reason': reason}
        fake.server(name, 'host1', (1, 4), (1024, 4096), trial=trial)
    servers = sizes.find(cloud)
    assert {server.id: server.obstacle for server in servers} == {'a': reason, 'b': ''}
    with pytest.raises(CloudError):
        sizes.restore(cloud, servers, print)
    assert fake.adjustments == []


def test_quota_is_an_obstacle_before_anything_grows(fake: FakeCloud, cloud: Cloud) -> None:
    """Nova refuses growth above the project's quota, also to an administrator."""
    fake.room['host1'] = {'vcpus': 64, 'memory_mb': 65536}
    fake.quotas = {
        'one': {'cores': 8, 'ram': 8192},
        'two': {'cores': 8, 'ram': 3072},
    }
    fake.server('a', 'host1', (1, 4), (1024, 1024), project='one')
    fake.server('b', 'host1', (2, 4), (1024, 1024), project='one')
    fake.server('c', 'host1', (2, 4), (1024, 1024), project='one')
    fake.server('d', 'host1', (1, 1), (1024, 4096), project='two')
    fake.server('e', 'host1', (1, 4), (1024, 4096), project='unlimited')
    servers = sizes.find(cloud)
    no_cores = (
        'project one uses 5 of its quota of 8 cores, and its elastic servers need 7 more; '
        'raise it with `openstack quota set --cores 12 one`'
    )
    no_ram = (
        'project two uses 1024 of its quota of 3072 MiB, and its elastic servers need 3072 more; '
        'raise it with `openstack quota set --ram 4096 two`'
    )
    assert {server.id: server.obstacle for server in servers} == {
        'a': '',
        'b': no_cores,
        'c': no_cores,
        'd': no_ram,
        'e': '',
    }
    with pytest.raises(CloudError, match='3 servers cannot be adjusted to the size'):
        sizes.restore(cloud, servers, print)
    assert fake.adjustments == []

    fake.quotas = {'one': {'cores': 12}, 'two': {'ram': 4096}}
    sizes.restore(cloud, sizes.find(cloud), print)
    assert [name for name, _ in fake.adjustments] == ['a', 'b', 'c', 'd', 'e']


def test_a_project_may_be_above_a_quota_that_it_does_not_grow_in(
    fake: FakeCloud, cloud: Cloud
) -> None:
    """Quota that was lowered later hinders only servers that need more of that resource."""
    fake.room['host1'] = {'vcpus': 8, 'memory_mb': 8192}
    fake.quotas = {'demo': {'cores': 1}}
    fake.server('a', 'host1', (2, 2), (1024, 4096))
    servers = sizes.find(cloud)
    assert [server.obstacle for server in servers] == ['']
    sizes.restore(cloud, servers, print)


def test_an_adjustment_that_fails_stops_the_rollback(fake: FakeCloud, cloud: Cloud) -> None:
    """202 promises an attempt; its outcome is in the status."""
    fake.room['host1'] = {'vcpus': 8, 'memory_mb': 8192}
    fake.server('small', 'host1', (1, 4), (1024, 4096), fails='the guest refused')
    with pytest.raises(CloudError, match=r'on host1: .* could not be adjusted: the guest refused'):
        sizes.restore(cloud, sizes.find(cloud), print)


def test_an_api_without_the_fork_is_reported(fake: FakeCloud, cloud: Cloud) -> None:
    """Only the fork can adjust servers."""
    fake.server('small', 'host1', (1, 4), (1024, 4096))
    fake.knows_elastic = False
    with pytest.raises(CloudError, match='know elastic servers: is the fork still installed'):
        sizes.find(cloud)


def test_an_expired_token_is_renewed(fake: FakeCloud, cloud: Cloud) -> None:
    """A roll over many servers may take longer than a token lives."""
    assert sizes.find(cloud) == []
    fake.expired = True
    assert sizes.find(cloud) == []
    assert len(fake.logins) == 2


def test_no_secret_is_printed(fake: FakeCloud) -> None:
    """Not when it is wrong, and not when there is no answer."""
    fake.http.shutdown()
    fake.http.server_close()
    with pytest.raises(CloudError) as caught:
        sizes.find(Cloud(fake.environment))
    assert f'POST {fake.url}/v3/auth/tokens was not answered: ' in str(caught.value)
    assert 'the-secret' not in str(caught.value)
    with pytest.raises(CloudError, match='^OS_USERNAME is not set; source the openrc'):
        sizes.find(Cloud({'OS_AUTH_URL': fake.url, 'OS_PASSWORD': 'x'}))


def test_what_the_api_can_verify(fake: FakeCloud, cloud: Cloud) -> None:
    """The route, the flavors, and which computes report the trait."""
    fake.room = {'host1': {'vcpus': 4, 'memory_mb': 4}, 'host2': {'vcpus': 4, 'memory_mb': 4}}
    fake.elastic = {'host1'}
    fake.flavors = [
        {'id': '1', 'name': 'good', 'vcpus': 4, 'ram': 4096, 'extra_specs': {'minimum_cpu': '2'}},
        {'id': '2', 'name': 'bad', 'vcpus': 4, 'ram': 4096, 'extra_specs': {'minimum_cpu': '8'}},
    ]
    assert [(f.what, f.state, f.text) for f in smoke.verify(cloud)] == [
        ('route', 'ok', 'POST /os-xloud-adjust answers'),
        ('flavors', 'fault', "bad: minimum_cpu is '8'; it must be an integer from 1 to 4"),
        ('flavors', 'ok', '2 elastic flavors were checked'),
        ('computes', 'ok', 'host1 reports CUSTOM_XLOUD_ELASTIC'),
        (
            'computes',
            'note',
            'host2 does not report CUSTOM_XLOUD_ELASTIC: no elastic server is scheduled to it',
        ),
    ]
    fake.knows_elastic = False
    assert smoke.verify(cloud)[0].state == 'fault'


def test_the_trait_is_removed_from_stock_computes(fake: FakeCloud, cloud: Cloud) -> None:
    """Only from the named ones, and in spite of concurrent updates by a compute."""
    fake.elastic = {'host1.example.org', 'host2', 'host3'}
    fake.conflicts = 2
    assert traits.remove(cloud, ['host1', 'host3', 'other']) == ['host1.example.org', 'host3']
    assert fake.elastic == {'host2'}
    assert traits.remove(cloud, ['host2']) == ['host2']
    assert traits.providers(cloud) == {}


def test_rollback_removes_the_trait(operator: World, fake: FakeCloud) -> None:
    """Without an openrc, it says what is left to do."""
    operator.node('one')
    fake.elastic = {os.uname().nodename, 'elsewhere'}
    operator.does('apply')
    output = operator.does('rollback')
    assert f'placement may still have CUSTOM_XLOUD_ELASTIC for {os.uname().nodename},' in output
    operator.does('rollback', **fake.environment)
    assert fake.elastic == {'elsewhere'}


def test_rollback_grows_servers_first(operator: World, fake: FakeCloud) -> None:
    """The dry run changes nothing; an obstacle stops rollback with the fork still in place."""
    node = operator.node('one')
    before = node.files()
    operator.does('apply')
    fake.room['host1'] = {'vcpus': 2, 'memory_mb': 8192}
    fake.server('small', 'host1', (1, 4), (1024, 4096))

    done = operator.run('rollback', '--dry-run', **fake.environment)
    assert (done.returncode, done.stdout.splitlines()) == (
        1,
        [
            'small small on host1: 1 of 4 vCPUs, 1024 of 4096 MiB',
            '    cannot grow: host1 has 2 VCPU available, 3 more are needed',
            'servers to adjust before a rollback: 1, of which 1 cannot grow',
        ],
    )
    done = operator.run('rollback', **fake.environment)
    assert done.returncode == 1
    assert 'the-secret' not in done.stderr
    assert node.runs == '29.4.0+xloud.1'

    fake.room['host1']['vcpus'] = 3
    operator.does('rollback', **fake.environment)
    assert fake.servers['small']['vcpus'] == [4, 4]
    assert node.files() == before
