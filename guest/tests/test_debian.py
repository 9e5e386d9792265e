"""Installing and removing the package in a real Debian."""

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from guest import build
from guest.tests.system import System

WORDS = 'memhp_default_state=online memory_hotplug.online_policy=auto-movable swiotlb=4096'
KERNEL = '6.1.0-9-amd64'
MACHINE = '0123456789abcdef0123456789abcdef'
FOLDER = build.Release.newest().folder


@pytest.fixture
def grub(debian: System) -> Iterator[System]:
    """A Debian that boots by GRUB."""
    debian.write(f'boot/vmlinuz-{KERNEL}', 'a kernel\n')
    debian.write(
        'etc/default/grub', 'GRUB_CMDLINE_LINUX_DEFAULT="quiet"\nGRUB_CMDLINE_LINUX="a=b"\n'
    )
    debian.run('mkdir -p /boot/grub; grub-mkconfig -o /boot/grub/grub.cfg')
    yield debian
    debian.remove('boot/grub', f'boot/vmlinuz-{KERNEL}', 'etc/default/grub')


@pytest.fixture
def systemd_boot(debian: System) -> Iterator[System]:
    """A Debian that boots by systemd-boot, with the entry of one kernel."""
    debian.write('etc/kernel/cmdline', 'root=/dev/vda1 ro quiet\n')
    debian.write('etc/machine-id', f'{MACHINE}\n')
    debian.write(f'boot/vmlinuz-{KERNEL}', 'a kernel\n')
    debian.run(f'mkdir -p /boot/loader/entries /boot/{MACHINE}')
    _install_kernel(debian, KERNEL)
    yield debian
    debian.remove('boot/loader', f'boot/{MACHINE}', 'etc/kernel/cmdline', f'boot/vmlinuz-{KERNEL}')


def _install_kernel(system: System, version: str) -> None:
    system.run(f'kernel-install add {version} /boot/vmlinuz-{KERNEL}')


def _linux_lines(system: System) -> list[str]:
    return re.findall(r'^\s*linux\s.*$', system.read('boot/grub/grub.cfg'), re.MULTILINE)


def _options(system: System) -> list[str]:
    entries = sorted((system.root / 'boot/loader/entries').glob('*.conf'))
    lines = [re.search('^options +(.*)$', e.read_text(), re.MULTILINE)[1] for e in entries]
    # The word that kernel-install adds, before ours or after them.
    return [line.replace(f' systemd.machine_id={MACHINE}', '') for line in lines]


def _by_dpkg(system: System) -> tuple[Callable[[], object], Callable[[], object]]:
    return (
        lambda: system.run('dpkg -i /packages/*.deb'),
        lambda: system.run('dpkg -r xloud-guest'),
    )


def _by_rpm(system: System) -> tuple[Callable[[], object], Callable[[], object]]:
    package = next((system.root / 'packages').glob('*.rpm'))
    return lambda: system.rpm('-i', str(package)), lambda: system.rpm('-e', 'xloud-guest')


def _by_tarball(system: System) -> tuple[Callable[[], object], Callable[[], object]]:
    unpack = f'rm -rf /run/{FOLDER}; tar -C /run -xzf /packages/{FOLDER}.tar.gz; '
    return (
        lambda: system.run(f'{unpack} /run/{FOLDER}/install'),
        lambda: system.run(f'{unpack} /run/{FOLDER}/install --remove; rm -rf /run/{FOLDER}'),
    )


@pytest.mark.parametrize('means', [_by_dpkg, _by_rpm, _by_tarball])
def test_grub(grub: System, means: Callable) -> None:
    """Every kernel of GRUB gets the settings, and removal gives back every file as it was."""
    install, remove = means(grub)
    before = grub.settings()
    assert not any(WORDS in line for line in _linux_lines(grub))

    install()
    installed = grub.settings()
    assert _linux_lines(grub)
    assert all(f' a=b {WORDS}' in line for line in _linux_lines(grub))
    remove()
    assert grub.settings() == before
    install()
    assert grub.settings() == installed
    remove()
    assert grub.settings() == before


def test_systemd_boot(systemd_boot: System) -> None:
    """The entries and the line for new kernels get the settings, and removal gives them back."""
    install, remove = _by_dpkg(systemd_boot)
    before = systemd_boot.settings()
    install()
    installed = systemd_boot.settings()
    assert _options(systemd_boot) == [f'root=/dev/vda1 ro quiet {WORDS}']
    assert systemd_boot.read('etc/kernel/cmdline') == f'root=/dev/vda1 ro quiet {WORDS}\n'
    remove()
    assert systemd_boot.settings() == before
    install()
    assert systemd_boot.settings() == installed
    remove()
    assert systemd_boot.settings() == before


def test_kernel_that_comes_later(systemd_boot: System) -> None:
    """A kernel that is installed after the package gets the settings, and loses them with it."""
    install, remove = _by_dpkg(systemd_boot)
    install()
    _install_kernel(systemd_boot, '6.1.0-10-amd64')
    assert _options(systemd_boot) == [f'root=/dev/vda1 ro quiet {WORDS}'] * 2
    systemd_boot.run('xloud-guest enable')
    remove()
    assert _options(systemd_boot) == ['root=/dev/vda1 ro quiet'] * 2


def test_upgrade(grub: System) -> None:
    """The same package over itself, and its purge, leave nothing twice and nothing behind."""
    before = grub.settings()
    grub.run('dpkg -i /packages/*.deb')
    installed = grub.settings()
    grub.run('dpkg -i /packages/*.deb')
    assert grub.settings() == installed
    grub.run('dpkg -P xloud-guest')
    assert grub.settings() == before
    assert not grub.run('find /etc /usr /var /boot /tmp -name "*xloud*"')


def test_operator_has_settings_of_their_own(grub: System) -> None:
    """What an operator has set is kept: on the kernel command line, and for the agent."""
    grub.write('etc/default/grub', 'GRUB_CMDLINE_LINUX="memhp_default_state=offline"\n')
    conf = grub.write('etc/qemu/qemu-ga.conf', '[general]\nverbose=true\n')
    said = grub.run('dpkg -i /packages/*.deb')
    assert 'kept /etc/qemu/qemu-ga.conf, which is not from xloud-guest' in said
    assert conf.read_text() == '[general]\nverbose=true\n'
    for line in _linux_lines(grub):
        assert 'memhp_default_state=offline memory_hotplug.online_policy=auto-movable' in line
        assert 'memhp_default_state=online' not in line
    grub.run('dpkg -r xloud-guest')
    assert conf.read_text() == '[general]\nverbose=true\n'
    conf.unlink()


def test_grub_that_fails(grub: System) -> None:
    """GRUB's own failure stops neither installation nor removal, and is said with its remedy."""
    before = grub.settings()
    broken = grub.write('etc/grub.d/99_broken', '#!/bin/sh\nexit 1\n')
    broken.chmod(0o755)
    remedy = 'grub-mkconfig failed. Fix the cause, then: grub-mkconfig -o /boot/grub/grub.cfg\n'
    assert remedy in grub.run('dpkg -i /packages/*.deb')
    assert remedy in grub.run('dpkg -r xloud-guest')
    broken.unlink()
    grub.remove('boot/grub/grub.cfg.new')
    assert grub.settings() == before


def test_agent_has_only_the_verbs_that_are_needed(debian: System) -> None:
    """The real agent reads the settings: it takes no commands, and may set CPUs."""
    debian.run('dpkg -i /packages/*.deb')
    blocked = re.search('^block-rpcs=(.*)$', debian.run('qemu-ga --dump-conf'), re.MULTILINE)[1]
    verbs = set(debian.run('qemu-ga --block-rpcs=help').split())
    debian.run('dpkg -r xloud-guest')
    assert set(blocked.split(',')) <= verbs
    left = verbs - set(blocked.split(','))
    assert {'guest-get-vcpus', 'guest-set-vcpus', 'guest-fsfreeze-freeze'} <= left
    assert {'guest-shutdown', 'guest-set-time', 'guest-set-user-password'} <= left
    assert not {v for v in left if v.startswith(('guest-exec', 'guest-file', 'guest-ssh'))}


def test_script(grub: System) -> None:
    """The script carries the package, and can be read from the standard input."""
    before = grub.settings()
    # A system in a folder has no /sys, so there is no running kernel to change.
    grub.run(f'sh < /packages/{FOLDER}.sh')
    assert all(WORDS in line for line in _linux_lines(grub))
    assert not grub.run('find /tmp -mindepth 1')
    _by_tarball(grub)[1]()
    assert grub.settings() == before


def test_element_of_diskimage_builder(
    grub: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hooks of the element install the tarball into an image."""
    element = Path(build.HERE, 'dib/xloud-guest')
    before = grub.settings()
    monkeypatch.setenv('XLOUD_GUEST_TARBALL', str(grub.root / f'packages/{FOLDER}.tar.gz'))
    hooks = grub.root / 'tmp/in_target.d'
    hooks.mkdir()
    monkeypatch.setenv('TMP_HOOKS_PATH', str(hooks))
    subprocess.run([element / 'extra-data.d/50-xloud-guest'], check=True)
    grub.write('tmp/in_target.d/hook', (element / 'finalise.d/40-xloud-guest').read_text())
    grub.run('sh /tmp/in_target.d/hook')
    assert all(WORDS in line for line in _linux_lines(grub))
    _by_tarball(grub)[1]()
    grub.remove('tmp/in_target.d')
    assert grub.settings() == before
