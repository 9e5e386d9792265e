"""`xloud-guest enable` and `disable` on the files of boot loaders, and of the agent."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guest.tests.tree import COMMAND, call, files, write

WORDS = ['memhp_default_state=online', 'memory_hotplug.online_policy=auto-movable', 'swiotlb=4096']
ALL = ' '.join(WORDS)
ENTRY = 'boot/loader/entries/linux.conf'
LINE = 'etc/kernel/cmdline'

#: Files as they are, and as they are with the settings.
EDITS = [
    pytest.param(LINE, 'root=a ro\n', f'root=a ro {ALL}\n', id='a line'),
    pytest.param(LINE, 'root=a ro', f'root=a ro {ALL}', id='no end of line'),
    pytest.param(LINE, 'root=a ro \t\n\n', f'root=a ro {ALL} \t\n\n', id='white space behind'),
    pytest.param(LINE, 'root=a\r\n', f'root=a {ALL}\r\n', id='lines of DOS'),
    pytest.param(LINE, 'root=a\nro\n', f'root=a\nro {ALL}\n', id='two lines'),
    pytest.param(LINE, '# ours\nroot=a\n# b\n', f'# ours\nroot=a {ALL}\n# b\n', id='comments'),
    pytest.param(LINE, '', '', id='empty'),
    pytest.param(LINE, '# root=a\n', '# root=a\n', id='a comment alone'),
    pytest.param(
        LINE,
        f'root=a {WORDS[0]}\n',
        f'root=a {WORDS[0]} {WORDS[1]} {WORDS[2]}\n',
        id='one is there',
    ),
    pytest.param(LINE, f'{ALL} root=a\n', f'{ALL} root=a\n', id='all are there'),
    pytest.param(
        LINE,
        'swiotlb=noforce memhp-default-state=offline\n',
        f'swiotlb=noforce memhp-default-state=offline {WORDS[1]}\n',
        id='other values',
    ),
    pytest.param(
        LINE,
        f'x{WORDS[0]} {WORDS[2]}x\n',
        f'x{WORDS[0]} {WORDS[2]}x {WORDS[0]} {WORDS[1]}\n',
        id='nearly there',
    ),
    pytest.param(LINE, f'# {ALL}\nro\n', f'# {ALL}\nro {ALL}\n', id='in a comment'),
    pytest.param(
        ENTRY,
        'title a\nlinux /a\noptions root=a ro\n',
        f'title a\nlinux /a\noptions root=a ro {ALL}\n',
        id='an entry',
    ),
    pytest.param(
        ENTRY,
        'options root=a\noptions\tquiet\ninitrd /b\n',
        f'options root=a\noptions\tquiet {ALL}\ninitrd /b\n',
        id='two lines of options',
    ),
    pytest.param(ENTRY, 'title a\nefi /shell.efi\n', 'title a\nefi /shell.efi\n', id='no Linux'),
    pytest.param(
        ENTRY,
        f'title {WORDS[0]} b\noptions \n',
        f'title {WORDS[0]} b\noptions {ALL} \n',
        id='words in a title',
    ),
]


@pytest.mark.parametrize(('name', 'before', 'after'), EDITS)
def test_edit(tmp_path: Path, name: str, before: str, after: str) -> None:
    """The settings are added once, where there is no value, and are taken out to the byte."""
    file = write(tmp_path, name, before)
    file.chmod(0o640)
    start = files(tmp_path)
    assert call(tmp_path, 'enable').returncode == 0
    assert file.read_bytes().decode() == after
    assert file.stat().st_mode & 0o777 == 0o640

    enabled = files(tmp_path)
    assert call(tmp_path, 'enable').returncode == 0
    assert file.read_bytes() == enabled[name]

    done = call(tmp_path, 'disable')
    assert (done.returncode, done.stderr) == (0, '')
    assert files(tmp_path) == {**start, **_parents()}
    assert file.stat().st_mode & 0o777 == 0o640


def _parents() -> dict[str, bytes]:
    """The folder of all state is part of every system, and is not removed."""
    return {'var': b'', 'var/lib': b''}


@settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
@given(
    st.lists(
        st.lists(
            st.sampled_from([b'options', b' ', b'\t', b'\n', b'\r\n', b'#', b'\0', b'\xff', b'ro'])
            | st.sampled_from([word.encode() for word in WORDS])
            | st.binary(max_size=6),
            max_size=12,
        ).map(b''.join),
        min_size=8,
        max_size=8,
    )
)
def test_any_content(tmp_path: Path, contents: list[bytes]) -> None:
    """Whatever is in the files, no byte of it is lost."""
    root = tmp_path / 'root'
    shutil.rmtree(root, ignore_errors=True)
    write(root, LINE, contents[0])
    for number, content in enumerate(contents[1:]):
        write(root, f'efi/loader/entries/{number}.conf', content)
    start = files(root)
    call(root, 'enable')
    done = call(root, 'disable')
    assert (done.returncode, done.stderr) == (0, '')
    assert files(root) == {**start, **_parents()}


def test_disable_of_what_was_never_enabled(tmp_path: Path) -> None:
    """Without a record nothing is taken out: what is there is of the operator."""
    write(tmp_path, LINE, f'root=a {ALL}\n')
    start = files(tmp_path)
    assert call(tmp_path, 'disable').returncode == 0
    assert files(tmp_path) == start


def test_entry_of_a_later_kernel(tmp_path: Path) -> None:
    """An entry that took our words from the running kernel loses them with the others."""
    write(tmp_path, ENTRY, 'options root=a\n')
    call(tmp_path, 'enable')
    later = write(tmp_path, 'boot/loader/entries/later.conf', f'options root=a {ALL} ro\n')
    call(tmp_path, 'enable')
    call(tmp_path, 'disable')
    assert later.read_text() == 'options root=a ro\n'


def test_entry_of_a_later_kernel_with_words_of_the_operator(tmp_path: Path) -> None:
    """What the operator had set for new kernels stays in their entries."""
    write(tmp_path, LINE, f'root=a {WORDS[0]}\n')
    call(tmp_path, 'enable')
    later = write(tmp_path, ENTRY, f'options root=a {ALL}\n')
    for command in ('enable', 'disable'):
        call(tmp_path, command)
    assert later.read_text() == f'options root=a {WORDS[0]}\n'


def test_entry_that_refers_to_the_environment_of_grub(tmp_path: Path) -> None:
    """A value there is one of the operator, too; without that file there is none."""
    text = 'options $kernelopts $tuned_params\n'
    file = write(tmp_path, ENTRY, text)
    write(tmp_path, 'boot/grub2/grubenv', 'kernelopts=root=a swiotlb=65536 ro\n#####')
    call(tmp_path, 'enable')
    assert file.read_text() == f'options $kernelopts $tuned_params {WORDS[0]} {WORDS[1]}\n'
    call(tmp_path, 'disable')
    assert file.read_text() == text
    (tmp_path / 'boot/grub2/grubenv').unlink()
    assert call(tmp_path, 'enable').stderr == ''
    assert file.read_text() == f'options $kernelopts $tuned_params {ALL}\n'


def test_line_for_new_kernels_alone(tmp_path: Path) -> None:
    """It says nothing of the boot loader, so the words are said, too."""
    file = write(tmp_path, LINE, 'root=a\n')
    done = call(tmp_path, 'enable')
    assert file.read_text() == f'root=a {ALL}\n'
    assert f'Add to the kernel command line: {ALL}\n' in done.stdout


def test_words_that_the_operator_took_out(tmp_path: Path) -> None:
    """Taken out by hand they come back with `enable`, and `disable` still undoes them."""
    file = write(tmp_path, LINE, 'root=a\n')
    call(tmp_path, 'enable')
    file.write_text(f'root=b {WORDS[1]}\n')
    call(tmp_path, 'enable')
    assert file.read_text() == f'root=b {WORDS[1]} {WORDS[0]} {WORDS[2]}\n'
    call(tmp_path, 'disable')
    assert file.read_text() == 'root=b\n'


def test_link(tmp_path: Path) -> None:
    """A link stays a link, and its target is what is changed."""
    target = write(tmp_path, 'etc/lines/cmdline', 'root=a\n')
    link = tmp_path / LINE
    link.parent.mkdir()
    link.symlink_to('../lines/cmdline')
    call(tmp_path, 'enable')
    assert link.is_symlink()
    assert target.read_text() == f'root=a {ALL}\n'
    call(tmp_path, 'disable')
    assert target.read_text() == 'root=a\n'


def test_full_disk(tmp_path: Path) -> None:
    """Without space for the new version, the old one stays, and the exit status is 1."""
    entries = tmp_path / 'boot/loader/entries'
    entries.mkdir(parents=True)
    text = 'options ' + 'a' * 4000
    script = (
        'mount -t tmpfs -o size=4k full "$1" && printf "%s\n" "$2" > "$1/linux.conf" && '
        '{ "$3" enable; echo "status $?"; cat "$1/linux.conf"; ls "$1"; }'
    )
    done = subprocess.run(
        ['unshare', '--mount', 'sh', '-c', script, 'sh', entries, text, COMMAND],
        env={'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'XLOUD_GUEST_ROOT': str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    if 'mount' in done.stderr or 'unshare' in done.stderr:
        pytest.skip(f'needs root for a small file system: {done.stderr.strip()}')
    fault = f'xloud-guest: cannot change {entries}/linux.conf; it is as it was\n'
    assert done.stderr.endswith(fault)
    assert done.stdout.endswith(f'status 1\n{text}\nlinux.conf\n')


def test_settings_that_were_changed(tmp_path: Path) -> None:
    """A file of ours that the operator has changed is kept, and said."""
    (tmp_path / 'etc/default/grub.d').mkdir(parents=True)
    call(tmp_path, 'enable')
    grub = tmp_path / 'etc/default/grub.d/zz-xloud-guest.cfg'
    agent = tmp_path / 'etc/qemu/qemu-ga.conf'
    grub.write_text(grub.read_text() + '# ours\n')
    done = call(tmp_path, 'disable')
    assert done.returncode == 0
    assert done.stdout == (
        f'kept {grub}, which is not from xloud-guest or was changed\nremoved {agent}\n'
    )
    assert grub.exists()
    assert not agent.parent.exists()


def test_red_hat_has_its_own_list_for_the_agent(tmp_path: Path) -> None:
    """Where the service names its verbs itself, they stay as they are."""
    write(tmp_path, 'etc/sysconfig/qemu-ga', 'FILTER_RPC_ARGS="--allow-rpcs=guest-set-vcpus"\n')
    call(tmp_path, 'enable')
    assert not (tmp_path / 'etc/qemu').exists()


def test_unknown_boot_loader(tmp_path: Path) -> None:
    """Where no boot loader is known, the words to add are said."""
    done = call(tmp_path, 'enable')
    assert done.returncode == 0
    assert done.stdout.startswith(
        f'xloud-guest does not know this boot loader. Add to the kernel command line: {ALL}\n'
    )


@pytest.mark.parametrize('shell', [('dash',), ('busybox', 'sh'), ('bash', '--posix')])
def test_shells(tmp_path: Path, shell: tuple[str, ...]) -> None:
    """Every shell of a distribution runs it alike."""
    if shutil.which(shell[0]) is None:
        pytest.skip(f'needs {shell[0]}')
    file = write(tmp_path, ENTRY, 'options root=a\n')
    assert call(tmp_path, 'enable', shell=shell).returncode == 0
    assert file.read_text() == f'options root=a {ALL}\n'
    assert call(tmp_path, 'check', '--json', shell=shell).returncode == 1
    assert call(tmp_path, 'disable', shell=shell).returncode == 0
    assert file.read_text() == 'options root=a\n'
