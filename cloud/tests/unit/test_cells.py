"""Several cells: what each has of its own, and what is above them."""

from __future__ import annotations

import configparser
from pathlib import Path

import pytest

from cloud import errors, faults, service, services, settings
from cloud.services import compute, database, nova, rabbitmq


@pytest.fixture
def context(tmp_path: Path) -> service.Context:
    state = settings.State(tmp_path / 'cloud')
    state.prepare()
    choices = {'cells': 2, 'computes': 3, 'fake_computes': 2, 'release': '2024.1'}
    return service.Context(state, settings.Settings.new(choices))


def read(file: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(file.read_text())
    return parser


def test_what_cells_imply() -> None:
    """Each cell has a database that can be stopped, and a host."""
    chosen = settings.Settings.new({'cells': 2})
    assert (chosen.database, chosen.computes, chosen.ha) == ('mariadb', 2, False)
    assert settings.Settings.new({'cells': 1}) == settings.Settings()


@pytest.mark.parametrize(
    ('choices', 'text'),
    [
        (
            {'database': 'sqlite'},
            'each of several cells has a server for its database, and --db sqlite has none\n'
            'use --db mariadb, or leave it out',
        ),
        (
            {'computes': 1},
            '--cells 2 needs a host for each, and --computes 1 is too few\n'
            'use --computes 2, or leave it out',
        ),
        (
            {'ha': True},
            '--ha makes several of each service of one cell, and --cells 2 makes several cells '
            'with one of each\nchoose one of them',
        ),
    ],
)
def test_what_goes_with_no_cells(choices: dict[str, object], text: str) -> None:
    """What does not go together is said before anything is made."""
    with pytest.raises(errors.CheckError) as raised:
        settings.Settings.new({'cells': 2, **choices})
    assert str(raised.value) == text


def test_number_stays() -> None:
    """A cloud keeps its cells, and gets more hosts in them."""
    present = settings.Settings.new({'cells': 2})
    assert present.following({'computes': 3}).cells == 2
    with pytest.raises(errors.CheckError) as raised:
        present.following({'cells': 3})
    assert str(raised.value) == (
        'this cloud was made with --cells 2, not 3\n'
        'run `xcloud wipe` first, it cannot be changed in place'
    )


def test_hosts_are_spread(context: service.Context) -> None:
    """Each host is in the cell whose turn it is; all that runs on it is, too."""
    parts = services.every(services.waves(context))
    cells = {part.label: part.cell for part in parts if part.name == 'nova-compute'}
    assert cells == {
        'nova-compute-1': 1,
        'nova-compute-2': 2,
        'nova-compute-3': 1,
        'nova-compute-fake1': 1,
        'nova-compute-fake2': 2,
    }
    assert compute.Compute(context, 2).note() == 'in cell2'


def test_what_a_cell_has(context: service.Context) -> None:
    """A database, a broker and a conductor, each with a label and a place of its own."""
    parts = services.every(services.waves(context))
    labels = [part.label for part in parts]
    assert len(set(labels)) == len(labels)
    own = {part.label: part.address for part in parts if part.cell == 2 and 'cell2' in part.label}
    assert own == dict.fromkeys(
        ('mariadb-cell2', 'rabbitmq-cell2', 'nova-conductor-cell2'), '127.0.2.2'
    )
    places = [(part.address, port) for part in parts for port in part.ports().values()]
    assert len(set(places)) == len(places)
    # The port mapper has one table for all brokers, and each tries its port on all addresses.
    brokers = [part for part in parts if isinstance(part, rabbitmq.RabbitMq)]
    assert [part.nodename for part in brokers] == [
        'xcloud@localhost', 'xcloud-cell1@127.0.2.1', 'xcloud-cell2@127.0.2.2',
    ]  # fmt: skip
    assert len({part.distribution for part in brokers}) == 3
    assert len({part.environment()['HOME'] for part in brokers}) == 3


def test_whose_servers_are_where(context: service.Context) -> None:
    """The servers of a cell are in its database alone, and nowhere above."""
    assert database.MariaDb(context, cell=2).names == ('nova',)
    above = database.MariaDb(context).names
    assert 'nova' not in above
    assert {'nova_api', 'nova_cell0', 'placement'} <= set(above)


def test_who_talks_to_whom(context: service.Context) -> None:
    """A compute and its conductor use the broker of their cell, the scheduler another one.

    Computes have no database. Conductors have that of their cell, and that of the API.
    """
    parts = [
        nova.Scheduler(context), nova.Conductor(context, cell=2), compute.Compute(context, 2),
    ]  # fmt: skip
    for part in parts:
        part.configure()
    above, conductor, host = (read(part.file) for part in parts)
    brokers = [config['DEFAULT']['transport_url'] for config in (above, conductor, host)]
    assert brokers[0].endswith('@127.0.0.1:15673/')
    assert brokers[1] == brokers[2]
    assert brokers[1].endswith('@127.0.2.2:15673/')
    assert '/nova_cell0?' in above['database']['connection']
    assert '/mariadb-cell2/mariadb.sock' in conductor['database']['connection']
    api = [config['api_database']['connection'] for config in (above, conductor)]
    assert api[0] == api[1]
    assert not host.has_section('database') and not host.has_section('api_database')
    assert above['DEFAULT']['host'] == 'control'
    assert conductor['DEFAULT']['host'] == 'control-cell2'


def test_one_cell_shares_what_there_is(tmp_path: Path) -> None:
    """Without the option there is one cell, without a name, in what is above."""
    state = settings.State(tmp_path / 'cloud')
    state.prepare()
    plain = service.Context(state, settings.Settings(release='2024.1', database='mariadb'))
    assert not [part.label for part in services.every(services.waves(plain)) if part.cell]
    conductor = nova.Conductor(plain)
    conductor.configure()
    assert '/nova?' in read(conductor.file)['database']['connection']
    assert 'host' not in read(conductor.file)['DEFAULT']
    assert 'nova' in database.MariaDb(plain).names


def test_all_of_a_kind(context: service.Context) -> None:
    """A test that kills brokers kills those of all cells; by its label it is one."""
    parts = services.every(services.waves(context))
    harm = faults.Faults(context, {part.label: part for part in parts})
    assert [part.label for part in harm.parts('rabbitmq')] == [
        'rabbitmq', 'rabbitmq-cell1', 'rabbitmq-cell2',
    ]  # fmt: skip
    assert [part.label for part in harm.parts('rabbitmq-cell2')] == ['rabbitmq-cell2']
    assert harm.parts('sqlite-2') == []
