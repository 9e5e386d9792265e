"""A connection to an agent that runs on a host, or in one of its containers."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from upgrade.agent import protocol
from upgrade.agent.protocol import Answer, Fault, Holder, Ping, Request
from upgrade.errors import BusyError, TargetError, TransportError, UnfitError
from upgrade.target.inventory import Host
from upgrade.target.transport import Transport

#: In the order in which they need each other.
_MODULES = ('protocol', 'files', 'facts', 'host', 'swap', 'stage', 'archive', 'main')
_BOOT = 'import sys;s=sys.stdin.buffer;exec(s.read(int(s.readline())))'
_LOST = 'the connection was lost'
#: The agent ends when it has received nothing for IDLE seconds; a session sends more often.
IDLE, PING = 90.0, 20.0


@cache
def bundle(idle: float) -> bytes:
    """Return the agent as one program: its modules, and the call that starts it."""
    folder = Path(__file__).parent.parent / 'agent'
    sources = [(name, (folder / f'{name}.py').read_text()) for name in _MODULES]
    return f"""
import sys, types
package = types.ModuleType('upgrade.agent')
sys.modules['upgrade'] = types.ModuleType('upgrade')
sys.modules['upgrade.agent'] = sys.modules['upgrade'].agent = package
for name, source in {sources!r}:
    module = types.ModuleType('upgrade.agent.' + name)
    sys.modules[module.__name__] = module
    setattr(package, name, module)
    exec(compile(source, 'agent/' + name + '.py', 'exec'), module.__dict__)
package.main.main({idle!r})
""".encode()


class Session:
    """A running agent: requests go there and answers come back, one at a time."""

    def __init__(
        self,
        transport: Transport,
        host: Host,
        python: Sequence[str],
        where: str,
    ) -> None:
        self.where = where
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  (open as long as we are)
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._buffer = b''
        self._process = subprocess.Popen(
            transport.command(host, [*python, '-I', '-B', '-c', _BOOT]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            bufsize=0,
            start_new_session=True,
        )
        program = bundle(IDLE)
        try:
            self._write(b'%d\n' % len(program) + program)
            self._read(60)
        except TransportError as error:
            self.close()
            raise TransportError(
                str(error).replace(_LOST, f'{python[-1]} cannot be started there')
            ) from None
        except BaseException:
            self.close()
            raise
        threading.Thread(target=self._keep_alive, daemon=True).start()

    def ask(self, request: Request[Answer]) -> Answer:
        """Make a request; return its answer, or raise the error it was answered with."""
        with self._lock:
            self._write(protocol.dump_request(request))
            reply = self._read(request.patience)
        if 'fault' in reply:
            raise self._error(type(request).__name__, Fault(reply['fault']), reply['text'])
        return protocol.decode(protocol.answer_type(request), reply['answer'])

    def close(self) -> None:
        self._over.set()
        with contextlib.suppress(OSError):
            if self._process.stdin:
                self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()
        self._errors.close()

    def _write(self, data: bytes) -> None:
        assert self._process.stdin is not None
        view = memoryview(data)
        try:
            while view:
                view = view[self._process.stdin.write(view) :]
        except OSError:
            raise self._lost() from None

    def _read(self, timeout: float) -> dict[str, Any]:
        assert self._process.stdout is not None
        handle = self._process.stdout.fileno()
        end = time.monotonic() + timeout
        while b'\n' not in self._buffer:
            ready, _, _ = select.select([handle], [], [], max(0, end - time.monotonic()))
            if not ready:
                raise TransportError(f'{self.where}: no answer after {timeout:.0f} s')
            block = os.read(handle, 1 << 16)
            if not block:
                raise self._lost()
            self._buffer += block
        line, _, self._buffer = self._buffer.partition(b'\n')
        try:
            return json.loads(line)
        except ValueError:
            raise TransportError(
                f'{self.where}: unexpected output instead of an answer: {line[:200]!r}\n'
                '  a login script must print nothing when there is no terminal'
            ) from None

    def _lost(self) -> TransportError:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        self._errors.seek(0)
        lines = self._errors.read().decode(errors='replace').strip().splitlines()[-5:]
        quoted = ''.join(f'\n  | {line}' for line in lines)
        return TransportError(f'{self.where}: {_LOST}{quoted}')

    def _error(self, request: str, fault: Fault, text: str) -> TargetError:
        if fault is Fault.BUSY:
            return BusyError(f'{self.where}: {_describe_holder(text)}')
        if fault is Fault.UNFIT:
            return UnfitError(f'{self.where}: {text}')
        if fault is Fault.BUG:
            return TargetError(f'{self.where}: xloud-upgrade has a bug in `{request}`:\n{text}')
        return TargetError(f'{self.where}: {text}')

    def _keep_alive(self) -> None:
        while not self._over.wait(PING):
            if self._lock.acquire(blocking=False):
                try:
                    self._write(protocol.dump_request(Ping()))
                    self._read(30)
                except (TransportError, ValueError, OSError):
                    return  # The next request will report it.
                finally:
                    self._lock.release()


def _describe_holder(text: str) -> str:
    try:
        holder = protocol.decode(Holder, json.loads(text))
        when = time.strftime('%H:%M:%S', time.localtime(holder.since))
        who = f'{holder.who} has been running `{holder.command}` there since {when}'
    except (ValueError, TypeError):
        who = 'another operator is working there'
    return f'{who}\n  nothing was changed; wait until that has ended'
