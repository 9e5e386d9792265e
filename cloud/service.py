"""What every service of the cloud is to the rest of the tool."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import ClassVar

from cloud import command, errors, files, ini, ports, process, rest, settings, venv, waiting

#: A service that says nothing for this long has failed.
PATIENCE = 90

#: The nodes that have those services which keep nothing themselves, of a cloud that has several.
PAIR = (1, 2)

#: What of the libraries is worth a line in a log.
LOG_LEVELS = (
    'amqp=WARN,sqlalchemy=WARN,stevedore=WARN,urllib3=WARN,'
    'keystonemiddleware=WARN,oslo.messaging=INFO,oslo_messaging=INFO,'
    'oslo.privsep.daemon=WARN,routes.middleware=WARN,dogpile.core.dogpile=INFO'
)


class Context:
    """What services share: where things are, and how they are reached."""

    def __init__(self, state: settings.State, chosen: settings.Settings) -> None:
        self.state = state
        self.settings = chosen
        self.passwords = state.passwords()
        self.venv = venv.Venv(state, chosen.release)

    def nova(self, host: str) -> venv.Environment:
        """Return the environment that Nova runs from on a host."""
        if self.settings.separate:
            return venv.Separate(self.state, host, self.venv)
        return self.venv

    def database(self, name: str, cell: int = 0) -> str:
        """Return the URL of a service's database; that of Nova may be one of a cell."""
        if self.settings.database == 'sqlite':
            # A writer waits for another: several processes share the file.
            return f'sqlite:///{self.state.data("sqlite") / name}.db?timeout=30&plugin=xcloud'
        password = self.passwords['database']
        if self.settings.ha:
            port = self.settings.port('mariadb')
            return f'mysql+pymysql://xcloud:{password}@127.0.0.1:{port}/{name}?charset=utf8'
        socket = self.state.data(of_cell('mariadb', cell)) / 'mariadb.sock'
        return (
            f'mysql+pymysql://xcloud:{password}@localhost/{name}?unix_socket={socket}&charset=utf8'
        )

    def credentials(self, user: str) -> ini.Options:
        """Return the options with which a service logs in at keystone."""
        return {
            'auth_type': 'password',
            'auth_url': self.settings.url('keystone') + '/v3',
            'username': user,
            'password': self.passwords[user],
            'project_name': 'service',
            'user_domain_id': 'default',
            'project_domain_id': 'default',
            'region_name': 'RegionOne',
        }

    def token_check(self, user: str) -> ini.Options:
        """Return the options with which a service checks the tokens it is shown."""
        return {
            **self.credentials(user),
            'www_authenticate_uri': self.settings.url('keystone') + '/v3',
            'service_token_roles': 'service',
            'service_token_roles_required': True,
        }

    def messaging(self, cell: int = 0) -> str:
        """Return the URL of the message broker, or of that of a cell."""
        password, port = self.passwords['rabbitmq'], self.settings.port('rabbitmq')
        return f'rabbit://xcloud:{password}@{self.settings.address_of_cell(cell)}:{port}/'

    def queues(self) -> ini.Options:
        """Return the options with which a service uses the message broker."""
        options: ini.Options = {'kombu_reconnect_delay': 0.5}
        if self.settings.ha:
            options |= {
                'rabbit_quorum_queue': True,
                # Those of replies and of calls to all as well.
                'rabbit_transient_quorum_queue': True,
                # A quorum queue outlives its service: what nobody reads goes after this time.
                'rabbit_transient_queues_ttl': 600,
                # A broker that is silent for this long has gone.
                'heartbeat_timeout_threshold': 15,
                'heartbeat_rate': 3,
            }
        return options

    def pool(self) -> ini.Options:
        """Return the options of each connection to a database, besides its URL."""
        # While another node takes over, who starts waits for it.
        return {'max_retries': -1} if self.settings.ha else {}

    @functools.cached_property
    def admin(self) -> rest.Client:
        """The administrator's client; it logs in when it is first used."""
        return rest.Client(self.settings.url('keystone'), 'admin', self.passwords['admin'], 'admin')

    def manage(self, *words: str | Path, env: dict[str, str] | None = None) -> str:
        """Run a program of the environment; its output goes to the log `init`."""
        program, *rest_of_it = words
        return command.run(
            [self.venv.bin / program, *rest_of_it], log=self.state.log('init'), env=env
        )


class Service:
    """A part of the cloud. Each verb may be repeated; each does nothing by default."""

    name: ClassVar[str] = ''
    #: Debian packages it needs.
    packages: ClassVar[tuple[str, ...]] = ()
    #: Whether it runs Nova, and so is restarted when Nova is exchanged.
    runs_nova: ClassVar[bool] = False
    #: Where it runs.
    host: str = 'control'
    #: Where it listens.
    address: str = '127.0.0.1'

    def __init__(self, context: Context, node: int = 0, cell: int = 0) -> None:
        self.context = context
        self.settings = context.settings
        self.state = context.state
        #: The node of the controller that it is on; 0 where the controller is one.
        self.node = node
        #: The cell that it is in; 0 for what is above the cells, and where there is one cell.
        self.cell = cell
        if node:
            self.address = self.settings.nodes[node]
        elif cell:
            self.address = self.settings.address_of_cell(cell)

    @property
    def label(self) -> str:
        """The name it has in the list of services; unique."""
        return f'{self.name}-{self.node}' if self.node else of_cell(self.name, self.cell)

    @property
    def is_first(self) -> bool:
        """Whether it is the one of its kind that makes what all of them keep."""
        return self.node <= 1

    @property
    def bin(self) -> Path:
        """The folder of its programs."""
        return (self.context.nova(self.host) if self.runs_nova else self.context.venv).bin

    def daemon(self) -> process.Daemon | None:
        """Describe its process, when it has one."""
        return None

    def ports(self) -> dict[str, int]:
        """Name the ports it listens on."""
        return {}

    def check(self) -> None:
        """Raise if the service does not run and cannot be started."""
        daemon = self.daemon()
        if daemon is not None and daemon.pid is None:
            for what, port in self.ports().items():
                ports.check(what, port, self.address)

    def install(self) -> None:
        """Bring onto the machine what Debian and Python packages do not."""

    def configure(self) -> None:
        """Write its configuration."""

    def init(self) -> None:
        """Make what it keeps: schema, accounts. Done once, before its first start.

        Of several of a kind only the first one does it.
        """

    def start(self) -> None:
        """Start its process, unless it runs; do not wait."""
        daemon = self.daemon()
        if daemon is not None and daemon.pid is None:
            self.check()
            daemon.start()

    def answers(self) -> bool:
        """Return whether it does its work now."""
        return True

    def settle(self) -> None:
        """Do what can only be done when it answers."""

    def stop(self) -> None:
        """End its process."""
        daemon = self.daemon()
        if daemon is not None:
            daemon.stop()

    def cleanup(self) -> None:
        """Undo what it did outside of the state folder."""

    def guests(self) -> list[int]:
        """Return the processes of servers that it started."""
        return []

    def note(self) -> str:
        """Return what an operator wants to know of it beside its process."""
        return ''

    def wait(self) -> None:
        """Return when it answers; its end, or its silence, is an error."""
        daemon = self.daemon()

        def check() -> bool:
            if daemon is not None and daemon.pid is None:
                raise errors.NotReadyError(
                    self.label, 'its process ended', daemon.log, daemon.command
                )
            return self.answers()

        if not waiting.until(check, PATIENCE):
            raise errors.NotReadyError(
                self.label,
                f'it runs but gave no answer for {PATIENCE} s',
                daemon.log if daemon else None,
                daemon.command if daemon else (),
            )

    def write(self, name: str, sections: ini.Sections) -> Path:
        """Write one of its configuration files and return its path."""
        file = self.state.etc(self.label) / name
        files.write(file, ini.render(sections))
        return file


class Wsgi(Service):
    """A service that is a WSGI application, run by uWSGI."""

    #: The program that holds the application, in releases that install one ...
    script: ClassVar[str] = ''
    #: ... and the module that holds it in those that do not.
    module: ClassVar[str]
    #: The status of its root URL, once it works.
    healthy: ClassVar[tuple[int, ...]] = (200, 300)
    #: Processes, not threads: neither eventlet nor SQLite goes with uWSGI's.
    processes: ClassVar[int] = 1

    def environment(self) -> dict[str, str]:
        raise NotImplementedError

    def ports(self) -> dict[str, int]:
        return {self.label: self.settings.port(self.name)}

    @property
    def life_port(self) -> int:
        """Where uWSGI itself answers, however busy the application is."""
        return self.settings.port(self.name) + 1

    def daemon(self) -> process.Daemon:
        application: list[str | Path] = ['--module', f'{self.module}:application']
        if self.script and (self.bin / self.script).exists():
            application = ['--wsgi-file', self.bin / self.script]
        argv: list[str | Path] = [
            self.bin / 'uwsgi', '--master', '--die-on-term', '--lazy-apps', '--need-app',
            '--enable-threads', '--thunder-lock', '--disable-logging',
            '--buffer-size', '65535',
            '--processes', str(self.processes),
            '--http-socket', f'{self.address}:{self.settings.port(self.name)}',
            *(['--stats', f'{self.address}:{self.life_port}'] if self.node else []),
            # Else a client now and then reuses a connection that is closing.
            '--add-header', 'Connection: close',
            *application,
        ]  # fmt: skip
        return process.Daemon(self.label, argv, self.state, self.environment())

    def answers(self) -> bool:
        url = f'http://{self.address}:{self.settings.port(self.name)}/'
        return rest.status_of(url) in self.healthy


def of_cell(name: str, cell: int) -> str:
    """Return the name that something has in a cell, where there are several."""
    return f'{name}-cell{cell}' if cell else name


def logging(log: Path) -> ini.Options:
    """Return the options of a service that logs through oslo.log."""
    return {
        # The file that has its standard error too: all it says is in one place.
        'log_file': str(log),
        'use_stderr': False,
        'default_log_levels': LOG_LEVELS,
    }
