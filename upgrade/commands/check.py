"""``check``: whether ``apply`` can do its work on a target."""

from __future__ import annotations

import posixpath
import time
from collections.abc import Iterator

from upgrade.agent.protocol import InspectHost, Installation, Phase
from upgrade.commands.inspection import inspect
from upgrade.errors import UpgradeError
from upgrade.findings import FAULT, NOTE, OK, Finding
from upgrade.fork import plan
from upgrade.fork.payload import Payload
from upgrade.target.inventory import Service
from upgrade.target.target import Target

#: Seconds between clocks: tokens and the times in logs suffer above this.
MAX_SKEW = 5.0
OLDEST_PYTHON = (3, 9)
_TOOLS = ('rsync', 'sh')
#: What a check yields: its subject, its state, its text.
Row = tuple[str, str, str]


def check(target: Target, payload: Payload) -> list[Finding]:
    """Changes nothing."""
    return [Finding(target.name, *row) for row in _check(target, payload)]


def _check(target: Target, payload: Payload) -> Iterator[Row]:
    try:
        installed, unfinished = inspect(target)
    except UpgradeError as error:
        yield 'connection', FAULT, str(error)
        return
    yield _connection(target, installed)
    if unfinished:
        yield 'interruption', NOTE, unfinished
    yield from _host(target)
    yield from _nova(target, payload, installed)
    yield 'disk', OK, f'{installed.free >> 20} MiB available in {installed.site}'
    for service in target.entry.services:
        yield health(target, service)
    if any(s.role in ('conductor', 'scheduler', 'api') for s in target.entry.services):
        yield _database(target, installed)
    if target.container and (installed.state or '+' not in installed.version):
        yield (
            'container', NOTE,
            'the files are applied to this container: one recreated from its image is stock Nova',
        )  # fmt: skip


def _connection(target: Target, installed: Installation) -> Row:
    text = f'{target.entry.host.address}, Python {installed.python}'
    if tuple(int(part) for part in installed.python.split('.')[:2]) < OLDEST_PYTHON:
        return 'connection', FAULT, f'{text}: too old, 3.9 is needed'
    return 'connection', OK, text


def _host(target: Target) -> Iterator[Row]:
    tools = [*_TOOLS, *target.entry.engine[:1]]
    began = time.time()
    host = target.agents.host.ask(InspectHost(tools))
    ended = time.time()
    if host.missing:
        yield 'tools', FAULT, f'the host lacks {", ".join(host.missing)}; install them there'
    else:
        yield 'tools', OK, ', '.join(tools)
    skew = host.time - (began + ended) / 2
    if abs(skew) < MAX_SKEW + (ended - began) / 2:
        yield 'clock', OK, f'{skew:+.1f} s from this machine'
    else:
        yield 'clock', FAULT, f'{skew:+.1f} s from this machine: set it'


def _nova(target: Target, payload: Payload, installed: Installation) -> Iterator[Row]:
    if installed.journal and installed.journal.state is Phase.SWAPPING:
        return  # Files of both kinds: there is nothing to compare yet.
    planned = plan.make(target.entry, payload, installed)
    for problem in planned.problems:
        yield 'nova', FAULT, problem
    if not planned.problems:
        what = 'has the fork already' if planned.done else f'{len(planned.changes)} files to change'
        yield 'nova', OK, f'{planned.version} in {planned.site}: {what}'
    for note in planned.notes:
        yield 'nova', NOTE, note


def health(target: Target, service: Service) -> Row:
    outcome = target.agents.shell(service.health)
    if outcome.failed:
        text = f'is not up: `{service.health}` ended with status {outcome.status}'
        return service.role, FAULT, text
    return service.role, OK, 'is up'


def _database(target: Target, installed: Installation) -> Row:
    """Ask the target's own nova-manage, which reads the services' own configuration."""
    command = target.entry.database
    if not command:
        manage = posixpath.join(posixpath.dirname(installed.executable), 'nova-manage')
        command = f'{manage} api_db version'
        usable = f'test -x {manage} && test -r /etc/nova/nova.conf'
        if target.agents.shell_inside(usable).failed:
            text = 'not checked: there is no nova-manage or no /etc/nova/nova.conf; set `database`'
            return 'database', NOTE, text
    outcome = target.agents.shell_inside(command)
    if outcome.failed:
        last = ''.join(outcome.output.strip().splitlines()[-1:])
        text = f'not reachable: `{command}` ended with status {outcome.status}: {last}'
        return 'database', FAULT, text
    return 'database', OK, 'reachable'
