"""The examples of the README work as they stand there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Callable

import pytest
from conftest import ADJUST, HISTORY, STATUS, Ended, Nova, recorded, status

README = (Path(__file__).parent.parent.parent / 'README.md').read_text()

DONE = status(
    'succeeded', current_vcpus=3, current_memory_mb=2048, guest_vcpus=None,
    max_vcpus=3, max_memory_mb=2048, min_vcpus=3, min_memory_mb=2048,
)  # fmt: skip


def _blocks(language: str) -> list[str]:
    return re.findall(rf'^```{language}\n(.*?)^```$', README, re.MULTILINE | re.DOTALL)


def _commands() -> list[str]:
    """Return every command in an example for a shell or cron."""
    text = '\n'.join(_blocks('console') + _blocks('crontab'))
    lines = re.findall(r'^.*?(?:[$:]|operator|^) +(openstack .*)$', text, re.MULTILINE)
    return [re.split(r' (?:>|\|\|)', line)[0] for line in lines]


def test_every_command_is_found() -> None:
    """The expression above misses no command."""
    count = sum(
        len(re.findall(r'\bopenstack (?:-q )?(?:server|flavor|image)', block))
        for language in ('console', 'crontab')
        for block in _blocks(language)
    )
    assert len(_commands()) == count > 8


@pytest.mark.parametrize('line', _commands())
def test_command(nova: Nova, command: Callable[..., Ended], line: str) -> None:
    """The command is accepted and calls Nova."""
    nova.answer(STATUS, DONE)
    nova.answer(HISTORY, recorded('history'))
    nova.answer(ADJUST, {}, status=202)
    nova.answer(('GET', '/servers/detail?all_tenants=True'), recorded('servers'))
    nova.answer(('GET', '/flavors/big'), recorded('flavor-elastic'))
    nova.answer(('POST', '/flavors/elastic/os-extra_specs'), {'extra_specs': {}})
    if '--vcpus 4' in line:
        nova.answer(STATUS, status('succeeded', current_vcpus=4, guest_vcpus=4))
    ended = command(*shlex.split(line)[1:])
    assert ended.status == 0, ended.err
    assert nova.calls


def test_python(nova: Nova, capsys: pytest.CaptureFixture[str]) -> None:
    """The lines for Python run, and print what went wrong."""
    (code,) = _blocks('python')
    nova.answer(STATUS, DONE)
    nova.answer(ADJUST, {}, status=202)
    exec(code, {})
    assert capsys.readouterr().out == '3 vCPUs of 3 to 3\n'
    assert nova.bodies(ADJUST) == [{'current_vcpus': 3, 'current_memory_mb': 2048, 'persist': True}]
    nova.answer(STATUS, DONE, recorded('status-failed'))
    exec(code, {})
    assert 'did not complete: The guest has no active balloon' in capsys.readouterr().out
    nova.answer(ADJUST, recorded('refused-range'), status=400)
    exec(code, {})
    assert capsys.readouterr().out.splitlines()[-1] == (
        'Nova refused: This server can have 1 to 4 vCPUs; 9 were requested. (xloud.out_of_range)'
    )
