"""Two nodes of the database are written to: certification conflicts, and reads of what is old.

The reference has one writer. Here there are others all the same: clients that change the record
of a server that is being adjusted, and services that each use a node of their own.
"""

from __future__ import annotations

import collections
import concurrent.futures
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import openstack
import pytest
import sqlalchemy
import sqlalchemy.exc

from cloud import ini, service, waiting
from cloud.services import galera, nova, placement
from cloud.tests.e2e import sampling
from cloud.tests.e2e.logs import Logs
from cloud.tests.e2e.sizes import Size
from cloud.tests.e2e.world import World

Create = Callable[..., str]

MINIMUM, GROWN, LARGE = Size(1, 256), Size(2, 256), Size(3, 256)

#: Sizes that each server is given one after the other.
SIZES = [GROWN, LARGE, MINIMUM] * 4

#: Seconds between two writes of a client.
PAUSE = 0.01

#: Seconds in which a server gets a size, repetitions included.
PATIENCE = 120

#: What a request may be answered with that comes across another writer, besides 500, the answer
#: of Nova to a deadlock that it does not repeat.
CLEAN = {
    'xloud.cancelled', 'xloud.concurrent_update', 'xloud.host_error', 'xloud.in_progress',
    'xloud.invalid_state', 'xloud.placement_unavailable', 'xloud.server_changed',
}  # fmt: skip

#: How an adjustment ends for which something old was read.
OLD = {'xloud.cancelled', 'xloud.interrupted', 'xloud.server_changed'}

#: What services say of it.
CONFLICT = 'DBDeadlock|Deadlock|InstanceActionNotFound|InstanceUpdateConflict|RemoteError|WSREP'

pytestmark = pytest.mark.usefixtures('all_up')


@pytest.fixture
def servers(world: World, create: Create, ha: None) -> list[str]:
    made = [create('elastic') for _ in range(3)]
    for server in made:
        world.comes_up(server, MINIMUM)
    return made


def databases(world: World) -> list[galera.Node]:
    return [part for part in world.faults.parts('mariadb') if isinstance(part, galera.Node)]


def url(world: World, node: galera.Node, name: str) -> str:
    """Return the URL of a database that leads past HAProxy to one node."""
    through = world.context.database(name)
    address = f'@{node.address}:'
    assert through.count('@127.0.0.1:') == 1
    return through.replace('@127.0.0.1:', address)


def conflicts(nodes: Iterable[galera.Node]) -> int:
    """Return how many transactions begun on nodes were rolled back because of others' writes."""
    names = ('wsrep_local_cert_failures', 'wsrep_local_bf_aborts')
    return sum(int(node.variables()[name]) for node in nodes for name in names)


class Writer(threading.Thread):
    """Changes the description of servers on one node, and knows what it has written."""

    def __init__(self, world: World, node: galera.Node, servers: list[str]) -> None:
        super().__init__(daemon=True)
        self.node = node
        self.servers = servers
        self.written = 0
        self.refused = 0
        self._engine = sqlalchemy.create_engine(
            url(world, node, 'nova'), isolation_level='AUTOCOMMIT'
        )
        self._is_over = threading.Event()
        self._error: Exception | None = None

    def run(self) -> None:
        try:
            self._write()
        except Exception as error:  # For who waits for it.
            self._error = error

    def _write(self) -> None:
        query = sqlalchemy.text(
            'UPDATE instances SET display_description = :text WHERE uuid = :uuid'
        )
        with self._engine.connect() as connection:
            while not self._is_over.wait(PAUSE):
                text = f'{self.node.label} {self.written}'
                uuid = self.servers[self.written % len(self.servers)]
                try:
                    connection.execute(query, {'text': text, 'uuid': uuid})
                    self.written += 1
                except sqlalchemy.exc.OperationalError as error:
                    # As for services: the transaction is to be repeated.
                    if 'Deadlock' not in str(error):
                        raise
                    self.refused += 1

    def __enter__(self) -> Writer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self.join()
        if self._error:
            raise self._error


class Client:
    """Has a server get sizes, one after the other, and repeats what is refused cleanly."""

    def __init__(self, world: World, server: str) -> None:
        self.world = world
        self.server = server
        self.compute = world.connect('xcloud').compute
        self.accepted: list[str] = []
        self.outcomes: collections.Counter[str] = collections.Counter()

    def gets(self, sizes: list[Size]) -> None:
        for size in sizes:
            if not waiting.until(lambda size=size: self._try(size), PATIENCE, 0.2):
                raise AssertionError(f'no {size} in {PATIENCE} s: {self.outcomes}')

    def _try(self, size: Size) -> bool:
        """Request a size once; return whether the server has it then, and check if it has not."""
        before = self.world.accounting.size(self.server)
        body = {'current_vcpus': size.vcpus, 'current_memory_mb': size.memory_mb}
        answer = self.compute.post(f'/os-xloud-adjust/{self.server}', json=body)
        if answer.status_code == 202:
            self.accepted.append(answer.headers['x-openstack-request-id'])
            last = self.world.api.adjusted(self.server, seconds=PATIENCE)
            self.outcomes[last['code'] or last['state']] += 1
            if last['code'] == 'xloud.interrupted':  # Only its end was not written down.
                after = self.world.accounting.size(self.server)
            else:
                after = size if last['state'] == 'succeeded' else before
        else:
            (error,) = answer.json().values()
            code = error.get('error_code', str(answer.status_code))
            assert code in CLEAN or answer.status_code == 500, error
            self.outcomes[code] += 1
            after = before
        self._has(after)
        return after == size

    def _has(self, size: Size) -> None:
        """Wait until all records of a server, and its guest, have a size and no task is left."""
        state: list[object] = []

        def agrees() -> bool:
            state[:] = [
                self.world.accounting.size(self.server),
                *self.world.accounting.allocations(self.server).values(),
                self.world.guests.live(self.server),
            ]
            task = self.world.accounting.task(self.server)
            return task is None and state == [size] * 3

        if not waiting.until(agrees, PATIENCE, 0.2):
            raise AssertionError(f'the server is not {size}: {state}')


def get_all(world: World, servers: list[str]) -> list[Client]:
    """Have servers get their sizes at the same time; check that nothing of it is lost."""
    clients = [Client(world, server) for server in servers]
    with concurrent.futures.ThreadPoolExecutor(len(clients)) as pool:
        list(pool.map(lambda client: client.gets(SIZES), clients))
    for client in clients:
        answer = world.admin.compute.get(f'/servers/{client.server}/os-instance-actions')
        openstack.exceptions.raise_from_response(answer)
        kept = {action['request_id'] for action in answer.json()['instanceActions']}
        assert kept.issuperset(client.accepted)
    assert sampling.breaks(world.context, servers) == []
    nova.Control(world.context).manage('xloud', 'audit', '--history')
    print(*(dict(client.outcomes) for client in clients), sep='\n')
    return clients


@pytest.mark.parametrize('side', ['beside the services', 'on another node'])
def test_clients_change_the_record(world: World, servers: list[str], side: str, logs: Logs) -> None:
    """What an adjustment writes is repeated after a conflict; what is not, is undone."""
    logs.expect(CONFLICT)
    label = galera.writer(world.context)
    used = next(node for node in databases(world) if node.label == label)
    nodes = [node for node in databases(world) if node.label != label]
    if side == 'beside the services':
        nodes[0] = used
    before = conflicts([used])
    with Writer(world, nodes[0], servers) as first, Writer(world, nodes[1], servers) as second:
        clients = get_all(world, servers)
    count = conflicts([used]) - before
    print(f'{count} conflicts where the services write')
    for writer in (first, second):
        print(f'{writer.node.label}: {writer.written} writes, {writer.refused} refused')
        assert writer.written > 0
    assert count > 0, 'no conflict was provoked'
    # The last of either is what the record has, on all nodes: nothing was lost of it.
    query = sqlalchemy.text('SELECT display_description FROM instances WHERE uuid = :uuid')
    for client in clients:
        texts = set()
        for node in databases(world):
            with sqlalchemy.create_engine(url(world, node, 'nova')).connect() as connection:
                texts.add(connection.execute(query, {'uuid': client.server}).scalar())
        assert len(texts) == 1, texts
        (text,) = texts
        label, _, number = str(text).rpartition(' ')
        writer = next(entry for entry in (first, second) if entry.node.label == label)
        assert writer.written - int(number) <= len(servers)


@pytest.fixture
def apart(world: World) -> Iterator[Callable[[int], None]]:
    """Have conductors and placements each use the database of their own node.

    The API stays with the one behind HAProxy: it reads in its own database where that of a cell is.
    """
    kinds = (nova.Conductor, placement.Placement)
    parts = [kind(world.context, number) for kind in kinds for number in service.PAIR]
    labels = [part.label for part in parts]
    kept = {file(part): file(part).read_text() for part in parts}

    def separate(sync_wait: int) -> None:
        for node in databases(world):
            node.client(f'SET GLOBAL wsrep_sync_wait = {sync_wait}')
        with world.faults.down(*labels):
            for part in parts:
                node = galera.Node(world.context, part.node)
                # Of two values of an option the last one is used.
                file(part).write_text(
                    f'{kept[file(part)]}\n{ini.render(own_database(world, part, node))}'
                )

    yield separate
    for node in databases(world):
        node.client('SET GLOBAL wsrep_sync_wait = 0')
    with world.faults.down(*labels):
        for path, text in kept.items():
            path.write_text(text)


def file(part: service.Service) -> Path:
    """Return the configuration that a service has on its node alone."""
    if isinstance(part, nova.Control):
        return part.own_file
    return part.state.etc(part.label) / 'placement.conf'


def own_database(world: World, part: service.Service, node: galera.Node) -> ini.Sections:
    if isinstance(part, placement.Placement):
        return {'placement_database': {'connection': url(world, node, 'placement')}}
    return {'database': {'connection': url(world, node, 'nova')}}


def writes(world: World) -> dict[str, int]:
    """Return how many transactions each node has handed to the others."""
    return {node.label: int(node.variables()['wsrep_replicated']) for node in databases(world)}


@pytest.mark.parametrize('sync_wait', [1, 0], ids=['waits', 'does not wait'])
def test_services_write_to_their_own_nodes(
    world: World,
    servers: list[str],
    apart: Callable[[int], None],
    sync_wait: int,
    logs: Logs,
) -> None:
    """A step that does not see what the one before has written refuses, and changes nothing."""
    logs.expect(CONFLICT)
    apart(sync_wait)
    nodes = databases(world)
    before, written = conflicts(nodes), writes(world)
    clients = get_all(world, servers)
    print(f'{conflicts(nodes) - before} conflicts')
    more = {label: count - written[label] for label, count in writes(world).items()}
    print(f'transactions: {more}')
    assert sum(count > len(SIZES) for count in more.values()) >= len(service.PAIR), more
    if sync_wait:
        assert all(OLD.isdisjoint(client.outcomes) for client in clients)
