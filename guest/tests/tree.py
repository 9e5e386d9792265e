"""Roots of made-up systems, and the command that looks at them."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

COMMAND = Path(__file__).resolve().parents[1] / 'files/usr/bin/xloud-guest'
RULES = COMMAND.parents[1] / 'lib/udev/rules.d/80-xloud-guest.rules'


def call(
    root: Path, *words: str, shell: tuple[str, ...] = ('sh',)
) -> subprocess.CompletedProcess[str]:
    """Run `xloud-guest` on a root, whether or not it succeeds."""
    return subprocess.run(
        [*shell, COMMAND, *words],
        env={**os.environ, 'XLOUD_GUEST_ROOT': str(root)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def write(root: Path, name: str, content: str | bytes) -> Path:
    """Write a file below a root."""
    file = root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


def files(root: Path) -> dict[str, bytes]:
    """Return the content of every file below a root; of a folder, nothing."""
    return {
        str(path.relative_to(root)): path.read_bytes() if path.is_file() else b''
        for path in root.rglob('*')
    }


class Machine:
    """The /sys, /proc and /etc of a guest in which everything works."""

    def __init__(self, root: Path) -> None:
        self.root = root
        cpus = 'sys/devices/system/cpu'
        self.write(f'{cpus}/hotplug/states', '0: offline\n')
        for name, cpu_list in (('online', '0-1'), ('present', '0-1'), ('possible', '0-3')):
            self.write(f'{cpus}/{name}', f'{cpu_list}\n')
        self.write(f'{cpus}/cpu0/uevent', '')
        self.write(f'{cpus}/cpu1/online', '1\n')
        self.write('sys/devices/system/memory/auto_online_blocks', 'online\n')
        self.write('sys/devices/system/memory/memory0/state', 'online\n')
        self.write('sys/devices/system/memory/memory32/state', 'online\n')
        self.write('sys/module/memory_hotplug/parameters/online_policy', 'auto-movable\n')
        self.device(0, '0x0005', '0110' + '0' * 60)
        self.device(1, '0x0018', '01' + '0' * 62)
        self.write('sys/class/virtio-ports/vport1p1/name', 'org.qemu.guest_agent.0\n')
        self.write('proc/512/comm', 'qemu-ga\n')
        self.write('proc/sys/kernel/osrelease', '6.1.0-9-amd64\n')
        self.write('proc/meminfo', 'MemTotal:         498716 kB\nMemFree: 1 kB\n')
        self.write(
            'proc/cmdline',
            'root=/dev/vda1 memhp_default_state=online '
            'memory_hotplug.online_policy=auto-movable swiotlb=4096\n',
        )
        self.write('usr/lib/udev/rules.d/80-xloud-guest.rules', RULES.read_text())
        self.write('var/lib/xloud-guest/changes', '')

    def write(self, name: str, content: str | bytes) -> None:
        """Write a file of it."""
        write(self.root, name, content)

    def remove(self, *names: str) -> None:
        """Delete files of it."""
        for name in names:
            (self.root / name).unlink()

    def device(self, number: int, kind: str, features: str, *, driver: bool = True) -> None:
        """Add a virtio device."""
        folder = f'sys/bus/virtio/devices/virtio{number}'
        self.write(f'{folder}/device', f'{kind}\n')
        self.write(f'{folder}/features', f'{features}\n')
        if driver:
            self.write(f'{folder}/driver/module', '')

    def check(self) -> tuple[int, dict[str, Any]]:
        """Return the exit status of the check, and what it says as JSON."""
        done = call(self.root, 'check', '--json')
        assert done.stderr == ''
        return done.returncode, json.loads(done.stdout)

    def states(self) -> dict[str, str]:
        """Return the states of its checks, by their names."""
        return {check['name']: check['state'] for check in self.check()[1]['checks']}
