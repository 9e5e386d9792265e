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
