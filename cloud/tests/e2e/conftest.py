"""What every end-to-end test gets, and what is checked after each."""

from __future__ import annotations

import contextlib
import importlib.util
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keystoneauth1.exceptions
import openstack
import pytest
from openstack.connection import Connection

from cloud import ini
from cloud.guest import distribution
from cloud.services import compute, nova
from cloud.tests.e2e import browser, debians, invariants
from cloud.tests.e2e.browser import Dashboard
from cloud.tests.e2e.logs import Logs
from cloud.tests.e2e.sizes import HELD_MB, Size
from cloud.tests.e2e.world import World

#: The name of every server that is made here begins so.
PREFIX = 'e2e-'


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption('--busy', type=int, default=120, help='seconds of adjustments under load')
    parser.addoption('--changes', type=int, default=40, help='changes of the sizes of servers')
    parser.addoption('--hang', type=int, default=90, help='seconds that a QEMU stands still')
    parser.addoption('--pictures', help='folder for pictures of the dashboard')
    parser.addoption('--shrinks', type=int, default=30, help='shrinks of guests under load')


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line('markers', 'short: part of the quick selection')
    config.addinivalue_line('markers', 'hosts(n): needs n libvirt computes, in one cell')


@pytest.fixture(scope='session')
def world() -> World:
    """The cloud, without what a run that was interrupted has left in it."""
    cloud = World()
    everything = cloud.admin.compute.servers(all_projects=True)
    cloud.remove(entry.id for entry in everything if entry.name.startswith(PREFIX))
    return cloud


@pytest.fixture(autouse=True)
def enough_hosts(request: pytest.FixtureRequest, world: World) -> None:
    """Skip a test that needs more hosts than the cloud has."""
    marker = request.node.get_closest_marker('hosts')
    if marker and len(world.hosts) < marker.args[0]:
        pytest.skip(f'needs `xcloud up --computes {marker.args[0]}`')
    if marker and world.context.settings.own_cells:
        # Nothing moves from one to another but by a resize.
        pytest.skip('needs hosts that are all in one cell')


@pytest.fixture(autouse=True)
def logs(request: pytest.FixtureRequest, world: World, enough_hosts: None) -> Iterator[Logs]:
    """The logs since the test began; afterwards, all records have to agree."""
    records = Logs(world.context.state)
    yield records
    if request.node.stash.get(_PASSED, False):
        invariants.check(world)
        surprises = records.tracebacks()
        if surprises:
            text = '\n'.join(records.brief(entry) for entry in surprises[:3])
            pytest.fail(f'tracebacks nobody expected:\n{text}', pytrace=False)


@pytest.fixture
def forked(world: World) -> None:
    """For tests of what stock Nova does not have."""
    if not world.forked:
        pytest.skip('the cloud runs stock Nova; run `xcloud up --no-pristine`')


@pytest.fixture
def ha(world: World, forked: None) -> None:
    """For tests that need several of each service."""
    if not world.context.settings.ha:
        pytest.skip('needs `xcloud up --ha`')


def new_server(connection: Connection, flavor: str, image: str, **options: Any) -> str:
    """Request a server; return its identity, whatever becomes of it."""
    created = connection.compute.create_server(
        name=f'{PREFIX}{uuid.uuid4().hex[:6]}',
        flavor_id=connection.compute.find_flavor(flavor, ignore_missing=False).id,
        image_id=connection.image.find_image(image, ignore_missing=False).id,
        networks='none',
        **options,
    )
    return str(created.id)


@pytest.fixture
def create(
    request: pytest.FixtureRequest, world: World, logs: Logs
) -> Iterator[Callable[..., str]]:
    """Make servers; they are deleted when the records were checked."""
    servers: list[str] = []

    def server(flavor: str = '', image: str = 'guest', **options: Any) -> str:
        flavor = flavor or ('elastic' if world.forked else 'small')
        connection = options.pop('connection', world.admin)
        status = options.pop('status', 'ACTIVE')
        servers.append(new_server(connection, flavor, image, **options))
        world.api.wait(servers[-1], status)
        return servers[-1]

    yield server
    try:
        # Records first, while there is something in them.
        if request.node.stash.get(_PASSED, False):
            invariants.check(world)
    finally:
        world.remove(servers)


@pytest.fixture
def all_up(world: World, create: Callable[..., str]) -> Iterator[None]:
    """Start what a test has killed, before its servers are deleted."""
    yield
    for label, part in world.faults.services.items():
        daemon = part.daemon()
        if daemon is not None and daemon.pid is None:
            world.faults.resume(label)


@pytest.fixture
def flavor(world: World) -> Iterator[Callable[..., str]]:
    """Make flavors for one test."""
    flavors: list[str] = []

    def new(vcpus: int, memory: int, disk: int = 1, **specs: str) -> str:
        name = f'e2e-{uuid.uuid4().hex[:6]}'
        created = world.admin.compute.create_flavor(name=name, vcpus=vcpus, ram=memory, disk=disk)
        flavors.append(created.id)
        if specs:
            world.admin.compute.create_flavor_extra_specs(created, specs)
        return name

    yield new
    for entry in flavors:
        world.admin.compute.delete_flavor(entry)


@pytest.fixture
def quota(world: World) -> Iterator[Callable[..., None]]:
    """Set limits of a project for one test."""
    changed: list[str] = []

    def path(project: str) -> str:
        return f'/os-quota-sets/{world.api.project(project)}'

    def limit(project: str, **values: int) -> None:
        changed.append(project)
        answer = world.admin.compute.put(path(project), json={'quota_set': values})
        openstack.exceptions.raise_from_response(answer)

    yield limit
    for project in changed:
        world.admin.compute.delete(path(project))


@pytest.fixture
def log_in(
    request: pytest.FixtureRequest, world: World, tmp_path: Path, logs: Logs
) -> Iterator[Callable[[str], Dashboard]]:
    """Start a browser for a person; skip where there is none, or no dashboard."""
    if not world.context.settings.dashboard:
        pytest.skip('the cloud has no dashboard; run `xcloud up --dashboard`')
    if browser.missing() or importlib.util.find_spec('selenium') is None:
        pytest.skip('there is no browser; run `xcloud e2e --browser`')
    with browser.started(tmp_path / 'profile') as driver:

        def start(user: str) -> Dashboard:
            url = world.context.settings.url('dashboard')
            page = Dashboard(driver, url, request.config.getoption('--pictures'))
            page.log_in(user, world.context.passwords[user])
            return page

        yield start


@pytest.fixture
def boot(world: World, create: Callable[..., str]) -> Callable[..., str]:
    """Boot servers of the project of the member and the reader, with 1 vCPU and 256 MiB."""

    def new(flavor: str = 'elastic', name: str = '', **options: Any) -> str:
        server = create(flavor, connection=world.connect('xcloud-demo'), **options)
        if name:
            world.admin.compute.update_server(server, name=name)
        world.comes_up(server, Size(1, 256))
        return server

    return new


@pytest.fixture
def disks(world: World) -> distribution.Disks:
    """The disks of distributions, if they were requested."""
    if not world.context.settings.distributions:
        pytest.skip('needs `xcloud up --distributions`')
    return distribution.Disks(world.context.state)


@pytest.fixture
def boot_debian(
    world: World, disks: distribution.Disks, create: Callable[..., str], flavor: Callable[..., str]
) -> debians.Boot:
    """Boot a server with Debian at the minimum of a flavor of its own."""
    return debians.Boot(world, create, flavor)


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Print at once, whatever pytest captures."""

    def line(text: str) -> None:
        with capsys.disabled():
            print(f'\n{text}', end='', flush=True)

    return line


@pytest.fixture
def crowd(
    world: World,
    create: Callable[..., str],
    flavor: Callable[..., str],
    quota: Callable[..., None],
) -> Callable[[str], str]:
    """Boot a server beside another one that leaves their host a single vCPU."""

    def new(server: str) -> str:
        quota('admin', cores=-1, ram=-1)
        place = world.accounting.host(server)
        assert place
        names = world.accounting.providers()
        provider = next(key for key, name in names.items() if name == place)
        used = world.accounting.usage(provider).vcpus
        others = flavor(world.accounting.host_vcpus(place) - used - 1, 192)
        return create(others, availability_zone=f'nova:{place}')

    return new


@pytest.fixture
def cramped(
    world: World,
    create: Callable[..., str],
    flavor: Callable[..., str],
    crowd: Callable[[str], str],
) -> str:
    """Boot a server of 1 to 4 vCPUs on the first host, which has one left, and let it hold data."""
    zone = f'nova:{world.hosts[0].host}'
    server = create(flavor(4, 256, minimum_cpu='1'), availability_zone=zone)
    world.comes_up(server, Size(1, 256))
    world.guests.hears(server)
    world.guests.hold(server, HELD_MB)
    crowd(server)
    return server


@pytest.fixture
def host_options(world: World) -> Iterator[Callable[[ini.Sections], None]]:
    """Have the compute services of libvirt hosts run with other options for one test."""
    computes = [compute.Compute(world.context, place.number) for place in world.hosts]

    def change(sections: ini.Sections) -> None:
        for service in computes:
            own = service.file.read_text()
            with world.faults.down(service.label):
                # Of two values of an option the last one is used.
                service.file.write_text(f'{own}\n{ini.render(sections)}')

    yield change
    for service in computes:
        with world.faults.down(service.label):
            service.configure()


@pytest.fixture
def control_options(world: World) -> Iterator[Callable[[ini.Sections], None]]:
    """Have the conductor and the scheduler run with other options for one test."""
    file = nova.Conductor(world.context).file
    own = file.read_text()

    def write(text: str) -> None:
        with world.faults.down('nova-conductor', 'nova-scheduler'):
            file.write_text(text)

    yield lambda sections: write(f'{own}\n{ini.render(sections)}')
    write(own)


@pytest.fixture
def snapshots(world: World) -> Iterator[None]:
    """Delete the images that a test makes."""
    before = {entry.id for entry in world.admin.image.images()}
    yield
    for entry in world.admin.image.images():
        if entry.id not in before:
            world.admin.image.delete_image(entry)


_PASSED = pytest.StashKey[bool]()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Show the few log lines that matter under a test that failed."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    if report.when == 'call':
        item.stash[_PASSED] = report.passed
    fixtures = getattr(item, 'funcargs', {})
    if report.failed and 'logs' in fixtures and 'world' in fixtures:
        words = _words_of_guests(fixtures['world'])
        lines = fixtures['logs'].matter(list(words))
        report.sections.append(('the services said', lines or 'nothing of note'))
        for server, text in words.items():
            report.sections.append((f'the guest of {server} said', text))


def _words_of_guests(world: World) -> dict[str, str]:
    """Return what the guest of each server said, as far as the cloud answers."""
    words: dict[str, str] = {}
    # One that does not has been killed by the test, or the logs say why.
    with contextlib.suppress(
        openstack.exceptions.SDKException, keystoneauth1.exceptions.ClientException
    ):
        words.update(
            (entry.id, 'nothing that can be read') for entry in world.admin.compute.servers()
        )
        for server in words:
            words[server] = world.guests.trouble(server)
    return words
