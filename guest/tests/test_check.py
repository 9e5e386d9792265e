"""What `xloud-guest check` says of good, bad and impossible machines."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guest.tests.tree import Machine, call

NAMES = ['cpu-add', 'cpu-remove', 'balloon', 'virtio-mem', 'new-memory', 'agent', 'next-start']
CPU = 'sys/devices/system/cpu'
MEMORY = 'sys/devices/system/memory'
VIRTIO = 'sys/bus/virtio/devices'
RULES = 'usr/lib/udev/rules.d/80-xloud-guest.rules'
MASK = 'etc/udev/rules.d/80-xloud-guest.rules'
LINE = 'memhp_default_state=online memory_hotplug.online_policy=auto-movable swiotlb=4096'


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A guest in which everything works."""
    return Machine(tmp_path)


def test_good_machine(machine: Machine) -> None:
    """Where everything works, each check is ok, without a remedy, and the exit status is 0."""
    status, report = machine.check()
    assert status == 0
    assert report['works'] is True
    assert report['cpus'] == {'online': 2, 'present': 2, 'possible': 4}
    assert report['memory_kib'] == 498716
    assert [check['name'] for check in report['checks']] == NAMES
    assert {(check['state'], check['remedy']) for check in report['checks']} == {('ok', None)}


def test_text(machine: Machine) -> None:
    """People read one line for each check, and the remedy below it."""
    machine.write(f'{CPU}/cpu1/online', '0\n')
    machine.write(f'{CPU}/online', '0\n')
    done = call(machine.root, 'check')
    assert done.returncode == 1
    assert done.stdout == (
        'fail     cpu-add     CPUs were added, or taken offline, and are not in use: cpu1.\n'
        '                     -> As root: xloud-guest apply\n'
        'ok       cpu-remove  Each CPU but cpu0 can be released.\n'
        'ok       balloon     The balloon driver returns memory, and reports how much is in use.\n'
        'ok       virtio-mem  The virtio-mem driver adds and removes memory.\n'
        'ok       new-memory  Added memory comes online, and can be removed again.\n'
        'ok       agent       The guest agent runs.\n'
        'ok       next-start  The kernel command line has all settings.\n'
        'CPUs: 1 online, 2 present, at most 4. Memory: 498716 KiB.\n'
    )


def _blacklist(machine: Machine) -> None:
    (machine.root / f'{VIRTIO}/virtio0/driver/module').unlink()
    (machine.root / f'{VIRTIO}/virtio0/driver').rmdir()
    machine.write('etc/modprobe.d/small.conf', 'blacklist virtio_balloon\n')


def _unload(machine: Machine, number: int) -> None:
    (machine.root / f'{VIRTIO}/virtio{number}/driver/module').unlink()
    (machine.root / f'{VIRTIO}/virtio{number}/driver').rmdir()


def _old_kernel(machine: Machine, version: str) -> None:
    _unload(machine, 1)
    machine.write('proc/sys/kernel/osrelease', f'{version}\n')


APPLY = 'As root: xloud-guest apply'
UDEV = 'Install the package xloud-guest: it has a udev rule for that.'
KERNEL = 'Boot a kernel of the distribution; its configuration needs '


@pytest.mark.parametrize(
    ('name', 'state', 'remedy', 'damage'),
    [
        ('cpu-add', 'fail', APPLY, lambda m: m.write(f'{CPU}/cpu1/online', '0\n')),
        (
            'cpu-add',
            'fail',
            UDEV,
            lambda m: m.remove(RULES, 'proc/512/comm'),
        ),
        ('cpu-add', 'warning', UDEV, lambda m: m.remove(RULES)),
        ('cpu-add', 'warning', UDEV, lambda m: m.write(MASK, '')),
        (
            'cpu-add',
            'fail',
            'Remove nr_cpus from the kernel command line, and reboot.',
            lambda m: m.write('proc/cmdline', f'{LINE} nr_cpus=2\n'),
        ),
        (
            'cpu-add',
            'fail',
            'Remove nosmp from the kernel command line, and reboot.',
            lambda m: m.write('proc/cmdline', f'nosmp {LINE}\n'),
        ),
        (
            'cpu-add',
            'warning',
            'If the flavor allows more: Linux 6.9 and later adds CPUs only under KVM and other'
            ' hypervisors that it knows.',
            lambda m: m.write(f'{CPU}/possible', '0\n'),
        ),
        (
            'cpu-remove',
            'fail',
            f'{KERNEL}CONFIG_HOTPLUG_CPU.',
            lambda m: (m.remove(f'{CPU}/hotplug/states'), (m.root / f'{CPU}/hotplug').rmdir()),
        ),
        (
            'balloon',
            'fail',
            'Remove virtio_balloon from /etc/modprobe.d/small.conf. As root: modprobe'
            ' virtio_balloon',
            _blacklist,
        ),
        (
            'balloon',
            'fail',
            'As root: modprobe virtio_balloon. If there is no such module, boot a kernel of the'
            ' distribution.',
            lambda m: _unload(m, 0),
        ),
        (
            'balloon',
            'warning',
            'Ask the operator of the cloud to turn memory statistics on.',
            lambda m: m.device(0, '0x0005', '0' * 64),
        ),
        ('balloon', 'absent', None, lambda m: m.remove(f'{VIRTIO}/virtio0/device')),
        ('virtio-mem', 'fail', 'Boot Linux 5.8 or later.', lambda m: _old_kernel(m, '5.4.0-1')),
        (
            'virtio-mem',
            'fail',
            'As root: modprobe virtio_mem. If there is no such module, boot a kernel of the'
            ' distribution. If it does not help, boot Linux 5.16 or later.',
            lambda m: _old_kernel(m, '5.10.0-9-amd64'),
        ),
        (
            'virtio-mem',
            'fail',
            'As root: modprobe virtio_mem. If there is no such module, boot a kernel of the'
            ' distribution.',
            lambda m: _old_kernel(m, '5.16'),
        ),
        ('virtio-mem', 'absent', None, lambda m: m.remove(f'{VIRTIO}/virtio1/device')),
        (
            'new-memory',
            'fail',
            f'{KERNEL}CONFIG_MEMORY_HOTPLUG.',
            lambda m: m.remove(f'{MEMORY}/auto_online_blocks'),
        ),
        (
            'new-memory',
            'fail',
            APPLY,
            lambda m: m.write(f'{MEMORY}/memory32/state', 'offline\n'),
        ),
        (
            'new-memory',
            'warning',
            APPLY,
            lambda m: m.write(f'{MEMORY}/auto_online_blocks', 'offline\n'),
        ),
        (
            'new-memory',
            'fail',
            APPLY,
            lambda m: (m.write(f'{MEMORY}/auto_online_blocks', 'offline\n'), m.remove(RULES)),
        ),
        (
            'new-memory',
            'warning',
            APPLY,
            lambda m: m.write(f'{MEMORY}/auto_online_blocks', 'online_movable\n'),
        ),
        (
            'new-memory',
            'warning',
            APPLY,
            lambda m: m.write(f'{MEMORY}/auto_online_blocks', 'online_kernel\n'),
        ),
        (
            'new-memory',
            'warning',
            APPLY,
            lambda m: m.write('sys/module/memory_hotplug/parameters/online_policy', 'contig-zones'),
        ),
        (
            'new-memory',
            'warning',
            'Boot Linux 5.15 or later.',
            lambda m: m.remove('sys/module/memory_hotplug/parameters/online_policy'),
        ),
        (
            'new-memory',
            'fail',
            'Remove mem from the kernel command line, and reboot.',
            lambda m: m.write('proc/cmdline', f'mem=1G {LINE}\n'),
        ),
        ('agent', 'absent', None, lambda m: m.remove('sys/class/virtio-ports/vport1p1/name')),
        (
            'agent',
            'warning',
            'Install the package qemu-guest-agent. As root: systemctl start qemu-guest-agent',
            lambda m: m.remove('proc/512/comm'),
        ),
        (
            'agent',
            'warning',
            'Allow guest-get-vcpus and guest-set-vcpus in /etc/qemu/qemu-ga.conf or'
            ' /etc/sysconfig/qemu-ga.',
            lambda m: m.write(
                'etc/qemu/qemu-ga.conf', '[general]\nblacklist=guest-ping,guest-set-vcpus\n'
            ),
        ),
        (
            'agent',
            'warning',
            'Allow guest-get-vcpus and guest-set-vcpus in /etc/qemu/qemu-ga.conf or'
            ' /etc/sysconfig/qemu-ga.',
            lambda m: m.write('etc/sysconfig/qemu-ga', 'ARGS="--allow-rpcs=guest-ping"\n'),
        ),
        (
            'next-start',
            'warning',
            'Install the package xloud-guest.',
            lambda m: (
                m.write('proc/cmdline', 'quiet\n'),
                m.remove('var/lib/xloud-guest/changes'),
            ),
        ),
        (
            'next-start',
            'warning',
            'Reboot. If that does not help, the boot loader is not known: add these words to the'
            ' kernel command line.',
            lambda m: m.write('proc/cmdline', 'quiet\n'),
        ),
        (
            'next-start',
            'warning',
            'Remove it, unless it is on purpose. As root: xloud-guest disable; xloud-guest enable',
            lambda m: m.write('proc/cmdline', LINE.replace('=online', '=offline')),
        ),
    ],
)
def test_bad_machine(
    machine: Machine, name: str, state: str, remedy: str | None, damage: Callable[[Machine], object]
) -> None:
    """What does not work is named with its remedy, and makes the exit status 1 if it fails."""
    damage(machine)
    status, report = machine.check()
    result = next(check for check in report['checks'] if check['name'] == name)
    assert (result['state'], result['remedy']) == (state, remedy)
    fails = any(check['state'] == 'fail' for check in report['checks'])
    assert status == int(fails)
    assert report['works'] is not fails
    assert [check['name'] for check in report['checks']] == NAMES


def test_dashes_in_names(machine: Machine) -> None:
    """The kernel takes them for underscores; in values they stay."""
    machine.write('proc/cmdline', LINE.replace('t_state', 't-state').replace('e_p', 'e-p') + '\n')
    assert machine.check()[1]['works'] is True
    machine.write('proc/cmdline', 'possible-cpus=2\n')
    checks = {check['name']: check for check in machine.check()[1]['checks']}
    assert checks['cpu-add']['remedy'].startswith('Remove possible_cpus from ')


def test_rule_of_red_hat(machine: Machine) -> None:
    """Its rule for memory has the state in a variable."""
    machine.remove(RULES)
    machine.write(
        'usr/lib/udev/rules.d/40-redhat.rules',
        'SUBSYSTEM!="memory", GOTO="end"\nATTR{state}=="offline", ATTR{state}="$env{.state}"\n',
    )
    machine.write(f'{MEMORY}/auto_online_blocks', 'offline\n')
    checks = {check['name']: check for check in machine.check()[1]['checks']}
    assert checks['new-memory']['state'] == 'warning'
    assert checks['cpu-add']['state'] == 'warning'


def test_kernel_without_virtio_mem_needs_no_memory_settings(machine: Machine) -> None:
    """What only virtio-mem needs is no failure of a server that has none."""
    machine.remove(f'{VIRTIO}/virtio1/device', f'{MEMORY}/auto_online_blocks')
    assert machine.states()['new-memory'] == 'warning'


@pytest.mark.parametrize(
    ('damage', 'vcpus', 'memory'),
    [
        (lambda m: None, 'yes', 'balloon,virtio-mem'),
        (lambda m: m.remove('proc/512/comm'), 'yes', 'balloon,virtio-mem'),
        (lambda m: m.remove(RULES), 'yes', 'balloon,virtio-mem'),
        (lambda m: m.remove(RULES, 'proc/512/comm'), 'no', 'balloon,virtio-mem'),
        (lambda m: m.write('proc/cmdline', f'nosmp {LINE}\n'), 'no', 'balloon,virtio-mem'),
        (lambda m: m.write(f'{CPU}/possible', '0\n'), None, 'balloon,virtio-mem'),
        (lambda m: m.device(0, '0x0005', '0' * 64), 'yes', 'balloon,virtio-mem'),
        (lambda m: _unload(m, 0), 'yes', 'virtio-mem'),
        (lambda m: _unload(m, 1), 'yes', 'balloon'),
        (lambda m: (_unload(m, 0), _unload(m, 1)), 'yes', 'no'),
        (lambda m: m.remove(f'{VIRTIO}/virtio1/device'), 'yes', 'balloon'),
        (
            lambda m: m.remove(f'{VIRTIO}/virtio0/device', f'{VIRTIO}/virtio1/device'),
            'yes',
            None,
        ),
        (lambda m: m.write(f'{MEMORY}/memory32/state', 'offline\n'), 'yes', 'balloon'),
    ],
)
def test_image_properties(
    machine: Machine, damage: Callable[[Machine], object], vcpus: str | None, memory: str | None
) -> None:
    """What works is declared, what fails is not, and of what cannot be seen nothing is said."""
    damage(machine)
    done = call(machine.root, 'check', '--image-properties')
    assert (done.returncode, done.stderr) == (machine.check()[0], '')
    expected = {'os_elastic_vcpus': vcpus, 'os_elastic_memory': memory}
    assert done.stdout == ''.join(f'{name}={value}\n' for name, value in expected.items() if value)


def test_agent_that_is_restricted_by_the_package(machine: Machine) -> None:
    """The settings of the package do not keep the agent from setting CPUs."""
    machine.remove('var/lib/xloud-guest/changes')
    assert call(machine.root, 'enable').returncode == 0
    assert 'guest-exec' in (machine.root / 'etc/qemu/qemu-ga.conf').read_text()
    assert machine.states()['agent'] == 'ok'


def test_apply_makes_the_machine_good(machine: Machine) -> None:
    """What `check` says to apply works once it is applied."""
    machine.write(f'{CPU}/cpu1/online', '0\n')
    machine.write(f'{MEMORY}/memory32/state', 'offline\n')
    machine.write(f'{MEMORY}/auto_online_blocks', 'offline\n')
    machine.write('sys/module/memory_hotplug/parameters/online_policy', 'contig-zones\n')
    assert machine.check()[0] == 1
    done = call(machine.root, 'apply')
    assert (done.returncode, done.stderr) == (0, '')
    assert set(machine.states().values()) == {'ok'}
    assert call(machine.root, 'apply').stdout == ''


def test_nothing_there(machine: Machine) -> None:
    """A system without /sys and /proc is checked as well."""
    shutil.rmtree(machine.root / 'sys')
    shutil.rmtree(machine.root / 'proc')
    status, report = machine.check()
    assert status == 1
    assert report['cpus'] == {'online': None, 'present': None, 'possible': None}
    assert report['memory_kib'] is None


@pytest.mark.parametrize(
    ('cpu_list', 'number'),
    [
        ('0', 1),
        ('0-3', 4),
        ('0,2-3,8', 4),
        ('008-010', 3),
        ('', None),
        ('3-0', None),
        ('0-99999999999999999999', None),
        ('0-3,', None),
        ('$(reboot)', None),
    ],
)
def test_lists_of_cpus(machine: Machine, cpu_list: str, number: int | None) -> None:
    """A list of CPUs is counted, and one that is none is null."""
    machine.write(f'{CPU}/present', f'{cpu_list}\n')
    assert machine.check()[1]['cpus']['present'] == number


TEXT = st.one_of(
    st.binary(max_size=60),
    st.text(max_size=40).map(lambda text: text.encode('utf-8', 'surrogatepass')),
    st.sampled_from([b'a="b\\"c"', b'\\', b'"', b'%s%n', b'-e \\0', b'08', b'\n\n', b'9' * 5000]),
)


@settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
@given(st.lists(TEXT, min_size=9, max_size=9))
def test_json_is_valid_whatever_the_machine_says(machine: Machine, said: list[bytes]) -> None:
    """No content of a file breaks the report."""
    names = [
        'proc/cmdline',
        'proc/sys/kernel/osrelease',
        'proc/meminfo',
        f'{CPU}/online',
        f'{CPU}/possible',
        f'{CPU}/cpu1/online',
        f'{MEMORY}/auto_online_blocks',
        'sys/module/memory_hotplug/parameters/online_policy',
        'etc/qemu/qemu-ga.conf',
    ]
    for name, content in zip(names, said, strict=True):
        machine.write(name, content)
    machine.write('proc/cmdline', said[0] + b' memhp_default_state=' + said[0])
    status, report = machine.check()
    assert [check['name'] for check in report['checks']] == NAMES
    assert report['works'] is (status == 0)


@pytest.mark.parametrize(
    'words',
    [
        (),
        ('chekc',),
        ('check', '--yaml'),
        ('check', '--json', '--json'),
        ('check', '--json', '--image-properties'),
        ('enable', 'now'),
    ],
)
def test_misuse(tmp_path: Path, words: tuple[str, ...]) -> None:
    """A call that is not understood changes nothing, shows the usage, and has status 2."""
    done = call(tmp_path, *words)
    assert (done.returncode, done.stdout) == (2, '')
    assert 'usage: xloud-guest check [--json] ' in done.stderr
    assert not list(tmp_path.iterdir())
