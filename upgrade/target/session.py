"""Talking to the agent that runs on a host, or in a container of it."""

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

from upgrade.errors import BusyError, TargetError, TransportError, UnfitError
from upgrade.target.inventory import Host
from upgrade.target.transport import Transport

#: In the order in which they need each other.
_MODULES = ('files', 'facts', 'host', 'swap', 'stage', 'archive', 'main')
_BOOT = 'import sys;s=sys.stdin.buffer;exec(s.read(int(s.readline())))'
#: The agent gives up when it has heard nothing for so long; we speak more often.
IDLE, PING = 90.0, 20.0


@cache
def bundle(idle: float) -> bytes:
    """The agent as one program: its modules, and the call that starts it."""
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
    """An agent at work: requests go there and answers come back, one at a time."""

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
            self.python = self._read(60)['python']
        except TransportError as error:
            self.close()
            raise TransportError(
                str(error).replace(
                    'the connection is gone', f'no {python[-1]} can be started there'
                )
            ) from None
        except BaseException:
            self.close()
            raise
        threading.Thread(target=self._keep_alive, daemon=True).start()

    def ask(self, do: str, patience: float = 900, **request: Any) -> Any:
        """Make a request; its answer, or the error it was answered with."""
        with self._lock:
            self._write(json.dumps({'do': do, **request}).encode() + b'\n')
            answer = self._read(patience)
        if 'ok' in answer:
            return answer['ok']
        raise self._error(do, answer['kind'], answer['error'])

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
                f'{self.where}: something else answers there: {line[:200]!r}\n'
                '  a login script must print nothing when no terminal is there'
            ) from None

    def _lost(self) -> TransportError:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        self._errors.seek(0)
        said = self._errors.read().decode(errors='replace').strip().splitlines()[-5:]
        told = ''.join(f'\n  | {line}' for line in said)
        return TransportError(f'{self.where}: the connection is gone{told}')

    def _error(self, do: str, kind: str, text: str) -> TargetError:
        if kind == 'busy':
            return BusyError(f'{self.where}: {_busy(text)}')
        if kind == 'unfit':
            return UnfitError(f'{self.where}: {text}')
        if kind == 'bug':
            return TargetError(f'{self.where}: a fault of xloud-upgrade itself in `{do}`:\n{text}')
        return TargetError(f'{self.where}: {text}')

    def _keep_alive(self) -> None:
        while not self._over.wait(PING):
            if self._lock.acquire(blocking=False):
                try:
                    self._write(b'{"do": "ping"}\n')
                    self._read(30)
                except (TransportError, ValueError, OSError):
                    return  # The next request will say so.
                finally:
                    self._lock.release()


def _busy(text: str) -> str:
    try:
        holder = json.loads(text)
        when = time.strftime('%H:%M:%S', time.localtime(holder['since']))
        who = f'{holder["who"]} has been running `{holder["command"]}` there since {when}'
    except (ValueError, KeyError):
        who = 'another operator is at work there'
    return f'{who}\n  nothing was changed; wait until that has ended'
