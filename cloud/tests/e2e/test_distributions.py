"""Real distributions are given more and less: with `xloud-guest` all of it works, at once.

Each line that is printed is a cell of the table in `guest/README.md`.
"""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from cloud import errors, waiting
from cloud.guest import distribution
from cloud.guest import line as guest_line
from cloud.guest.line import Line
from cloud.tests.e2e.sizes import Size
from cloud.tests.e2e.world import World

Create = Callable[..., str]
Flavor = Callable[..., str]

pytestmark = pytest.mark.usefixtures('forked')

MINIMUM, MAXIMUM = Size(1, 512), Size(3, 1024)

#: Emulated, systemd and a kernel with all its modules take minutes beside other work.
BOOT = 400
#: So long after Nova's word, a program in the guest may still wait for what was added.
PATIENCE = 20
#: What memory that is added takes for its own records, and what a shrink may leave, in MiB.
RECORDS = 16

#: Size after the change, by what `xloud-guest check` calls what it needs.
CHANGES = {
    'CPU up': (Size(3, 512), {'cpu-add'}),
    'CPU down': (Size(1, 512), {'cpu-remove'}),
    'memory up': (Size(1, 1024), {'balloon', 'virtio-mem', 'new-memory'}),
    'memory down': (Size(1, 512), {'balloon', 'virtio-mem'}),
}

#: What the hook of the images with the package says when it has run.
_HOOK = re.compile(r'hook: cpus=(\d+) before=\d+ memory_kb=(\d+)')

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


class Debian:
    """A guest that has booted, at its minimum."""

    def __init__(self, world: World, server: str) -> None:
        self.world = world
        self.server = server
        began = time.monotonic()
        world.guests.hears(server, seconds=BOOT)
        if not waiting.until(self._agent_answers, BOOT, 2):
            raise AssertionError('the guest agent does not answer')
        world.comes_up(server, MINIMUM)
        self.boot = time.monotonic() - began
        self.least = world.guests.hears(server, lambda line: line.memory_mb <= MINIMUM.memory_mb)

    def _agent_answers(self) -> bool:
        try:
            self.world.guests.agent(self.server, 'guest-ping')
        except errors.CommandError:
            return False
        return True

    def change(self, name: str) -> Outcome:
        """Request a size, and wait until Nova says how that went, and the guest has it."""
        size, _ = CHANGES[name]
        began = time.monotonic()
        answer = self.world.api.post_adjust(
            self.server, current_vcpus=size.vcpus, current_memory_mb=size.memory_mb
        )
        assert answer == (202, '')
        last = self.world.api.adjusted(self.server)
        works = self.sees(size) and last['state'] == 'succeeded'
        return Outcome(name, 'at once' if works else 'no', time.monotonic() - began)

    def sees(self, size: Size) -> bool:
        """Return whether programs soon have that many CPUs, and as much more memory."""

        def fits(line: Line) -> bool:
            more = line.memory_mb - self.least.memory_mb
            return line.cpus == size.vcpus and (
                abs(more - (size.memory_mb - MINIMUM.memory_mb)) <= RECORDS
            )

        try:
            self.world.guests.hears(self.server, fits, PATIENCE)
        except AssertionError:
            return False
        listed = self.world.guests.agent(self.server, 'guest-get-vcpus')
        return sum(entry['online'] for entry in listed) == size.vcpus

    def reports(self) -> bool:
        """Return whether the hook has run, last of all for the size that the guest has."""
        text = self.world.guests.console(self.server)
        said, now = _HOOK.findall(text), guest_line.parse(text)[-1]
        return bool(said) and tuple(map(int, said[-1])) == (now.cpus, now.memory_kb)

    def run(self, script: str) -> str:
        """Run a script of the shell by the agent."""
        started = self.world.guests.agent(
            self.server, 'guest-exec',
            **{'path': '/bin/sh', 'arg': ['-ec', script], 'capture-output': True},
        )  # fmt: skip
        return self.world.guests.finish(self.server, int(started['pid']), 240)

    def unpack(self, package: bytes) -> None:
        """Bring the package into the guest, without installing it."""
        agent, server = self.world.guests.agent, self.server
        handle = agent(server, 'guest-file-open', path='/run/package', mode='w')
        content = base64.b64encode(package).decode()
        agent(server, 'guest-file-write', **{'handle': handle, 'buf-b64': content})
        agent(server, 'guest-file-close', handle=handle)
        self.run(_UNPACK)

    def check(self) -> dict[str, dict[str, Any]]:
        """Return what `xloud-guest check` says, by name."""
        report = json.loads(self.run(f'{_COMMAND} check --json || [ $? = 1 ]'))
        return {check['name']: check for check in report['checks']}

    def apply(self) -> None:
        """Change the running kernel as the check says; that starts the agent again, too."""
        self.run(f"systemd-run --quiet --unit=apply sh -c 'sleep 5; exec {_COMMAND} apply'")

        def over() -> bool:
            try:
                return 'inactive' in self.run('systemctl is-active apply.service || :')
            except (AssertionError, errors.CommandError):
                return False

        if not waiting.until(over, 120, 2):
            raise AssertionError('xloud-guest apply does not end')


@pytest.fixture
def disks(world: World) -> distribution.Disks:
    """The disks, if they were requested."""
    if not world.context.settings.distributions:
        pytest.skip('needs `xcloud up --distributions`')
    return distribution.Disks(world.context.state)


@pytest.fixture
def boot(world: World, create: Create, flavor: Flavor) -> Callable[[str, str], Debian]:
    def start(image: str, means: str) -> Debian:
        plugs = str(means == 'virtio-mem').lower()
        specs = {'minimum_cpu': '1', 'minimum_memory': '512', 'hw:mem_hotplug_virtio': plugs}
        return Debian(world, create(flavor(*MAXIMUM, **specs), image))

    return start


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Print at once, whatever pytest captures."""

    def line(text: str) -> None:
        with capsys.disabled():
            print(f'\n{text}', end='', flush=True)

    return line


def _named(has_package: bool) -> list[str]:
    return [kind.name for kind in distribution.KINDS if kind.has_package is has_package]


@pytest.mark.usefixtures('disks')
@pytest.mark.parametrize('means', ['balloon', 'virtio-mem'])
@pytest.mark.parametrize('image', _named(has_package=True))
def test_with_the_package(
    world: World,
    boot: Callable[[str, str], Debian],
    say: Callable[[str], None],
    image: str,
    means: str,
) -> None:
    """All four changes work at once, a hook runs, and the server has what Nova says."""
    debian = boot(image, means)
    say(f'{image}, {means}: up after {debian.boot:.0f} s')
    for name, (size, _) in CHANGES.items():
        outcome = debian.change(name)
        say(f'{image}, {means}, {outcome}')
        assert outcome.how == 'at once'
        assert waiting.until(debian.reports, PATIENCE)
        answer = world.api.heard_of(debian.server)
        assert Size(answer['current_vcpus'], answer['current_memory_mb']) == size
        assert answer['guest_vcpus'] == size.vcpus
    with pytest.raises(errors.CommandError, match='guest-exec'):
        debian.run('true')


@pytest.mark.parametrize('means', ['balloon', 'virtio-mem'])
@pytest.mark.parametrize('image', _named(has_package=False))
def test_without_the_package(
    disks: distribution.Disks,
    boot: Callable[[str, str], Debian],
    say: Callable[[str], None],
    image: str,
    means: str,
) -> None:
    """What `xloud-guest check` says will fail is what fails, and its remedy is one."""
    debian = boot(image, means)
    say(f'{image}, {means}: up after {debian.boot:.0f} s')
    debian.unpack(disks.tarball.read_bytes())
    predicted = debian.check()
    fails = {name for name, check in predicted.items() if check['state'] == 'fail'}
    say(f'{image}, {means}, check: {sorted(fails) or "nothing"} fails')
    for name, (_, needs) in CHANGES.items():
        outcome = debian.change(name)
        if outcome.how == 'no':
            outcome = _remedy(debian, outcome, needs)
        say(f'{image}, {means}, {outcome}')
        assert (outcome.how == 'at once') is not bool(needs & fails and name.endswith('up'))


def _remedy(debian: Debian, outcome: Outcome, needs: set[str]) -> Outcome:
    """Do what the check says now, and request the change again."""
    failed = [
        check['remedy']
        for name, check in debian.check().items()
        if name in needs and check['state'] == 'fail'
    ]
    assert failed == ['Install the package xloud-guest. As root: xloud-guest apply']
    debian.apply()
    again = debian.change(outcome.change)
    assert again.how == 'at once'
    return again._replace(how='after `xloud-guest apply`')
