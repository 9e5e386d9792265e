"""One of several fails in the middle of an adjustment: a client that repeats gets what it wants.

Each test has a client that grows a server, and repeats what fails; one service is
killed, frozen or isolated in the meantime and stays that until the client has had two
more sizes. The seconds that took are printed as a table at the end.
"""

from __future__ import annotations

import collections
import concurrent.futures
import contextlib
import itertools
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence

import keystoneauth1.exceptions
import openstack
import pytest

from cloud import errors, ports, process, service, waiting
from cloud.services import galera, haproxy, rabbitmq
from cloud.tests.e2e import conftest, cuts, invariants
from cloud.tests.e2e.logs import Logs
from cloud.tests.e2e.sizes import Size
from cloud.tests.e2e.world import World

MINIMUM, FIRST, NEXT = Size(1, 256), Size(2, 256), Size(3, 256)

#: Seconds that a client repeats, and that the nodes may take to be together again.
PATIENCE, TOGETHER = 240, 60

#: Seconds that a broker is away from its peers at least: they notice it after up to 19.
APART = 30

#: That of Debian 12. A node of it that has paused now and then waits forever when it starts
#: again: https://github.com/rabbitmq/rabbitmq-server/issues/6034
STICKY = '3.10.8'

#: How it shows that a service does not answer.
UNREACHABLE = (
    openstack.exceptions.SDKException,
    keystoneauth1.exceptions.ClientException,
    errors.CloudError,
)

#: What services say of those that are gone.
LOST = (
    'AMQP|amqp|Connection|MessagingTimeout|MessageDeliveryFailure|ServiceUnavailable|'
    'ConnectFailure|OperationalError|DBConnectionError|InternalError|WSREP|Lost connection|'
    'gone away|Placement|placement|RemoteError|OSError|Timed out|timed out|Keystone|keystone|'
    'Deadlock|refused|Unauthorized'
)

pytestmark = pytest.mark.usefixtures('forked', 'server', 'all_up')


@pytest.fixture
def server(world: World) -> Iterator[str]:
    """Each case has a server of its own: one that is stuck fails no other case."""
    if not world.context.settings.ha or not world.forked:
        pytest.skip('needs `xcloud up --ha`')
    made = conftest.new_server(world.admin, 'elastic', 'guest')
    try:
        world.api.wait(made, 'ACTIVE')
        world.comes_up(made, MINIMUM)
        yield made
    finally:
        world.remove([made])


@pytest.fixture(scope='module')
def table(request: pytest.FixtureRequest) -> Iterator[list[tuple[str, ...]]]:
    """Rows of what was measured; they are shown when all is over."""
    rows: list[tuple[str, ...]] = [
        ('service', 'fault', 'size in work', 'next size', 'together again', 'answers')
    ]
    yield rows
    reporter = request.config.pluginmanager.getplugin('terminalreporter')
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    reporter.ensure_newline()
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        reporter.write_line('  '.join(cells).rstrip())


@pytest.fixture
def threads() -> Iterator[concurrent.futures.ThreadPoolExecutor]:
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        yield pool


class Client:
    """Wants sizes of a server, and requests each until it has it."""

    def __init__(self, world: World, server: str) -> None:
        self.world = world
        self.server = server
        self.accepted: list[str] = []
        self.answers: collections.Counter[str] = collections.Counter()

    def gets(self, size: Size) -> None:
        """Return when the server has a size."""
        if not waiting.until(lambda: self._progress(size), PATIENCE, 0.3):
            raise AssertionError(f'after {PATIENCE} s the server is not {size}: {self.answers}')

    def _progress(self, size: Size) -> bool:
        """Return whether the guest has a size, and it is accounted for; request it if not."""
        try:
            status = self.world.api.status(self.server)
            if (status['adjust'] or {}).get('state') == 'running':
                return False
            current = Size(status['current_vcpus'], status['current_memory_mb'])
            accounted = Size(status['accounted_vcpus'], status['accounted_memory_mb'])
            if status['source'] == 'hypervisor' and current == accounted == size:
                return True
            body = {'current_vcpus': size.vcpus, 'current_memory_mb': size.memory_mb}
            answer = self.world.admin.compute.post(f'/os-xloud-adjust/{self.server}', json=body)
        except UNREACHABLE:
            self.answers['none'] += 1
            return False
        self.answers[str(answer.status_code)] += 1
        if answer.status_code == 202:
            self.accepted.append(answer.headers['x-openstack-request-id'])
        return False

    def is_in_history(self) -> bool:
        """Return whether all that was accepted is in the history of the server."""
        answer = self.world.admin.compute.get(f'/servers/{self.server}/os-instance-actions')
        openstack.exceptions.raise_from_response(answer)
        kept = {action['request_id'] for action in answer.json()['instanceActions']}
        return kept.issuperset(self.accepted)


def writer(world: World) -> service.Service:
    """Return the database that is written to."""
    label = galera.writer(world.context)
    assert label, 'no node of the database answers'
    return world.faults.services[label]


def reader(world: World) -> service.Service:
    """Return another database."""
    used = writer(world)
    return next(part for part in world.faults.parts('mariadb') if part.label != used.label)


def broker(world: World) -> service.Service:
    """Return the broker that most services use."""
    port = world.context.settings.port('rabbitmq')
    return max(
        world.faults.parts('rabbitmq'), key=lambda part: ports.connections(port, part.address)
    )


def second(name: str) -> Callable[[World], service.Service]:
    return lambda world: world.faults.parts(name)[1]


WRITER = 'the database written to'

VICTIMS: dict[str, Callable[[World], service.Service]] = {
    WRITER: writer,
    'another database': reader,
    'a broker': broker,
    **{
        f'one {name}': second(name)
        for name in ('nova-api', 'nova-conductor', 'nova-scheduler', 'placement', 'keystone')
    },
}


@contextlib.contextmanager
def killed(world: World, victim: service.Service) -> Iterator[None]:
    world.faults.kill(victim.label)
    try:
        yield
    finally:
        world.faults.resume(victim.label)


@contextlib.contextmanager
def frozen(world: World, victim: service.Service) -> Iterator[None]:
    with world.faults.frozen(victim.label):
        yield


def peers(world: World, victim: service.Service) -> list[str]:
    """Return the addresses of the other nodes."""
    nodes = world.context.settings.nodes.values()
    return [node for node in nodes if node != victim.address]


@contextlib.contextmanager
def isolated(world: World, victim: service.Service) -> Iterator[None]:
    """Part a database or a broker from its peers, and an API from HAProxy."""
    if isinstance(victim, service.Wsgi):
        rules = cuts.to(victim.address, [*victim.ports().values(), victim.life_port])
        parted = cuts.made(rules, world.context.state)
    elif isinstance(victim, galera.Node):
        rules = cuts.of_ports(victim.address, peers(world, victim), victim.peer_ports)
        parted = cuts.made(rules, world.context.state)
    elif isinstance(victim, rabbitmq.RabbitMq):
        rules = cuts.of_ports(victim.address, peers(world, victim), victim.peer_ports)
        parted = apart(world, rules)
    else:
        raise AssertionError(f'{victim.label} has no address of its own')
    with parted:
        yield


@contextlib.contextmanager
def apart(world: World, rules: Sequence[cuts.Rule]) -> Iterator[None]:
    """Have a broker, and what else the rules name, away from its peers for long enough."""
    with cuts.made(rules, world.context.state):
        begun = time.monotonic()
        yield
        time.sleep(max(0, begun + APART - time.monotonic()))


@contextlib.contextmanager
def node_isolated(world: World, victim: service.Service) -> Iterator[None]:
    """Part all of the node of a service from the other nodes."""
    with apart(world, cuts.between(victim.address, peers(world, victim))):
        yield


@contextlib.contextmanager
def node_unplugged(world: World, victim: service.Service) -> Iterator[None]:
    """Part all of the node of a service from the other nodes, and from HAProxy."""
    others = [*peers(world, victim), haproxy.HaProxy.address]
    with apart(world, cuts.between(victim.address, others)):
        yield


FAULTS = {
    'killed': killed,
    'frozen': frozen,
    'isolated': isolated,
    'node isolated': node_isolated,
    'node unplugged': node_unplugged,
}

#: Without an address of their own.
_NOT_CUT = ('one nova-conductor', 'one nova-scheduler')

CASES = [
    *((victim, fault) for victim in VICTIMS for fault in ('killed', 'frozen')),
    *((victim, 'isolated') for victim in VICTIMS if victim not in _NOT_CUT),
    *((WRITER, fault) for fault in ('node isolated', 'node unplugged')),
]


def databases_are_together(world: World) -> bool:
    """Return whether every node of the database is with the others."""
    nodes = [part.variables() for part in world.faults.parts('mariadb')]
    return all(
        said.get('wsrep_local_state_comment') == 'Synced' and said['wsrep_cluster_size'] == '3'
        for said in nodes
    )


def is_whole(world: World) -> bool:
    """Return whether every node of the databases and brokers is with the others."""
    together = 'together: xcloud-1, xcloud-2, xcloud-3'
    return databases_are_together(world) and all(
        part.note() == together for part in world.faults.parts('rabbitmq')
    )


def refuses_writes(node: galera.Node) -> None:
    """Check that a node without a majority takes no write, also not past HAProxy."""
    with pytest.raises(errors.CommandError) as raised:
        node.client('CREATE TABLE nova.taken (number INT)')
    assert 'WSREP has not yet prepared node' in raised.value.evidence


def one_is_written_to(world: World) -> None:
    """Check that all connections to databases are to the node that a new one is to."""
    sessions = haproxy.HaProxy(world.context).sessions('mariadb')
    used = [label for label, count in sessions.items() if count]
    assert used == [writer(world).label], 'more than one database is written to'


@pytest.mark.parametrize(('victim', 'fault'), CASES)
def test_one_of_several_fails(
    world: World,
    server: str,
    victim: str,
    fault: str,
    table: list[tuple[str, ...]],
    threads: concurrent.futures.ThreadPoolExecutor,
    logs: Logs,
) -> None:
    """Nothing is lost or oversold, no task is left, and what was accepted is in the history."""
    logs.expect(LOST)
    part = VICTIMS[victim](world)
    client = Client(world, server)
    work = threads.submit(client.gets, FIRST)
    # In the middle of it, as far as it takes that long.
    waiting.until(lambda: world.accounting.task(server) == 'xloud_adjusting', 2, 0.02)
    begun = time.monotonic()
    with FAULTS[fault](world, part):
        work.result()
        first = time.monotonic() - begun
        client.gets(NEXT)
        following = time.monotonic() - begun
        if isinstance(part, galera.Node) and 'isolated' in fault:
            refuses_writes(part)
        if isinstance(part, galera.Node):
            one_is_written_to(world)
    healed = time.monotonic()
    how = ''
    if not waiting.until(lambda: is_whole(world), TOGETHER, 1):
        # As who looks after brokers does: see the guide.
        assert databases_are_together(world), 'the databases do not come together'
        stuck = world.faults.parts('rabbitmq')[part.node - 1]
        sticky = isinstance(stuck, rabbitmq.RabbitMq) and stuck.version() == STICKY
        assert fault == 'frozen' or sticky, 'the brokers do not come together'
        world.faults.halt(stuck.label)
        world.faults.resume(stuck.label)
        assert waiting.until(lambda: is_whole(world), TOGETHER, 1), 'nor after a restart'
        how = ', after a restart'
    together = time.monotonic() - healed
    # Also when the one that was used is back.
    one_is_written_to(world)
    assert client.is_in_history()
    client.gets(MINIMUM)
    answers = ', '.join(f'{count} x {what}' for what, count in sorted(client.answers.items()))
    seconds = [f'{value:.1f} s' for value in (first, following, together)]
    table.append((victim, fault, *seconds[:2], seconds[2] + how, answers))
    print(*table[-1], sep=', ')


def everything(world: World) -> set[int]:
    """Return all processes of the cloud, those that have given themselves another name too."""
    leaders = [part.daemon().pid for part in world.faults.services.values()]
    families = [process.family(pid) for pid in leaders if pid is not None]
    return {*world.cloud.processes(), *itertools.chain(*families)}


def test_power_cut(world: World, server: str, logs: Logs) -> None:
    """All processes end at once, in an adjustment; `start` brings the cloud back, servers too."""
    logs.expect(LOST)
    client = Client(world, server)
    client.gets(FIRST)
    assert world.api.post_adjust(server, current_vcpus=NEXT.vcpus) == (202, '')
    for _ in range(3):  # What one of them starts in the meantime ends, too.
        for pid in everything(world):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    assert waiting.until(lambda: not everything(world), 10)
    began = time.monotonic()
    world.cloud.start()
    print(f'the cloud is back after {time.monotonic() - began:.0f} s')
    assert is_whole(world)
    world.api.wait(server, 'ACTIVE')
    # At either size: the one that was in work may have been given, or not.
    world.api.adjusted(server)
    live = world.guests.live(server)
    assert live in (FIRST, NEXT)
    invariants.check(world, 60)
    assert client.is_in_history()
    client.gets(MINIMUM)
