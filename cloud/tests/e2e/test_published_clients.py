"""The published dashboards: all that each of them sends, in its order, with its headers."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cloud.tests.e2e.conftest import PREFIX
from cloud.tests.e2e.sizes import Size
from cloud.tests.e2e.world import World

Create = Callable[..., str]

pytestmark = pytest.mark.usefixtures('forked')

MINIMUM = Size(1, 256)

#: What the Skyline console reads of a status.
READ = {
    'current_vcpus', 'current_memory_mb', 'max_vcpus', 'max_memory_mb', 'min_vcpus',
    'min_memory_mb', 'balloon_driver_active', 'attached_dimms_mb', 'has_virtiomem',
}  # fmt: skip

#: What it sends with every elastic flavor, and what else its forms have.
NUMA = {'hw:numa_nodes': '1', 'hw:mem_page_size': 'any'}
GENERAL = {':architecture': 'x86_architecture', ':category': 'general_purpose'}
#: Of its quotas those that QEMU keeps: the hosts of this cloud have no control groups for CPUs,
#: without which libvirt starts no guest that has quota:cpu_shares.
QUOTAS = {'quota:disk_read_iops_sec': '1000', 'quota:disk_write_iops_sec': '1000'}
MINIMUMS = {'minimum_cpu': '1', 'minimum_memory': '256'}


class Browser:
    """The requests of a dashboard: JSON with the token of its user, and nothing else."""

    def __init__(self, world: World, user: str) -> None:
        self._session = world.connect(user).session
        self._url = world.context.settings.url('nova-api') + '/v2.1'

    def send(self, method: str, path: str, body: Any = None, version: str = '') -> tuple[int, Any]:
        """Return the status and the body of an answer."""
        headers = {'OpenStack-API-Version': f'compute {version}'} if version else {}
        answer = self._session.request(
            self._url + path, method, json=body, headers=headers, raise_exc=False
        )
        return answer.status_code, answer.json() if answer.content else None


@pytest.fixture
def operator(world: World) -> Browser:
    return Browser(world, 'xcloud')


@pytest.fixture
def tenant(world: World) -> Browser:
    return Browser(world, 'xcloud-demo')


@pytest.fixture
def form(operator: Browser) -> Iterator[Callable[..., tuple[str, int, Any]]]:
    """Fill in a form for flavors: one request for the flavor, and one for its extra specs."""
    made: list[str] = []

    def send(vcpus: int, ram: int, specs: dict[str, str]) -> tuple[str, int, Any]:
        name = f'{PREFIX}{uuid.uuid4().hex[:6]}'
        body = {'flavor': {'name': name, 'vcpus': vcpus, 'ram': ram, 'disk': 1}}
        status, answer = operator.send('POST', '/flavors', body)
        assert status == 200, answer
        made.append(answer['flavor']['id'])
        path = f'/flavors/{made[-1]}/os-extra_specs'
        return (name, *operator.send('POST', path, {'extra_specs': specs}))

    yield send
    for flavor in made:
        assert operator.send('DELETE', f'/flavors/{flavor}')[0] == 202


def cpus_of_cell(world: World) -> int:
    """Return how many vCPUs a server can have in one NUMA cell, of which these forms make one."""
    return min(4, world.accounting.cell(world.hosts[0].host).vcpus)


@pytest.mark.parametrize('more', [GENERAL, QUOTAS, {**GENERAL, **QUOTAS}])
def test_skyline(
    world: World, create: Create, tenant: Browser, form: Any, more: dict[str, str]
) -> None:
    """The flavor form, the server, what decides whether to show the form, the status, the form."""
    most = cpus_of_cell(world)
    name, status, answer = form(most, 768, {**MINIMUMS, **NUMA, **more})
    assert status == 200, answer
    server = create(name, connection=world.connect('xcloud-demo'))
    world.comes_up(server, MINIMUM)

    _, answer = tenant.send('GET', f'/servers/{server}', version='2.79')
    entry = answer['server']
    assert (entry['status'], entry['locked']) == ('ACTIVE', False)
    assert set(MINIMUMS) <= set(entry['flavor']['extra_specs'])

    status, answer = tenant.send('GET', f'/servers/{server}/xloud-status')
    assert (status, set(answer)) == (200, {'xloud_status'})
    assert set(answer['xloud_status']) >= READ
    assert answer['xloud_status']['current_memory_mb'] == 256

    # All three in any case, memory in gigabytes with two decimals.
    for vcpus, gigabytes, persist in ((most, 0.75, True), (1, 0.5, True), (most, 0.5, False)):
        body = {
            'current_vcpus': vcpus,
            'current_memory_mb': round(gigabytes * 1024),
            'persist': persist,
        }
        assert tenant.send('POST', f'/os-xloud-adjust/{server}', body) == (202, {})
        assert world.api.adjusted(server, succeeds=True)
        world.guests.reaches(server, Size(vcpus, round(gigabytes * 1024)))
    _, answer = tenant.send('GET', f'/servers/{server}/xloud-status')
    assert answer['xloud_status']['current_vcpus'] == most


def test_skyline_rounds_vcpus_beyond_the_maximum(
    world: World, create: Create, tenant: Browser
) -> None:
    """A multiple of hw:cpu_threads may exceed the maximum: the answer names the range."""
    server = create(connection=world.connect('xcloud-demo'))
    world.comes_up(server, MINIMUM)
    body = {'current_vcpus': 6, 'current_memory_mb': 256, 'persist': True}
    status, answer = tenant.send('POST', f'/os-xloud-adjust/{server}', body)
    assert (status, answer['badRequest']['error_code']) == (400, 'xloud.out_of_range')
    assert re.search('1 to 4 vCPUs; 6', answer['badRequest']['message'])
    assert world.accounting.size(server) == MINIMUM


@pytest.mark.parametrize(
    ('specs', 'status'),
    [
        # Compute-optimised, for virtual GPUs, and for devices: not elastic, as Nova has them.
        (
            {
                'hw:numa_nodes': '1', 'hw:numa_cpus.0': '0,1', 'hw:numa_mem.0': '768',
                'hw:cpu_policy': 'dedicated', 'hw:cpu_thread_policy': 'prefer',
                'hw:mem_page_size': 'large',
            },
            200,
        ),
        ({'resources:VGPU': '1', **GENERAL}, 200),
        ({'pci_passthrough:alias': 'usb:1', **GENERAL}, 200),
        # With minimums only where that is possible.
        ({**MINIMUMS, **NUMA, 'hw:mem_page_size': 'large'}, 400),
        ({**MINIMUMS, **NUMA, 'resources:VGPU': '1'}, 400),
        ({**MINIMUMS, **NUMA, 'pci_passthrough:alias': 'usb:1'}, 400),
        ({**MINIMUMS, **NUMA, 'hw:mem_page_size': 'small'}, 200),
        ({**MINIMUMS, **NUMA, 'quota:cpu_shares': '1024'}, 200),
        ({**MINIMUMS, **NUMA, 'hw:mem_hotplug_virtio': 'true', 'hw:machine_type': 'q35'}, 200),
    ],
)  # fmt: skip
def test_forms_for_flavors(form: Any, specs: dict[str, str], status: int) -> None:
    """Each form of the console is taken as it is, or refused in one sentence for people."""
    _, answered, answer = form(2, 768, specs)
    assert answered == status, answer
    if status == 400:
        message = answer['badRequest']['message']
        assert 'minimum_memory' in message
        assert len(message) < 500


@pytest.mark.parametrize(
    'body', [{'current_vcpus': 3}, {'current_memory_mb': 512}, {'current_vcpus': '2'}]
)
@pytest.mark.parametrize('persist', [True, False])
def test_horizon_form(
    world: World, create: Create, tenant: Browser, body: dict[str, Any], persist: bool
) -> None:
    """What has changed, and whether permanently; no version, and no status is ever read."""
    server = create(connection=world.connect('xcloud-demo'))
    world.comes_up(server, MINIMUM)
    path = f'/os-xloud-adjust/{server}'
    assert tenant.send('POST', path, {**body, 'persist': persist})[0] in (200, 202, 204)
    assert world.api.adjusted(server, succeeds=True)
    size = Size(
        int(body.get('current_vcpus', MINIMUM.vcpus)),
        int(body.get('current_memory_mb', MINIMUM.memory_mb)),
    )
    world.guests.reaches(server, size)
    assert (world.accounting.start_size(server) == size) == persist
    # It shows the first 500 characters of an error.
    status, answer = tenant.send('POST', path, {'current_vcpus': 9, 'persist': persist})
    assert status == 400
    assert len(str(answer)) < 500


def test_later_documents(world: World, create: Create, tenant: Browser, form: Any) -> None:
    """The other names of the minimums, of the routes, and one route of a deployment note."""
    name, status, answer = form(4, 768, {'hw:cpu_min': '1', 'hw:mem_min': '256'})
    assert status == 200, answer
    server = create(name, connection=world.connect('xcloud-demo'))
    world.comes_up(server, MINIMUM)
    status, answer = tenant.send('GET', f'/servers/{server}/polystack-status')
    assert status == 200
    assert set(answer['xloud_status']) >= READ
    for path, vcpus in (
        (f'/os-polystack-adjust/{server}', 3),
        (f'/servers/{server}/os-xloud-adjust', 2),
    ):
        body = {'current_vcpus': vcpus, 'current_memory_mb': 512, 'persist': True}
        assert tenant.send('POST', path, body) == (202, {})
        assert world.api.adjusted(server, succeeds=True)
        world.guests.reaches(server, Size(vcpus, 512))
