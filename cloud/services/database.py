"""The databases: SQLite files, or a MariaDB of our own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from cloud import command, errors, files, ini, process, service

NAMES = ('keystone', 'placement', 'glance', 'neutron', 'nova_api', 'nova', 'nova_cell0')

#: The one that has the servers of a cell.
OF_CELL = 'nova'

_PLUGIN = Path(__file__).parent.parent / 'sqlite.py'


class Sqlite(service.Service):
    """A folder for the files; each service makes its own.

    They keep SQLite's own journal mode: with a write-ahead log, which seems
    made for several processes, a transaction that reads and then writes fails
    whenever another has written in between.
    """

    name = 'sqlite'

    def install(self) -> None:
        packages = self.context.venv.site
        files.write(packages / 'xcloud_sqlite.py', _PLUGIN.read_text(), 0o644)
        metadata = packages / 'xcloud_sqlite-1.dist-info'
        files.write(metadata / 'METADATA', 'Name: xcloud-sqlite\nVersion: 1\n', 0o644)
        entry = '[sqlalchemy.plugins]\nxcloud = xcloud_sqlite:WriteFirst\n'
        files.write(metadata / 'entry_points.txt', entry, 0o644)

    def configure(self) -> None:
        self.state.data(self.name).mkdir(parents=True, exist_ok=True)


class MariaDb(service.Service):
    """A server on a socket of its own: no port, its own data folder."""

    name = 'mariadb'
    packages: ClassVar[tuple[str, ...]] = ('mariadb-server-core', 'mariadb-client-core')
    #: Where services connect from, as it sees them.
    clients: ClassVar[str] = 'localhost'

    @property
    def names(self) -> Sequence[str]:
        """The databases on it."""
        if self.cell:
            return (OF_CELL,)
        return [name for name in NAMES if name != OF_CELL or not self.settings.own_cells]

    @property
    def data(self) -> Path:
        return self.state.data(self.label)

    @property
    def file(self) -> Path:
        return self.state.etc(self.label) / 'my.cnf'

    @property
    def socket(self) -> Path:
        return self.data / 'mariadb.sock'

    def network(self) -> ini.Options:
        """Return the options of where it is reached by others than its socket's."""
        return {'skip_networking': 1}

    def configure(self) -> None:
        options = {
            'user': 'root',
            'datadir': self.data / 'tables',
            'socket': self.socket,
            'pid_file': self.data / 'mariadb.pid',
            **self.network(),
            'character_set_server': 'utf8mb3',
            'max_connections': 500,
            'innodb_buffer_pool_size': '96M',
            'innodb_log_file_size': '48M',
            # What is written survives the death of the server, not a loss of power.
            'innodb_flush_log_at_trx_commit': 2,
            'performance_schema': 0,
        }
        lines = [f'{name} = {value}' for name, value in options.items()]
        files.write(self.file, '\n'.join(['[mariadbd]', *lines, '']))

    def daemon(self) -> process.Daemon:
        argv = ['mariadbd', f'--defaults-file={self.file}']
        return process.Daemon(self.label, argv, self.state)

    def init(self) -> None:
        self.data.mkdir(parents=True, exist_ok=True)
        if (self.data / 'tables').exists():
            return
        # Made aside: an interrupted attempt leaves nothing that looks finished.
        aside = self.data / 'tables.new'
        command.run(['rm', '-rf', aside])
        command.run(
            [
                'mariadb-install-db', '--no-defaults', '--user=root',
                '--auth-root-authentication-method=socket', '--skip-test-db',
                f'--datadir={aside}',
            ],
            log=self.state.log('init'),
        )  # fmt: skip
        aside.rename(self.data / 'tables')

    def answers(self) -> bool:
        try:
            self.client('SELECT 1')
        except errors.CommandError:
            return False
        return True

    def settle(self) -> None:
        password = self.context.passwords['database']
        account = f"'xcloud'@'{self.clients}'"
        statements = [f"CREATE USER IF NOT EXISTS {account} IDENTIFIED BY '{password}'"]
        for name in self.names:
            statements += [
                f'CREATE DATABASE IF NOT EXISTS {name}',
                f'GRANT ALL ON {name}.* TO {account}',
            ]
        self.client(';\n'.join(statements))

    def client(self, statements: str) -> str:
        """Return the rows that statements have, a line each."""
        return command.run(
            [
                'mariadb', '--no-defaults', '--user=root', f'--socket={self.socket}',
                # One that stands still takes connections all the same.
                '--connect-timeout=3', '--skip-column-names', '--batch',
            ],
            given=statements,
        )  # fmt: skip
