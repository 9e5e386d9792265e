"""RabbitMQ under our own node name, with the port mapper it needs."""

from __future__ import annotations

from pathlib import Path

from cloud import command, files, ports, process, service

# Those on PATH change to another user, who may not read our folder.
PROGRAMS = Path('/usr/lib/rabbitmq/bin')


class Epmd(service.Service):
    """Erlang's port mapper; one of our own, so that RabbitMQ leaves none behind."""

    name = 'epmd'
    packages = ('rabbitmq-server',)

    def ports(self) -> dict[str, int]:
        return {'epmd': self.settings.port('epmd')}

    def daemon(self) -> process.Daemon:
        argv = ['epmd', '-address', '127.0.0.1', '-port', str(self.settings.port('epmd'))]
        return process.Daemon(self.name, argv, self.state)

    def answers(self) -> bool:
        return ports.answers(self.settings.port('epmd'))


class RabbitMq(service.Service):
    """The message broker."""

    name = 'rabbitmq'
    packages = ('rabbitmq-server',)

    def ports(self) -> dict[str, int]:
        return {name: self.settings.port(name) for name in ('rabbitmq', 'rabbitmq-distribution')}

    def configure(self) -> None:
        lines = [
            f'listeners.tcp.local = 127.0.0.1:{self.settings.port("rabbitmq")}',
            'default_user = xcloud',
            f'default_pass = {self.context.passwords["rabbitmq"]}',
            'vm_memory_high_watermark.relative = 0.2',
            'disk_free_limit.absolute = 50MB',
            'log.file = false',
            'log.console = true',
            'log.console.level = warning',
        ]
        folder = self.state.etc(self.name)
        files.write(folder / 'rabbitmq.conf', '\n'.join([*lines, '']))
        files.write(folder / 'enabled_plugins', '[].\n')
        self.state.data(self.name).mkdir(parents=True, exist_ok=True)

    def environment(self) -> dict[str, str]:
        data, etc = self.state.data(self.name), self.state.etc(self.name)
        return {
            # Home holds the cookie that lets nodes speak to each other.
            'HOME': str(data),
            'ERL_EPMD_ADDRESS': '127.0.0.1',
            'ERL_EPMD_PORT': str(self.settings.port('epmd')),
            'RABBITMQ_NODENAME': 'xcloud@localhost',
            'RABBITMQ_CONFIG_FILE': str(etc / 'rabbitmq.conf'),
            'RABBITMQ_CONF_ENV_FILE': '/dev/null',
            'RABBITMQ_ENABLED_PLUGINS_FILE': str(etc / 'enabled_plugins'),
            'RABBITMQ_MNESIA_BASE': str(data / 'mnesia'),
            'RABBITMQ_LOG_BASE': str(data / 'log'),
            'RABBITMQ_DIST_PORT': str(self.settings.port('rabbitmq-distribution')),
            'RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS': (
                '-kernel inet_dist_use_interface {127,0,0,1} +S 2:2 +sbwt none'
            ),
            # The Erlang process takes the place of the script: its pid is the service's.
            'RABBITMQ_ALLOW_INPUT': '1',
        }

    def daemon(self) -> process.Daemon:
        argv: list[str | Path] = [PROGRAMS / 'rabbitmq-server', '-noinput']
        return process.Daemon(self.name, argv, self.state, self.environment())

    def answers(self) -> bool:
        return ports.answers(self.settings.port('rabbitmq'))

    def control(self, *words: str) -> str:
        """Run ``rabbitmqctl``."""
        return command.run([PROGRAMS / 'rabbitmqctl', *words], env=self.environment())
