"""What the person sees."""

from __future__ import annotations

import io
import re

import pytest

from cloud import progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def times(text: str) -> str:
    return re.sub(r' +\d+\.\d s', ' N s', text)


def test_plain_lines() -> None:
    """Without a terminal a step is a line when it begins, and one when it is over."""
    stream = io.StringIO()
    with progress.Progress(stream).step('keystone'):
        assert stream.getvalue() == '  keystone ...\n'
    assert times(stream.getvalue()) == '  keystone ...\n  keystone N s\n'


def test_failed_step() -> None:
    """A step that failed says so, and the error goes on."""
    stream = io.StringIO()
    with pytest.raises(OSError), progress.Progress(stream).step('keystone'):
        raise OSError
    assert times(stream.getvalue()) == '  keystone ...\n  keystone: failed after N s\n'


def test_interrupted_step() -> None:
    """Ctrl-C is not a failure of the step."""
    stream = io.StringIO()
    with pytest.raises(KeyboardInterrupt), progress.Progress(stream).step('keystone'):
        raise KeyboardInterrupt
    assert times(stream.getvalue()) == '  keystone ...\n  keystone: interrupted after N s\n'


def test_terminal() -> None:
    """On a terminal the line under way is replaced by the finished one."""
    stream = Terminal()
    with progress.Progress(stream).step('keystone'):
        pass
    assert times(stream.getvalue()).endswith('\r\x1b[K  keystone N s\n')


def test_quiet() -> None:
    """Nothing is shown in quiet mode."""
    stream = Terminal()
    reporter = progress.Progress(stream, quiet=True)
    with reporter.step('keystone'):
        reporter.say('done')
    assert stream.getvalue() == ''
