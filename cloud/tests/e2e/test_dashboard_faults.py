"""What people see in a browser when an adjustment is refused, fails, or is not theirs alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cloud import faults, ini
from cloud.tests.e2e.browser import Dashboard
from cloud.tests.e2e.logs import IN_VAIN, Logs
from cloud.tests.e2e.sizes import Size
from cloud.tests.e2e.world import World

Boot = Callable[..., str]
Crowd = Callable[[str], str]
Flavor = Callable[..., str]
Options = Callable[[ini.Sections], None]
Quota = Callable[..., None]
LogIn = Callable[[str], Dashboard]

pytestmark = pytest.mark.usefixtures('forked')

MINIMUM = Size(1, 256)

#: Changes the page if a browser runs it.
SCRIPT = '<img src=x onerror=document.body.id="hacked"><script>document.body.id="hacked"</script>'


def slow(world: World, boot: Boot) -> str:
    """Boot a guest that gives back CPUs only after Nova has lost patience, and let it have 3.

    It is to start with 1: what is given back late is accounted for until the start size.
    """
    server = boot(image='guest-slow')
    world.adjust(server, 3, 256, persist=False)
    world.guests.hears(server, lambda line: line.cpus == 3)
    return server


def shrink_slow(world: World, boot: Boot, log_in: LogIn) -> tuple[str, Dashboard]:
    """Request 1 vCPU of such a guest; return it, and the list that shows how that goes."""
    server = slow(world, boot)
    page = log_in('demo')
    page.instances()
    page.open_form(server)
    page.type('#id_vcpus', '1')
    page.forecast('in_place')
    page.send()
    page.reads('.alert-success', 'is being adjusted')
    page.stay()
    return server, page


def complies(world: World, server: str) -> None:
    """Wait until such a guest gives something back, little by little, and Nova accounts for it."""
    line = world.guests.hears(server, lambda line: line.cpus < 3, 60)
    world.reconciles(server, Size(line.cpus, 256))


def test_failing(world: World, boot: Boot, log_in: LogIn) -> None:
    """A guest that does not comply: the list says so by itself, and the tab what to do."""
    server, page = shrink_slow(world, boot, log_in)
    page.reads(page.row(server), 'Failed: The guest has given back 0 of 2 vCPUs after 8 seconds.')
    assert page.stays
    page.size_tab(server)
    page.reads('.xloud-adjust-state', 'Failed')
    page.reads('.detail', 'The guest has given back 0 of 2 vCPUs after 8 seconds. Prepare the')
    complies(world, server)


def test_size_that_comes_late(world: World, boot: Boot, logs: Logs, log_in: LogIn) -> None:
    """A guest hangs when its adjustment ends: the list shows its size once that is known."""
    logs.expect(IN_VAIN)
    server, page = shrink_slow(world, boot, log_in)
    row = page.row(server)
    with faults.frozen([world.guests.pid(server)]):
        assert world.api.adjusted(server, succeeds=False)
        page.until(lambda: not any(word in page.one(row).text for word in ('Adjusting', 'MiB of')))
    page.reads(row, 'MiB of 256 to 768')
    page.reads(row, 'Failed')
    assert page.stays
    complies(world, server)


def test_locked(world: World, boot: Boot, log_in: LogIn) -> None:
    """Who had the form open before an administrator locked the server is refused, with a remedy."""
    server = boot()
    page = log_in('demo')
    page.instances()
    page.open_form(server)
    world.api.act(server, 'lock')
    page.type('#id_vcpus', '2')
    page.forecast('refused', 'Unlock the server.')
    page.send()
    page.reads('form.xloud-adjust .alert-danger', 'Unlock the server.')
    page.instances()
    page.one(page.row(server))
    assert page.count('.btn-adjust-size') == 0
    assert world.accounting.size(server) == MINIMUM


def test_over_quota(world: World, boot: Boot, quota: Quota, log_in: LogIn) -> None:
    """What the quota does not allow is refused before and after it is sent, with a remedy."""
    quota('demo', cores=2)
    server = boot()
    page = log_in('demo')
    page.instances()
    page.open_form(server)
    page.type('#id_vcpus', '3')
    page.forecast('refused', 'Shrink other servers of the project')
    page.send()
    page.reads('form.xloud-adjust .alert-danger', 'Shrink other servers of the project')
    page.type('#id_vcpus', '2')
    page.forecast('in_place')
    page.send()
    page.reads('.alert-success', 'is being adjusted')
    assert world.api.adjusted(server, succeeds=True)
    assert world.accounting.size(server) == Size(2, 256)


def test_two_tabs(world: World, boot: Boot, log_in: LogIn) -> None:
    """Two forms of one server: the second one sent adjusts what the first one has made of it."""
    server = boot()
    page = log_in('demo')
    page.instances()
    page.open_form(server)
    first = page.tab
    second = page.new_tab()
    page.instances()
    page.open_form(server)
    page.type('#id_vcpus', '3')
    page.forecast('in_place')
    page.send()
    page.reads('.alert-success', 'is being adjusted')
    assert world.api.adjusted(server, succeeds=True)
    page.to_tab(first)
    # It was opened before, and knows nothing of that.
    page.type('#id_vcpus', '2')
    page.forecast('in_place')
    page.send()
    page.reads('.alert-success', 'is being adjusted')
    assert world.api.adjusted(server, succeeds=True)
    world.guests.reaches(server, Size(2, 256))
    page.to_tab(second)
    page.size_tab(server)
    page.reads('.xloud-now', '2 vCPUs, 256 MiB')
    page.reads('.xloud-history', '3 vCPUs, 256 MiB')


def test_two_tabs_at_once(world: World, boot: Boot, host_options: Options, log_in: LogIn) -> None:
    """While one adjustment is under way another one is refused, with what to do."""
    host_options({'xloud': {'vcpu_timeout': 120}})
    server = slow(world, boot)
    page = log_in('demo')
    page.instances()
    page.open_form(server)
    page.type('#id_vcpus', '4')
    page.forecast('in_place')
    first = page.tab
    page.new_tab()
    page.instances()
    page.open_form(server)
    page.type('#id_vcpus', '1')
    page.forecast('in_place')
    page.send()
    page.reads('.alert-success', 'is being adjusted')
    page.to_tab(first)
    page.send()  # The guest takes some 30 seconds.
    page.reads('form.xloud-adjust .alert-danger', 'Wait until the other operation has ended')
    assert world.api.adjusted(server, succeeds=True, seconds=180)
    world.guests.reaches(server, MINIMUM)


def test_session_ends_in_a_form(world: World, boot: Boot, log_in: LogIn) -> None:
    """The form says so instead of what it said before, and nothing is adjusted."""
    server = boot()
    page = log_in('demo')
    page.instances()
    page.open_form(server)
    page.type('#id_vcpus', '2')
    page.forecast('in_place')
    page.end_session()
    page.type('#id_vcpus', '3')
    page.forecast('unknown', 'Your session has expired. Log in again.')
    page.send()
    page.one('.alert-danger')
    assert world.api.status(server)['adjust'] is None
    page.instances()
    assert page.one('#loginBtn')
    assert page.count(page.row(server)) == 0


def test_session_ends_while_an_adjustment_is_followed(
    world: World, boot: Boot, crowd: Crowd, log_in: LogIn
) -> None:
    """The tab says so, keeps what it shows, and requests nothing more."""
    server = boot()
    crowd(server)
    assert world.api.post_adjust(server, current_vcpus=4, when_full='wait') == (202, '')
    page = log_in('demo')
    page.size_tab(server)
    page.reads('.xloud-adjust-state', 'Waiting for capacity')
    page.end_session()
    page.reads('.xloud-expired', 'Your session has expired. Log in again.')
    assert 'Waiting for capacity' in page.one('.xloud-live').text
    cancelled = world.admin.compute.post(f'/os-xloud-adjust/{server}', json={'cancel': True})
    assert cancelled.status_code == 202


def test_script_in_metadata(world: World, boot: Boot, flavor: Flavor, log_in: LogIn) -> None:
    """What tenants write into metadata, and operators into a flavor, is text in every page."""
    name = f'e2e-{SCRIPT}'
    plain = flavor(4, 768, minimum_cpu='1', minimum_memory='256')
    entry = world.admin.compute.find_flavor(plain)
    world.admin.compute.update_flavor(entry, description=SCRIPT)
    server = boot(plain, name=name, metadata={'xloud': SCRIPT, 'size': SCRIPT})
    page = log_in('demo')
    page.instances()
    page.reads(page.row(server), '<img src=x')
    page.open_form(server)
    page.reads('.modal-title', SCRIPT)
    page.size_tab(server)
    page.reads('.xloud-now', '1 vCPU, 256 MiB')
    page.go(f'/project/instances/{server}/')
    page.reads('body', SCRIPT)  # Horizon's own page shows the metadata.
    page.open_launch()
    page.launch_step('Flavor')
    page.offered(plain)
    assert page.count('#hacked') == 0
    page = log_in('admin')
    page.go(f'/project/elastic/flavors/{entry.id}')
    page.one('#elastic_flavor_form')
    assert page.count('#hacked') == 0


def test_script_in_the_name_of_a_flavor(world: World, log_in: LogIn) -> None:
    """The form that makes it elastic, and its message, have it as text."""
    name = f'e2e {SCRIPT}'
    made = world.admin.compute.create_flavor(name=name, vcpus=4, ram=768, disk=1)
    try:
        page = log_in('admin')
        page.go(f'/project/elastic/flavors/{made.id}')
        page.reads('.modal-title, h3', name)
        page.type('#id_min_vcpus', '1')
        page.one('#elastic_flavor_form input[type="submit"]').click()
        page.reads('.alert-success', f'The minimums of {name} are set.')
        page.open_launch()
        page.launch_step('Flavor')
        assert 'Boots with 1 vCPU' in page.offered(name).text
        assert page.count('#hacked') == 0
    finally:
        world.admin.compute.delete_flavor(made)


def test_administrator(world: World, boot: Boot, log_in: LogIn) -> None:
    """An administrator sees and adjusts a server of a project in the table of all servers."""
    server = boot()
    page = log_in('admin')
    page.go('/admin/instances/')
    page.reads(page.row(server), '1 vCPU of 1 to 4')
    page.open_form(server)
    page.type('#id_vcpus', '2')
    page.forecast('in_place')
    page.send()
    page.reads('.alert-success', 'is being adjusted')
    world.guests.reaches(server, Size(2, 256))
    page.reads(page.row(server), '2 vCPUs of 1 to 4')
    assert world.api.adjusted(server, succeeds=True)
