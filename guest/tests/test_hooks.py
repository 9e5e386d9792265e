"""Programs of an operator that run after a guest got another size."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from guest.tests import tree
from guest.tests.tree import Machine

HOOKS = 'etc/xloud-guest/resized.d'
SAYS = (
    '#!/bin/sh\necho "$XLOUD_CPUS $XLOUD_MEMORY_KIB $XLOUD_CPUS_BEFORE $XLOUD_MEMORY_KIB_BEFORE"\n'
)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A guest of 2 CPUs whose hooks have run at its start."""
    machine = Machine(tmp_path)
    look(machine)
    look(machine)
    return machine


def hook(machine: Machine, name: str, text: str = SAYS) -> None:
    tree.write(machine.root, f'{HOOKS}/{name}', text).chmod(0o755)


def look(machine: Machine) -> subprocess.CompletedProcess[str]:
    return tree.call(machine.root, 'resized')


def resize(machine: Machine, cpus: str = '0-1', memory_kib: int = 498716) -> None:
    machine.write('sys/devices/system/cpu/online', f'{cpus}\n')
    machine.write('proc/meminfo', f'MemTotal:  {memory_kib} kB\n')


def test_change(machine: Machine) -> None:
    """It runs once for each change, with the size and the one before."""
    hook(machine, 'says')
    assert [look(machine).stdout for _ in range(3)] == ['', '', '']
    resize(machine, cpus='0-3')
    assert [look(machine).stdout for _ in range(3)] == ['', '4 498716 2 498716\n', '']
    resize(machine, cpus='0-3', memory_kib=262144)
    assert [look(machine).stdout for _ in range(3)] == ['', '4 262144 4 498716\n', '']


def test_steps(machine: Machine) -> None:
    """It waits until a change that comes in steps is over."""
    hook(machine, 'says')
    for memory_kib in (480000, 460000, 440000):
        resize(machine, memory_kib=memory_kib)
        assert look(machine).stdout == ''
    assert look(machine).stdout == '2 440000 2 498716\n'


def test_comes_back(machine: Machine) -> None:
    """A change that is undone at once is none."""
    hook(machine, 'says')
    resize(machine, cpus='0')
    look(machine)
    resize(machine)
    assert [look(machine).stdout for _ in range(2)] == ['', '']


def test_start(tmp_path: Path) -> None:
    """The size at the start is no change, also if the balloon fills in steps."""
    machine = Machine(tmp_path)
    hook(machine, 'says')
    for memory_kib in (480000, 460000, 440000, 440000, 440000):
        resize(machine, memory_kib=memory_kib)
        assert look(machine).stdout == ''
    resize(machine, cpus='0', memory_kib=440000)
    assert [look(machine).stdout for _ in range(2)] == ['', '1 440000 2 440000\n']


def test_cpus_that_come_at_once(tmp_path: Path) -> None:
    """CPUs that come before the memory has its size at the start are a change all the same."""
    machine = Machine(tmp_path)
    hook(machine, 'says')
    look(machine)
    resize(machine, cpus='0-3', memory_kib=440000)
    assert [look(machine).stdout for _ in range(3)] == ['', '4 440000 2 440000\n', '']


def test_which(machine: Machine) -> None:
    """In the order of their names; what is no program, or a copy of one, does not run."""
    for name in ('20-b', '10-a', 'a.dpkg-old', 'a~', 'with space'):
        hook(machine, name, '#!/bin/sh\necho "${0##*/}"\n')
    machine.write(f'{HOOKS}/README', 'Programs.\n')
    machine.write(f'{HOOKS}/folder/a', '')
    resize(machine, cpus='0')
    look(machine)
    assert look(machine).stdout == '10-a\n20-b\n'


def test_failure(machine: Machine) -> None:
    """The others run, it is said, and it is not tried again before the next change."""
    hook(machine, '10-fails', '#!/bin/sh\nexit 7\n')
    hook(machine, '20-says')
    resize(machine, cpus='0')
    look(machine)
    done = look(machine)
    assert (done.returncode, done.stdout) == (1, '1 498716 2 498716\n')
    assert done.stderr == f'xloud-guest: {machine.root}/{HOOKS}/10-fails failed with 7\n'
    assert look(machine).returncode == 0


def test_killed(machine: Machine) -> None:
    """After one that took too long, and ended the others with it, none runs again."""
    hook(machine, '10-says')
    hook(machine, '20-hangs', '#!/bin/sh\nkill $PPID\n')
    resize(machine, cpus='0')
    look(machine)
    done = look(machine)
    assert done.returncode < 0
    assert done.stdout == '1 498716 2 498716\n'
    assert [look(machine).stdout for _ in range(2)] == ['', '']


def test_masked_timer(tmp_path: Path) -> None:
    """A mask of the operator stays, and where it is taken away the timer is on again."""
    mask = tmp_path / 'etc/systemd/system/xloud-guest-resized.timer'
    mask.parent.mkdir(parents=True)
    mask.symlink_to('/dev/null')
    assert tree.call(tmp_path, 'enable').returncode == 0
    assert str(mask.readlink()) == '/dev/null'
    assert list(tmp_path.rglob('timers.target.wants/*'))


def test_settings(tmp_path: Path) -> None:
    """The timer is on in an image with systemd, and removal leaves the operator's programs."""
    machine = Machine(tmp_path)
    machine.remove('var/lib/xloud-guest/changes')
    (tmp_path / 'var/lib/xloud-guest').rmdir()
    link = tmp_path / 'etc/systemd/system/timers.target.wants/xloud-guest-resized.timer'
    link.parent.parent.mkdir(parents=True)
    before = tree.files(tmp_path)
    for _ in range(2):
        assert tree.call(tmp_path, 'enable').returncode == 0
    assert str(link.readlink()) == '/usr/lib/systemd/system/xloud-guest-resized.timer'
    assert (tmp_path / HOOKS).is_dir()
    assert tree.call(tmp_path, 'disable').returncode == 0
    assert tree.files(tmp_path) == before

    tree.call(tmp_path, 'enable')
    hook(machine, 'says')
    tree.call(tmp_path, 'disable')
    assert (tmp_path / HOOKS / 'says').exists()
    assert not link.is_symlink()
