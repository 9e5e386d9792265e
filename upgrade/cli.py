"""The command ``xloud-upgrade``."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from upgrade.commands import apply, rollback
from upgrade.commands.check import check
from upgrade.commands.inspection import inspect
from upgrade.commands.invocation import Invocation
from upgrade.commands.roll import Roll
from upgrade.commands.status import Status, status
from upgrade.commands.verify import verify
from upgrade.errors import StoppedError, UpgradeError
from upgrade.findings import FAULT, NOTE, Finding
from upgrade.fork import file_list, payload, plan
from upgrade.openstack import sizes, smoke, traits
from upgrade.openstack.client import Cloud
from upgrade.progress import Progress
from upgrade.target import inventory
from upgrade.target.backups import Store
from upgrade.target.target import Target


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'{text!r} is not an integer of at least 1')
    return int(text)


#: Those of every command.
_OPTIONS: list[tuple[tuple[str, ...], dict[str, Any]]] = [
    (('-i', '--inventory'), {'type': Path, 'help': 'the hosts (default: inventory.toml)'}),
    (('-q', '--quiet'), {'action': 'store_true', 'help': 'show no progress'}),
    (('--backup-dir',), {'type': Path, 'help': 'default: backup_dir of the inventory, or backups'}),
    (('--release',), {'help': 'a folder of releases/ (default: as in pyproject.toml)'}),
    (('--wheel',), {'type': Path, 'help': 'the forked wheel (default: the one in dist/)'}),
    (('--tarball',), {'type': Path, 'help': "the release's tarball (default: as fetched)"}),
    (('--forks',), {'type': _count, 'default': 4, 'help': 'targets at once (default: 4)'}),
    (
        ('--batch',),
        {'type': _count, 'default': 1, 'help': 'computes restarted at once (default: 1)'},
    ),
]
Options = argparse.Namespace
Command = Callable[[Invocation, Options], int]


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; return the status that the process ends with."""
    options = _parser().parse_args(argv)
    try:
        return options.run(_invocation(options), options)
    except StoppedError as error:
        print(f'xloud-upgrade: {error}', file=sys.stderr)
        return 130
    except UpgradeError as error:
        print(f'xloud-upgrade: {error}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print('\nxloud-upgrade: interrupted; nothing was changed', file=sys.stderr)
        return 130


def _invocation(options: Options) -> Invocation:
    loaded = inventory.load(options.inventory, os.environ)
    return Invocation(
        options.name,
        loaded.matching(options.target),
        Store(options.backup_dir or loaded.backup_dir),
        Progress(quiet=options.quiet),
        lambda: payload.find(options.release, options.wheel, options.tarball),
        os.environ,
        options.forks,
        options.batch,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='xloud-upgrade',
        description='Put the fork onto a running OpenStack, verify it, take it off again.',
    )
    commands = parser.add_subparsers(required=True, metavar='COMMAND')

    def add(name: str, run: Command, text: str, as_json: bool = False) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(run=run, name=name)
        command.add_argument(
            'target', nargs='*', help='names of targets or hosts, with * and ? (default: all)'
        )
        for option, settings in _OPTIONS:
            command.add_argument(*option, **settings)
        if as_json:
            command.add_argument('--json', action='store_true', help='print JSON')
        return command

    add('check', _check, 'Check whether every target can be upgraded. Changes nothing.', True)
    command = add('plan', _plan, 'List what would be done, file by file.', True)
    command.add_argument(
        '--page', type=Path, metavar='FILE', help='also write the list of all files as a page'
    )
    add('apply', _apply, 'Put the fork on every target. Targets that have it are skipped.')
    command = add('verify', _verify, 'Verify that the fork is installed and works.', True)
    command.add_argument(
        '--smoke', metavar='IMAGE', help='also create a server of this image, let it grow, delete'
    )
    command = add('rollback', _rollback, 'Restore every target from its backup.')
    command.add_argument('--to', metavar='BACKUP', help='default: the one that the last apply made')
    command.add_argument(
        '--dry-run',
        action='store_true',
        help='list the servers that must be adjusted first, and all obstacles; change nothing',
    )
    command.add_argument(
        '--keep-sizes', action='store_true', help='leave the sizes of servers as they are'
    )
    add('status', _status, 'Show what runs where.', True)
    add('backups', _backups, 'List the backups of every target.', True)
    return parser


def _check(invocation: Invocation, options: Options) -> int:
    fork = invocation.payload()
    return _report(options, invocation.inspect_all(lambda target: check(target, fork)))


def _verify(invocation: Invocation, options: Options) -> int:
    fork = invocation.payload()
    findings = invocation.inspect_all(lambda target: verify(target, fork))
    if invocation.has_openrc:
        cloud = Cloud(invocation.environment)
        with invocation.progress.step('the cloud', 'verify'):
            findings.append(smoke.verify(cloud))
        if options.smoke:
            with invocation.progress.step('the cloud', 'smoke test'):
                findings.append(smoke.smoke(cloud, options.smoke))
    elif options.smoke:
        raise UpgradeError('--smoke needs the OS_ variables: source an openrc file')
    else:
        text = 'not verified: OS_AUTH_URL is not set; source an openrc file'
        findings.append([Finding('the cloud', 'api', NOTE, text)])
    return _report(options, findings)


def _report(options: Options, by_target: list[list[Finding]]) -> int:
    findings = [finding for listed in by_target for finding in listed]
    faults = sum(finding.state == FAULT for finding in findings)
    if options.json:
        print(json.dumps([asdict(finding) for finding in findings], indent=2))
        return 1 if faults else 0
    target = ''
    for finding in findings:
        if finding.target != target:
            print(finding.target)
        target = finding.target
        text = finding.text.replace('\n', '\n' + ' ' * 22)
        print(f'  {finding.state:5}  {finding.what:12} {text}')
    print(f'{len(findings) - faults} passed, {faults} failed')
    return 1 if faults else 0


def _plan(invocation: Invocation, options: Options) -> int:
    fork = invocation.payload()

    def make(target: Target) -> plan.Plan:
        installed, unfinished = inspect(target)
        planned = plan.make(target.entry, fork, installed)
        planned.notes += [unfinished] if unfinished else []
        return planned

    plans = invocation.inspect_all(make)
    if options.page:
        options.page.write_text('\n'.join(file_list.page(fork)) + '\n')
    if options.json:
        content = {
            'version': fork.version,
            'wheel': str(fork.wheel),
            'targets': [planned.as_json() for planned in plans],
            'seconds': round(plan.seconds(plans, invocation.batch)),
        }
        print(json.dumps(content, indent=2))
    else:
        print('\n'.join(plan.as_text(plans, invocation.batch)))
    return 1 if any(planned.problems for planned in plans) else 0


def _apply(invocation: Invocation, _: Options) -> int:
    fork = invocation.payload()
    _print_roll(apply.run(invocation, fork), f'nova {fork.version}')
    return 0


def _rollback(invocation: Invocation, options: Options) -> int:
    if options.dry_run:
        return _dry_run(invocation)
    if not options.keep_sizes:
        rollback.restore_sizes(invocation)
    roll, with_trait = rollback.run(invocation, options.to)
    if with_trait:
        print(
            f'note: placement may still have {traits.TRAIT} for {", ".join(with_trait)},\n'
            '  and stock Nova does not remove it: run rollback again with an openrc sourced'
        )
    _print_roll(roll, 'what their backups say, byte for byte')
    return 0


def _dry_run(invocation: Invocation) -> int:
    servers = sizes.find(Cloud(invocation.environment))
    for server in servers:
        print(server)
        for obstacle in server.obstacle.splitlines():
            print(f'    cannot grow: {obstacle}')
    hindered = sum(bool(server.obstacle) for server in servers)
    print(f'servers to adjust before a rollback: {len(servers)}, of which {hindered} cannot grow')
    return 1 if hindered else 0


def _print_roll(roll: Roll, what: str) -> None:
    for name in roll.changed:
        print(f'{name}: changed')
    for name in roll.skipped:
        print(f'{name}: nothing to do')
    print(
        f'{len(roll.targets)} {"target has" if len(roll.targets) == 1 else "targets have"} {what}'
    )


def _status(invocation: Invocation, options: Options) -> int:
    statuses = invocation.inspect_all(status)
    if options.json:
        print(json.dumps([asdict(one) for one in statuses], indent=2))
    else:
        for one in statuses:
            _print_status(one)
    return 1 if any(one.fault for one in statuses) else 0


def _print_status(one: Status) -> None:
    services = ', '.join(f'{role} {"up" if up else "DOWN"}' for role, up in one.services.items())
    since = f' since {one.since}' if one.since else ''
    print(f'{one.target:<24} nova {one.version or "?":<18}{since}  {services}'.rstrip())
    if one.fault:
        print('    ' + one.fault.replace('\n', '\n    '))


def _backups(invocation: Invocation, options: Options) -> int:
    store = invocation.store
    by_target = {entry.name: store.all(entry.name) for entry in invocation.entries}
    if options.json:
        names = {name: [backup.name for backup in listed] for name, listed in by_target.items()}
        print(json.dumps(names))
        return 0
    for name, listed in by_target.items():
        print(f'{name}: {len(listed)} in {store.folder(name)}')
        for backup in listed:
            print(f'  {backup.name}  {backup.archive.stat().st_size >> 10} KiB')
    return 0
