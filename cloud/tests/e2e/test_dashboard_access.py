"""Whether everybody can use the dashboard: without a mouse, an eye, a large or a light screen."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cloud.tests.e2e.browser import Dashboard
from cloud.tests.e2e.sizes import Size
from cloud.tests.e2e.world import World

Boot = Callable[..., str]
LogIn = Callable[[str], Dashboard]

pytestmark = pytest.mark.usefixtures('forked')

#: What the plugin adds to pages; the rest is Horizon's.
OURS = (
    '.xloud-size', '.xloud-state', '.xloud-live', '.xloud-history', '.xloud-plot', '.xloud-legend',
    '.xloud-bar', '.xloud-amounts', 'form.xloud-adjust', '#elastic_flavor_form',
)  # fmt: skip

TAB, ENTER, ESCAPE, RIGHT, END = '\ue004', '\ue007', '\ue00c', '\ue014', '\ue010'

#: A telephone, in pixels.
NARROW = (390, 844)

THEMES = ('default', 'material')


@pytest.fixture
def pages(world: World, boot: Boot, log_in: LogIn) -> dict[str, Callable[[], Dashboard]]:
    """Return how each page of the plugin is opened, by its name."""
    server = boot()
    world.adjust(server, 2, 512)
    elastic = world.admin.compute.find_flavor('elastic').id
    page = log_in('admin')
    steps: dict[str, Callable[[], object]] = {
        'list': lambda: (page.go('/admin/instances/'), page.one('.xloud-size')),
        'form': lambda: (
            page.go(f'/project/elastic/{server}/adjust'),
            page.one('form.xloud-adjust'),
            page.choose('lasts', 'limited'),  # It shows one field more.
        ),
        'size': lambda: (page.size_tab(server), page.one('svg.xloud-plot')),
        'flavor': lambda: (
            page.go(f'/project/elastic/flavors/{elastic}'),
            page.one('#elastic_flavor_form'),
        ),
        'capacity': lambda: (page.go('/admin/elastic_capacity/'), page.one('.xloud-bar')),
    }

    def opener(step: Callable[[], object]) -> Callable[[], Dashboard]:
        def open_page() -> Dashboard:
            step()
            return page

        return open_page

    return {name: opener(step) for name, step in steps.items()}


@pytest.mark.parametrize('theme', THEMES)
def test_axe_finds_nothing_serious(pages: dict[str, Callable[[], Dashboard]], theme: str) -> None:
    """In each theme of Horizon no page of the plugin has a serious barrier of its own."""
    barriers = []
    for name, open_page in pages.items():
        page = open_page()
        page.choose_theme(theme)
        page = open_page()
        barriers += [f'{name}: {barrier}' for barrier in page.barriers(OURS)]
    assert not barriers, '\n'.join(barriers)


def test_axe_would_find_something(pages: dict[str, Callable[[], Dashboard]]) -> None:
    """A field without a label, and text that can hardly be read, are serious."""
    page = pages['form']()
    page.driver.execute_script(
        'document.querySelectorAll("form.xloud-adjust label").forEach(it => it.remove());'
        'document.querySelectorAll("form.xloud-adjust .xloud-help").forEach('
        'it => { it.style.color = "#eee"; it.style.background = "#fff"; })'
    )
    rules = {barrier.partition(' ')[0] for barrier in page.barriers(OURS)}
    assert rules >= {'label', 'color-contrast'}


def test_keyboard_alone(world: World, boot: Boot, log_in: LogIn) -> None:
    """From the menu of a server to its new size without a mouse."""
    server = boot()
    page = log_in('demo')
    page.instances()
    toggle = page.one(f'{page.row(server)} .dropdown-toggle')
    page.driver.execute_script('arguments[0].focus()', toggle)
    page.press(ENTER)
    for _ in range(30):
        page.press(TAB)
        if 'btn-adjust-size' in (page.focused.get_attribute('class') or ''):
            break
    page.press(ENTER)
    page.one('form.xloud-adjust')
    page.until(lambda: page.focused.get_attribute('data-for') == 'id_vcpus', 'focus is elsewhere')
    reached = []
    for _ in range(30):
        field = page.focused
        kind = field.get_attribute('type')
        reached.append((kind, field.get_attribute('data-for') or field.get_attribute('id')))
        if reached[-1] == ('range', 'id_vcpus'):
            page.press(RIGHT)
        if reached[-1] == ('range', 'id_memory_mb'):
            page.press(END)
        if kind == 'submit':
            break
        page.press(TAB)
    assert {
        ('range', 'id_vcpus'), ('number', 'id_vcpus'), ('range', 'id_memory_mb'),
        ('number', 'id_memory_mb'), ('select-one', 'id_lasts'), ('select-one', 'id_when_full'),
    } <= set(reached)  # fmt: skip
    page.forecast('in_place')
    page.press(ENTER)
    page.reads('.alert-success', 'is being adjusted')
    world.guests.reaches(server, Size(2, 768))
    assert world.api.adjusted(server, succeeds=True)


def test_narrow_screen(pages: dict[str, Callable[[], Dashboard]]) -> None:
    """On a telephone every part of the plugin fits on the screen."""
    too_wide = {}
    for name, open_page in pages.items():
        page = open_page()
        page.resize(*NARROW)
        page = open_page()
        page.picture_as_it_is(f'narrow-{name}')
        parts = page.wider_than_screen(OURS)
        if parts:
            too_wide[name] = parts
    assert too_wide == {}


@pytest.mark.parametrize('name', ['form', 'size', 'capacity'])
def test_dark_screen(pages: dict[str, Callable[[], Dashboard]], name: str) -> None:
    """In a dark theme everything can be read: the plugin sets no colour of texts."""
    page = pages[name]()
    page.darken()
    page.picture_as_it_is(f'dark-{name}')
    barriers = [it for it in page.barriers(OURS) if it.startswith('color-contrast')]
    assert not barriers, '\n'.join(barriers)


def test_nothing_is_loaded_from_other_sites(pages: dict[str, Callable[[], Dashboard]]) -> None:
    """Every script, style, font and picture is Horizon's own."""
    for open_page in pages.values():
        page = open_page()
        loaded = page.driver.execute_script(
            'return performance.getEntriesByType("resource").map(entry => entry.name)'
        )
        assert loaded
        assert [name for name in loaded if not name.startswith((page.url, 'data:'))] == []
