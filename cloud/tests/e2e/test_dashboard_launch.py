"""Servers that people launch in a browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cloud.tests.e2e.browser import Dashboard

Flavor = Callable[..., str]
Quota = Callable[..., None]
LogIn = Callable[[str], Dashboard]

pytestmark = pytest.mark.usefixtures('forked')


def test_what_a_server_boots_with(flavor: Flavor, quota: Quota, log_in: LogIn) -> None:
    """A flavor says what a server boots with and can have, and needs quota for the former alone."""
    quota('demo', cores=3, ram=512)
    elastic = flavor(4, 768, minimum_cpu='2', minimum_memory='256')
    memory = flavor(1, 768, **{'hw:mem_min': '512'})
    fixed = flavor(4, 768)
    page = log_in('demo')
    page.open_launch()
    page.launch_step('Flavor')
    row = page.offered(elastic)
    assert 'Boots with 2 vCPUs, 256 MiB\ncan have 4 vCPUs, 768 MiB' in row.text
    assert not page.shown('.invalid', row)
    row = page.offered(memory)
    assert 'Boots with 1 vCPU, 512 MiB\ncan have 1 vCPU, 768 MiB' in row.text
    assert not page.shown('.invalid', row)
    page.picture('launch', 900)
    row = page.offered(fixed)
    assert 'oots with' not in row.text
    # It exceeds the quota.
    assert page.shown('.invalid', row)
