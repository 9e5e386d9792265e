"""The fork comes to a cloud that is in use, host after host, and leaves it again."""

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
SPECS = {'minimum_cpu': str(SMALL.vcpus), 'minimum_memory': str(SMALL.memory_mb)}

pytestmark = pytest.mark.hosts(3)


def test_there_and_back_while_servers_are_adjusted(
    world: World, fleet: Fleet, logs: Logs, create: Callable[..., str], flavor: Callable[..., str]
) -> None:
    """No server is lost, no adjust is half-done, and every file is what it was."""
    # What the computes tell it while the scheduler is away, which is a second or two.
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
        _prove(fleet)
        _prepare_to_leave(world, elastic, tenants)
        _need_room(world, fleet, tenants[0])
        _need_quota(world, fleet, tenants[0])
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
    """What runs, and what placement was told. After a run that failed: `xcloud wipe`."""
    assert fleet.versions() == dict.fromkeys(fleet.hosts, fleet.stock)
    assert traits.providers(Cloud(fleet.openrc)) == {}


def _arrive(fleet: Fleet, tenants: list[Tenant]) -> None:
    """After a while of watching the first compute, the others, one by one."""
    first, second, third = fleet.computes
    assert fleet.versions() == {
        host: fleet.fork if host in ('control', first) else fleet.stock for host in fleet.hosts
    }
    for tenant in tenants:
        tenant.start()
    _wait_for_adjusts(tenants[:1])
    during = fleet.applies()
    assert list(during) == [second, third]
    assert during[second][1] <= during[third][0]
    assert fleet.versions() == dict.fromkeys(fleet.hosts, fleet.fork)
    _wait_for_adjusts(tenants)
    for tenant in tenants:
        tenant.end()
        print(
            f'{tenant.host}: {tenant.booted} servers created, {tenant.deleted} deleted, '
            f'{len(tenant.adjusts)} adjusts'
        )
    assert [tenant.error for tenant in tenants if tenant.error] == []
    for host in (second, third):
        count = sum(each.overlaps(*during[host]) for each in tenants[0].adjusts)
        print(f'{count} adjusts on {first} while {host} was exchanged')
        assert count


def _wait_for_adjusts(tenants: list[Tenant]) -> None:
    def done() -> bool:
        assert [tenant.error for tenant in tenants if tenant.error] == []
        return all(len(tenant.adjusts) > 1 for tenant in tenants)

    assert waiting.until(done, 300, 1), 'no adjusts'


def _prove(fleet: Fleet) -> None:
    """Each file, each module, and what only the API can tell."""
    found = json.loads(fleet.does('verify', '--smoke', 'guest', '--json'))
    assert [each for each in found if each['state'] != 'ok'] == []
    told = {(each['what'], each['text']) for each in found if each['target'] == 'the cloud'}
    assert told == {
        ('route', 'POST /os-xloud-adjust answers'),
        ('flavors', '1 elastic ones were looked at'),
        *(('computes', f'{host} reports {traits.TRAIT}') for host in fleet.computes),
        ('smoke', 'a wrong minimum is refused; '
         'a server was created, grew to 2 vCPUs, and is deleted'),
    }  # fmt: skip
    assert fleet.does('plan').count('nothing to do') == len(fleet.hosts)


def _prepare_to_leave(world: World, elastic: str, tenants: list[Tenant]) -> None:
    """As the checklist has it: no new elastic servers, and nobody adjusts."""
    identity = world.admin.compute.find_flavor(elastic, ignore_missing=False)
    for name in SPECS:
        world.admin.compute.delete_flavor_extra_specs_property(identity, name)
    for tenant in tenants:
        if world.accounting.size(tenant.server) != SMALL:
            world.adjust(tenant.server, SMALL.vcpus, SMALL.memory_mb)


def _need_room(world: World, fleet: Fleet, tenant: Tenant) -> None:
    """A host without room is named, with its server, before anything is changed."""
    with _crowded(world, tenant.host):
        done = fleet.run('rollback', '--dry-run')
        assert done.returncode == 1
        lines = done.stdout.splitlines()
        at = next(n for n, line in enumerate(lines) if line.startswith(tenant.server))
        assert lines[at + 1] == f'    cannot: {tenant.host} has 2 VCPU free, it needs 3 more'
        assert lines[-1] == '3 servers are to grow to the size of their flavor, 1 of them cannot'
        done = fleet.run('rollback')
        assert done.returncode == 1
        assert f'{tenant.host} has 2 VCPU free, it needs 3 more' in done.stderr
        assert 'run rollback again; nothing was changed' in done.stderr
    assert fleet.versions() == dict.fromkeys(fleet.hosts, fleet.fork)
    assert world.accounting.size(tenant.server) == SMALL
    assert fleet.does('rollback', '--dry-run').splitlines()[-1] == (
        '3 servers are to grow to the size of their flavor, 0 of them cannot'
    )


def _need_quota(world: World, fleet: Fleet, tenant: Tenant) -> None:
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
        assert done.stdout.count(f'    cannot: {obstacle}\n') == 3
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
def _crowded(world: World, host: str) -> Iterator[None]:
    """Have placement let a host have four VCPUs in all."""
    provider = next(each for each, name in world.accounting.providers().items() if name == host)
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
