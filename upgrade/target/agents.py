"""The agents of a target, and the lock that they hold."""

from __future__ import annotations

import contextlib
import getpass
import os
import socket

from upgrade.agent.protocol import Answer, CheckUnlocked, Holder, Lock, Outcome, Request, RunCommand
from upgrade.target.inventory import TargetEntry
from upgrade.target.session import Session
from upgrade.target.transport import Transport


class Agents:
    """One agent on the host and, for a container, one beside the files; started when needed."""

    def __init__(self, entry: TargetEntry, transport: Transport) -> None:
        self.entry = entry
        self.transport = transport
        self.locked = False
        self._host: Session | None = None
        self._inside: Session | None = None

    @property
    def host(self) -> Session:
        """The agent on the host."""
        if self._host is None:
            entry = self.entry
            python = ('python3',) if entry.container else entry.python
            self._host = Session(self.transport, entry.host, python, entry.name)
        return self._host

    @property
    def inside(self) -> Session:
        """The agent beside the files: the host's own, or one in the container."""
        if not self.entry.container:
            return self.host
        if self._inside is None:
            entry = self.entry
            words = [*entry.engine, 'exec', '-i', '-u', entry.exec_user, entry.container]
            self._inside = Session(self.transport, entry.host, [*words, *entry.python], entry.name)
        return self._inside

    def ask_host(self, request: Request[Answer]) -> Answer:
        return self.host.ask(request)

    def shell(self, command: str, timeout: float = 60) -> Outcome:
        """Run a command in the host's shell."""
        return self.host.ask(RunCommand(['sh', '-c', command], timeout))

    def shell_inside(self, command: str, timeout: float = 60) -> Outcome:
        """Run a command where the files are: in the container, if there is one."""
        return self.inside.ask(RunCommand(['sh', '-c', command], timeout))

    def lock(self, command: str) -> None:
        who = f'{getpass.getuser()}@{socket.gethostname()} (pid {os.getpid()})'
        holder = Holder(who, command)
        self.host.ask(Lock(self.entry.host.state_dir, self.entry.lock, holder))
        self.locked = True

    def check_unlocked(self) -> None:
        """Refuse when another operator is working there."""
        self.host.ask(CheckUnlocked(self.entry.host.state_dir, self.entry.lock))

    def close_inside(self) -> None:
        """Before the container is restarted, which would end the agent in it."""
        if self._inside is not None:
            self._inside.close()
            self._inside = None

    def close(self) -> None:
        for session in (self._inside, self._host):
            if session is not None:
                with contextlib.suppress(OSError):
                    session.close()
        self._inside = self._host = None
        self.locked = False

    def reconnect(self) -> None:
        was_locked = self.locked
        self.close()
        if was_locked:
            self.lock('put back what an interruption left')
