"""A container, through the engine on its host."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Protocol

from upgrade.agent.protocol import (
    Answer,
    MakeFolder,
    Outcome,
    RemoveTree,
    Request,
    RunCommand,
    WriteNote,
)
from upgrade.errors import TargetError, quoted
from upgrade.target.inventory import TargetEntry


class Ask(Protocol):
    """Makes a request of the agent on the host."""

    def __call__(self, request: Request[Answer]) -> Answer: ...


class Container:
    """A container, and a folder on its host for files on their way and for its old files.

    A container whose service does not start with the new files cannot be entered. Its old files are
    kept on the host until the upgrade is final, and copied back from there.
    """

    def __init__(self, entry: TargetEntry, ask: Ask) -> None:
        self.entry = entry
        self.ask = ask
        self.name = entry.container
        self.folder = f'{entry.host.state_dir}/{entry.lock}'

    def copy_in(self, folder: str, target: str) -> None:
        """Copy what is in a folder of the host into one of the container."""
        self._run('cp', f'{folder}/.', f'{self.name}:{target}')

    def copy_out(self, path: str, name: str = '') -> str:
        """Copy a file or a folder to the host; return its path there."""
        place = f'{self.folder}/{name or PurePosixPath(path).name}'
        self.ask(RemoveTree(place))
        self.ask(MakeFolder(self.folder))
        self._run('cp', f'{self.name}:{path}', place)
        return place

    def incoming(self) -> str:
        """Return a folder of the host for files that go into the container."""
        place = f'{self.folder}/incoming'
        self.ask(MakeFolder(place))
        return place

    def save_old_files(self, folder: str, site: str) -> None:
        """Keep them on the host, with the path that they have in the container."""
        self.copy_out(folder, 'old')
        self.ask(WriteNote(f'{self.folder}/site', site))

    def has_saved_files(self) -> bool:
        """Whether a run was interrupted that had exchanged the files of this container."""
        return not self.ask(RunCommand(['test', '-s', f'{self.folder}/site'])).failed

    def saved_site(self) -> str:
        return self._checked(['cat', f'{self.folder}/site']).strip()

    def revive(self) -> None:
        """Start it; its old files, if there are any, are copied over the new ones first."""
        if self.has_saved_files():
            self.copy_in(f'{self.folder}/old', self.saved_site())
        self._run('start', self.name)
        end = time.monotonic() + 10
        while not self.is_running() and time.monotonic() < end:
            time.sleep(0.5)

    def remove_saved_files(self) -> None:
        self.ask(RemoveTree(self.folder))

    def is_running(self) -> bool:
        return self._inspect('{{.State.Running}}') == 'true'

    def started_at(self) -> str:
        return self._inspect('{{.State.StartedAt}}')

    def logs(self) -> str:
        return self.ask(RunCommand([*self.entry.engine, 'logs', '--tail', '10', self.name])).output

    def _inspect(self, what: str) -> str:
        words = [*self.entry.engine, 'inspect', '--format', what, self.name]
        outcome = self.ask(RunCommand(words))
        return '' if outcome.failed else outcome.output.strip()

    def _run(self, *words: str) -> str:
        return self._checked([*self.entry.engine, *words])

    def _checked(self, argv: Sequence[str]) -> str:
        outcome: Outcome = self.ask(RunCommand(list(argv)))
        if outcome.failed:
            raise TargetError(
                f'{self.entry.name}: this command ended with status {outcome.status}:\n'
                f'  {" ".join(argv)}\n{quoted(outcome.output)}'
            )
        return outcome.output
