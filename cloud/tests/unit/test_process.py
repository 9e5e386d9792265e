"""Processes are ours only while number and moment agree."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud import files, process, settings, waiting

SLEEP = ['sleep', '60']


@pytest.fixture
def state(tmp_path: Path) -> settings.State:
    made = settings.State(tmp_path / 'cloud')
    made.prepare()
    return made


@pytest.fixture
def sleeper(state: settings.State) -> Iterator[process.Daemon]:
    daemon = process.Daemon('sleeper', SLEEP, state)
    yield daemon
    daemon.stop()


def test_start_and_stop(sleeper: process.Daemon) -> None:
    """It runs until it is stopped, and a second stop has nothing to do."""
    assert sleeper.pid is None
    sleeper.start()
    pid = sleeper.pid
    assert pid is not None
    assert sleeper.stop()
    assert process.started(pid) is None
    assert not sleeper.stop()


def test_second_start_changes_nothing(sleeper: process.Daemon) -> None:
    """What runs is left running."""
    sleeper.start()
    pid = sleeper.pid
    sleeper.start()
    assert sleeper.pid == pid


def test_open_files(state: settings.State) -> None:
    """A service may open more files than a login shell lets programs open."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, before[1]))
    daemon = process.Daemon('sleeper', SLEEP, state)
    try:
        daemon.start()
        assert resource.prlimit(daemon.pid or 0, resource.RLIMIT_NOFILE)[0] > 1024
    finally:
        daemon.stop()
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_number_of_another_process(sleeper: process.Daemon) -> None:
    """A process with our number that started at another moment is not touched."""
    with subprocess.Popen(SLEEP) as foreign:
        files.write(sleeper.pid_file, f'{foreign.pid} 1\n')
        assert sleeper.pid is None
        sleeper.stop()
        assert foreign.poll() is None
        foreign.kill()


@pytest.mark.parametrize('text', ['', 'x', '12', '1 2 3'])
def test_broken_pid_file(sleeper: process.Daemon, text: str) -> None:
    """A file that cannot be read as ours names no process."""
    files.write(sleeper.pid_file, text)
    assert sleeper.pid is None


def test_stubborn_process_is_killed(state: settings.State) -> None:
    """A process that ignores the request ends all the same."""
    code = 'import signal, time; signal.signal(15, signal.SIG_IGN); print(1); time.sleep(60)'
    daemon = process.Daemon('stubborn', [sys.executable, '-uc', code], state)
    daemon.start()
    assert waiting.until(lambda: daemon.log.read_text() == '1\n', 10)
    pid = daemon.pid
    assert pid is not None
    daemon.stop(patience=0.2)
    assert process.started(pid) is None


def test_helpers_are_found_by_their_mark(state: settings.State) -> None:
    """A child in a session of its own is known as the cloud's."""
    daemon = process.Daemon('parent', ['sh', '-c', 'setsid sleep 60 & wait'], state)
    daemon.start()
    assert waiting.until(lambda: len(process.marked(state)) == 2, 10)
    daemon.stop()
    left = process.marked(state)
    assert len(left) == 1
    process.end(left)
    assert process.marked(state) == []


def test_environment_is_plain(state: settings.State, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose cloud the caller uses does not reach the services."""
    monkeypatch.setenv('OS_CLOUD', 'production')
    daemon = process.Daemon('env', ['env'], state, {'OWN': 'yes'})
    daemon.start()
    assert waiting.until(lambda: daemon.pid is None, 10)
    words = daemon.log.read_text().split()
    assert 'OWN=yes' in words
    assert not [word for word in words if word.startswith('OS_CLOUD')]


def test_command_to_paste(state: settings.State) -> None:
    """The variables that a service needs are part of what is shown."""
    daemon = process.Daemon('x', ['program', 'a'], state, {'A': 'b'})
    assert daemon.command == ['env', 'A=b', 'program', 'a']


def test_own_process_is_known() -> None:
    """A moment is found for a living process, and none for a number without one."""
    assert process.started(os.getpid())
    assert process.started(2**22 + 1) is None
