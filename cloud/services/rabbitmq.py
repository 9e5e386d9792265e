"""RabbitMQ under our own node name, with the port mapper it needs."""

from __future__ import annotations

import json
from pathlib import Path

from cloud import command, errors, files, ports, process, service, waiting

# Those on PATH change to another user, who may not read our folder.
PROGRAMS = Path('/usr/lib/rabbitmq/bin')

#: Seconds of silence after which a node of a cluster has gone for the others.
_TICK = 15


class Epmd(service.Service):
    """Erlang's port mapper; one of our own, so that RabbitMQ leaves none behind."""

    name = 'epmd'
    packages = ('rabbitmq-server',)

    def ports(self) -> dict[str, int]:
        return {'epmd': self.settings.port('epmd')}

    def daemon(self) -> process.Daemon:
        cells = map(self.settings.address_of_cell, self.settings.own_cells)
        addresses = ','.join(['127.0.0.1', *self.settings.nodes.values(), *cells])
        argv = ['epmd', '-address', addresses, '-port', str(self.settings.port('epmd'))]
        return process.Daemon(self.name, argv, self.state)

    def answers(self) -> bool:
        return ports.answers(self.settings.port('epmd'))


class RabbitMq(service.Service):
    """The message broker, a node of it, or that of a cell."""

    name = 'rabbitmq'
    packages = ('rabbitmq-server',)

    @property
    def distribution(self) -> int:
        """The port for the other nodes: each tries it on all addresses before it starts."""
        return self.settings.port('rabbitmq-distribution') + max(self.node - 1, 0) + self.cell

    @property
    def nodename(self) -> str:
        # The port mapper wants another name for each, whatever their addresses are.
        if not self.has_own_address:
            return 'xcloud@localhost'
        return f'{self.label.replace(self.name, "xcloud")}@{self.address}'

    @property
    def has_own_address(self) -> bool:
        """Whether it is elsewhere than services look by themselves."""
        return bool(self.node or self.cell)

    def others(self) -> list[RabbitMq]:
        """Return all nodes of a cluster."""
        return [type(self)(self.context, number) for number in self.settings.nodes]

    def ports(self) -> dict[str, int]:
        return {
            self.label: self.settings.port('rabbitmq'),
            f'{self.label}-distribution': self.distribution,
        }

    @property
    def peer_ports(self) -> list[int]:
        """The ports on which nodes speak to each other."""
        return [node.distribution for node in self.others()]

    def configure(self) -> None:
        lines = [
            f'listeners.tcp.local = {self.address}:{self.settings.port("rabbitmq")}',
            'default_user = xcloud',
            f'default_pass = {self.context.passwords["rabbitmq"]}',
            'vm_memory_high_watermark.relative = 0.2',
            'disk_free_limit.absolute = 50MB',
            'log.file = false',
            'log.console = true',
            'log.console.level = warning',
            *(self._cluster() if self.node else []),
        ]
        folder = self.state.etc(self.label)
        files.write(folder / 'rabbitmq.conf', '\n'.join([*lines, '']))
        files.write(folder / 'enabled_plugins', '[].\n')
        self.state.data(self.label).mkdir(parents=True, exist_ok=True)
        if self.node:
            cookie = self._home / '.erlang.cookie'
            files.write(cookie, self.context.passwords['erlang'], 0o400)

    def _cluster(self) -> list[str]:
        nodes = enumerate(self.others(), 1)
        return [
            'cluster_name = xcloud',
            # HAProxy greets every node every other second, and no more.
            'log.connection.level = error',
            'cluster_formation.peer_discovery_backend = classic_config',
            *(
                f'cluster_formation.classic_config.nodes.{number} = {node.nodename}'
                for number, node in nodes
            ),
            # Who sees less than half of the nodes stops until it sees more.
            'cluster_partition_handling = pause_minority',
            # What quorum queues write before anything else; half a GiB by default.
            'raft.wal_max_size_bytes = 33554432',
        ]

    @property
    def _home(self) -> Path:
        """The folder of the cookie that lets nodes speak to each other: the same for all."""
        return self.state.data(self.name if self.node else self.label)

    def environment(self) -> dict[str, str]:
        data, etc = self.state.data(self.label), self.state.etc(self.label)
        address = self.address.replace('.', ',')
        arguments = f'-kernel inet_dist_use_interface {{{address}}} +S 2:2 +sbwt none'
        more = {'RABBITMQ_USE_LONGNAME': 'true'} if self.has_own_address else {}
        if self.node:
            # Its connections come from its own address, as those of a host would; a node that
            # is silent for this long has gone.
            arguments += (
                f' -kernel inet_dist_connect_options [{{ip,{{{address}}}}}] net_ticktime {_TICK}'
            )
        return {
            'HOME': str(self._home),
            'ERL_EPMD_ADDRESS': '127.0.0.1',
            'ERL_EPMD_PORT': str(self.settings.port('epmd')),
            'RABBITMQ_NODENAME': self.nodename,
            'RABBITMQ_CONFIG_FILE': str(etc / 'rabbitmq.conf'),
            'RABBITMQ_CONF_ENV_FILE': '/dev/null',
            'RABBITMQ_ENABLED_PLUGINS_FILE': str(etc / 'enabled_plugins'),
            'RABBITMQ_MNESIA_BASE': str(data / 'mnesia'),
            'RABBITMQ_LOG_BASE': str(data / 'log'),
            'RABBITMQ_DIST_PORT': str(self.distribution),
            'RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS': arguments,
            # The Erlang process takes the place of the script: its pid is the service's.
            'RABBITMQ_ALLOW_INPUT': '1',
            **more,
        }

    def start(self) -> None:
        """Start it; one that is new finds a cluster to join."""
        if self.node > 1 and not (self.state.data(self.label) / 'mnesia').exists():
            waiting.until(self.others()[self.node - 2].answers, service.PATIENCE)
        super().start()

    def daemon(self) -> process.Daemon:
        argv: list[str | Path] = [PROGRAMS / 'rabbitmq-server', '-noinput']
        return process.Daemon(self.label, argv, self.state, self.environment())

    def answers(self) -> bool:
        return ports.answers(self.settings.port('rabbitmq'), self.address)

    def note(self) -> str:
        if not self.node:
            return ''
        try:
            cluster = json.loads(self.control('cluster_status', '--formatter', 'json'))
        except errors.CommandError:
            return 'does not answer'
        together = ', '.join(sorted(name.split('@')[0] for name in cluster['running_nodes']))
        return f'together: {together}'

    def version(self) -> str:
        """Return the release of RabbitMQ."""
        return self.control('version').strip()

    def control(self, *words: str) -> str:
        """Run ``rabbitmqctl``."""
        return command.run([PROGRAMS / 'rabbitmqctl', *words], env=self.environment())
