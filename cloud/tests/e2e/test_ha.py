"""One of several fails in the middle of an adjustment: a client that repeats gets what it wants.

Each test has a client that grows a server, and repeats what fails; one service is
killed, frozen or isolated in the meantime and stays that until the client has had two
more sizes. The seconds that took are printed as a table at the end.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import itertools
import os
import signal
import time
from collections.abc import Iterator

import pytest

from cloud import errors, failures, process, waiting
from cloud.services import galera, haproxy
from cloud.tests.e2e import conftest, failing, invariants
from cloud.tests.e2e.logs import Logs
from cloud.tests.e2e.sizes import Size
from cloud.tests.e2e.world import World

MINIMUM, FIRST, NEXT = Size(1, 256), Size(2, 256), Size(3, 256)

pytestmark = pytest.mark.usefixtures('server', 'all_up')


@pytest.fixture
def server(world: World, ha: None) -> Iterator[str]:
    """Each case has a server of its own: one that is stuck fails no other case."""
    made = conftest.new_server(world.admin, 'elastic', 'guest')
    try:
        world.api.wait(made, 'ACTIVE')
        world.comes_up(made, MINIMUM)
        yield made
    finally:
        world.remove([made])


@pytest.fixture(scope='module')
def table(request: pytest.FixtureRequest) -> Iterator[list[tuple[str, ...]]]:
    """Rows of what was measured; they are shown when all is over."""
    rows: list[tuple[str, ...]] = [
        ('service', 'fault', 'size in work', 'next size', 'together again', 'answers')
    ]
    yield rows
    reporter = request.config.pluginmanager.getplugin('terminalreporter')
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    reporter.ensure_newline()
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        reporter.write_line('  '.join(cells).rstrip())


@pytest.fixture
def threads() -> Iterator[concurrent.futures.ThreadPoolExecutor]:
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        yield pool


def refuses_writes(node: galera.Node) -> None:
    """Check that a node without a majority takes no write, also not past HAProxy."""
    with pytest.raises(errors.CommandError) as raised:
        node.client('CREATE TABLE nova.taken (number INT)')
    assert 'WSREP has not yet prepared node' in raised.value.evidence


def one_is_written_to(world: World) -> None:
    """Check that all connections to databases are to the node that a new one is to."""
    sessions = haproxy.HaProxy(world.context).sessions('mariadb')
    used = [label for label, count in sessions.items() if count]
    assert used == [failures.writer(world.faults).label], 'more than one database is written to'


@pytest.mark.parametrize(('victim', 'fault'), failures.CASES)
def test_one_of_several_fails(
    world: World,
    server: str,
    victim: str,
    fault: str,
    table: list[tuple[str, ...]],
    threads: concurrent.futures.ThreadPoolExecutor,
    logs: Logs,
) -> None:
    """Nothing is lost or oversold, no task is left, and what was accepted is in the history."""
    logs.expect(failing.LOST)
    part = failures.VICTIMS[victim](world.faults)
    client = failing.Client(world, server)
    work = threads.submit(client.gets, FIRST)
    # In the middle of it, as far as it takes that long.
    waiting.until(lambda: world.accounting.task(server) == 'xloud_adjusting', 2, 0.02)
    begun = time.monotonic()
    with failures.FAULTS[fault](world.faults, part):
        work.result()
        first = time.monotonic() - begun
        client.gets(NEXT)
        following = time.monotonic() - begun
        if isinstance(part, galera.Node) and 'isolated' in fault:
            refuses_writes(part)
        if isinstance(part, galera.Node):
            one_is_written_to(world)
    healed = time.monotonic()
    how = failures.come_together(world.faults, part, fault)
    together = time.monotonic() - healed
    # Also when the one that was used is back.
    one_is_written_to(world)
    assert client.is_in_history()
    client.gets(MINIMUM)
    answers = ', '.join(f'{count} x {what}' for what, count in sorted(client.answers.items()))
    seconds = [f'{value:.1f} s' for value in (first, following, together)]
    table.append((victim, fault, *seconds[:2], seconds[2] + how, answers))
    print(*table[-1], sep=', ')


def everything(world: World) -> set[int]:
    """Return all processes of the cloud, those that have given themselves another name too."""
    leaders = [part.daemon().pid for part in world.faults.services.values()]
    families = [process.family(pid) for pid in leaders if pid is not None]
    return {*world.cloud.processes(), *itertools.chain(*families)}


def test_power_cut(world: World, server: str, logs: Logs) -> None:
    """All processes end at once, in an adjustment; `start` brings the cloud back, servers too."""
    logs.expect(failing.LOST)
    client = failing.Client(world, server)
    client.gets(FIRST)
    assert world.api.post_adjust(server, current_vcpus=NEXT.vcpus) == (202, '')
    for _ in range(3):  # What one of them starts in the meantime ends, too.
        for pid in everything(world):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    assert waiting.until(lambda: not everything(world), 10)
    began = time.monotonic()
    world.cloud.start()
    print(f'the cloud is back after {time.monotonic() - began:.0f} s')
    assert failures.is_whole(world.faults)
    world.api.wait(server, 'ACTIVE')
    # At either size: the one that was in work may have been given, or not.
    world.api.adjusted(server)
    live = world.guests.live(server)
    assert live in (FIRST, NEXT)
    invariants.check(world, 60)
    assert client.is_in_history()
    client.gets(MINIMUM)
