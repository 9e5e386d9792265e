"""Elastic servers in Horizon, as people see and adjust them in a browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cloud import waiting
from cloud.tests.e2e.browser import Dashboard
from cloud.tests.e2e.sizes import Size
from cloud.tests.e2e.world import World

Boot = Callable[..., str]
Crowd = Callable[[str], str]
Flavor = Callable[..., str]
LogIn = Callable[[str], Dashboard]

pytestmark = pytest.mark.usefixtures('forked')

MINIMUM = Size(1, 256)


def test_adjust_up_and_down(world: World, boot: Boot, log_in: LogIn) -> None:
    """A member adjusts a server; the list shows how it goes without being loaded again."""
    server = boot()
    page = log_in('demo')
    row = page.row(server)
    for size, slide in ((Size(3, 768), '\ue010'), (MINIMUM, '\ue011')):  # To its end, and start.
        page.instances()
        page.reads(row, f'{world.accounting.size(server).memory_mb} MiB of 256 to 768')
        page.open_form(server)
        page.type('#id_vcpus', str(size.vcpus))
        page.one('input[type="range"][data-for="id_memory_mb"]').send_keys(slide)
        assert page.one('#id_memory_mb').get_attribute('value') == str(size.memory_mb)
        page.forecast('in_place', 'The server will be adjusted at once.')
        if size != MINIMUM:
            page.picture('form', 900)
        page.send()
        page.reads('.alert-success', 'is being adjusted')
        page.stay()
        world.guests.reaches(server, size)
        page.reads(row, f'{size.vcpus} vCPU')
        page.reads(row, f'{size.memory_mb} MiB of')
        page.until(lambda: 'Adjusting' not in page.one(row).text)
        assert page.stays
        assert world.api.adjusted(server, succeeds=True)
        assert world.accounting.size(server) == size
    page.size_tab(server)
    page.reads('.xloud-now', '1 vCPU, 256 MiB')
    page.reads('.xloud-adjust-state', 'Succeeded')
    page.reads('.xloud-history', '3 vCPUs, 768 MiB')
    assert page.count('svg.xloud-plot polyline') == 2


def test_refusals(world: World, boot: Boot, flavor: Flavor, log_in: LogIn) -> None:
    """What Nova refuses is said before and after sending, with what to do, and in the form."""
    server = boot(flavor(20, 768, minimum_cpu='1', minimum_memory='256'))
    world.adjust(server, 1, 768)
    world.guests.hold(server, 420)
    assert waiting.until(lambda: world.api.status(server)['floor_memory_mb'] > 420, 30, 1)
    page = log_in('demo')
    page.instances()
    page.open_form(server)
    slider = page.one('input[type="range"][data-for="id_memory_mb"]')
    assert int(slider.get_attribute('min')) > 420
    cpus = int(page.one('input[type="range"][data-for="id_vcpus"]').get_attribute('max'))
    assert cpus <= world.accounting.host_vcpus(world.hosts[0].host) < 20

    page.type('#id_memory_mb', '256')
    text = page.forecast('refused')
    assert 'The guest needs at least' in text
    assert 'Choose at least that much memory' in text
    page.send()
    page.reads('form.xloud-adjust .alert-danger', 'The guest needs at least')

    page.type('#id_memory_mb', '768')
    page.type('#id_vcpus', '20')
    page.forecast('refused', 'Its host')
    page.send()
    page.reads('form.xloud-adjust .alert-danger', 'Its host')
    assert world.accounting.size(server) == Size(1, 768)


def test_script_in_a_name(world: World, boot: Boot, log_in: LogIn) -> None:
    """The name of a server is text wherever it is shown."""
    name = (
        '<script>document.body.id = "hacked"</script><img src=x onerror=document.body.id="hacked">'
    )
    server = boot(name=f'e2e-{name}')
    page = log_in('demo')
    page.instances()
    page.reads(page.row(server), name[:8])
    page.open_form(server)
    page.reads('.modal-title', name)
    page.type('#id_vcpus', '2')
    page.forecast('in_place')
    page.send()
    page.reads('.alert-success', name)
    assert page.count('#hacked') == 0
    assert world.api.adjusted(server, succeeds=True)
    page.size_tab(server)
    page.reads('.xloud-now', '2 vCPUs')
    assert page.count('#hacked') == 0


def test_reader(world: World, boot: Boot, log_in: LogIn) -> None:
    """A reader sees sizes and is not offered to adjust; who sends the form is refused in words."""
    server = boot()
    page = log_in('reader')
    page.instances()
    page.reads(page.row(server), '1 vCPU of 1 to 4')
    assert page.count('.btn-adjust-size') == 0
    page.size_tab(server)
    page.reads('.xloud-now', '1 vCPU, 256 MiB')
    page.go(f'/project/elastic/{server}/adjust')
    assert page.count('form.xloud-adjust') == 0
    page.reads('body', 'You are not allowed to adjust this server.')
    assert world.accounting.size(server) == MINIMUM


def test_limited_time(world: World, boot: Boot, log_in: LogIn) -> None:
    """A size for a limited time shows its end, and can be ended at once."""
    server = boot()
    page = log_in('demo')
    page.instances()
    page.open_form(server)
    page.type('#id_vcpus', '2')
    page.choose('lasts', 'limited')
    page.type('#id_minutes', '90')
    page.forecast('in_place')
    page.send()
    page.reads('.alert-success', 'is being adjusted')
    assert world.api.adjusted(server, succeeds=True)
    page.size_tab(server)
    page.reads('body', 'The server goes back to 1 vCPU, 256 MiB at')
    page.one('.xloud-cancel').click()
    page.reads('.alert-success', 'goes back to its earlier size')
    world.guests.reaches(server, MINIMUM)
    page.reads('.xloud-now', '1 vCPU, 256 MiB')
    assert world.api.status(server)['returns_at'] is None


def test_waiting(world: World, boot: Boot, crowd: Crowd, log_in: LogIn) -> None:
    """On a full host a member chooses to wait, sees that in the tab, and cancels it."""
    server = boot()
    crowd(server)
    page = log_in('demo')
    page.instances()
    page.open_form(server)
    slider = page.one('input[type="range"][data-for="id_vcpus"]')
    assert slider.get_attribute('max') == '2'
    page.choose('when_full', 'wait')
    assert slider.get_attribute('max') == '4'
    page.type('#id_vcpus', '4')
    page.forecast('wait', 'will wait')
    page.send()
    page.reads(page.row(server), 'Waiting for capacity')
    page.size_tab(server)
    page.reads('.xloud-adjust-state', 'Waiting for capacity')
    page.one('.xloud-cancel').click()
    page.reads('.alert-success', 'The adjustment is cancelled.')
    page.reads('.xloud-adjust-state', 'Failed')
    assert world.api.status(server)['adjust']['code'] == 'xloud.wait_cancelled'


def test_elastic_flavor(world: World, flavor: Flavor, log_in: LogIn) -> None:
    """An administrator makes a flavor elastic; impossible minimums are refused in words."""
    name = flavor(4, 768)
    identity = world.admin.compute.find_flavor(name).id
    page = log_in('admin')
    page.go('/admin/flavors/')
    row = page.row(identity)
    page.one(f'{row} .dropdown-toggle').click()
    page.one(f'{row} a[href$="/elastic/flavors/{identity}"]').click()
    form = page.one('#elastic_flavor_form')
    page.driver.execute_script('arguments[0].noValidate = true', form)
    page.type('#id_min_vcpus', '5')
    page.one('input[type="submit"]', form).click()
    page.reads('#elastic_flavor_form', 'Choose 1 to 4 vCPUs.')
    page.type('#id_min_vcpus', '1')
    page.type('#id_min_memory_mb', '256')
    page.one('#elastic_flavor_form input[type="submit"]').click()
    page.reads('.alert-success', 'The minimums of')
    specs = world.admin.compute.fetch_flavor_extra_specs(identity).extra_specs
    assert specs == {'minimum_cpu': '1', 'minimum_memory': '256'}
    # Without its minimum the memory is fixed again.
    page.go(f'/project/elastic/flavors/{identity}')
    page.one('#id_min_memory_mb').clear()
    page.one('#elastic_flavor_form input[type="submit"]').click()
    page.reads('.alert-success', 'The minimums of')
    specs = world.admin.compute.fetch_flavor_extra_specs(identity).extra_specs
    assert specs == {'minimum_cpu': '1'}
