"""The command ``xloud-upgrade``."""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

from upgrade.commands.apply import Apply
from upgrade.commands.check import check
from upgrade.commands.inspection import reach
from upgrade.commands.roll import Roll
from upgrade.commands.rollback import Rollback
from upgrade.commands.status import status
from upgrade.commands.verify import verify
from upgrade.errors import StoppedError, UpgradeError
from upgrade.findings import FAULT, NOTE, Finding
from upgrade.fork import file_list, payload, plan
from upgrade.openstack import sizes, smoke, traits
from upgrade.openstack.client import Cloud
from upgrade.progress import Progress
from upgrade.target import inventory
from upgrade.target.backups import Store
from upgrade.target.transport import Transport
from upgrade.target.work import Work


class Run:
    """One call of the command: what it was asked for, and what it needs for it."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.shown = Progress(quiet=options.quiet)
        self.stop = threading.Event()
        self.inventory = inventory.load(options.inventory, os.environ)
        self.targets = self.inventory.limited(options.target)
        self.store = Store(options.backup_dir or self.inventory.backup_dir)

    def payload(self) -> payload.Payload:
        return payload.find(self.options.release, self.options.wheel, self.options.tarball)

    def works(self, transport: Transport) -> list[Work]:
        return [Work(target, transport, self.shown, self.stop) for target in self.targets]

    def each(self, look: Callable[[Work], Any]) -> list[Any]:
        """Look at every target, several at once; the answers in the order of targets."""

        def one(work: Work) -> Any:
            try:
                with self.shown.step(work.target.name, self.options.name):
                    return look(work)
            finally:
                work.release()

        with Transport() as transport, ThreadPoolExecutor(self.options.forks) as pool:
            return list(pool.map(one, self.works(transport)))


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; give the status it ends with."""
    options = _parser().parse_args(argv)
    try:
        return int(options.run(Run(options)) or 0)
    except StoppedError as error:
        print(f'xloud-upgrade: {error}', file=sys.stderr)
        return 130
    except UpgradeError as error:
        print(f'xloud-upgrade: {error}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print('\nxloud-upgrade: interrupted; nothing was changed', file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='xloud-upgrade',
        description='Put the fork onto a running OpenStack, prove it, take it off again.',
    )
    commands = parser.add_subparsers(required=True, metavar='COMMAND')

    def command(name: str, run: Callable[[Run], int | None], text: str, as_json: bool = False):
        made = commands.add_parser(name, help=text, description=text)
        made.set_defaults(run=run, name=name)
        made.add_argument(
            'target', nargs='*', help='targets or hosts of the inventory; * and ? match (all)'
        )
        made.add_argument('-i', '--inventory', type=Path, help='default: inventory.toml')
        made.add_argument('-q', '--quiet', action='store_true', help='show no progress')
        made.add_argument('--backup-dir', type=Path, help="default: the inventory's, or backups")
        made.add_argument('--release', help='a folder of releases/ (default: as in pyproject.toml)')
        made.add_argument('--wheel', type=Path, help='the forked wheel (default: the one in dist/)')
        made.add_argument('--tarball', type=Path, help="the release's (default: as fetched)")
        made.add_argument('--forks', type=_count, default=4, help='targets at once (4)')
        made.add_argument('--batch', type=_count, default=1, help='computes restarted at once (1)')
        if as_json:
            made.add_argument('--json', action='store_true', help='as JSON')
        return made

    command('check', _check, 'Tell whether every target can be upgraded. Changes nothing.', True)
    planned = command('plan', _plan, 'List what would be done, file by file.', True)
    planned.add_argument(
        '--page', type=Path, metavar='FILE', help='also write the page of all files'
    )
    command('apply', _apply, 'Put the fork on every target. What has it is skipped.')
    verify_parser = command('verify', _verify, 'Prove that the fork is there and works.', True)
    verify_parser.add_argument(
        '--smoke', metavar='IMAGE', help='also create a server of this image, let it grow, delete'
    )
    rollback = command('rollback', _rollback, 'Make every target what it was before.')
    rollback.add_argument('--to', metavar='BACKUP', help="default: the last apply's")
    rollback.add_argument(
        '--dry-run',
        action='store_true',
        help='list the servers that must grow first, and what hinders any; change nothing',
    )
    rollback.add_argument(
        '--keep-sizes', action='store_true', help='leave the sizes of servers as they are'
    )
    command('status', _status, 'Show what runs where.', True)
    command('backups', _backups, 'List the backups of every target.', True)
    return parser


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'{text!r} is not a number of at least 1')
    return int(text)


def _check(run: Run) -> int:
    fork = run.payload()
    return _tell(run, run.each(lambda work: check(work, fork)))


def _verify(run: Run) -> int:
    fork = run.payload()
    answers = run.each(lambda work: verify(work, fork))
    if 'OS_AUTH_URL' in os.environ:
        cloud = Cloud(os.environ)
        with run.shown.step('the cloud', 'verify'):
            answers.append(smoke.of_cloud(cloud))
        if run.options.smoke:
            with run.shown.step('the cloud', 'smoke test'):
                answers.append(smoke.smoke(cloud, run.options.smoke))
    elif run.options.smoke:
        raise UpgradeError('--smoke needs the OS_ variables: source an openrc file')
    else:
        text = 'not asked: OS_AUTH_URL is not set; source an openrc file'
        answers.append([Finding('the cloud', 'api', NOTE, text)])
    return _tell(run, answers)


def _tell(run: Run, answers: list[list[Finding]]) -> int:
    findings = [finding for answer in answers for finding in answer]
    faults = sum(finding.state == FAULT for finding in findings)
    if run.options.json:
        print(json.dumps([asdict(finding) for finding in findings], indent=2))
        return 1 if faults else 0
    last = ''
    for finding in findings:
        if finding.target != last:
            print(finding.target)
        last = finding.target
        text = finding.text.replace('\n', '\n' + ' ' * 22)
        print(f'  {finding.state:5}  {finding.what:12} {text}')
    print(f'{len(findings) - faults} passed, {faults} failed')
    return 1 if faults else 0


def _plan(run: Run) -> int:
    fork = run.payload()

    def look(work: Work) -> plan.Judgement:
        facts, left = reach(work)
        found = plan.judge(work.target, fork, facts)
        found.notes += [left] if left else []
        return found

    judged = run.each(look)
    if run.options.page:
        run.options.page.write_text('\n'.join(file_list.page(fork)) + '\n')
    if run.options.json:
        told = {
            'version': fork.version,
            'wheel': str(fork.wheel),
            'targets': [found.as_json() for found in judged],
            'seconds': round(plan.seconds(judged, run.options.batch)),
        }
        print(json.dumps(told, indent=2))
    else:
        print('\n'.join(plan.as_text(judged, run.options.batch)))
    return 1 if any(found.problems for found in judged) else 0


def _apply(run: Run) -> None:
    fork = run.payload()
    with Transport() as transport, transport.folder() as folder:
        roll = Roll(run.works(transport), run.shown, run.stop, run.options.batch, run.options.forks)
        upgrading = Apply(fork, run.store, folder)
        roll.run(upgrading.prepare, upgrading.switch)
    _sum_up(roll, f'nova {fork.version}')


def _rollback(run: Run) -> int | None:
    if run.options.dry_run:
        return _dry_run()
    if not run.options.keep_sizes:
        _sizes_back(run)
    with Transport() as transport, transport.folder() as folder:
        roll = Roll(run.works(transport), run.shown, run.stop, run.options.batch, run.options.forks)
        upgrading = Rollback(run.store, folder, run.options.to)
        roll.run(upgrading.prepare, upgrading.switch)
    _forget_traits(run, upgrading.stock_computes)
    _sum_up(roll, 'what their backups say, byte for byte')
    return None


def _forget_traits(run: Run, hosts: list[str]) -> None:
    if 'OS_AUTH_URL' not in os.environ:
        if hosts:
            print(
                f'note: placement may still have {traits.TRAIT} for {", ".join(hosts)},\n'
                '  which stock Nova does not take away: run rollback again with an openrc sourced'
            )
        return
    with run.shown.step('the cloud', f'take {traits.TRAIT} from {len(hosts)} computes'):
        traits.forget(Cloud(os.environ), hosts)


def _dry_run() -> int:
    found = sizes.find(Cloud(os.environ))
    for server in found:
        print(server)
        if server.obstacle:
            print(f'    cannot: {server.obstacle}')
    stuck = sum(bool(server.obstacle) for server in found)
    print(f'{len(found)} servers are to grow to the size of their flavor, {stuck} of them cannot')
    return 1 if stuck else 0


def _sizes_back(run: Run) -> None:
    if 'OS_AUTH_URL' not in os.environ:
        raise UpgradeError(
            "the sizes of servers go back to their flavors' first, and OS_AUTH_URL is not set\n"
            '  source the openrc file of an administrator; or give --keep-sizes when there is no\n'
            '  elastic server, or when only some of the targets are rolled back'
        )
    cloud = Cloud(os.environ)
    with run.shown.step('the cloud', 'find servers that are smaller than their flavor'):
        servers = sizes.find(cloud)
    with run.shown.step('the cloud', f'bring {len(servers)} servers to their size'):
        sizes.bring_back(cloud, servers, run.shown.say)


def _sum_up(roll: Roll, what: str) -> None:
    for name in roll.changed:
        print(f'{name}: changed')
    for name in roll.skipped:
        print(f'{name}: nothing to do')
    print(f'{len(roll.works)} targets have {what}')


def _status(run: Run) -> int:
    told = run.each(status)
    if run.options.json:
        print(json.dumps(told, indent=2))
        return 1 if any(each['fault'] for each in told) else 0
    for each in told:
        services = ', '.join(
            f'{role} {"up" if up else "DOWN"}' for role, up in each['services'].items()
        )
        since = f' since {each["since"]}' if each.get('since') else ''
        print(f'{each["target"]:<24} nova {each["version"] or "?":<18}{since}  {services}'.rstrip())
        if each['fault']:
            print('    ' + each['fault'].replace('\n', '\n    '))
    return 1 if any(each['fault'] for each in told) else 0


def _backups(run: Run) -> None:
    listed = {target.name: run.store.all(target.name) for target in run.targets}
    if run.options.json:
        print(json.dumps({name: [b.name for b in found] for name, found in listed.items()}))
        return
    for name, found in listed.items():
        print(f'{name}: {len(found)} in {run.store.folder(name)}')
        for backup in found:
            print(f'  {backup.name}  {backup.archive.stat().st_size >> 10} KiB')
