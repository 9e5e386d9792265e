"""The guest's first file system."""

from __future__ import annotations

import gzip
import shutil
import subprocess
from pathlib import Path

import pytest

from cloud.guest import cpio


def archive() -> cpio.Archive:
    made = cpio.Archive()
    made.folder('proc')
    made.file('bin/tool', b'content', 0o755)
    made.link('bin/other', 'tool')
    return made


def test_same_content_same_bytes(tmp_path: Path) -> None:
    """An archive depends on nothing but what is in it."""
    for name in ('one', 'two'):
        archive().save(tmp_path / name)
    assert (tmp_path / 'one').read_bytes() == (tmp_path / 'two').read_bytes()


def test_name_given_twice() -> None:
    """Of two files with one name, the kernel would silently keep the second."""
    made = archive()
    with pytest.raises(ValueError, match=r'^bin/tool is already in the archive$'):
        made.file('bin/tool', b'')


@pytest.mark.skipif(shutil.which('cpio') is None, reason='needs cpio')
def test_cpio_reads_it(tmp_path: Path) -> None:
    """The tool of that name lists what was put in, folders first."""
    archive().save(tmp_path / 'archive')
    listed = subprocess.run(
        ['cpio', '--list', '--quiet'],
        input=gzip.decompress((tmp_path / 'archive').read_bytes()),
        stdout=subprocess.PIPE,
        check=True,
    )
    assert listed.stdout.decode().split() == ['proc', 'bin', 'bin/tool', 'bin/other']
