"""Machines that cannot do it say so at once, and nothing of an interrupted run stays behind."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from graft.project import Project
from graft.tests.conftest import OLD, House
from graft.workshop import venv

HERE = '.'.join(map(str, sys.version_info[:3]))


def amend(house: House, name: str, lines: str) -> None:
    with (house.root / f'releases/{name}/release.toml').open('a') as file:
        file.write(lines)


def test_release_that_this_python_cannot_run(house: House) -> None:
    """One sentence, with what to type instead, before anything is woven for it."""
    amend(house, 'old', 'newest-python = "3.10"\n')
    assert house.graft('venv', '--release', 'old') == (
        1,
        '',
        f'graft: Nova 1.0.0 (old) runs on Python 3.10 and older, and this is {HERE}.\n'
        '  To go on, take a release that does: RELEASE=new. '
        'Or name an older Python: make PYTHON=python3.10 ...\n',
    )
    assert not house.tree.exists()


def test_default_is_one_that_this_python_can_run(house: House) -> None:
    """Whoever names no release gets one that can be run, and reads which."""
    amend(house, 'old', 'newest-python = "3.10"\n')
    code, out, err = house.graft('venv')
    assert (code, out) == (1, '')
    assert err.startswith(
        f'Nova 1.0.0 (old) runs on Python 3.10 and older, and this is {HERE}: '
        'taking new; RELEASE=... names another\n'
    )
    assert 'releases/new has no constraints.txt' in err


def test_no_release_that_this_python_can_run(house: House) -> None:
    for name in ('old', 'new'):
        amend(house, name, 'newest-python = "3.10"\n')
    code, _, err = house.graft('venv')
    assert code == 1
    assert err.startswith('graft: Nova 1.0.0 (old) runs on Python 3.10 and older')


def test_release_that_this_python_can_run_still(house: House) -> None:
    """The newest Python that a release runs on is none too new for it."""
    amend(house, 'old', f'newest-python = "{sys.version_info[0]}.{sys.version_info[1]}"\n')
    code, _, err = house.graft('venv')
    assert code == 1
    assert err.endswith(
        'graft: releases/old has no constraints.txt\n  `python -m graft new old 1.0.0` writes it.\n'
    )


@pytest.fixture
def no_compiler(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    """A machine with Python and git alone, and a release that takes more."""
    amend(house, 'old', 'compiled = ["netifaces"]\n')
    house.write('releases/old/constraints.txt', 'netifaces==0.11.0\n')
    tools = tmp_path / 'bin'
    tools.mkdir()
    for name in ('env', 'git'):
        (tools / name).symlink_to(shutil.which(name) or name)
    monkeypatch.setenv('PATH', str(tools))
    return house


@pytest.mark.parametrize('command', ['venv', 'test'])
def test_no_compiler(no_compiler: House, command: str) -> None:
    """What has to be compiled is named, and the packages that it takes, before anything is done."""
    assert no_compiler.graft(command) == (
        1,
        '',
        'graft: netifaces, which Nova 1.0.0 (old) needs, must be compiled, '
        "and a C compiler or Python's headers are missing; "
        'on Debian: apt-get install gcc python3-dev\n',
    )
    assert not no_compiler.tree.exists()


def test_no_compiler_where_all_is_installed(no_compiler: House) -> None:
    """An environment that is there needs no compiler any more."""
    folder = no_compiler.root / '.fork/old/venv'
    folder.mkdir(parents=True)
    stamp = hashlib.sha256(f'netifaces==0.11.0\n{sys.version}'.encode()).hexdigest()
    (folder / 'pins').write_text(stamp)
    project = Project.at(no_compiler.root)
    assert venv.refusal(project, project.release('old')) == ''


def test_terminated_run_leaves_nothing(house: House, tmp_path: Path) -> None:
    """SIGTERM ends a build and what it started, and its temporary folder goes."""
    sleeper = 'import pathlib, time; pathlib.Path("started").touch(); time.sleep(60)\n'
    house.release('old', '1.0.0', {**OLD, 'setup.py': sleeper})
    temporary = tmp_path / 'temporary'
    temporary.mkdir()
    process = subprocess.Popen(
        [sys.executable, '-m', 'graft', '--project', house.root, 'wheel'],
        env={**os.environ, 'TMPDIR': str(temporary)},
        stderr=subprocess.DEVNULL,
        cwd=Path(__file__).parents[2],
    )
    while process.poll() is None and not list(temporary.glob('graft-*/nova/started')):
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    assert process.wait() == 128 + signal.SIGTERM
    assert list(temporary.iterdir()) == []
