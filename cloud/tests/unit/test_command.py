"""Commands that are run to their end."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloud import command, errors


def test_output_and_log(tmp_path: Path) -> None:
    """What a command prints is given back, and kept with the command itself."""
    log = tmp_path / 'log' / 'install.log'
    assert command.run(['echo', 'a b'], log=log) == 'a b\n'
    assert log.read_text() == "$ echo 'a b'\na b\n"


def test_failure_can_be_pasted() -> None:
    """A failure shows the whole command, variables included, and its last lines."""
    with pytest.raises(errors.CommandError) as raised:
        command.run(['sh', '-c', 'seq 30; exit 3'], env={'A': 'b c'})
    assert str(raised.value) == (
        "this command ended with status 3:\n  env 'A=b c' sh -c 'seq 30; exit 3'"
    )
    assert raised.value.evidence.split() == [str(number) for number in range(11, 31)]


def test_asking() -> None:
    """A command that only asks gives an answer, not an error."""
    assert command.succeeds(['true'])
    assert not command.succeeds(['false'])
