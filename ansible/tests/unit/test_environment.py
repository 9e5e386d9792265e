"""The environment that the collection is built, checked and run in."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
PREPARE = """
import sys
from pathlib import Path
from ansible.tests import environment
environment.HOME = Path(sys.argv[1])
environment._prepare_home()
"""


def test_settings_of_pip(tmp_path: Path) -> None:
    """Only their owner can read them, also if there are some of before."""
    file = tmp_path / '.config/pip/pip.conf'
    file.parent.mkdir(parents=True)
    file.touch()
    file.chmod(0o644)
    subprocess.run(
        (os.environ['BUILD_PYTHON'], '-c', PREPARE, tmp_path),
        cwd=REPOSITORY,
        env={**os.environ, 'PIP_INDEX_URL': 'https://user:secret@index.example.org/simple'},
        umask=0,
        check=True,
    )
    assert 'index-url = https://user:secret@index.example.org/simple' in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
