"""The library that is preloaded into QEMU: made for its version, harmless elsewhere."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cloud import errors, settings
from cloud.emulator import build

needs_tools = pytest.mark.skipif(
    not (shutil.which('gcc') and shutil.which('qemu-system-x86_64')), reason='needs gcc and QEMU'
)


@pytest.mark.parametrize(
    ('text', 'major'),
    [
        ('QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)\nCopyright', 7),
        ('QEMU emulator version 10.0.2 (Debian 1:10.0.2+ds-2)\n', 10),
    ],
)
def test_major_version(text: str, major: int) -> None:
    assert build.major_version(text) == major


def test_no_version() -> None:
    """What QEMU said instead is shown."""
    with pytest.raises(errors.CheckError, match='shows no version:\nhello'):
        build.major_version('hello\n')


@pytest.fixture
def library(tmp_path: Path) -> build.Library:
    state = settings.State(tmp_path / 'cloud')
    state.prepare()
    return build.Library(state)


@needs_tools
def test_built_once(library: build.Library) -> None:
    """What is there and fits is kept; what was made of something else is made again."""
    library.build()
    first = library.file.stat().st_mtime_ns
    library.build()
    assert library.file.stat().st_mtime_ns == first
    (library.folder / 'recipe').write_text('another')
    library.build()
    assert library.file.stat().st_mtime_ns > first


@needs_tools
def test_other_programs(library: build.Library) -> None:
    """A program that is not QEMU runs as ever with it."""
    library.build()
    text = subprocess.run(
        [sys.executable, '-c', 'import threading; print(threading.active_count())'],
        env={**os.environ, 'LD_PRELOAD': str(library.file)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (text.stdout, text.stderr) == ('1\n', '')


@pytest.fixture
def front(tmp_path: Path) -> build.Front:
    """The program before a QEMU that prints what it is called with."""
    state = settings.State(tmp_path / 'the cloud')
    (state.packages / 'emulator').mkdir(parents=True)
    made = build.Front(state)
    made.build()
    made.real.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    made.real.chmod(0o755)
    return made


def test_guest_is_shown_a_hypervisor(front: build.Front) -> None:
    """Each word gets through as it is, but for what names the hypervisor."""
    words = ['-name', 'a b', '-cpu', 'qemu64', '-smbios', 'type=1,serial=x']
    printed = subprocess.check_output([front.file, *words], text=True).splitlines()
    assert printed == [
        *('-name', 'a b', '-cpu', 'qemu64,-hypervisor', '-smbios', 'type=1,serial=x'),
        *('-smbios', 'type=1,serial=VMware-1'),
    ]


def test_qemu_finds_its_modules(front: build.Front) -> None:
    """QEMU seeks modules and firmware from the folder that it is in, behind the front as well."""
    for name in ('lib', 'share'):
        assert (front.real.parent / '..' / name).resolve() == Path('/usr', name).resolve()


def test_question_to_qemu(front: build.Front) -> None:
    """What QEMU can do is asked of it without a guest, and nothing is changed in that."""
    printed = subprocess.check_output([front.file, '-machine', 'none'], text=True)
    assert printed.splitlines() == ['-machine', 'none']


@pytest.mark.parametrize(('linux', 'needed'), [((6, 1), False), ((6, 9), True), ((7, 0), True)])
def test_who_is_shown_a_hypervisor(linux: tuple[int, int], needed: bool) -> None:
    """Older guests see what they always saw."""
    assert build.Front.is_needed(linux) is needed
