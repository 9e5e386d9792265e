"""What programs in a guest see of an adjustment, and when: nginx, PostgreSQL, a JVM and Python."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import pytest

from cloud import settings, waiting
from cloud.guest import distribution
from cloud.tests.e2e import debians
from cloud.tests.e2e.debians import Debian
from cloud.tests.e2e.sizes import Size
from cloud.tests.e2e.world import World

Boot = Callable[[str], Debian]
Say = Callable[[str], None]
Seen = dict[str, Any]

pytestmark = pytest.mark.usefixtures('forked')

#: With the maximum, the JVM takes the machine for a server.
MINIMUM, MAXIMUM = Size(1, 768), Size(3, 2048)

#: An emulated JVM takes this long to start, beside other work.
SOON = 300

_INSIDE = Path(__file__).with_name('inside')

_SERVICE = """[Service]
ExecStart={command}
StandardOutput=truncate:/run/{name}.log
"""
_SERVICES = {
    'pools': 'python3 /run/pools.py',
    'jvm': 'java -Xlog:gc -cp /usr/share/java/bsh.jar bsh.Interpreter /run/runtime.bsh',
}

_PSQL = 'runuser -u postgres -- psql -XAtq'
_SEES = f"""
echo "{{\\"worker processes\\": $(pgrep -c -f '^nginx: worker process *$' || :)}}"
echo "{{\\"PIDs of workers\\": \\"$(pgrep -d ' ' -f '^nginx: worker process *$' || :)\\"}}"
echo "{{\\"CPUs of workers\\": \\"$(pgrep -f '^nginx: worker process *$' |
    xargs -I PID sed -n 's/Cpus_allowed_list:.//p' /proc/PID/status | paste -s -d ' ')\\"}}"
grep '^{{' /run/jvm.log | tail -n 1
sed -n 's/.*Using \\(.*\\)/{{"collector": "\\1"}}/p' /run/jvm.log || :
cat /run/pools.json || :
{_PSQL} -c "SELECT json_object_agg(name, current_setting(name)) FROM pg_settings WHERE name IN (
    'shared_buffers', 'max_worker_processes', 'max_parallel_workers_per_gather')" || :
"""

#: What is done to all programs, in this order, after the size has changed.
STAGES = {
    'at once': '',
    'after a reload': """
        systemctl reload nginx postgresql
        systemctl kill --kill-whom=main --signal=HUP pools
    """,
    'after a restart': 'systemctl restart nginx postgresql pools jvm',
}

#: When a program has another value.
FOLLOWS = {
    'PIDs of workers': 'after a reload',
    'worker processes': 'after a restart',
    'availableProcessors()': 'at once',
    'parallelism of the common pool': 'after a restart',
    'largest heap, MiB': 'after a restart',
    'collector': 'after a restart',
    'os.cpu_count()': 'at once',
    'os.process_cpu_count()': 'at once',
    'len(os.sched_getaffinity(0))': 'at once',
    'processes of a ProcessPoolExecutor': 'after a reload',
    'shared_buffers': 'never',
    'max_worker_processes': 'never',
    'max_parallel_workers_per_gather': 'never',
}
#: In the end, each of these is the number of vCPUs.
OF_CPUS = (
    'worker processes', 'availableProcessors()', 'os.cpu_count()', 'os.process_cpu_count()',
    'len(os.sched_getaffinity(0))', 'processes of a ProcessPoolExecutor',
)  # fmt: skip

#: Of the database: what an operator sets for more CPUs and memory, and when that is in force.
SET = {
    'shared_buffers': ('512MB', 'after a restart'),
    'max_worker_processes': ('12', 'after a restart'),
    'max_parallel_workers_per_gather': ('3', 'after a reload'),
}

_PARALLEL = f"""
{_PSQL} -c 'CREATE UNLOGGED TABLE IF NOT EXISTS numbers AS SELECT * FROM generate_series(1, 200000)'
{_PSQL} -c 'ANALYZE numbers' -c 'SET min_parallel_table_scan_size = 0' \\
    -c 'SET parallel_setup_cost = 0' -c 'EXPLAIN ANALYZE SELECT count(*) FROM numbers'
"""

#: 110 MB in the shared memory of the database.
_FILL = f"""
{_PSQL} -c "ALTER SYSTEM SET shared_buffers = '256MB'"
systemctl restart postgresql
{_PSQL} -c "CREATE UNLOGGED TABLE filler AS
    SELECT repeat('x', 1000) FROM generate_series(1, 100000)"
sync
"""
_PREWARM = f"{_PSQL} -c 'CREATE EXTENSION pg_prewarm' -c \"SELECT pg_prewarm('filler')\""


@pytest.fixture
def boot(boot_debian: debians.Boot) -> Boot:
    image = distribution.PROGRAMS.name
    return lambda means: boot_debian(image, means, MINIMUM, MAXIMUM, disk=2)


def start(debian: Debian, names: Collection[str]) -> None:
    """Start programs that say what they see, beside those of the image."""
    for file in _INSIDE.iterdir():
        debian.write(f'/run/{file.name}', file.read_bytes())
    for name in names:
        unit = _SERVICE.format(command=f'/usr/bin/{_SERVICES[name]}', name=name)
        debian.write(f'/run/systemd/system/{name}.service', unit.encode())
    debian.run(f'systemctl daemon-reload; systemctl start {" ".join(names)}')


def sees(debian: Debian) -> Seen:
    """Return all that programs see, of those that run."""
    seen: Seen = {}
    for line in debian.run(_SEES).splitlines():
        if line.startswith('{'):
            seen |= json.loads(line)
    return seen


def changed(debian: Debian, before: Seen, names: Collection[str], seconds: float = SOON) -> Seen:
    """Wait until all programs answer, with other values than before of those names."""
    now: Seen = {}

    def all_have() -> bool:
        now.clear()
        now.update(sees(debian))
        return now.keys() >= FOLLOWS.keys() and all(now[name] != before[name] for name in names)

    if not waiting.until(all_have, seconds, 2):
        raise AssertionError(f'before: {before}\nnow: {now}\nother values expected of: {names}')
    # A reload has processes of before and after it side by side, for a moment.
    time.sleep(3)
    return sees(debian)


def follow(debian: Debian, before: Seen, follows: Mapping[str, str]) -> dict[str, list[Any]]:
    """Go through all stages; return the values before them and after each, by their names."""
    samples = [before]
    names: list[str] = []
    for stage, script in STAGES.items():
        names += [name for name, when in follows.items() if when == stage]
        debian.run(script)
        # What needs no reload and no restart, no program has to start for.
        samples.append(changed(debian, before, names, SOON if script else debians.PATIENCE))
    return {name: [sample[name] for sample in samples] for name in before}


def first_change(values: list[Any]) -> str:
    """Return the stage at which a value is not that of before any more."""
    stages = zip(STAGES, values[1:], strict=True)
    return next((stage for stage, value in stages if value != values[0]), 'never')


@pytest.mark.parametrize('means', ['balloon', 'virtio-mem'])
def test_what_programs_see(boot: Boot, say: Say, means: str) -> None:
    """A count of CPUs is right at once, new pools are, too; nginx and a heap have what there was
    when they started, and the database what its settings say.
    """
    debian = boot(means)
    say(f'{means}: up after {debian.boot:.0f} s')
    start(debian, _SERVICES)
    for title, size in (('more', MAXIMUM), ('less', MINIMUM)):
        before = changed(debian, {}, ())
        assert debian.adjust(size).works
        rows = follow(debian, before, FOLLOWS)
        for name in ('CPUs of workers', *FOLLOWS):
            values = rows[name]
            say(f'{means}, {title}, {name}: {" -> ".join(map(str, values))}')
        assert {name: first_change(rows[name]) for name in FOLLOWS} == FOLLOWS
        assert {rows[name][-1] for name in OF_CPUS} == {size.vcpus}
        quarter = rows['largest heap, MiB'][-1] * 4
        assert 0.8 < quarter / size.memory_mb <= 1
        launched = re.findall(r'Workers Launched: \d+', debian.run(_PARALLEL))
        say(f'{means}, {title}, a parallel query: {launched}')
        assert launched == ['Workers Launched: 2']


def test_settings_of_the_database(boot: Boot, say: Say) -> None:
    """Parallel queries are set with a reload, shared memory and processes with a restart."""
    debian = boot('balloon')
    start(debian, _SERVICES)
    assert debian.adjust(MAXIMUM).works
    before = changed(debian, {}, ())
    words = ' '.join(f'-c "ALTER SYSTEM SET {name} = \'{to}\'"' for name, (to, _) in SET.items())
    debian.run(f'{_PSQL} {words}')
    rows = follow(debian, before, {name: when for name, (_, when) in SET.items()})
    for name, (to, when) in SET.items():
        say(f'{name}: {" -> ".join(rows[name])}')
        assert (rows[name][-1], first_change(rows[name])) == (to, when)


def test_hook(boot: Boot, say: Say) -> None:
    """The hook of `guest/README.md` has nginx follow the CPUs, and no restart for memory alone."""
    debian = boot('balloon')
    readme = (settings.REPOSITORY / 'guest/README.md').read_text()
    match = re.search(r'^```sh\n(#!/bin/sh\n# (/etc/\S+/nginx):.*?)^```', readme, re.DOTALL | re.M)
    assert match
    debian.write(match[2], match[1].encode())
    debian.run(f'chmod +x {match[2]}')

    def workers() -> int:
        return int(debian.run("pgrep -c -f '^nginx: worker process *$'"))

    def starts() -> int:
        return int(debian.run('journalctl -u nginx | grep -c "Started nginx" || :'))

    for size in (Size(3, 768), Size(1, 768)):
        assert debian.adjust(size).works
        began = time.monotonic()
        assert waiting.until(lambda size=size: workers() == size.vcpus, 30, 0.5)
        say(f'{size.vcpus} workers {time.monotonic() - began:.1f} s after the adjustment')
    before = starts()
    assert before == 3
    assert debian.adjust(Size(1, 1024)).works
    assert waiting.until(debian.reports, debians.PATIENCE)
    assert starts() == before


def test_memory_that_programs_keep(world: World, boot_debian: debians.Boot, say: Say) -> None:
    """A heap and shared buffers that were once used are in use until they are given back."""
    smallest = Size(1, 512)
    debian = boot_debian(distribution.PROGRAMS.name, 'balloon', smallest, MAXIMUM, disk=2)
    assert debian.adjust(MAXIMUM).works

    def floor(title: str, fits: Callable[[int], bool] = lambda floor_mb: True) -> int:
        """Return the floor, once it fits."""
        floors: list[int] = []

        def has() -> bool:
            floors.append(world.api.status(debian.server)['floor_memory_mb'])
            return fits(floors[-1])

        time.sleep(5)
        assert waiting.until(has, 60, 2), (title, floors)
        say(f'{title}: floor {floors[-1]} MiB')
        return floors[-1]

    debian.run(_FILL)
    base = floor('PostgreSQL, shared buffers empty')
    debian.run(_PREWARM)
    floor('PostgreSQL, 110 MB in shared buffers', lambda now: now > base + 80)
    debian.run('systemctl restart postgresql')
    floor('PostgreSQL, restarted', lambda now: now < base + 40)

    start(debian, ['jvm'])
    waiting.until(lambda: 'largest heap, MiB' in sees(debian), SOON, 2)
    base = floor('JVM, started')
    debian.run('touch /run/hold')
    assert waiting.until(lambda: sees(debian)['holds'], SOON, 2)
    floor('JVM, 300 MB in use', lambda now: now > base + 250)
    debian.run('rm /run/hold')
    assert waiting.until(lambda: not sees(debian)['holds'], SOON, 2)
    time.sleep(20)
    kept = floor('JVM, nothing in use')
    assert kept > base + 200
    target = max(smallest.memory_mb, base + 100)
    error = world.api.adjust_error(debian.server, current_vcpus=3, current_memory_mb=target)
    assert error['error_code'] == 'xloud.below_floor'
    debian.run('touch /run/collect')
    floor('JVM, garbage collected', lambda now: now < target)
    assert debian.adjust(Size(3, target)).works
