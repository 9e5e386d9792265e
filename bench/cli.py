"""The command ``python -m bench``."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Sequence

from bench.cloud import beside, cells, fleet, seed, world
from bench.measures import adjust, build, density, path, scale, tax
from bench.report import page, results
from cloud import errors, machine, progress

#: In the order of the page.
MEASURES = {
    'adjust': adjust,
    'path': path,
    'tax': tax,
    'density': density,
    'scale': scale,
    'build': build,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Take a measure, or all, and make the page; give the status to end with."""
    parser = argparse.ArgumentParser(prog='python -m bench', description=__doc__)
    parser.add_argument('what', choices=(*MEASURES, 'all', 'page'))
    parser.add_argument('--quick', action='store_true', help='take less of everything')
    options = parser.parse_args(argv)
    # Told to end, it cleans up as after Ctrl-C, which a shell has background jobs ignore.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    shown = progress.Progress()
    chosen = list(MEASURES) if options.what == 'all' else [options.what]
    began = time.monotonic()
    try:
        if options.what != 'page':
            for name in chosen:
                _take(name, options.quick, shown)
        print(page.make(MEASURES))
    except errors.CloudError as error:
        print(f'bench: {error}', file=sys.stderr)
        for line in error.evidence.splitlines():
            print(f'  | {line}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print('bench: interrupted; the next run cleans up what is left', file=sys.stderr)
        return 130
    if options.what != 'page':
        shown.say(f'{", ".join(chosen)}: {time.monotonic() - began:.0f} s')
    return 0


def _take(name: str, quick: bool, shown: progress.Progress) -> None:
    measure = MEASURES[name]
    shown.say(f'{measure.TITLE}')
    load = results.load()
    if name == 'build':  # Which needs no cloud.
        results.keep(name, quick, load, measure.run(shown, quick))
        return
    machine.check()
    there = world.bring_up(shown)
    _clean_up(there)
    try:
        with there.wide_quota():
            results.keep(name, quick, load, measure.run(there, quick))
    finally:
        _clean_up(there)


def _clean_up(there: world.World) -> None:
    """Remove all that a measure makes, also one that was cut off."""
    beside.remove(there.shown)
    seed.remove(there)
    cells.remove(there)
    there.clean_up()
    fleet.forget(there)
