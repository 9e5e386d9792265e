"""One call of the command: what was requested, and what every command needs for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from upgrade.commands.roll import Roll
from upgrade.fork.payload import Payload
from upgrade.progress import Progress
from upgrade.target.backups import Store
from upgrade.target.inventory import TargetEntry
from upgrade.target.target import Target
from upgrade.target.transport import Transport

Result = TypeVar('Result')


@dataclass
class Invocation:
    """The targets, in the order of restarts, and how to work on them."""

    command: str
    entries: list[TargetEntry]
    store: Store
    progress: Progress
    #: Finds the forked wheel and the tarball of its release, for the commands that need them.
    payload: Callable[[], Payload]
    environment: Mapping[str, str]
    #: Targets at once, and computes restarted at once.
    forks: int = 4
    batch: int = 1
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def has_openrc(self) -> bool:
        return 'OS_AUTH_URL' in self.environment

    def targets(self, transport: Transport) -> list[Target]:
        return [Target(entry, transport, self.progress, self.stop) for entry in self.entries]

    def roll(self, transport: Transport) -> Roll:
        return Roll(self.targets(transport), self.progress, self.stop, self.batch, self.forks)

    def inspect_all(self, inspect: Callable[[Target], Result]) -> list[Result]:
        """Look at every target, several at once; return the results in the order of targets."""

        def inspect_one(target: Target) -> Result:
            try:
                with self.progress.step(target.name, self.command):
                    return inspect(target)
            finally:
                target.release()

        with Transport() as transport, ThreadPoolExecutor(self.forks) as pool:
            return list(pool.map(inspect_one, self.targets(transport)))
