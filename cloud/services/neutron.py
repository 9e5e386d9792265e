"""Neutron's server alone: Nova's API asks it even for servers without a network."""

from __future__ import annotations

from pathlib import Path

from cloud import command, process, service

_SCHEMA = """
import sys
from neutron.db.migration import cli
from neutron.db.migration.models import head
import sqlalchemy

# The migrations use what SQLite does not know; the models give the same tables.
engine = sqlalchemy.create_engine(sys.argv[1])
head.get_metadata().create_all(engine)
sys.argv[1:] = sys.argv[2:] + ['stamp', 'heads']
cli.main()
"""


class Neutron(service.Wsgi):
    """Neutron's server with ML2 and no agent: a program, or where there is none under uWSGI."""

    name = 'neutron'
    script = 'neutron-api'
    module = 'neutron.wsgi.api'
    healthy = (200,)

    def configure(self) -> None:
        data = self.state.data(self.name)
        data.mkdir(parents=True, exist_ok=True)
        self.write(
            'neutron.conf',
            {
                'DEFAULT': {
                    **service.logging(self.state.log(self.name)),
                    'bind_host': '127.0.0.1',
                    'bind_port': self.settings.port('neutron'),
                    'api_workers': 1,
                    'rpc_workers': 0,
                    'rpc_state_report_workers': 0,
                    'core_plugin': 'ml2',
                    'service_plugins': '',
                    'state_path': data,
                    'api_paste_config': self.context.venv.share('neutron', 'api-paste.ini'),
                    'transport_url': self.context.messaging(),
                    'notify_nova_on_port_status_changes': False,
                    'notify_nova_on_port_data_changes': False,
                },
                'database': {
                    'connection': self.context.database('neutron'),
                    **self.context.pool(),
                },
                'oslo_messaging_rabbit': self.context.queues(),
                'keystone_authtoken': self.context.token_check('neutron'),
                'oslo_concurrency': {'lock_path': data / 'lock'},
                'ml2': {
                    'mechanism_drivers': 'openvswitch',
                    'type_drivers': 'local',
                    'tenant_network_types': 'local',
                },
            },
        )

    def init(self) -> None:
        options = ['--config-file', str(self.state.etc(self.name) / 'neutron.conf')]
        if self.settings.database == 'sqlite':
            command.run(
                [
                    self.context.venv.python, '-c', _SCHEMA,
                    self.context.database('neutron'), *options,
                ],
                log=self.state.log('init'),
            )  # fmt: skip
        else:
            self.context.manage('neutron-db-manage', *options, 'upgrade', 'heads')

    def environment(self) -> dict[str, str]:
        return {
            'OS_NEUTRON_CONFIG_DIR': str(self.state.etc(self.name)),
            'OS_NEUTRON_CONFIG_FILES': 'neutron.conf',
        }

    def daemon(self) -> process.Daemon:
        # Releases after 2024.2 do without it.
        binary = self.context.venv.bin / 'neutron-server'
        if not binary.exists():
            return super().daemon()
        argv: list[str | Path] = [
            binary, '--config-file', self.state.etc(self.name) / 'neutron.conf',
        ]  # fmt: skip
        return process.Daemon(self.name, argv, self.state)


class WarmUp(service.Service):
    """The first question to a fresh neutron-server.

    It completes its model at the first query, and a list of ports, which is
    what Nova requests, looks at the model before it queries.
    """

    name = 'neutron-warmth'

    def settle(self) -> None:
        self.context.admin.get(self.settings.url('neutron') + '/v2.0/networks')
