"""Several of everything: who is where, and which node of the database begins."""

from __future__ import annotations

import collections
import shutil
import subprocess
from pathlib import Path

import pytest

from cloud import errors, service, services, settings
from cloud.services import galera, haproxy, nova, rabbitmq

HISTORY = '9f5b7636-ec5d-11f1-bc55-be6bd2bfea82'
OTHER = '00c0ffee-ec5d-11f1-bc55-be6bd2bfea82'


@pytest.fixture
def context(tmp_path: Path) -> service.Context:
    state = settings.State(tmp_path / 'cloud')
    state.prepare()
    return service.Context(state, settings.Settings.new({'ha': True, 'release': '2024.1'}))


def state_of(context: service.Context, number: int, history: str, write: str) -> galera.Node:
    """Return a node that has left a state behind."""
    node = galera.Node(context, number)
    tables = node.data / 'tables'
    tables.mkdir(parents=True)
    text = f'# GALERA saved state\nversion: 2.1\nuuid:    {history}\nseqno:   {write}\n'
    (tables / 'grastate.dat').write_text(f'{text}safe_to_bootstrap: 0\n')
    return node


def test_database_of_a_cluster() -> None:
    """Several of everything means MariaDB, without saying so, and nothing else."""
    assert settings.Settings.new({'ha': True}).database == 'mariadb'
    with pytest.raises(errors.CheckError) as raised:
        settings.Settings.new({'ha': True, 'database': 'sqlite'})
    assert str(raised.value) == (
        '--ha makes a cluster of databases, and --db sqlite has none\n'
        'use --db mariadb, or leave it out'
    )


def test_one_is_not_made_several() -> None:
    """A cloud stays what it was made as."""
    with pytest.raises(errors.CheckError) as raised:
        settings.Settings(database='mariadb').following({'ha': True})
    assert str(raised.value) == (
        'this cloud was made without --ha\nrun `xcloud wipe` first, it cannot be changed in place'
    )
    kept = settings.Settings.new({'ha': True})
    assert kept.following({'computes': 2}).ha


def test_how_many_of_what(context: service.Context) -> None:
    """Three of what keeps something, two of what does not, each with its own label and log."""
    parts = services.every(services.waves(context))
    labels = [part.label for part in parts]
    assert len(set(labels)) == len(labels)
    counts = collections.Counter(part.name for part in parts if part.node)
    assert counts == {
        'mariadb': 3, 'mariadb-check': 3, 'rabbitmq': 3,
        'keystone': 2, 'placement': 2, 'nova-api': 2, 'nova-conductor': 2, 'nova-scheduler': 2,
    }  # fmt: skip


def test_ports_are_apart(context: service.Context) -> None:
    """No two services listen at one place, and HAProxy is where clients look."""
    places = [
        (part.address, port)
        for part in services.every(services.waves(context))
        for port in part.ports().values()
    ]
    assert len(set(places)) == len(places)
    kinds = {'mariadb', 'rabbitmq', 'keystone', 'placement', 'nova-api'}
    assert set(haproxy.HaProxy(context).ports()) == kinds


def test_plain_cloud_has_no_numbers(tmp_path: Path) -> None:
    """Without the option there is one of each, by its plain name."""
    state = settings.State(tmp_path / 'cloud')
    state.prepare()
    plain = service.Context(state, settings.Settings(release='2024.1', database='mariadb'))
    parts = services.every(services.waves(plain))
    assert not [part.label for part in parts if part.node or part.name == 'haproxy']
    assert {'mariadb', 'rabbitmq', 'nova-conductor'} <= {part.label for part in parts}
    assert 'rabbit_quorum_queue' not in plain.queues()


def test_services_know_one_address(context: service.Context) -> None:
    """Each service has one address for brokers and for databases, and queues on a majority."""
    assert context.messaging().endswith('@127.0.0.1:15673/')
    queues = context.queues()
    assert queues['rabbit_quorum_queue'] and queues['rabbit_transient_quorum_queue']
    assert '@127.0.0.1:13306/nova?' in context.database('nova')


def test_brokers_know_each_other(context: service.Context) -> None:
    """Each broker has a name of its own, and the names of all."""
    node = rabbitmq.RabbitMq(context, 2)
    node.configure()
    text = (context.state.etc('rabbitmq-2') / 'rabbitmq.conf').read_text()
    for number in (1, 2, 3):
        name = f'xcloud-{number}@127.0.1.{number}'
        assert f'cluster_formation.classic_config.nodes.{number} = {name}\n' in text
    assert 'cluster_partition_handling = pause_minority\n' in text
    assert node.environment()['RABBITMQ_NODENAME'] == 'xcloud-2@127.0.1.2'


def test_what_a_controller_has_of_its_own(context: service.Context) -> None:
    """Services of one kind differ by name and log; the API alone has heartbeats in a thread."""
    conductors = [nova.Conductor(context, number).own() for number in service.PAIR]
    assert [own['DEFAULT']['host'] for own in conductors] == ['control1', 'control2']
    assert len({str(own['DEFAULT']['log_file']) for own in conductors}) == 2
    assert 'oslo_messaging_rabbit' not in conductors[0]
    api = nova.Api(context, 2)
    assert api.own()['oslo_messaging_rabbit'] == {'heartbeat_in_pthread': True}
    files = api.environment()['OS_NOVA_CONFIG_FILES']
    assert files == 'api-paste.ini;nova.conf;nova-api-2.conf'


def test_proxy_accepts_its_configuration(context: service.Context) -> None:
    """One node of the database is used, the others are spare; HAProxy reads it all."""
    proxy = haproxy.HaProxy(context)
    proxy.configure()
    file = context.state.etc('haproxy') / 'haproxy.cfg'
    servers = [line.split() for line in file.read_text().splitlines() if ' server mariadb-' in line]
    assert [line[-1] == 'backup' for line in servers] == [False, True, True]
    program = Path(proxy.daemon().argv[0])
    if not program.exists():
        pytest.skip('needs haproxy')
    subprocess.run([program, '-c', '-f', file], check=True, stdout=subprocess.DEVNULL)


def test_who_begins() -> None:
    """The node that has seen the last write begins; of several the first one."""
    at = galera.Position
    seen = {1: at(HISTORY, 7), 2: at(HISTORY, 9), 3: at(HISTORY, 9)}
    assert galera.most_advanced(seen) == 2
    assert galera.most_advanced({1: None, 2: None, 3: at(HISTORY, 0)}) == 3
    assert galera.most_advanced({1: None, 2: None, 3: None}) == 1


def test_two_histories() -> None:
    """Nodes that disagree about the past are not begun with, whoever is further."""
    seen = {1: galera.Position(HISTORY, 7), 2: galera.Position(OTHER, 900), 3: None}
    with pytest.raises(errors.CheckError) as raised:
        galera.most_advanced(seen)
    assert str(raised.value) == (
        f'the nodes of the database have different histories: {OTHER}, {HISTORY}\n'
        'none is begun with: keep the folder of one (data/mariadb-N), remove the others, '
        'and run `xcloud start`'
    )


def test_position_after_a_stop(context: service.Context) -> None:
    """A node that was stopped has noted how far it is."""
    node = state_of(context, 1, HISTORY, '1963')
    assert node.position() == galera.Position(HISTORY, 1963)


def test_position_of_a_new_node(context: service.Context) -> None:
    """A node that has never joined, or was killed while it was copied, is nowhere."""
    assert galera.Node(context, 1).position() is None
    assert state_of(context, 2, '00000000-0000-0000-0000-000000000000', '-1').position() is None
    empty = state_of(context, 3, HISTORY, '5')
    (empty.data / 'tables' / 'grastate.dat').write_text('')
    assert empty.position() is None


def test_copying_tool_is_adapted(context: service.Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """What copies a node does so as root; a version of it that is not known is refused."""

    def unpack(text: str) -> None:
        def unpacked(names: object, folder: Path, log: Path) -> None:
            (folder / 'usr' / 'bin').mkdir(parents=True)
            (folder / 'usr' / 'bin' / 'wsrep_sst_rsync').write_text(text)

        monkeypatch.setattr(galera.debian, 'unpack', unpacked)

    tool = context.state.packages / 'galera' / 'bin' / 'wsrep_sst_rsync'
    unpack('pid file = x\nread only = no\n')
    with pytest.raises(errors.CheckError, match='does not configure rsync as it is known to'):
        galera.Node(context, 1).install()
    assert not tool.exists()
    unpack('pid file = x\nuse chroot = no\nread only = no\n')
    galera.Node(context, 1).install()
    assert tool.read_text() == 'pid file = x\nuse chroot = no\nuid = 0\ngid = 0\nread only = no\n'
    shutil.rmtree(tool.parent.parent)
