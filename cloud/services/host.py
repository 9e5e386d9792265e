"""Compute hosts on one machine.

Each is a mount and a host-name namespace, held open by a process that does
nothing else. What runs inside sees folders of libvirt, and of Nova's servers,
of its own; and more CPUs than the machine may have, since placement lets no
server be larger than the host's CPU count.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cloud import command, errors, files, ports, process, service
from cloud.emulator import build as emulator
from cloud.guest import build as guest

#: The CPUs that a host shows at least.
CPUS = 16

_SEEN_CPUS = ('online', 'present', 'possible')
_CPU_FOLDER = Path('/sys/devices/system/cpu')

#: Where libvirt keeps what; each host has its own, but for the cache: it holds
#: what QEMU can do, which takes seconds to find out and is the same for all.
_LIBVIRT = {
    'etc': Path('/etc/libvirt'),
    'run': Path('/run/libvirt'),
    'lib': Path('/var/lib/libvirt'),
    'log': Path('/var/log/libvirt'),
}
_CACHE = Path('/var/cache/libvirt')

#: The memory controller, where control groups have the hierarchies of their first version, and
#: the hierarchy of the second one beside them: libvirt would take that one.
_MEMORY_GROUPS = Path('/sys/fs/cgroup/memory')
_OTHER_GROUPS = _MEMORY_GROUPS.with_name('unified')


class HostPart(service.Service):
    """Something that belongs to one compute host."""

    def __init__(self, context: service.Context, number: int) -> None:
        super().__init__(context)
        self.number = number
        self.cell = self.settings.cell_of(number)
        self.host = f'compute{number}'
        self.folder = self.state / 'hosts' / self.host
        #: All addresses 127.x.y.z are the machine itself: one for each host.
        self.address = f'127.0.0.{10 + number}'

    @property
    def label(self) -> str:
        return f'{self.name}-{self.number}'

    @property
    def socket(self) -> Path:
        return self.folder / 'run' / 'libvirt-sock'

    @property
    def uri(self) -> str:
        return f'qemu+unix:///system?socket={self.socket}'

    @property
    def instances(self) -> Path:
        """The folder of servers, at the same path on every host, as migration needs."""
        return self.state / 'instances'

    def inside(self, *argv: str | Path) -> list[str | Path]:
        """Return the command that runs another one on this host."""
        holder = Host(self.context, self.number).daemon().pid
        # Not running: what is shown is still what would be run.
        return ['nsenter', '--target', str(holder or 0), '--mount', '--uts', '--', *argv]

    @property
    def identity(self) -> uuid.UUID:
        """An identity that no other host of the machine has, also none of another cloud."""
        return uuid.uuid5(uuid.NAMESPACE_URL, str(self.folder))

    @property
    def groups(self) -> Path:
        """The folder of the control groups of this host's guests."""
        return _MEMORY_GROUPS / f'xloud-{self.identity}'

    @property
    def limits_memory(self) -> bool:
        """Whether libvirt can limit the memory of guests: that is the machine's to say."""
        return (_MEMORY_GROUPS / 'tasks').exists() and os.access(_MEMORY_GROUPS, os.W_OK)


class Host(HostPart):
    """The namespaces."""

    name = 'host'
    packages = ('util-linux',)

    def configure(self) -> None:
        for name in (*_LIBVIRT, 'instances', 'cpu'):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self.instances.mkdir(exist_ok=True)
        self.state.data('libvirt-cache').mkdir(parents=True, exist_ok=True)
        count = max(CPUS, os.cpu_count() or 1)
        for name in _SEEN_CPUS:
            file = self.folder / 'cpu' / name
            if not file.exists():  # A file that is mounted must stay the one it is.
                files.write(file, f'0-{count - 1}\n', 0o644)
        self._make_mount_points()
        if self.limits_memory:
            self.groups.mkdir(exist_ok=True)
        front = emulator.Front(self.state)
        # Debian 13 is among the distributions.
        if self.settings.distributions or front.is_needed(guest.Guest(self.state).linux()):
            front.build()

    def daemon(self) -> process.Daemon:
        mounts = [(self.folder / name, path) for name, path in _LIBVIRT.items()]
        mounts += [
            (self.state.data('libvirt-cache'), _CACHE),
            (self.folder / 'instances', self.instances),
        ]
        mounts += [(self.folder / 'cpu' / name, _CPU_FOLDER / name) for name in _SEEN_CPUS]
        front = emulator.Front(self.state)
        if front.file.exists():
            mounts += [(front.qemu, front.real), (front.file, front.qemu)]
        if self.limits_memory:
            mounts.append((self.groups, _MEMORY_GROUPS))
        lines = [shlex.join(['mount', '--bind', str(a), str(b)]) for a, b in mounts]
        if self.limits_memory and _OTHER_GROUPS.is_mount():
            lines.append(f'umount {_OTHER_GROUPS}')
        lines += [f'hostname {self.host}', 'exec sleep infinity']
        argv: list[str | Path] = [
            'unshare', '--mount', '--propagation', 'private', '--uts',
            'sh', '-ec', '\n'.join(lines),
        ]  # fmt: skip
        return process.Daemon(self.label, argv, self.state)

    def settle(self) -> None:
        """Put before QEMU what was not needed yet when the host started."""
        front = emulator.Front(self.state)
        if front.file.exists():
            script = 'cmp -s "$0" "$1" || { mount --bind "$1" "$2"; mount --bind "$0" "$1"; }'
            command.run(self.inside('sh', '-ec', script, front.file, front.qemu, front.real))

    def answers(self) -> bool:
        pid = self.daemon().pid
        name = Path('/proc', str(pid), 'comm')
        return pid is not None and name.read_text() == 'sleep\n'

    def cleanup(self) -> None:
        for parent, _, _ in os.walk(self.groups, topdown=False):
            Path(parent).rmdir()  # Its files are not to be removed.
        record = self.state / 'made-folders'
        if record.exists():
            for line in reversed(record.read_text().split()):
                folder = Path(line)
                if folder.is_dir() and not any(folder.iterdir()) and not is_mounted(folder):
                    folder.rmdir()

    def _make_mount_points(self) -> None:
        """Make the folders that are mounted over, and note them to take them away."""
        record = self.state / 'made-folders'
        folders = record.read_text().split() if record.exists() else []
        for folder in (*_LIBVIRT.values(), _CACHE):
            if not folder.exists():
                if str(folder) not in folders:
                    folders.append(str(folder))
                    files.write(record, '\n'.join(folders) + '\n')
                folder.mkdir(parents=True)


class Libvirt(HostPart):
    """The libvirtd of one host."""

    name = 'libvirtd'
    packages = (
        'libvirt-daemon-system', 'libvirt-clients',
        'qemu-system-x86', 'qemu-utils', 'genisoimage',
        *emulator.Library.packages,
    )  # fmt: skip

    def install(self) -> None:
        emulator.Library(self.state).build()

    def configure(self) -> None:
        etc = self.folder / 'etc'
        # Two hosts of one machine would have the same, and could not migrate.
        daemon: dict[str, str | int] = {
            'host_uuid': str(self.identity),
            'unix_sock_group': 'root',
            'log_level': 3,
        }
        first = 49152 + self.settings.port_offset + 32 * (self.number - 1)
        qemu: dict[str, str | int] = {
            'user': 'root',
            'group': 'root',
            'security_driver': 'none',
            'stdio_handler': 'file',
            'migration_address': self.address,
            'migration_port_min': first,
            'migration_port_max': first + 31,
        }
        files.write(etc / 'libvirtd.conf', _libvirt_options(daemon))
        controllers = '"memory"' if self.limits_memory else ''
        text = _libvirt_options(qemu) + f'cgroup_controllers = [{controllers}]\nnamespaces = []\n'
        files.write(etc / 'qemu.conf', text)
        # Live migration finds the other host by the address Nova gives it.
        link = self.state / 'hosts' / self.address
        if not link.is_symlink():
            link.symlink_to(self.host)

    def daemon(self) -> process.Daemon:
        argv = self.inside(
            'libvirtd', '--config', '/etc/libvirt/libvirtd.conf',
            # Its own default is outside of the folders that each host has.
            '--pid-file', '/run/libvirt/libvirtd.pid',
        )  # fmt: skip
        # libvirtd hands this variable, among few, on to each QEMU it starts.
        preload = {'LD_PRELOAD': str(emulator.Library(self.state).file)}
        return process.Daemon(self.label, argv, self.state, preload)

    def answers(self) -> bool:
        # virsh waits for seconds when there is no socket: look first.
        if not self.socket.exists():
            return False
        return command.succeeds(['virsh', '--connect', self.uri, 'version'])

    def virsh(self, *words: str) -> str:
        """Run ``virsh`` on this host."""
        return command.run(['virsh', '--connect', self.uri, *words])

    def agent(self, domain: str, verb: str, **arguments: Any) -> Any:
        """Ask the agent inside a guest."""
        question = json.dumps({'execute': verb, 'arguments': arguments})
        return json.loads(self.virsh('qemu-agent-command', domain, question))['return']

    def guests(self) -> list[int]:
        return guests(self.folder)

    def pid(self, domain: str) -> int:
        """Return the QEMU of a guest."""
        for pid in self.guests():
            if domain.encode() in Path('/proc', str(pid), 'cmdline').read_bytes():
                return pid
        raise errors.NotReadyError('the guest', f'the server {domain} has no QEMU')

    def resident_mb(self, domain: str) -> int:
        """Return the memory of the host that the QEMU of a guest has."""
        status = Path('/proc', str(self.pid(domain)), 'status').read_text()
        return int(status.split('VmRSS:')[1].split()[0]) >> 10

    def memory_limit_mb(self, domain: str) -> int:
        """Return what the kernel of the host lets the QEMU of a guest have."""
        groups = Path('/proc', str(self.pid(domain)), 'cgroup').read_text()
        _, _, path = next(line for line in groups.splitlines() if ':memory:' in line).split(':')
        limit = Path(f'{_MEMORY_GROUPS}{path}', 'memory.limit_in_bytes').read_text()
        return int(limit) >> 20

    def stop(self) -> None:
        guests = self.guests()
        super().stop()
        process.end(guests)
        self.socket.unlink(missing_ok=True)


class Ssh(HostPart):
    """How Nova copies disks from one host to another in a cold migration."""

    name = 'sshd'
    packages = ('openssh-server', 'openssh-client', 'rsync')

    @property
    def _port(self) -> int:
        return self.settings.port('ssh') + self.number

    def ports(self) -> dict[str, int]:
        return {self.label: self._port}

    def configure(self) -> None:
        etc = self.state.etc('ssh')
        etc.mkdir(parents=True, exist_ok=True)
        for key in ('host', 'user'):
            if not (etc / key).exists():
                command.run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', etc / key])
        (etc / 'authorized').write_text((etc / 'user.pub').read_text())
        server = [
            f'ListenAddress {self.address}:{self._port}',
            f'HostKey {etc}/host',
            f'AuthorizedKeysFile {etc}/authorized',
            'PermitRootLogin prohibit-password',
            'PasswordAuthentication no',
            'KbdInteractiveAuthentication no',
            'StrictModes no',
            'UsePAM no',
            'PidFile none',
            # scp speaks it.
            'Subsystem sftp internal-sftp',
        ]
        files.write(etc / f'{self.host}.conf', '\n'.join([*server, '']))
        client = [
            f'IdentityFile {etc}/user',
            'IdentitiesOnly yes',
            'StrictHostKeyChecking no',
            'UserKnownHostsFile /dev/null',
            'LogLevel ERROR',
        ]
        for number in range(1, self.settings.computes + 1):
            port = self.settings.port('ssh') + number
            client += [f'Host 127.0.0.{10 + number}', f'  Port {port}']
        files.write(etc / 'client.conf', '\n'.join([*client, '']))
        for name in ('ssh', 'scp'):
            text = f'#!/bin/sh\nexec /usr/bin/{name} -F {etc}/client.conf "$@"\n'
            files.write(etc / 'bin' / name, text, 0o700)

    def start(self) -> None:
        # It separates its privileges in a folder that Debian's script would make.
        Path('/run/sshd').mkdir(mode=0o755, exist_ok=True)
        super().start()

    def daemon(self) -> process.Daemon:
        file = self.state.etc('ssh') / f'{self.host}.conf'
        argv = self.inside('/usr/sbin/sshd', '-D', '-e', '-f', file)
        return process.Daemon(self.label, argv, self.state)

    def answers(self) -> bool:
        return ports.answers(self._port, self.address)


def guests(folder: Path) -> list[int]:
    """Return the QEMU processes of the host in a folder: they outlive its libvirtd."""
    pids = []
    for file in (folder / 'run' / 'qemu').glob('*.pid'):
        pid = int(file.read_text())
        name = f'guest={file.stem},'.encode()
        # The file may be an old one, and the number now that of another process.
        with contextlib.suppress(OSError):
            if name in Path('/proc', str(pid), 'cmdline').read_bytes():
                pids.append(pid)
    return pids


def is_mounted(folder: Path) -> bool:
    """Return whether something is mounted over a folder, in any namespace of the machine.

    That would not keep it from being removed, but be gone: a host of another cloud would have
    the same folder as its neighbors.
    """
    for table in Path('/proc').glob('[0-9]*/mountinfo'):
        with contextlib.suppress(OSError):
            if f' {folder} ' in table.read_text():
                return True
    return False


def _libvirt_options(options: Mapping[str, str | int]) -> str:
    quoted = {
        name: f'"{value}"' if isinstance(value, str) else value for name, value in options.items()
    }
    return ''.join(f'{name} = {value}\n' for name, value in quoted.items())
