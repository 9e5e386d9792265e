"""An elastic server from its boot to its end, shown from three sides at once.

They are what the API says, what placement holds, and what the guest's own
console prints. On a terminal the picture is drawn again as it changes; elsewhere
each change is a line.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import time
import uuid
from collections.abc import Iterator
from typing import Any, NamedTuple, TextIO

from cloud import errors, rest, service, waiting
from cloud.guest import line

#: What the demo's server can have.
MINIMUM, MAXIMUM = (1, 256), (4, 768)

#: One request for each.
_STEPS = (('grow', MAXIMUM), ('shrink a little', (2, 512)), ('shrink to the minimum', MINIMUM))

_PATIENCE = 90
#: Seconds that a picture stays, for the eye.
_REST = 2
_WIDTH = 26


class Shown(NamedTuple):
    """What one side says of the server."""

    vcpus: int
    memory_mb: int
    note: str = ''


class View(NamedTuple):
    """The server from its three sides; one that does not know it yet is missing."""

    api: Shown | None = None
    placement: Shown | None = None
    guest: Shown | None = None

    def agrees(self, size: tuple[int, int]) -> bool:
        """Return whether all sides have seen the server get a size."""
        if self.api is None or self.placement is None or self.guest is None:
            return False
        return (
            self.api[:2] == self.placement[:2] == size
            and self.guest.vcpus == size[0]
            and line.fits(self.guest.memory_mb, size[1])
            and self.api.note in ('ACTIVE', 'adjustment succeeded')
        )


class Picture:
    """Draws views, one over the other on a terminal, one below the other elsewhere."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.living = stream.isatty()
        self._drawn = 0
        self._last: list[str] = []
        self._began = time.monotonic()

    def say(self, text: str) -> None:
        """Print a line that stays, above the picture."""
        self._erase()
        print(text, file=self.stream, flush=True)

    def draw(self, view: View) -> None:
        """Show a view, unless it is the last one."""
        lines = self.lines(view) if self.living else [self.line(view)]
        if lines == self._last:
            return
        self._erase()
        stamp = '' if self.living else f'{time.monotonic() - self._began:5.1f} s  '
        print('\n'.join(stamp + line for line in lines), file=self.stream, flush=True)
        self._drawn = len(lines) if self.living else 0
        self._last = lines

    def close(self) -> None:
        """Leave the last view where it is."""
        self._drawn = 0

    @staticmethod
    def line(view: View) -> str:
        """Return a view as one line."""
        return ' | '.join(
            f'{name}: {side.vcpus} vCPUs {side.memory_mb} MiB {side.note}'.rstrip()
            if side
            else f'{name}: nothing yet'
            for name, side in zip(('API', 'placement', 'guest'), view, strict=True)
        )

    @staticmethod
    def lines(view: View) -> list[str]:
        """Return a view as a picture: a column for each side."""
        columns = []
        for title, side in zip(
            ('the API says', 'placement holds', 'the guest prints'), view, strict=True
        ):
            vcpus, memory_mb, note = side or Shown(0, 0, 'nothing yet')
            columns.append(
                [
                    title,
                    f'{bar(vcpus, MAXIMUM[0], 12)} {vcpus} vCPUs',
                    f'{bar(memory_mb, MAXIMUM[1], 12)} {memory_mb} MiB',
                    note,
                ]
            )
        rows = zip(*columns, strict=True)
        return ['', *(''.join(f'  {cell:<{_WIDTH}}' for cell in row).rstrip() for row in rows)]

    def _erase(self) -> None:
        if self._drawn:
            print(f'\x1b[{self._drawn}F\x1b[J', end='', file=self.stream)
            self._drawn = 0


def bar(value: int, most: int, width: int) -> str:
    """Return a bar that is filled as far as a value goes."""
    filled = min(width, round(width * value / most))
    return '#' * filled + '.' * (width - filled)


class Demo:
    """The server, its flavor, and the questions that show it."""

    def __init__(self, context: service.Context, picture: Picture | None = None) -> None:
        self.client = context.admin
        self.nova = context.settings.url('nova-api') + '/v2.1'
        self.placement = context.settings.url('placement')
        self.glance = context.settings.url('glance') + '/v2'
        self.pristine = context.settings.pristine
        self.picture = picture or Picture(sys.stdout)
        self.name = f'demo-{uuid.uuid4().hex[:6]}'

    def run(self) -> int:
        """Show it all and clean up, also when interrupted; return the status to end with."""
        if self.pristine:
            raise errors.CheckError(
                'this cloud runs stock Nova, which has no elastic servers\n'
                'run `xcloud up --no-pristine`'
            )
        try:
            self._run()
        except KeyboardInterrupt:
            self.picture.close()
            self.picture.say('interrupted')
            return 130
        finally:
            self.picture.close()
            with _uninterrupted():
                self._clean_up()
        return 0

    def _run(self) -> None:
        server = self._create()
        self._watch(server, MINIMUM, time.monotonic())
        for title, size in _STEPS:
            body = {'current_vcpus': size[0], 'current_memory_mb': size[1]}
            began = time.monotonic()
            self.client.post(f'{self.nova}/os-xloud-adjust/{server}', body)
            self.picture.say(
                f'{title}: POST /os-xloud-adjust {size[0]} vCPUs, {size[1]} MiB: '
                f'accepted after {time.monotonic() - began:.2f} s'
            )
            self._watch(server, size, began)

    def _create(self) -> str:
        flavor = {'name': self.name, 'vcpus': MAXIMUM[0], 'ram': MAXIMUM[1], 'disk': 1}
        identity = self.client.post(f'{self.nova}/flavors', {'flavor': flavor})['flavor']['id']
        specs = {'minimum_cpu': str(MINIMUM[0]), 'minimum_memory': str(MINIMUM[1])}
        self.client.post(f'{self.nova}/flavors/{identity}/os-extra_specs', {'extra_specs': specs})
        self.picture.say(
            f'flavor {self.name}: {MAXIMUM[0]} vCPUs, {MAXIMUM[1]} MiB; '
            + ', '.join(f'{key}={value}' for key, value in specs.items())
        )
        image = self.client.get(f'{self.glance}/images?name=guest')['images'][0]['id']
        body = {'name': self.name, 'flavorRef': identity, 'imageRef': image, 'networks': 'none'}
        self.picture.say('boot: POST /servers; it has all its memory until its balloon driver runs')
        return str(self.client.post(f'{self.nova}/servers', {'server': body})['server']['id'])

    def _watch(self, server: str, size: tuple[int, int], began: float) -> None:
        """Show the server until all sides say a size, and a little longer."""
        deadline = began + _PATIENCE
        while True:
            view = View(self._api(server), self._placement(server), self._guest(server))
            self.picture.draw(view)
            if view.agrees(size):
                break
            if time.monotonic() > deadline:
                raise errors.NotReadyError(
                    'the demo', f'after {_PATIENCE} s not all sides say {size}: {view}'
                )
            time.sleep(0.2)
        self.picture.say(f'  all three agree after {time.monotonic() - began:.1f} s')
        self.picture.draw(view)
        time.sleep(_REST)

    # The three sides.

    def _api(self, server: str) -> Shown:
        details = self.client.get(f'{self.nova}/servers/{server}')['server']
        if details['status'] == 'ERROR':
            raise errors.CheckError(f'the server is in ERROR: {details["fault"]["message"]}')
        size = self.client.get(f'{self.nova}/servers/{server}/xloud-status')['xloud_status']
        last = size['adjust']
        if last and last['state'] == 'failed':
            raise errors.CheckError(f'the adjustment failed: {last["reason"]}')
        note = f'adjustment {last["state"]}' if last else details['status']
        return Shown(size['current_vcpus'], size['current_memory_mb'], note)

    def _placement(self, server: str) -> Shown | None:
        allocations = self.client.get(f'{self.placement}/allocations/{server}')['allocations']
        for allocation in allocations.values():
            resources = allocation['resources']
            return Shown(resources['VCPU'], resources['MEMORY_MB'])
        return None

    def _guest(self, server: str) -> Shown | None:
        body = {'os-getConsoleOutput': {'length': 5}}
        try:
            output = self.client.post(f'{self.nova}/servers/{server}/action', body)['output']
        except rest.RestError:  # Not yet: the domain is being made.
            return None
        lines = line.parse(output)
        if not lines:
            return None
        last = lines[-1]
        return Shown(last.cpus, last.memory_mb, f'up for {last.seconds} s')

    def _clean_up(self) -> None:
        """Delete what was made, whatever of it there is."""
        url = f'{self.nova}/servers?name={self.name}'

        def servers() -> list[dict[str, Any]]:
            return list(self.client.get(url)['servers'])

        for server in servers():
            self.client.call('DELETE', f'{self.nova}/servers/{server["id"]}')
        if not waiting.until(lambda: not servers(), _PATIENCE):
            raise errors.NotReadyError('the demo', f'the server {self.name} does not go away')
        for flavor in self.client.get(f'{self.nova}/flavors')['flavors']:
            if flavor['name'] == self.name:
                self.client.call('DELETE', f'{self.nova}/flavors/{flavor["id"]}')
        self.picture.say('the server and its flavor are deleted')


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
