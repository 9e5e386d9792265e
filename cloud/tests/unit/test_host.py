"""The namespaces of hosts."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from cloud.services import host


@pytest.mark.skipif(os.geteuid() != 0, reason='needs root')
def test_mounted_in_another_namespace(tmp_path: Path) -> None:
    """A folder over which another cloud has mounted its own is not free."""
    folder = tmp_path / 'folder'
    folder.mkdir()
    script = f'mount --bind {tmp_path} {folder}; echo; read -r _'
    with subprocess.Popen(
        ['unshare', '--mount', '--propagation', 'private', 'sh', '-ec', script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout and other.stdout.readline() == b'\n'
        assert host.is_mounted(folder)
        assert not folder.is_mount()
        other.communicate(b'\n')
    assert not host.is_mounted(folder)
