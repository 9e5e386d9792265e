"""The hosts of the cloud as their operator has them: an inventory, and the command."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

from cloud import settings, venv
from cloud.tests.e2e.world import World
from upgrade.tests.world import Command, Sshd

_FRONT = settings.REPOSITORY / 'upgrade' / 'xloud-upgrade'
_XCLOUD = settings.REPOSITORY / 'cloud' / 'xcloud'

#: Seconds that a compute must stay healthy; enough for adjustments on the others.
SETTLE = 10


class Fleet(Command):
    """A controller and computes, each with an environment of its own."""

    def __init__(self, world: World, folder: Path, sshd: Sshd) -> None:
        self.world = world
        self.folder = folder
        self.computes = [host.host for host in world.hosts]
        self.hosts = ['control', *self.computes]
        self.inventory = folder / 'inventory.toml'
        self.inventory.write_text('\n'.join([*self._control(sshd), *self._computes()]) + '\n')
        context = world.context
        self.stock = context.venv.pristine_version()
        #: What an administrator's openrc sets.
        self.openrc = {
            'OS_AUTH_URL': context.settings.url('keystone') + '/v3',
            'OS_USERNAME': 'admin',
            'OS_PASSWORD': context.passwords['admin'],
            'OS_PROJECT_NAME': 'admin',
            'OS_REGION_NAME': 'RegionOne',
        }

    @property
    def release(self) -> str:
        return self.world.context.settings.release

    @functools.cached_property
    def fork(self) -> str:
        """The version that is put on the hosts."""
        return str(json.loads(self.does('plan', '--json'))['version'])

    def _environment(self, host: str) -> venv.Environment:
        return self.world.context.nova(host)

    def _control(self, sshd: Sshd) -> list[str]:
        own = self._environment('control')
        configuration = self.world.context.state.etc('nova') / 'nova.conf'
        services = ', '.join(
            f'{{role = "{role}", {_commands(f"nova-{role}")}, settle = 2}}'
            for role in ('conductor', 'scheduler', 'api')
        )
        return [
            'backup_dir = "backups"',
            '[defaults]',
            f'state_dir = "{self.folder}/state"',
            f'settle = {SETTLE}',
            '[hosts.control]',
            'address = "127.0.0.1"',
            f'port = {sshd.port}',
            f'ssh_options = {json.dumps(sshd.options)}',
            '[hosts.control.environments.nova]',
            f'path = "{own.root}"',
            f'database = "{own.bin}/nova-manage --config-file {configuration} api_db version"',
            f'services = [{services}]',
        ]

    def _computes(self) -> list[str]:
        """Each is reached through the sshd in its own namespaces."""
        client = self.world.context.state.etc('ssh') / 'client.conf'
        lines = []
        for host in self.world.hosts:
            lines += [
                f'[hosts.{host.host}]',
                f'address = "{host.address}"',
                f'ssh_options = ["-F", "{client}"]',
                f'[hosts.{host.host}.environments.nova]',
                f'path = "{self._environment(host.host).root}"',
                'role = "compute"',
                _commands(f'nova-compute-{host.number}').replace(', ', '\n'),
            ]
        return lines

    def start(self, *words: str, **environment: str) -> subprocess.Popen[str]:
        """Begin the command."""
        plain = {name: v for name, v in os.environ.items() if not name.startswith('OS_')}
        return subprocess.Popen(
            [_FRONT, words[0], '-i', self.inventory, '--release', self.release, *words[1:]],
            env={**plain, **self.openrc, **environment},
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def applies(self, *words: str) -> dict[str, tuple[float, float]]:
        """Apply; return when the exchange of each target's files and services began and ended."""
        process = self.start('apply', *words)
        began: dict[str, float] = {}
        ended: dict[str, float] = {}
        progress = ''
        for line in process.stderr or ():
            progress += line
            host = line.strip().partition('/')[0]
            if ' exchange files ...' in line:
                began[host] = time.monotonic()
            elif ' make it final: ' in line:
                ended[host] = time.monotonic()
        out, _ = process.communicate(timeout=60)
        assert process.returncode == 0, progress + out
        return {host: (began[host], ended[host]) for host in began}

    def versions(self) -> dict[str, str]:
        """What runs where, as the command's status says."""
        listed: list[dict[str, Any]] = json.loads(self.does('status', '--json'))
        assert all(all(target['services'].values()) for target in listed), listed
        return {target['target'].partition('/')[0]: target['version'] for target in listed}

    def files(self) -> dict[Path, tuple[Any, ...]]:
        """Everything below each site-packages: content, mode and time."""
        snapshot: dict[Path, tuple[Any, ...]] = {}
        for host in self.hosts:
            for path in self._environment(host).site.rglob('*'):
                status = path.lstat()
                content = () if path.is_dir() else (path.read_bytes(), status.st_mtime_ns)
                snapshot[path] = (oct(status.st_mode), *content)
        return snapshot


def _commands(label: str) -> str:
    return f'restart = "{_XCLOUD} restart {label}", health = "{_XCLOUD} status {label}"'
