"""Where a running service spends its time."""

from __future__ import annotations

import collections
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from bench.cloud.world import World
from cloud import command

#: Samples a running service and changes nothing in it.
_PACKAGE = 'py-spy==0.4.0'
_FRAME = re.compile(r'(.+?) \((.+?)(?::\d+)?\)')
#: Functions in which a thread only waits.
_WAITING = ('do_poll', 'wait', 'select', 'poll')

#: Shares of the time, by package and by function.
Profile = dict[str, list[tuple[str, float]]]


def sample(world: World, pid: int, seconds: float, work: Callable[[], None]) -> Profile:
    """Sample a process while some work is done again and again."""
    out = world.context.state.data('nova') / 'bench-profile.txt'
    sampling = subprocess.Popen(
        [_program(world), 'record', '--pid', str(pid), '--subprocesses', '--duration',
         str(int(seconds)), '--format', 'raw', '--output', out, '--rate', '100'],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    while sampling.poll() is None:
        work()
    return at_work(out.read_text())


def at_work(samples: str) -> Profile:
    """Return the shares of the time not spent waiting, by package and by function of Nova."""
    total = 0
    packages, functions = collections.Counter[str](), collections.Counter[str]()
    for line in samples.splitlines():
        stack, _, samples_here = line.rpartition(' ')
        frames = [match for frame in stack.split(';') if (match := _FRAME.fullmatch(frame))]
        if not frames or frames[-1][1] in _WAITING:
            continue
        count = int(samples_here)
        total += count
        packages[frames[-1][2].partition('/')[0].removesuffix('.py')] += count
        names = [f'{frame[2]}: {frame[1]}' for frame in frames if frame[2].startswith('nova/')]
        # Once each, however often a function is on the stack.
        functions.update(dict.fromkeys(names, count))
    return {
        'packages': _shares(packages, total, 10),
        'functions': _shares(functions, total, 24),
    }


def _shares(counts: collections.Counter[str], total: int, limit: int) -> list[tuple[str, float]]:
    return [(name, count / total) for name, count in counts.most_common(limit)]


def _program(world: World) -> Path:
    """Return py-spy, installed if it is missing."""
    folder = world.context.state.packages / 'bench'
    if not (folder / 'bin' / 'py-spy').exists():
        command.run([sys.executable, '-m', 'pip', 'install', '--quiet', '--no-deps',
                     '--disable-pip-version-check', '--target', folder, _PACKAGE])  # fmt: skip
    return folder / 'bin' / 'py-spy'
