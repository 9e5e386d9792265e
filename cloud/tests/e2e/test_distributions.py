"""Real distributions are given more and less: with `xloud-guest` all of it works, at once.

Each line that is printed is a cell of the table in `guest/README.md`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from cloud import errors, waiting
from cloud.guest import distribution
from cloud.tests.e2e import debians
from cloud.tests.e2e.debians import Debian
from cloud.tests.e2e.sizes import Size
from cloud.tests.e2e.world import World

Boot = Callable[[str, str], Debian]
Say = Callable[[str], None]

pytestmark = pytest.mark.usefixtures('forked')

MINIMUM, MAXIMUM = Size(1, 512), Size(3, 1024)

#: Size after the change, by what `xloud-guest check` calls what it needs.
CHANGES = {
    'CPU up': (Size(3, 512), {'cpu-add'}),
    'CPU down': (Size(1, 512), {'cpu-remove'}),
    'memory up': (Size(1, 1024), {'balloon', 'virtio-mem', 'new-memory'}),
    'memory down': (Size(1, 512), {'balloon', 'virtio-mem'}),
}

#: The package, unpacked and not installed: nothing of the guest is changed by that.
_UNPACKED = '/run/xloud-guest'
_UNPACK = f"""
mkdir {_UNPACKED}
tar -C {_UNPACKED} --strip-components=1 -xzf /run/package
"""
# Nothing may be executed from there.
_COMMAND = f'sh {_UNPACKED}/files/usr/bin/xloud-guest'


class Outcome(NamedTuple):
    """How a change went: what a program in the guest saw, and how long that took."""

    change: str
    how: str
    seconds: float

    def __str__(self) -> str:
        return f'{self.change}: {self.how}, {self.seconds:.1f} s'


def change(debian: Debian, name: str) -> Outcome:
    """Request the size of a change."""
    works, seconds = debian.adjust(CHANGES[name][0])
    return Outcome(name, 'at once' if works else 'no', seconds)


def unpack(debian: Debian, package: bytes) -> None:
    """Bring the package into the guest, without installing it."""
    debian.write('/run/package', package)
    debian.run(_UNPACK)


def checks(debian: Debian) -> dict[str, dict[str, Any]]:
    """Return what `xloud-guest check` says, by name."""
    report = json.loads(debian.run(f'{_COMMAND} check --json || [ $? = 1 ]'))
    return {check['name']: check for check in report['checks']}


def apply(debian: Debian) -> None:
    """Change the running kernel as the check says; that starts the agent again, too."""
    debian.run(f"systemd-run --quiet --unit=apply sh -c 'sleep 5; exec {_COMMAND} apply'")

    def over() -> bool:
        try:
            return 'inactive' in debian.run('systemctl is-active apply.service || :')
        except (AssertionError, errors.CommandError):
            return False

    if not waiting.until(over, 120, 2):
        raise AssertionError('xloud-guest apply does not end')


@pytest.fixture
def boot(boot_debian: debians.Boot) -> Boot:
    return lambda image, means: boot_debian(image, means, MINIMUM, MAXIMUM)


def _named(has_package: bool) -> list[str]:
    return [
        kind.name
        for kind in distribution.KINDS
        if kind.has_package is has_package and not kind.programs
    ]


@pytest.mark.parametrize('means', ['balloon', 'virtio-mem'])
@pytest.mark.parametrize('image', _named(has_package=True))
def test_with_the_package(world: World, boot: Boot, say: Say, image: str, means: str) -> None:
    """All four changes work at once, a hook runs, and the server has what Nova says."""
    debian = boot(image, means)
    say(f'{image}, {means}: up after {debian.boot:.0f} s')
    for name, (size, _) in CHANGES.items():
        outcome = change(debian, name)
        say(f'{image}, {means}, {outcome}')
        assert outcome.how == 'at once'
        assert waiting.until(debian.reports, debians.PATIENCE)
        answer = world.api.heard_of(debian.server)
        assert Size(answer['current_vcpus'], answer['current_memory_mb']) == size
        assert answer['guest_vcpus'] == size.vcpus
    with pytest.raises(errors.CommandError) as caught:
        debian.run('true')
    assert 'has been disabled' in caught.value.evidence


@pytest.mark.parametrize('means', ['balloon', 'virtio-mem'])
@pytest.mark.parametrize('image', _named(has_package=False))
def test_without_the_package(
    disks: distribution.Disks, boot: Boot, say: Say, image: str, means: str
) -> None:
    """What `xloud-guest check` says will fail is what fails, and its remedy is one."""
    debian = boot(image, means)
    say(f'{image}, {means}: up after {debian.boot:.0f} s')
    unpack(debian, disks.tarball.read_bytes())
    predicted = checks(debian)
    fails = {name for name, check in predicted.items() if check['state'] == 'fail'}
    say(f'{image}, {means}, check: {sorted(fails) or "nothing"} fails')
    for name, (_, needs) in CHANGES.items():
        outcome = change(debian, name)
        if outcome.how == 'no':
            outcome = _remedy(debian, outcome, needs)
        say(f'{image}, {means}, {outcome}')
        assert (outcome.how == 'at once') is not bool(needs & fails and name.endswith('up'))


def _remedy(debian: Debian, outcome: Outcome, needs: set[str]) -> Outcome:
    """Do what the check says now, and request the change again."""
    failed = [
        check['remedy']
        for name, check in checks(debian).items()
        if name in needs and check['state'] == 'fail'
    ]
    assert failed == ['Install the package xloud-guest. As root: xloud-guest apply']
    apply(debian)
    again = change(debian, outcome.change)
    assert again.how == 'at once'
    return again._replace(how='after `xloud-guest apply`')
