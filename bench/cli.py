"""The command ``python -m bench``."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Sequence

from bench.cloud import beside, cells, fleet, seed, tuning, world
from bench.measures import adjust, build, density, memory, path, scale, spread, tax, usage
from bench.report import environment, page, results
from cloud import errors, machine, progress

#: Measurements against a cloud, in the order in which they are taken.
_WITH_CLOUD = {
    'adjust': adjust,
    'memory': memory,
    'path': path,
    'tax': tax,
    'usage': usage,
    'density': density,
    'spread': spread,
    'scale': scale,
}
MEASURES = (*_WITH_CLOUD, 'build')


def main(argv: Sequence[str] | None = None) -> int:
    """Take one measurement, or all, and write the page; return the exit status."""
    parser = argparse.ArgumentParser(prog='python -m bench', description=__doc__)
    parser.add_argument(
        'what',
        choices=(*MEASURES, 'all', 'page'),
        help='a measurement; all of them; or only the page, from the results that are kept',
    )
    parser.add_argument('--quick', action='store_true', help='take fewer samples')
    options = parser.parse_args(argv)
    # Clean up after SIGTERM as after Ctrl-C, which a shell makes background jobs ignore.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    report = progress.Progress()
    chosen = {'all': MEASURES, 'page': ()}.get(options.what, (options.what,))
    start = time.monotonic()
    try:
        environment.python(report)  # A measurement may take an hour: better to fail before it.
        for name in chosen:
            _measure(name, options.quick, report)
        print(page.write())
    except errors.CloudError as error:
        print(f'bench: {error}', file=sys.stderr)
        for line in error.evidence.splitlines():
            print(f'  | {line}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print('bench: interrupted; the next run cleans up what is left', file=sys.stderr)
        return 130
    if chosen:
        report.say(f'{", ".join(chosen)}: {time.monotonic() - start:.0f} s')
    return 0


def _measure(name: str, quick: bool, report: progress.Progress) -> None:
    report.say(f'measure {name}')
    load_average = results.load_average()
    if name == 'build':
        results.save(name, quick, load_average, build.run(report, quick))
        return
    machine.check()
    measured = world.bring_up(report)
    _clean_up(measured)
    try:
        with tuning.wide_quota(measured):
            data = _WITH_CLOUD[name].run(measured, quick)
            results.save(name, quick, load_average, data)
    finally:
        _clean_up(measured)


def _clean_up(measured: world.World) -> None:
    """Remove whatever a measurement creates, also if an earlier one was interrupted."""
    beside.remove(measured.progress)
    seed.remove(measured)
    cells.remove(measured)
    measured.clean_up()
    fleet.forget(measured)
