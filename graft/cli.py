"""The command line: ``python -m graft``."""

import argparse
import json
import shlex
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from graft import build, check, report, tree
from graft.errors import GraftError
from graft.project import Project
from graft.run import step
from graft.workshop import docs, image, port, style, suite, trial, venv


def main(argv: Sequence[str] | None = None) -> int:
    parser = _parser()
    args = parser.parse_args(argv)
    before = signal.signal(signal.SIGTERM, _end)  # Temporary folders go, as with Ctrl-C.
    try:
        project = Project.at(args.project)
        return args.call(project, args) or 0
    except GraftError as error:
        print(f'graft: {error}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print('\ngraft: interrupted; run it again to go on', file=sys.stderr)
        return 130
    finally:
        signal.signal(signal.SIGTERM, before)


def _end(number: int, frame: object) -> NoReturn:
    raise SystemExit(128 + number)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='graft', description='Weave the feature branch into releases of Nova.'
    )
    here = Path(__file__).parent.parent
    parser.add_argument('--project', type=Path, default=here, help='default: %(default)s')
    commands = parser.add_subparsers(required=True, metavar='COMMAND')

    def command(name, call, help):
        subparser = commands.add_parser(name, help=help, description=help)
        subparser.set_defaults(call=call)
        subparser.add_argument(
            '--release', help='a folder of releases/ (default: as in pyproject.toml)'
        )
        return subparser

    tree_command = command(
        'tree', _tree, 'lay the woven source out as a git work tree of two commits'
    )
    tree_command.add_argument(
        '--force', action='store_true', help='discard changes made in the tree'
    )
    for name, what in (('wheel', 'wheel'), ('sdist', 'source distribution')):
        build_command = command(name, _build, f'build the forked {what}')
        build_command.set_defaults(hook=f'build_{name}')
        build_command.add_argument('--dest', type=Path, default=Path('dist'), help='default: dist')
    image_command = command(
        'image', _image, "put the forked nova into an operator's own image of Nova, as one layer"
    )
    image_command.add_argument('base', metavar='BASE', help='such as registry/nova-api:2024.1')
    image_command.add_argument(
        '--tag', help="what it is to be called (default: the base's name with a suffix)"
    )
    image_command.add_argument(
        '--engine', help='the command of the engine (default: podman or else docker)'
    )
    report_command = command(
        'report', _report, 'list every file and function that the branch touches'
    )
    report_command.add_argument('--json', action='store_true', help='as JSON')
    report_command.add_argument(
        '--against',
        metavar='RELEASE',
        help='show instead what Nova changed of the touched functions in that release',
    )
    command(
        'check',
        _check,
        'find what the branch copies, and what its weaves lose or break',
    )
    command(
        'style',
        _style,
        'check our packages with ruff, and what is woven as Nova checks itself: all of one '
        "release, and the branch's new files in every other",
    )
    command('venv', _venv, 'make an environment for the woven tree; prints its Python')
    for name, call, what, default in (
        ('trial', _trial, 'run tests in the woven tree', ['own']),
        ('upstream', _upstream, "run Nova's tests on the pristine and the woven source", []),
    ):
        trial_command = command(name, call, what)
        trial_command.add_argument('kind', choices=trial.KINDS)
        trial_command.add_argument(
            'tests',
            nargs='*',
            default=default,
            help="test modules or tests by name; `own` for the branch's own modules, `repeating` "
            "for those that repeat others, `touched` for Nova's modules of what the branch touches "
            f'(default: {" ".join(default) or "all"})',
        )
        if name == 'trial':
            trial_command.add_argument(
                '--pristine', action='store_true', help='on Nova as released instead'
            )
    command('quick', _quick, 'run the few tests that show whether the branch works in a release')
    new_command = commands.add_parser(
        'new', help='port the branch to a release, or a version of one, that is not here yet'
    )
    new_command.set_defaults(call=_new)
    new_command.add_argument('name', metavar='RELEASE', help='such as 2027.1')
    new_command.add_argument('version', metavar='VERSION', help='of Nova, such as 35.0.0')
    new_command.add_argument(
        '--constraints',
        metavar='FILE',
        help='the versions that OpenStack publishes for it, as a file or an address '
        f'(default: {port.PUBLISHED.format(release="RELEASE")})',
    )
    command('docs', _docs, "build Nova's documentation with the branch's pages in it")
    test_command = command('test', _test, 'run everything that `make test` runs')
    test_command.add_argument(
        '--all', action='store_true', help='and what takes longer, and all of it on every release'
    )
    return parser


def _tree(project, args):
    print(tree.lay(project, project.release(args.release), force=args.force))


def _build(project, args):
    release = project.release(args.release)
    with step(f'build nova {project.version(release)}'):
        name = build.build(project, release, args.hook, args.dest)
    print(args.dest / name)


def _image(project, args):
    release = project.release(args.release)
    engine = image.Engine.chosen(args.engine)
    base = image.look(engine, args.base, release)
    tag = args.tag or image.name(args.base, project)
    with tempfile.TemporaryDirectory(prefix='graft-') as folder:
        with step(f'build nova {project.version(release)}'):
            wheel = build.build(project, release, 'build_wheel', Path(folder))
        image.build(engine, base, Path(folder, wheel), tag)
    version = project.version(release)
    print(f'{tag}: nova {version} in place of {base.version}, for {base.python}')


def _report(project, args):
    release = project.release(args.release)
    if args.against:
        other = project.release(args.against)
        lines = list(report.changed_between(project, release, other))
        print('\n'.join(lines) or f'Nova changed none of the touched functions in {other.name}')
        return
    files = report.touched(project, release)
    print(json.dumps(files, indent=2) if args.json else '\n'.join(report.as_text(files)))


def _check(project, args):
    releases = [project.release(args.release)] if args.release else project.releases()
    with step(f'weave and check {", ".join(release.name for release in releases)}'):
        results = check.check_all(project, releases)
    for result in results:
        for line in result.removed:
            if line.mark is not None:
                print(f'{result.release}: removes {line}')
    faults = [f'{result.release}: {fault}' for result in results for fault in result.faults]
    print('\n'.join([*faults, f'{sum(c.passed for c in results)} passed, {len(faults)} failed']))
    return 1 if faults else 0


def _style(project, args):
    release = project.release(args.release)
    others = [other for other in project.releases() if other != release]
    passed, faults = style.faults(project, release, others)
    print('\n'.join([*faults, f'{passed} passed, {len(faults)} failed']))
    return 1 if faults else 0


def _venv(project, args):
    print(venv.make(project, venv.choose(project, args.release))[1])


def _trial(project, args):
    release = venv.choose(project, args.release)
    source, python = venv.make(project, release)
    tests = trial.select(project, release, source, args.kind, args.tests)
    if args.pristine:
        source = trial.pristine(project, release)
    outcome = trial.run(source, python, args.kind, tests)
    outcome = trial.settle(outcome, source, python, args.kind)
    words = ['trial', '--release', release.name, *['--pristine'] * args.pristine, args.kind]
    return _sum_up(outcome, [*words, *sorted(outcome.failed)])


def _quick(project, args):
    release = venv.choose(project, args.release)
    return _sum_up(trial.quick(project, release), ['quick', '--release', release.name])


def _sum_up(outcome, again):
    """Print the outcome of a test run, and the command that runs again what failed."""
    for test in sorted(outcome.unsteady):
        print(f'passes when it runs again: {test}')
    for test in sorted(outcome.failed):
        print(f'failed: {test}')
    if outcome.failed:
        print('to run them again:')
        print(f'  {sys.executable} -m {shlex.join(["graft", *again])}')
    print(outcome)
    return 1 if outcome.failed else 0


def _upstream(project, args):
    outcome = trial.upstream(project, venv.choose(project, args.release), args.kind, args.tests)
    for test in sorted(outcome.pristine):
        print(f'fails on pristine Nova, too: {test}')
    for test in sorted(outcome.passing):
        print(f'passes when it runs again: {test}')
    for test in sorted(outcome.worse):
        print(f'worse: {test}')
    print(f'woven: {outcome.woven}; of these {len(outcome.pristine)} fail on pristine Nova, too')
    print(f'{outcome.woven.passed} passed, {len(outcome.worse)} failed that pass on pristine Nova')
    return 1 if outcome.worse else 0


def _new(project, args):
    before = port.predecessor(project, args.name, args.version)
    release = port.add(project, args.name, args.version, args.constraints)
    print(f'What Nova changed since {before.version} of the functions that the branch touches:')
    print('\n'.join(report.changed_between(project, before, release)) or '  nothing')
    args.release = release.name
    broken = _check(project, args)
    passed, faults = style.faults(project, release)
    print('\n'.join([*faults, f'{passed} passed, {len(faults)} failed']))
    print(
        f'releases/{release.name} is there. Read the above; then make test RELEASE={release.name}'
    )
    return 1 if broken or faults else 0


def _docs(project, args):
    print(docs.build(project, venv.choose(project, args.release)))


def _test(project, args):
    return suite.run(project, venv.choose(project, args.release), everything=args.all)
