"""Which Python makes the environments."""

import sys
import sysconfig
from pathlib import Path

import pytest

from graft import interpreter


@pytest.fixture(autouse=True)
def built(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if this Python were built with the given arguments."""
    arguments = getattr(request, 'param', '--enable-shared')
    monkeypatch.setattr(sysconfig, 'get_config_var', lambda name: arguments)


def program(path: Path, script: str) -> str:
    path.write_text(f'#!/bin/sh\n{script}\n')
    path.chmod(0o755)
    return str(path)


def test_same_version(tmp_path: Path) -> None:
    system = program(tmp_path / 'python3', f'exec {sys.executable} "$@"')
    assert interpreter.best(system) == system


@pytest.mark.parametrize('built', ['--enable-optimizations'], indirect=True)
def test_optimized_already(tmp_path: Path) -> None:
    system = program(tmp_path / 'python3', 'exit 0')
    assert interpreter.best(system) == 'python3'


@pytest.mark.parametrize(
    'lacking',
    [
        'sys.version_info = (3, 9, 2)',
        'sys.modules["ensurepip"] = None',
        'import sysconfig; sysconfig.get_path = lambda name: "/nonexistent"',
    ],
)
def test_will_not_do(tmp_path: Path, lacking: str) -> None:
    script = f"""exec {sys.executable} -c 'import sys; {lacking}; exec(sys.argv[1])' "$2" """
    assert interpreter.best(program(tmp_path / 'python3', script)) == 'python3'


def test_no_other(tmp_path: Path) -> None:
    assert interpreter.best(str(tmp_path / 'python3')) == 'python3'
