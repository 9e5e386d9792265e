"""Nova's controlling services, and the configuration that all of Nova shares."""

from __future__ import annotations

import datetime
from pathlib import Path

from cloud import files, ini, process, service
from cloud.services import database

#: Seconds between two signs of life of a service, and until it counts as down:
#: short, since tests wait for it.
_REPORT, _DOWN = 3, 12

#: Seconds until a service that does not answer a call counts as gone: tests make that true.
_ANSWER = 30

#: Seconds that a service may take to end what it does: releases differ by minutes.
_FAREWELL = 5


def shared(context: service.Context, log: str, cell: int = 0) -> ini.Sections:
    """Return the options of every Nova service; none of them is a database."""
    return {
        'DEFAULT': {
            **service.logging(context.state.log(log)),
            'transport_url': context.messaging(cell),
            'my_ip': '127.0.0.1',
            'rootwrap_config': context.venv.share('nova', 'rootwrap.conf'),
            'report_interval': _REPORT,
            'service_down_time': _DOWN,
            'rpc_response_timeout': _ANSWER,
            'graceful_shutdown_timeout': _FAREWELL,
            'allow_resize_to_same_host': True,
        },
        'oslo_messaging_rabbit': context.queues(),
        'keystone_authtoken': context.token_check('nova'),
        'service_user': {**context.credentials('nova'), 'send_service_user_token': True},
        'placement': context.credentials('placement'),
        'glance': {'api_servers': context.settings.url('glance')},
        'neutron': context.credentials('neutron'),
        'cache': {'enabled': True, 'backend': 'oslo_cache.dict'},
        'notifications': {'notification_format': 'both'},
        'oslo_messaging_notifications': {'driver': 'noop'},
        'vnc': {'enabled': False},
        'spice': {'enabled': False},
    }


class Control(service.Service):
    """Part of the controller: reads ``nova.conf``, which knows the databases.

    A cell has a file of its own. Its conductor has the database of the API, too: to count what
    a project uses.
    """

    runs_nova = True

    @property
    def file(self) -> Path:
        return self.state.etc(service.of_cell('nova', self.cell)) / 'nova.conf'

    def configure(self) -> None:
        data = self.state.data(service.of_cell('nova', self.cell))
        (data / 'lock').mkdir(parents=True, exist_ok=True)
        own: ini.Sections = {
            # The nodes of a controller, which share this file, each have that in another one.
            'DEFAULT': {'state_path': data, 'host': None if self.node else self.control or None},
            'oslo_concurrency': {'lock_path': data / 'lock'},
            'api': {'auth_strategy': 'keystone'},
            'wsgi': {'api_paste_config': self.context.venv.share('nova', 'api-paste.ini')},
            'api_database': {
                'connection': self.context.database('nova_api'),
                **self.context.pool(),
            },
            'database': {'connection': self._database, **self.context.pool()},
            'conductor': {'workers': 1},
            'scheduler': {'workers': 1, 'discover_hosts_in_cells_interval': -1},
        }
        if self.settings.own_cells:
            own |= self._of_cells()
        text = ini.merge(shared(self.context, 'nova-api', self.cell), own)
        files.write(self.file, ini.render(text))
        if self.node:
            files.write(self.own_file, ini.render(self.own()))

    def own(self) -> ini.Sections:
        """Return what it has on its node, beside what is the same on all."""
        return {'DEFAULT': {'host': self.control, **service.logging(self.state.log(self.label))}}

    def _of_cells(self) -> ini.Sections:
        """Return what is set only where there are several cells."""
        policy = self.file.with_name('policy.yaml')
        files.write(policy, '"compute:servers:resize:cross_cell": "role:admin"\n')
        return {
            'oslo_policy': {'policy_file': policy},
            # A cell that does not answer would not be counted, or be waited for at each check.
            'quota': {'count_usage_from_placement': True},
        }

    @property
    def _database(self) -> str:
        """The URL of what has servers; above the cells, those that have no host."""
        if self.settings.own_cells and not self.cell:
            return self.context.database('nova_cell0')
        return self.context.database(database.OF_CELL, self.cell)

    @property
    def control(self) -> str:
        """The name that Nova has for the node, or for the cell; nothing if there is one."""
        if self.settings.own_cells:
            return service.of_cell('control', self.cell)
        return f'control{self.node}' if self.node else ''

    @property
    def own_file(self) -> Path:
        return self.file.with_name(f'{self.label}.conf')

    def manage(self, *words: str) -> str:
        """Run ``nova-manage``."""
        options = ('--config-file', self.file, '--log-file', self.state.log('init'))
        return self.context.manage('nova-manage', *options, *words)


class Schema(Control):
    """Nova's databases and its cells."""

    name = 'nova-schema'

    def init(self) -> None:
        self.manage('api_db', 'sync')
        present = self.manage('cell_v2', 'list_cells')
        if 'cell0' not in present:
            self.manage(
                'cell_v2', 'map_cell0',
                '--database_connection', self.context.database('nova_cell0'),
            )  # fmt: skip
        for number in self.settings.own_cells or (1,):
            if f'cell{number}' not in present:
                self._of(number).manage('cell_v2', 'create_cell', '--name', f'cell{number}')
        self.manage('db', 'sync')
        for number in self.settings.own_cells:
            self._of(number).manage('db', 'sync', '--local_cell')

    def _of(self, number: int) -> Control:
        """Return what has the configuration of a cell."""
        return Control(self.context, cell=number) if self.settings.own_cells else self


class Api(Control, service.Wsgi):
    """The compute API under uWSGI."""

    name = 'nova-api'
    script = 'nova-api-wsgi'
    module = 'nova.wsgi.osapi_compute'
    # A request that calls a compute waits for it: others go on.
    processes = 2

    def environment(self) -> dict[str, str]:
        folder = {'OS_NOVA_CONFIG_DIR': str(self.file.parent)}
        if self.node:
            names = ('api-paste.ini', self.file.name, self.own_file.name)
            folder['OS_NOVA_CONFIG_FILES'] = ';'.join(names)
        return folder

    def own(self) -> ini.Sections:
        # Its green threads run only while it has a request. A broker that stands still takes
        # what is sent to it: without a heartbeat the API would never leave it.
        return {**super().own(), 'oslo_messaging_rabbit': {'heartbeat_in_pthread': True}}

    def configure(self) -> None:
        super().configure()
        paste = self.context.venv.share('nova', 'api-paste.ini')
        files.write(self.file.with_name('api-paste.ini'), paste.read_text())


class Worker(Control):
    """A service without a port: ready when it is seen in the list of services."""

    def daemon(self) -> process.Daemon:
        binary = self.bin / self.name
        log = self.state.log(self.label)
        own = ['--config-file', self.own_file] if self.node else []
        argv: list[str | Path] = [binary, '--config-file', self.file, *own, '--log-file', log]
        return process.Daemon(self.label, argv, self.state)

    def answers(self) -> bool:
        return seen(self.context, self.daemon(), self.name, self.control)


class Conductor(Worker):
    name = 'nova-conductor'


class Scheduler(Worker):
    name = 'nova-scheduler'


def seen(context: service.Context, daemon: process.Daemon, binary: str, host: str = '') -> bool:
    """Return whether a service has reported since its process was started."""
    url = context.settings.url('nova-api') + f'/v2.1/os-services?binary={binary}'
    started = daemon.pid_file.stat().st_mtime
    for entry in context.admin.get(f'{url}&host={host}' if host else url)['services']:
        # Reported in UTC, without saying so; None before the first report.
        when = entry['updated_at'] and datetime.datetime.fromisoformat(entry['updated_at'])
        if when and when.replace(tzinfo=datetime.UTC).timestamp() >= int(started):
            return True
    return False
