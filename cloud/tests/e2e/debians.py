"""Guests with Debian, and what drives them: adjustments from outside, their agent from inside."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Callable
from typing import NamedTuple

from cloud import errors, waiting
from cloud.guest import line as guest_line
from cloud.guest.line import Line
from cloud.tests.e2e.sizes import Size
from cloud.tests.e2e.world import World

#: Emulated, systemd and a kernel with all its modules take minutes beside other work.
BOOT = 400
#: So long after Nova's word, a program in the guest may still wait for what was added.
PATIENCE = 20
#: What memory that is added takes for its own records, and what a shrink may leave, in MiB.
RECORDS = 16

#: What the hook of the images with the package says when it has run.
_HOOK = re.compile(r'hook: cpus=(\d+) before=\d+ memory_kb=(\d+)')


class Outcome(NamedTuple):
    """Whether a program in the guest saw a change, and how long that took."""

    works: bool
    seconds: float


class Debian:
    """A guest that has booted, at its minimum."""

    def __init__(self, world: World, server: str, minimum: Size) -> None:
        self.world = world
        self.server = server
        self.minimum = minimum
        began = time.monotonic()
        world.guests.hears(server, seconds=BOOT)
        if not waiting.until(self._agent_answers, BOOT, 2):
            raise AssertionError('the guest agent does not answer')
        world.comes_up(server, minimum)
        self.boot = time.monotonic() - began
        self.least = world.guests.hears(server, lambda line: line.memory_mb <= minimum.memory_mb)

    def _agent_answers(self) -> bool:
        try:
            self.world.guests.agent(self.server, 'guest-ping')
        except errors.CommandError:
            return False
        return True

    def adjust(self, size: Size) -> Outcome:
        """Request a size, and wait until Nova says how that went, and the guest has it."""
        began = time.monotonic()
        answer = self.world.api.post_adjust(
            self.server, current_vcpus=size.vcpus, current_memory_mb=size.memory_mb
        )
        assert answer == (202, '')
        last = self.world.api.adjusted(self.server)
        works = self.sees(size) and last['state'] == 'succeeded'
        return Outcome(works, time.monotonic() - began)

    def sees(self, size: Size) -> bool:
        """Return whether programs soon have that many CPUs, and as much more memory."""

        def fits(line: Line) -> bool:
            more = line.memory_mb - self.least.memory_mb
            return line.cpus == size.vcpus and (
                abs(more - (size.memory_mb - self.minimum.memory_mb)) <= RECORDS
            )

        try:
            self.world.guests.hears(self.server, fits, PATIENCE)
        except AssertionError:
            return False
        return self.online() == size.vcpus

    def online(self) -> int:
        """Return how many CPUs the agent says are in use."""
        listed = self.world.guests.agent(self.server, 'guest-get-vcpus')
        return sum(entry['online'] for entry in listed)

    def reports(self) -> bool:
        """Return whether the hook has run, last of all for the size that the guest has."""
        text = self.world.guests.console(self.server)
        said, now = _HOOK.findall(text), guest_line.parse(text)[-1]
        return bool(said) and tuple(map(int, said[-1])) == (now.cpus, now.memory_kb)

    def run(self, script: str, seconds: float = 240) -> str:
        """Run a script of the shell by the agent."""
        started = self.world.guests.agent(
            self.server, 'guest-exec',
            **{'path': '/bin/sh', 'arg': ['-ec', script], 'capture-output': True},
        )  # fmt: skip
        return self.world.guests.finish(self.server, int(started['pid']), seconds)

    def write(self, path: str, content: bytes) -> None:
        """Write a file by the agent."""
        agent, server = self.world.guests.agent, self.server
        handle = agent(server, 'guest-file-open', path=path, mode='w')
        encoded = base64.b64encode(content).decode()
        agent(server, 'guest-file-write', **{'handle': handle, 'buf-b64': encoded})
        agent(server, 'guest-file-close', handle=handle)


class Boot:
    """Boots them, each with a flavor of its own."""

    def __init__(
        self, world: World, create: Callable[..., str], flavor: Callable[..., str]
    ) -> None:
        self.world = world
        self.create = create
        self.flavor = flavor

    def __call__(
        self, image: str, means: str, minimum: Size, maximum: Size, disk: int = 1
    ) -> Debian:
        specs = {
            'minimum_cpu': str(minimum.vcpus),
            'minimum_memory': str(minimum.memory_mb),
            'hw:mem_hotplug_virtio': str(means == 'virtio-mem').lower(),
        }
        server = self.create(self.flavor(*maximum, disk=disk, **specs), image)
        return Debian(self.world, server, minimum)
