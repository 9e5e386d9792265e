"""The command ``xcloud``."""

from __future__ import annotations

import argparse
import errno
import os
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from cloud import (
    ci,
    demo,
    e2e,
    errors,
    lifecycle,
    locks,
    machine,
    process,
    progress,
    service,
    settings,
)
from cloud.services import horizon

_READY = """
The cloud is ready. In this shell:

  eval "$({front} env)"
  openstack server create --flavor {flavor} --image guest --nic none --wait first{more}
  openstack console log show first

Its servers, services and memory: {front} status"""

_ADJUST = '\n  openstack server adjust first --vcpus 2 --wait'

_CLICK = """
In a browser on this machine: {url}
  log in as {user}, with the password in {file}
  Project > Compute > Instances: `Adjust Size` is in the menu of a server of the flavor elastic"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; return the status it ends with."""
    options = _parser().parse_args(argv)
    reporter = progress.Progress(quiet=options.quiet)
    cloud = lifecycle.Cloud(settings.State(), reporter)
    try:
        if options.run is not _ci:  # It reports that as a skipped test.
            machine.check()
        return int(options.run(cloud, options, reporter) or 0)
    except errors.CloudError as error:
        print(f'xcloud: {error}', file=sys.stderr)
        if error.evidence:
            print('the end of its output:', file=sys.stderr)
            for line in error.evidence.splitlines():
                print(f'  | {line}', file=sys.stderr)
        return 1
    except OSError as error:
        if error.errno == errno.ENOSPC:
            remedy = 'free some disk, then run the command again'
        elif _is_below(error.filename, cloud.state.packages):
            remedy = 'a fetched file is damaged: run `xcloud wipe --packages`, then `xcloud up`'
        elif _is_below(error.filename, cloud.state.root):
            remedy = 'the state folder is damaged: run `xcloud wipe`, then `xcloud up`'
        else:
            raise
        print(f'xcloud: {error}\n{remedy}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            'xcloud: interrupted; what was started keeps running\n'
            '`xcloud up` continues, `xcloud stop` ends it',
            file=sys.stderr,
        )
        return 130


def _is_below(file: object, folder: Path) -> bool:
    return file is not None and Path(str(file)).is_relative_to(folder)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='xcloud', description='A real OpenStack on this machine, running the fork.'
    )
    parser.add_argument('-q', '--quiet', action='store_true', help='show no progress')
    commands = parser.add_subparsers(required=True, metavar='COMMAND')

    def command(name: str, run: object, text: str) -> argparse.ArgumentParser:
        subparser = commands.add_parser(name, help=text, description=text)
        subparser.set_defaults(run=run)
        return subparser

    up = command('up', _up, 'Make and start the cloud. What is done already is skipped.')
    check = command('check', _check, 'Check what `up` needs; change nothing.')
    release = command('release', _release, 'Print the release of OpenStack that `up` takes.')
    for parser_of_choices in (up, check, release):
        _add_choices(parser_of_choices)

    command('start', _start, 'Start the cloud again after a stop.')
    command('stop', _stop, 'End every process of the cloud; keep its state.')
    restart = command('restart', _restart, 'Stop a service, start it, wait until it answers.')
    restart.add_argument('service')
    wipe = command('wipe', _wipe, 'Stop the cloud and remove its state.')
    wipe.add_argument('--packages', action='store_true', help='remove what was fetched, too')
    status = command('status', _status, 'Show the services: processes, ports and memory.')
    status.add_argument('service', nargs='*', help='default: all')
    logs = command('logs', _logs, 'Show the log of a service.')
    logs.add_argument('service')
    logs.add_argument('-f', '--follow', action='store_true')
    logs.add_argument('-n', '--lines', type=_count(1), default=50)
    command('env', _env, 'Print what a shell needs to use the cloud.')
    command('shell', _shell, 'Start a shell that uses the cloud.')
    command('demo', _demo, 'Show an elastic server from three sides.')
    tests = command('e2e', _e2e, 'Run the end-to-end tests against the running cloud.')
    tests.add_argument('--short', action='store_true', help='only the quick selection')
    tests.add_argument(
        '--browser', action='store_true', help='install what the tests of the dashboard need first'
    )
    tests.add_argument('pytest', nargs='*', help='arguments for pytest, after --')
    once = command('ci', _ci, 'Make a cloud, run the quick tests on it, and remove it.')
    once.add_argument('--release', help=f'the OpenStack release (default: {locks.default()})')
    return parser


def _add_choices(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('--release', help=f'the OpenStack release (default: {locks.default()})')
    parser.add_argument(
        '--pristine',
        action=argparse.BooleanOptionalAction,
        help='run stock Nova of the release instead of the fork',
    )
    parser.add_argument('--computes', type=_count(1), metavar='N', help='libvirt hosts')
    parser.add_argument('--fake-computes', type=_count(0), metavar='N', help='fake hosts')
    parser.add_argument(
        '--separate', action='store_true', default=None,
        help='give each host an environment with a Nova of its own',
    )  # fmt: skip
    parser.add_argument(
        '--dashboard',
        action=argparse.BooleanOptionalAction,
        help='run Horizon with the plugin in dashboard/, too',
    )
    parser.add_argument('--db', dest='database', choices=('sqlite', 'mariadb'))
    parser.add_argument(
        '--distributions', action='store_true', default=None,
        help='make images of Debian 12 and 13 as well',
    )  # fmt: skip
    parser.add_argument(
        '--ha', action='store_true', default=None,
        help='three nodes of MariaDB and of RabbitMQ, and two of each API and service',
    )  # fmt: skip
    parser.add_argument(
        '--cells', type=_count(1), metavar='N',
        help='cells with a database, a broker, a conductor and hosts of their own',
    )  # fmt: skip
    parser.add_argument('--port-offset', type=int, metavar='N', help='move every port by N')


def _count(minimum: int) -> Callable[[str], int]:
    def count(text: str) -> int:
        if not text.isdigit() or int(text) < minimum:
            raise argparse.ArgumentTypeError(f'{text!r} is not a number of at least {minimum}')
        return int(text)

    return count


def _up(cloud: lifecycle.Cloud, options: argparse.Namespace, reporter: progress.Progress) -> None:
    cloud.up(_choices(options))
    pristine = cloud.context().settings.pristine
    flavor, more = ('small', '') if pristine else ('elastic', _ADJUST)
    reporter.say(_READY.format(front=_front(), flavor=flavor, more=more))
    if context := _with_dashboard(cloud):
        reporter.say(_CLICK.format(**horizon.door(context)))


def _with_dashboard(cloud: lifecycle.Cloud) -> service.Context | None:
    context = cloud.context()
    return context if context.settings.dashboard else None


def _check(cloud: lifecycle.Cloud, options: argparse.Namespace, *_: object) -> None:
    cloud.check(_choices(options))


def _release(cloud: lifecycle.Cloud, options: argparse.Namespace, *_: object) -> None:
    print(cloud.chosen(_choices(options)).release)


def _choices(options: argparse.Namespace) -> dict[str, Any]:
    names = (
        'release', 'pristine', 'computes', 'fake_computes', 'separate', 'dashboard', 'database',
        'distributions', 'ha', 'cells', 'port_offset',
    )  # fmt: skip
    values = {name: getattr(options, name) for name in names}
    return {name: value for name, value in values.items() if value is not None}


def _start(cloud: lifecycle.Cloud, *_: object) -> None:
    cloud.start()


def _stop(cloud: lifecycle.Cloud, *_: object) -> None:
    cloud.stop()


def _restart(cloud: lifecycle.Cloud, options: argparse.Namespace, *_: object) -> None:
    cloud.restart(options.service)


def _wipe(cloud: lifecycle.Cloud, options: argparse.Namespace, *_: object) -> None:
    cloud.wipe(options.packages)


def _status(cloud: lifecycle.Cloud, options: argparse.Namespace, *_: object) -> int:
    lines = cloud.status(options.service)
    if not options.service:
        print(_about(cloud))
    width = max([18, *(len(line.label) for line in lines)])
    for line in lines:
        state = f'pid {line.pid}' if line.pid else 'stopped'
        size = f'{line.memory >> 20} MiB' if line.pid else ''
        note = cloud.note(line.label) if line.pid else ''
        print(f'{line.label:<{width}} {state:<12} {size:>8}  {line.ports:<14}{note}'.rstrip())
    if not options.service:
        print(_memory(cloud))
    return 0 if all(line.pid for line in lines) else 1


def _about(cloud: lifecycle.Cloud) -> str:
    context = cloud.context()
    chosen = context.settings
    novas = {str(environment.nova_version()) for environment in cloud.environments()}
    return (
        f'release {chosen.release}, Nova {" and ".join(sorted(novas))}, '
        f'{chosen.database}, in {cloud.state.root}'
    )


def _memory(cloud: lifecycle.Cloud) -> str:
    everything = cloud.processes()
    now, peak = process.memory(everything), process.peak(everything)
    return (
        f'{len(everything)} processes, servers included: {now >> 20} MiB; '
        f'their peaks added up: {peak >> 20} MiB'
    )


def _logs(cloud: lifecycle.Cloud, options: argparse.Namespace, *_: object) -> None:
    names = sorted(file.stem for file in (cloud.state / 'log').glob('*.log'))
    if options.service not in names:
        raise errors.CheckError(
            f'there is no log of {options.service!r}\n'
            f'there is one of each of these: {", ".join(names) or "nothing yet"}'
        )
    follow = ['-F'] if options.follow else []
    log = str(cloud.state.log(options.service))
    os.execvp('tail', ['tail', '-n', str(options.lines), *follow, log])


def _env(cloud: lifecycle.Cloud, *_: object) -> None:
    for name, value in cloud.environment().items():
        print(f'export {name}={shlex.quote(value)}')


def _shell(cloud: lifecycle.Cloud, *_: object) -> None:
    shell = os.environ.get('SHELL', '/bin/sh')
    os.execvpe(shell, [shell], {**os.environ, **cloud.environment()})


def _demo(cloud: lifecycle.Cloud, *_: object) -> int:
    status = demo.Demo(cloud.context()).run()
    if context := _with_dashboard(cloud):
        print(_CLICK.format(**horizon.door(context)))
    return status


def _e2e(cloud: lifecycle.Cloud, options: argparse.Namespace, reporter: progress.Progress) -> None:
    stopped = [line.label for line in cloud.status() if not line.pid]
    if stopped:
        raise errors.CheckError(
            f'these services are stopped: {", ".join(stopped)}\nrun `xcloud start`'
        )
    if options.browser:
        with reporter.step('browser'):
            e2e.install_browser(cloud.context())
    argv, environment = e2e.call(cloud, options.pytest, options.short)
    os.chdir(settings.REPOSITORY)
    os.execve(argv[0], argv, environment)


def _ci(cloud: lifecycle.Cloud, options: argparse.Namespace, *_: object) -> int:
    return ci.run(cloud, options.release)


def _front() -> str:
    """Return the path of the command as it is typed here."""
    front = settings.REPOSITORY / 'cloud' / 'xcloud'
    relative = os.path.relpath(front)
    return str(front) if relative.startswith('..') else f'./{relative}'
