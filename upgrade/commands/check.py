"""``check``: whether ``apply`` can do its work on a target."""

from __future__ import annotations

import posixpath
import time
from collections.abc import Iterator
from typing import Any

from upgrade.commands.inspection import reach
from upgrade.errors import UpgradeError
from upgrade.findings import FAULT, NOTE, OK, Finding
from upgrade.fork.payload import Payload
from upgrade.fork.plan import judge
from upgrade.target.work import Work

#: Seconds between clocks: tokens and the times in logs suffer above this.
SKEW = 5.0
OLDEST = (3, 9)
_TOOLS = ('rsync', 'sh')


def check(work: Work, payload: Payload) -> list[Finding]:
    """Whether ``apply`` can do its work here. Changes nothing."""
    found: list[Finding] = []

    def say(what: str, state: str, text: str) -> None:
        found.append(Finding(work.target.name, what, state, text))

    target = work.target
    try:
        facts, left = reach(work)
    except UpgradeError as error:
        say('connection', FAULT, str(error))
        return found
    began = time.time()
    host = work.host.ask('host', tools=[*_TOOLS, *target.engine[:1]], folder=target.host.state_dir)
    ended = time.time()
    old = tuple(int(part) for part in facts['python'].split('.')[:2]) < OLDEST
    text = f'{target.host.address}, Python {facts["python"]}'
    say('connection', FAULT if old else OK, text + (': too old, 3.9 is needed' if old else ''))
    if left:
        say('interruption', NOTE, left)
    if host['missing']:
        say('tools', FAULT, f'the host lacks {", ".join(host["missing"])}; install them there')
    else:
        say('tools', OK, ', '.join([*_TOOLS, *target.engine[:1]]))
    for state, text in _nova(work, payload, facts):
        say('nova', state, text)
    say('disk', OK, f'{facts["free"] >> 20} MiB free in {facts["site"]}')
    skew = host['time'] - (began + ended) / 2
    slack = SKEW + (ended - began) / 2
    state = OK if abs(skew) < slack else FAULT
    say('clock', state, f'{skew:+.1f} s from this machine' + ('' if state == OK else ': set it'))
    for service in target.services:
        done = work.shell(service.health)
        if done['status'] == 0:
            say(service.role, OK, 'is up')
        else:
            say(service.role, FAULT, f'is not up: `{service.health}` ended with {done["status"]}')
    if any(s.role in ('conductor', 'scheduler', 'api') for s in target.services):
        say('database', *_database(work, facts))
    if target.container:
        say(
            'container', NOTE,
            'what is applied lives in this container: one made anew from its image is stock Nova',
        )  # fmt: skip
    return found


def _nova(work: Work, payload: Payload, facts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if facts['journal'] and facts['journal']['state'] == 'swapping':
        return  # Files of both kinds: there is nothing to judge yet.
    judged = judge(work.target, payload, facts)
    for problem in judged.problems:
        yield FAULT, problem
    if not judged.problems:
        what = 'has the fork already' if judged.done else f'{len(judged.changes)} files to change'
        yield OK, f'{judged.version} in {judged.site}: {what}'
    for note in judged.notes:
        yield NOTE, note


def _database(work: Work, facts: dict[str, Any]) -> tuple[str, str]:
    """Ask the target's own nova-manage, which reads the services' own configuration."""
    command = work.target.database
    if not command:
        manage = posixpath.join(posixpath.dirname(facts['executable']), 'nova-manage')
        command = f'{manage} api_db version'
        known = work.shell_inside(f'test -x {manage} && test -r /etc/nova/nova.conf')
        if known['status']:
            return NOTE, 'not asked: no nova-manage or /etc/nova/nova.conf; give `database`'
    done = work.shell_inside(command)
    if done['status']:
        end = done['said'].strip().splitlines()[-1:]
        return FAULT, f'not reachable: `{command}` ended with {done["status"]}: {"".join(end)}'
    return OK, 'answers'
