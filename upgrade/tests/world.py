"""Hosts to upgrade: a real sshd on a loopback port, and an inventory of them."""

from __future__ import annotations

import abc
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from upgrade.tests import made_up

FRONT = Path(__file__).with_name('front.py')
_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
PACKAGES = {'sshd': 'openssh-server', 'ssh': 'openssh-client', 'rsync': 'rsync'}


class Sshd:
    """An ssh daemon with keys and a configuration of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for key in ('host', 'user'):
            words = ['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', folder / key]
            subprocess.run(words, check=True)
        shutil.copy(folder / 'user.pub', folder / 'authorized')
        with socket.socket() as free:
            free.bind(('127.0.0.1', 0))
            self.port = free.getsockname()[1]
        public = (folder / 'host.pub').read_text().split()
        (folder / 'known').write_text(f'[127.0.0.1]:{self.port} {public[0]} {public[1]}\n')
        (folder / 'config').write_text(
            f'ListenAddress 127.0.0.1:{self.port}\nHostKey {folder}/host\nPidFile none\n'
            f'AuthorizedKeysFile {folder}/authorized\nStrictModes no\nUsePAM no\n'
            'PasswordAuthentication no\nPermitRootLogin yes\nMaxStartups 100\nMaxSessions 100\n'
            # Login scripts of whoever runs the tests would take longer than many a test.
            f'SetEnv HOME={folder} PATH={Path(sys.executable).resolve().parent}:{_PATH}\n'
        )
        if os.geteuid() == 0:
            Path('/run/sshd').mkdir(mode=0o755, exist_ok=True)
        program = shutil.which('sshd', path=os.environ['PATH'] + ':/usr/sbin')
        self.process = subprocess.Popen(
            [str(program), '-D', '-e', '-f', folder / 'config'], stderr=(folder / 'log').open('w')
        )
        for _ in range(600):
            with socket.socket() as probe:
                if probe.connect_ex(('127.0.0.1', self.port)) == 0:
                    return
            time.sleep(0.05)
        raise RuntimeError((folder / 'log').read_text())

    @property
    def options(self) -> list[str]:
        options = ['-F', '/dev/null', '-i', str(self.folder / 'user')]
        for option in ('IdentitiesOnly=yes', f'UserKnownHostsFile={self.folder}/known'):
            options += ['-o', option]
        return options

    def connections(self) -> list[int]:
        """The processes that serve connections, not the one that listens."""
        children = []
        for entry in Path('/proc').iterdir():
            if entry.name.isdigit():
                try:
                    parent = int((entry / 'stat').read_text().rpartition(')')[2].split()[1])
                except OSError:
                    continue
                if parent == self.process.pid:
                    children.append(int(entry.name))
        return children

    def cut(self) -> None:
        """End every connection, as a network failure does."""
        for pid in self.connections():
            os.kill(pid, signal.SIGKILL)

    def stop(self) -> None:
        self.cut()
        self.process.terminate()
        self.process.wait()


@dataclass
class Node:
    """A virtual environment with the made-up nova, and a service that runs from it.

    The service "runs" the version that ``nova/version.py`` had when it was restarted last.
    """

    root: Path
    role: str = 'compute'
    restart: str = ''
    health: str = ''
    more: str = ''
    host: str = ''
    python: str = sys.executable

    def __post_init__(self) -> None:
        subprocess.run([self.python, '-m', 'venv', '--without-pip', self.root], check=True)
        (site,) = (self.root / 'lib').glob('python*/site-packages')
        self.site = site
        made_up.install(site)
        self.restart = self.restart or f'cp {site}/nova/version.py {self.running}'
        self.health = self.health or f'test -s {self.running}'
        shutil.copy(site / 'nova' / 'version.py', self.running)

    @property
    def running(self) -> Path:
        return self.root / 'running'

    @property
    def runs(self) -> str:
        return self.running.read_text().split("'")[1]

    @property
    def is_fork(self) -> bool:
        """Every module is that of the made-up fork, and so is the metadata."""
        modules = {
            str(path.relative_to(self.site)): path.read_text()
            for path in self.site.glob('nova/**/*.py')
        }
        metadata = [path.name for path in self.site.glob('nova-*')]
        return modules == made_up.FORK and metadata == ['nova-29.4.0+xloud.1.dist-info']

    def files(self) -> dict[str, tuple]:
        """Everything below site-packages: content, mode and time."""
        snapshot = {}
        for path in sorted(self.site.rglob('*')):
            status = path.lstat()
            name = str(path.relative_to(self.site))
            if path.is_dir():
                snapshot[name] = ('folder', oct(status.st_mode))
            else:
                snapshot[name] = (path.read_bytes(), oct(status.st_mode), status.st_mtime_ns)
        return snapshot


class Command(abc.ABC):
    """The command of an operator: begun, run to its end, or run with success."""

    #: Seconds until a run is given up.
    patience = 900.0

    @abc.abstractmethod
    def start(self, *words: str, **environment: str) -> subprocess.Popen[str]:
        """Begin the command."""

    def run(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the command to its end."""
        process = self.start(*words, **environment)
        out, err = process.communicate(timeout=self.patience)
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    def does(self, *words: str, **environment: str) -> str:
        """Run the command, which must succeed; return its output."""
        done = self.run(*words, **environment)
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout


@dataclass
class World(Command):
    """An operator with an inventory of nodes that are reached through sshd."""

    folder: Path
    sshd: Sshd
    fork: Path
    release: Path
    nodes: dict[str, Node] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    timeout: float = 30
    patience = 300.0

    def node(self, name: str, **settings: str) -> Node:
        self.nodes[name] = Node(self.folder / name, **settings)
        return self.nodes[name]

    @property
    def backups(self) -> Path:
        return self.folder / 'backups'

    def inventory(self) -> Path:
        lines = [
            'backup_dir = "backups"',
            '[defaults]',
            f'port = {self.sshd.port}',
            f'ssh_options = {json.dumps(self.sshd.options)}',
            f'state_dir = "{self.folder}/state"',
        ]
        for name, node in self.nodes.items():
            lines += [
                f'[hosts.{name}]',
                'address = "127.0.0.1"',
                node.host,
                f'[hosts.{name}.environments.nova]',
                f'path = "{node.root}"',
                f'role = "{node.role}"',
                f'restart = {json.dumps(node.restart)}',
                f'health = {json.dumps(node.health)}',
                'settle = 0.2',
                f'timeout = {self.timeout}',
                node.more,
            ]
        path = self.folder / 'inventory.toml'
        path.write_text('\n'.join(lines) + '\n')
        return path

    def start(self, *words: str, **environment: str) -> subprocess.Popen[str]:
        """Start the command. These nodes belong to no cloud, so no server has to grow."""
        if words[0] == 'rollback' and 'OS_AUTH_URL' not in environment:
            words = (*words, '--keep-sizes')
        return subprocess.Popen(
            [sys.executable, FRONT, words[0], '-i', self.inventory(), *words[1:]],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
            env={
                **{k: v for k, v in os.environ.items() if not k.startswith('OS_')},
                'FORK_WHEEL': str(self.fork),
                'FORK_TARBALL': str(self.release),
                **self.environment,
                **environment,
            },
        )


def read_until(run: subprocess.Popen[str], step: str) -> None:
    """Read the progress of a command until a step begins."""
    assert run.stderr is not None
    progress = ''
    for line in run.stderr:
        progress += line
        if f' {step}' in line:
            return
    raise AssertionError(progress)


def wait_until(true: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def without_upgrade_files(files: dict) -> dict:
    """Leave out what the upgrade itself keeps on a target."""
    return {name: what for name, what in files.items() if not name.startswith('.xloud-upgrade')}
