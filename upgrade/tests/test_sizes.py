"""Sizes go back to the flavors' before the fork goes."""

import os
from collections.abc import Iterator

import pytest

from upgrade.errors import CloudError
from upgrade.openstack import sizes, smoke, traits
from upgrade.openstack.client import Cloud
from upgrade.tests.cloud import FakeCloud
from upgrade.tests.world import World


@pytest.fixture
def there() -> Iterator[FakeCloud]:
    cloud = FakeCloud()
    yield cloud
    cloud.http.shutdown()
    cloud.http.server_close()


@pytest.fixture
def cloud(there: FakeCloud) -> Cloud:
    return Cloud(there.environment)


def test_only_servers_that_are_smaller_grow(there: FakeCloud, cloud: Cloud) -> None:
    """To the flavor's maximum, and for good; those that have it already are left alone."""
    there.room['host1'] = {'vcpus': 8, 'memory_mb': 8192}
    there.server('full', 'host1', (4, 4), (4096, 4096))
    there.server('small', 'host1', (1, 4), (1024, 4096))
    there.server('stopped', 'host1', (1, 2), (2048, 2048), status='SHUTOFF')
    there.server('stored', '', (1, 4), (1024, 4096), status='SHELVED_OFFLOADED')
    there.server('plain', 'host1', (1, 4), (1024, 4096), specs={})
    found = sizes.find(cloud)
    assert [server.id for server in found] == ['small', 'stopped']
    said: list[str] = []
    sizes.bring_back(cloud, found, said.append)
    assert there.adjusts == [
        ('small', {'current_vcpus': 4, 'current_memory_mb': 4096, 'persist': True}),
        ('stopped', {'current_vcpus': 2, 'current_memory_mb': 2048, 'persist': True}),
    ]
    assert sizes.find(cloud) == []
    assert len(said) == 2


def test_a_server_that_is_being_adjusted_is_told(
    there: FakeCloud, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stock Nova would leave it in its task state, so it has to end first."""
    monkeypatch.setattr(sizes, 'PATIENCE', 0)
    there.room['host1'] = {'vcpus': 8, 'memory_mb': 8192}
    there.server('full', 'host1', (4, 4), (4096, 4096), task='xloud_adjusting')
    there.server('busy', 'host1', (4, 4), (4096, 4096), task='rebooting')
    assert [(server.id, server.obstacle) for server in sizes.find(cloud)] == [
        ('full', 'it is being adjusted just now')
    ]


def test_what_a_compute_sets_right_by_itself_is_waited_for(there: FakeCloud, cloud: Cloud) -> None:
    """It takes seconds, and may begin at any time: also between the look and the adjust."""
    there.room['host1'] = {'vcpus': 8, 'memory_mb': 8192}
    there.server('one', 'host1', (1, 4), (4096, 4096), task='xloud_adjusting', then=None)
    servers = sizes.find(cloud)
    assert [(server.id, server.obstacle) for server in servers] == [('one', '')]
    there.servers['one']['tasks'] = ['xloud_adjusting']
    sizes.bring_back(cloud, servers, print)
    assert there.servers['one']['vcpus'] == [4, 4]
    assert len(there.adjusts) == 2


def test_a_host_without_room_is_told_before_anything_grows(there: FakeCloud, cloud: Cloud) -> None:
    """What is free is counted down, server after server; one too many and none is changed."""
    there.room = {
        'host1': {'vcpus': 4, 'memory_mb': 4096},
        'host2': {'vcpus': 4, 'memory_mb': 4096, 'most': 2},
    }
    there.server('a', 'host1', (1, 4), (1024, 4096))
    there.server('b', 'host1', (1, 4), (1024, 4096))
    there.server('c', 'host2', (1, 4), (1024, 1024))
    there.server('d', 'host2', (1, 2), (1024, 1024), status='SUSPENDED')
    found = sizes.find(cloud)
    no_vcpus = 'host1 has 1 VCPU free, it needs 3 more'
    assert {server.id: server.obstacle for server in found} == {
        'a': '',
        'b': f'{no_vcpus}; host1 has 1024 MEMORY_MB free, it needs 3072 more',
        'c': 'host2 lets one server have 2 VCPU at most',
        'd': 'its status is SUSPENDED; adjust needs ACTIVE, PAUSED, SHUTOFF',
    }
    with pytest.raises(CloudError) as caught:
        sizes.bring_back(cloud, found, print)
    assert str(caught.value).splitlines()[:3] == [
        '3 servers cannot be brought to the size of their flavor:',
        '  b b on host1: 1 of 4 vCPUs, 1024 of 4096 MiB',
        f'    {no_vcpus}; host1 has 1024 MEMORY_MB free, it needs 3072 more',
    ]
    assert there.adjusts == []


def test_quota_is_an_obstacle_before_anything_grows(there: FakeCloud, cloud: Cloud) -> None:
    """Nova refuses growth above the project's quota, also to an administrator."""
    there.room['host1'] = {'vcpus': 64, 'memory_mb': 65536}
    there.quotas = {
        'one': {'cores': 8, 'ram': 8192},
        'two': {'cores': 8, 'ram': 3072},
    }
    there.server('a', 'host1', (1, 4), (1024, 1024), project='one')
    there.server('b', 'host1', (2, 4), (1024, 1024), project='one')
    there.server('c', 'host1', (2, 4), (1024, 1024), project='one')
    there.server('d', 'host1', (1, 1), (1024, 4096), project='two')
    there.server('e', 'host1', (1, 4), (1024, 4096), project='unlimited')
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
    with pytest.raises(CloudError, match='3 servers cannot be brought to the size'):
        sizes.bring_back(cloud, servers, print)
    assert there.adjusts == []

    there.quotas = {'one': {'cores': 12}, 'two': {'ram': 4096}}
    sizes.bring_back(cloud, sizes.find(cloud), print)
    assert [name for name, _ in there.adjusts] == ['a', 'b', 'c', 'd', 'e']


def test_a_project_above_its_quota_may_leave_what_does_not_grow(
    there: FakeCloud, cloud: Cloud
) -> None:
    """Quota that was lowered later hinders only what needs more of the same resource."""
    there.room['host1'] = {'vcpus': 8, 'memory_mb': 8192}
    there.quotas = {'demo': {'cores': 1}}
    there.server('a', 'host1', (2, 2), (1024, 4096))
    servers = sizes.find(cloud)
    assert [server.obstacle for server in servers] == ['']
    sizes.bring_back(cloud, servers, print)


def test_an_adjust_that_fails_stops_the_rollback(there: FakeCloud, cloud: Cloud) -> None:
    """202 is a promise to try; what came of it is in the status."""
    there.room['host1'] = {'vcpus': 8, 'memory_mb': 8192}
    there.server('small', 'host1', (1, 4), (1024, 4096), fails='the guest refused')
    with pytest.raises(CloudError, match=r'on host1: .* could not be adjusted: the guest refused'):
        sizes.bring_back(cloud, sizes.find(cloud), print)


def test_an_api_without_the_fork_is_told(there: FakeCloud, cloud: Cloud) -> None:
    """Only the fork can give sizes back."""
    there.server('small', 'host1', (1, 4), (1024, 4096))
    there.knows_elastic = False
    with pytest.raises(CloudError, match='does not know elastic servers: is the fork still on it'):
        sizes.find(cloud)


def test_an_expired_token_is_renewed(there: FakeCloud, cloud: Cloud) -> None:
    """A roll over many servers may take longer than a token lives."""
    assert sizes.find(cloud) == []
    there.expired = True
    assert sizes.find(cloud) == []
    assert len(there.logins) == 2


def test_no_secret_is_told(there: FakeCloud) -> None:
    """Not when it is wrong, and not when nobody answers."""
    there.http.shutdown()
    there.http.server_close()
    with pytest.raises(CloudError) as caught:
        sizes.find(Cloud(there.environment))
    assert f'POST {there.url}/v3/auth/tokens was answered with nothing' in str(caught.value)
    assert 'the-secret' not in str(caught.value)
    with pytest.raises(CloudError, match='^OS_USERNAME is not set; source the openrc'):
        sizes.find(Cloud({'OS_AUTH_URL': there.url, 'OS_PASSWORD': 'x'}))


def test_what_the_api_proves(there: FakeCloud, cloud: Cloud) -> None:
    """The route, the flavors, and which computes report the trait."""
    there.room = {'host1': {'vcpus': 4, 'memory_mb': 4}, 'host2': {'vcpus': 4, 'memory_mb': 4}}
    there.elastic = {'host1'}
    there.flavors = [
        {'id': '1', 'name': 'good', 'vcpus': 4, 'ram': 4096, 'extra_specs': {'minimum_cpu': '2'}},
        {'id': '2', 'name': 'bad', 'vcpus': 4, 'ram': 4096, 'extra_specs': {'minimum_cpu': '8'}},
    ]
    assert [(f.what, f.state, f.text) for f in smoke.of_cloud(cloud)] == [
        ('route', 'ok', 'POST /os-xloud-adjust answers'),
        ('flavors', 'fault', "bad: minimum_cpu is '8'; a whole number from 1 to 4 is allowed"),
        ('flavors', 'ok', '2 elastic ones were looked at'),
        ('computes', 'ok', 'host1 reports CUSTOM_XLOUD_ELASTIC'),
        (
            'computes',
            'note',
            'host2 does not report CUSTOM_XLOUD_ELASTIC: it is given no elastic server',
        ),
    ]
    there.knows_elastic = False
    assert smoke.of_cloud(cloud)[0].state == 'fault'


def test_stock_computes_are_not_taken_for_elastic(there: FakeCloud, cloud: Cloud) -> None:
    """Only the named ones; a compute that writes at the same moment does not hinder it."""
    there.elastic = {'host1.example.org', 'host2', 'host3'}
    there.conflicts = 2
    assert traits.forget(cloud, ['host1', 'host3', 'other']) == ['host1.example.org', 'host3']
    assert there.elastic == {'host2'}
    assert traits.forget(cloud, ['host2']) == ['host2']
    assert traits.providers(cloud) == {}


def test_rollback_forgets_what_its_computes_could_do(nowhere: World, there: FakeCloud) -> None:
    """Without a cloud's openrc, it says what is left to do."""
    nowhere.node('one')
    there.elastic = {os.uname().nodename, 'elsewhere'}
    nowhere.does('apply')
    told = nowhere.does('rollback')
    assert f'placement may still have CUSTOM_XLOUD_ELASTIC for {os.uname().nodename},' in told
    nowhere.does('rollback', **there.environment)
    assert there.elastic == {'elsewhere'}


def test_rollback_grows_servers_first(nowhere: World, there: FakeCloud) -> None:
    """The dry run tells and changes nothing; an obstacle stops it with the fork still in place."""
    node = nowhere.node('one')
    before = node.files()
    nowhere.does('apply')
    there.room['host1'] = {'vcpus': 2, 'memory_mb': 8192}
    there.server('small', 'host1', (1, 4), (1024, 4096))

    done = nowhere.run('rollback', '--dry-run', **there.environment)
    assert (done.returncode, done.stdout.splitlines()) == (
        1,
        [
            'small small on host1: 1 of 4 vCPUs, 1024 of 4096 MiB',
            '    cannot: host1 has 2 VCPU free, it needs 3 more',
            '1 servers are to grow to the size of their flavor, 1 of them cannot',
        ],
    )
    done = nowhere.run('rollback', **there.environment)
    assert done.returncode == 1
    assert 'the-secret' not in done.stderr
    assert node.runs == '29.4.0+xloud.1'

    there.room['host1']['vcpus'] = 3
    nowhere.does('rollback', **there.environment)
    assert there.servers['small']['vcpus'] == [4, 4]
    assert node.files() == before
