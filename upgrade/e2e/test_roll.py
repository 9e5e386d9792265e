"""The fork is rolled over a cloud that is in use, host after host, and taken off again."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator

import pytest

from cloud import waiting
from cloud.tests.e2e import invariants
from cloud.tests.e2e.conftest import remove
from cloud.tests.e2e.logs import Logs
from cloud.tests.e2e.sizes import Size
from cloud.tests.e2e.world import World
from upgrade.e2e.fleet import Fleet
from upgrade.e2e.tenant import Tenant
from upgrade.openstack import traits
from upgrade.openstack.client import Cloud

SMALL, LARGE = Size(1, 256), Size(4, 768)
_TO_ADJUST = 'servers to adjust before a rollback'
SPECS = {'minimum_cpu': str(SMALL.vcpus), 'minimum_memory': str(SMALL.memory_mb)}

pytestmark = pytest.mark.hosts(3)


def test_there_and_back_while_servers_are_adjusted(
    world: World, fleet: Fleet, logs: Logs, create: Callable[..., str], flavor: Callable[..., str]
) -> None:
    """No server is lost, no adjustment is half done, and every file is what it was."""
    # What the computes send to the scheduler while it restarts, which takes a second or two.
    logs.expect("no exchange 'scheduler_fanout'")
    _is_stock(fleet)
    stock = fleet.files()
    bystanders = {
        host: create('small', availability_zone=f'nova:{host}') for host in fleet.computes
    }
    alive = {server: world.guests.hears(server) for server in bystanders.values()}
    assert '0 failed' in fleet.does('check')
    assert fleet.files() == stock

    fleet.applies('control', fleet.computes[0])
    elastic = flavor(LARGE.vcpus, LARGE.memory_mb, **SPECS)
    # That of the first compute adjusts all the time: whenever another one is exchanged.
    tenants = [Tenant(fleet.computes[0], elastic, fleet.openrc, replaces=False)]
    tenants += [Tenant(host, elastic, fleet.openrc) for host in fleet.computes[1:]]
    try:
        _arrive(fleet, tenants)
        _verify(fleet)
        _prepare_to_leave(world, elastic, tenants)
        _check_capacity(world, fleet, tenants[0])
        _check_quota(world, fleet, tenants[0])
        fleet.does('rollback')

        assert fleet.files() == stock
        _is_stock(fleet)
        for tenant in tenants:
            assert world.guests.host_of(tenant.server).host == tenant.host
            assert world.accounting.size(tenant.server) == world.guests.live(tenant.server) == LARGE
        for host, server in bystanders.items():
            assert world.guests.host_of(server).host == host
            assert world.guests.hears(server).seconds > alive[server].seconds
        invariants.check(world)
        _live_on(world, tenants[0].server)
    finally:
        for tenant in tenants:
            tenant.end()
        remove(world, [tenant.server for tenant in tenants if tenant.server])


def _is_stock(fleet: Fleet) -> None:
    """Neither a host nor placement has anything of the fork. If one has: `xcloud wipe`."""
    assert fleet.versions() == dict.fromkeys(fleet.hosts, fleet.stock)
    assert traits.providers(Cloud(fleet.openrc)) == {}


def _arrive(fleet: Fleet, tenants: list[Tenant]) -> None:
    """After some adjustments on the first compute, the others follow, one by one."""
    first, second, third = fleet.computes
    assert fleet.versions() == {
        host: fleet.fork if host in ('control', first) else fleet.stock for host in fleet.hosts
    }
    for tenant in tenants:
        tenant.start()
    _wait_for_adjustments(tenants[:1])
    during = fleet.applies()
    assert list(during) == [second, third]
    assert during[second][1] <= during[third][0]
    assert fleet.versions() == dict.fromkeys(fleet.hosts, fleet.fork)
    _wait_for_adjustments(tenants)
    for tenant in tenants:
        tenant.end()
        print(
            f'{tenant.host}: {tenant.booted} servers created, {tenant.deleted} deleted, '
            f'{len(tenant.adjustments)} adjustments'
        )
    assert [tenant.error for tenant in tenants if tenant.error] == []
    for host in (second, third):
        count = sum(one.overlaps(*during[host]) for one in tenants[0].adjustments)
        print(f'{count} adjustments on {first} while {host} was exchanged')
        assert count


def _wait_for_adjustments(tenants: list[Tenant]) -> None:
    def done() -> bool:
        assert [tenant.error for tenant in tenants if tenant.error] == []
        return all(len(tenant.adjustments) > 1 for tenant in tenants)

    assert waiting.until(done, 300, 1), 'no adjustments'


def _verify(fleet: Fleet) -> None:
    """Each file, each module, and what only the API can verify."""
    findings = json.loads(fleet.does('verify', '--smoke', 'guest', '--json'))
    assert [finding for finding in findings if finding['state'] != 'ok'] == []
    cloud = {(f['what'], f['text']) for f in findings if f['target'] == 'the cloud'}
    assert cloud == {
        ('route', 'POST /os-xloud-adjust answers'),
        ('flavors', '1 elastic flavors were checked'),
        *(('computes', f'{host} reports {traits.TRAIT}') for host in fleet.computes),
        ('smoke', 'a wrong minimum is refused; '
         'a server was created, grew to 2 vCPUs and was deleted'),
    }  # fmt: skip
    assert fleet.does('plan').count('nothing to do') == len(fleet.hosts)


def _prepare_to_leave(world: World, elastic: str, tenants: list[Tenant]) -> None:
    """As in the checklist: no new elastic servers, and no adjustments."""
    identity = world.admin.compute.find_flavor(elastic, ignore_missing=False)
    for name in SPECS:
        world.admin.compute.delete_flavor_extra_specs_property(identity, name)
    for tenant in tenants:
        if world.accounting.size(tenant.server) != SMALL:
            world.adjust(tenant.server, SMALL.vcpus, SMALL.memory_mb)


def _check_capacity(world: World, fleet: Fleet, tenant: Tenant) -> None:
    """A full host is named, with its server, before anything is changed."""
    with _small_host(world, tenant.host):
        done = fleet.run('rollback', '--dry-run')
        assert done.returncode == 1
        lines = done.stdout.splitlines()
        at = next(n for n, line in enumerate(lines) if line.startswith(tenant.server))
        full = f'{tenant.host} has 2 VCPU available, 3 more are needed'
        assert lines[at + 1] == f'    cannot grow: {full}'
        assert lines[-1] == f'{_TO_ADJUST}: 3, of which 1 cannot grow'
        done = fleet.run('rollback')
        assert done.returncode == 1
        assert full in done.stderr
        assert 'run rollback again; nothing was changed' in done.stderr
    assert fleet.versions() == dict.fromkeys(fleet.hosts, fleet.fork)
    assert world.accounting.size(tenant.server) == SMALL
    assert fleet.does('rollback', '--dry-run').splitlines()[-1] == (
        f'{_TO_ADJUST}: 3, of which 0 cannot grow'
    )


def _check_quota(world: World, fleet: Fleet, tenant: Tenant) -> None:
    """A project whose quota is used up is named, with what to do, before anything is changed."""
    project = str(world.server(tenant.server)['project_id'])
    with _full_quota(world, project) as used:
        more = 3 * (LARGE.vcpus - SMALL.vcpus)
        obstacle = (
            f'project {project} uses {used} of its quota of {used} cores, and its elastic servers '
            f'need {more} more; raise it with `openstack quota set --cores {used + more} {project}`'
        )
        done = fleet.run('rollback', '--dry-run')
        assert done.returncode == 1
        assert done.stdout.count(f'    cannot grow: {obstacle}\n') == 3
        done = fleet.run('rollback')
        assert done.returncode == 1
        assert obstacle in done.stderr
    assert fleet.versions() == dict.fromkeys(fleet.hosts, fleet.fork)
    assert world.accounted(tenant.server) == SMALL


@contextlib.contextmanager
def _full_quota(world: World, project: str) -> Iterator[int]:
    """Limit a project to the cores that it uses, which are given."""
    url = f'/os-quota-sets/{project}'
    cores = world.admin.compute.get(f'{url}/detail').json()['quota_set']['cores']

    def limit(value: int) -> None:
        answer = world.admin.compute.put(url, json={'quota_set': {'cores': value, 'force': True}})
        assert answer.ok, answer.text

    limit(cores['in_use'])
    try:
        yield cores['in_use']
    finally:
        limit(cores['limit'])


@contextlib.contextmanager
def _small_host(world: World, host: str) -> Iterator[None]:
    """Limit a host to four VCPUs in placement."""
    provider = next(uuid for uuid, name in world.accounting.providers().items() if name == host)
    url = world.context.settings.url('placement') + f'/resource_providers/{provider}'
    url += '/inventories/VCPU'
    before = world.context.admin.get(url)
    world.context.admin.put(url, before | {'allocation_ratio': 4 / before['total']})
    try:
        yield
    finally:
        generation = world.context.admin.get(url)['resource_provider_generation']
        world.context.admin.put(url, before | {'resource_provider_generation': generation})


def _live_on(world: World, server: str) -> None:
    """Stock Nova boots what the fork has left, at its flavor's size."""
    world.api.act(server, 'reboot', {'type': 'HARD'})
    world.api.wait(server, 'ACTIVE')
    world.guests.hears(server, lambda line: line.cpus == LARGE.vcpus)
