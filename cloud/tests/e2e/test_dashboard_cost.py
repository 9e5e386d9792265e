"""What the plugin of the dashboard costs: the time of pages, and requests to Nova."""

from __future__ import annotations

import contextlib
import runpy
import statistics
import time
from collections.abc import Callable, Iterator

import pytest

from cloud.services import horizon
from cloud.tests.e2e.browser import Dashboard
from cloud.tests.e2e.world import World

Boot = Callable[..., str]
Crowd = Callable[[str], str]
Quota = Callable[..., None]
LogIn = Callable[[str], Dashboard]

pytestmark = pytest.mark.usefixtures('forked')

#: Seconds for which the plugin keeps a size.
AGE = 5

#: Seconds that a page may take longer than without the plugin.
ALLOWED = 1.0

#: How often each page is loaded; the median counts.
_TIMES = 3

_SERVERS = 4


@contextlib.contextmanager
def without_plugin(world: World) -> Iterator[None]:
    """Have Horizon run without the plugin for a while.

    Its scripts and styles stay, with which Horizon's own are compressed; they add no request.
    """
    site = horizon.Horizon(world.context).venv.site
    folder = site / 'openstack_dashboard' / 'local' / 'enabled'
    links = {link: link.readlink() for link in folder.glob('_905*.py')}
    kept = folder / '_9050_static_files.py'
    with world.faults.down('dashboard'):
        lines = ["FEATURE = 'static files'"]
        for link in links:
            values = runpy.run_path(str(link))
            names = ('ADD_ANGULAR_MODULES', 'ADD_JS_FILES', 'ADD_SCSS_FILES')
            lines += [f'{name} = {values[name]!r}' for name in names if name in values]
            link.unlink()
        kept.write_text('\n'.join([*lines, '']))
    try:
        yield
    finally:
        with world.faults.down('dashboard'):
            kept.unlink()
            for link, target in links.items():
                link.symlink_to(target)


def seconds(page: Dashboard, path: str, selector: str) -> float:
    """Return how long a page takes, until all of it is loaded, when no size is kept."""
    taken = []
    for _ in range(_TIMES):
        time.sleep(AGE + 0.5)
        page.go(path)
        page.one(selector)
        taken.append(
            page.driver.execute_script(
                'const entry = performance.getEntriesByType("navigation")[0];'
                'return entry.loadEventEnd - entry.startTime'
            )
            / 1000
        )
    return statistics.median(taken)


def test_time_of_pages(world: World, boot: Boot, quota: Quota, log_in: LogIn) -> None:
    """With the plugin no page takes a second longer than without."""
    quota('demo', cores=-1, ram=-1)
    servers = [boot() for _ in range(_SERVERS)]
    detail = f'/project/instances/{servers[0]}/'
    tab = f'{detail}?tab=instance_details__size'
    row = Dashboard.row(servers[-1])
    page = log_in('demo')
    page.instances()
    page.reads(row, '1 vCPU of 1 to 4')
    with_plugin = {
        'list': seconds(page, '/project/instances/', row),
        'overview': seconds(page, detail, '.detail'),
        'size': seconds(page, tab, '.xloud-now'),
    }
    with without_plugin(world):
        page = log_in('demo')
        page.instances()
        page.one(row)
        assert page.count('.xloud-size') == 0
        stock = {
            'list': seconds(page, '/project/instances/', row),
            'overview': seconds(page, detail, '.detail'),
        }
    stock['size'] = stock['overview']  # It has no such tab.
    for name, taken in with_plugin.items():
        print(f'{name}: {taken:.2f} s, without the plugin {stock[name]:.2f} s')
    assert {
        name: taken for name, taken in with_plugin.items() if taken - stock[name] > ALLOWED
    } == {}
    page = log_in('demo')
    page.instances()
    page.reads(row, '1 vCPU of 1 to 4')


def statuses(world: World) -> str:
    """Return the requests for a size that the log of Nova's API has."""
    lines = world.context.state.log('nova-api').read_text(errors='replace').splitlines()
    return '\n'.join(line for line in lines if 'xloud-status' in line and '"GET ' in line)


@pytest.mark.parametrize('place', ['list', 'tab'])
def test_polling(
    world: World, boot: Boot, crowd: Crowd, quota: Quota, log_in: LogIn, place: str
) -> None:
    """A page requests the size of a server that waits once in 5 s at most, of others not again."""
    quota('demo', cores=-1, ram=-1)
    waits, quiet = boot(), boot()
    crowd(waits)
    assert world.api.post_adjust(waits, current_vcpus=4, when_full='wait') == (202, '')
    page = log_in('demo')
    # In two tabs, for one person.
    for _ in range(2):
        if place == 'list':
            page.instances()
            page.reads(page.row(waits), 'Waiting for capacity')
        else:
            page.size_tab(waits)
            page.reads('.xloud-adjust-state', 'Waiting for capacity')
        page.new_tab()
    page.close_tab()
    before, begin = statuses(world), time.monotonic()
    time.sleep(30)
    lasted = time.monotonic() - begin
    added = statuses(world).removeprefix(before)
    print(f'{place}: {added.count(waits)} in {lasted:.0f} s, and {added.count(quiet)}')
    assert 2 <= added.count(waits) <= lasted / AGE + 1
    assert added.count(quiet) == 0
    cancelled = world.admin.compute.post(f'/os-xloud-adjust/{waits}', json={'cancel': True})
    assert cancelled.status_code == 202
