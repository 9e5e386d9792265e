"""A server shown from three sides: the API, placement, and its own console."""

from __future__ import annotations

import re
import sys
import time
from typing import Any

from cloud import errors, rest, service
from cloud.services import images

_LINE = re.compile(r'guest: cpus=(\d+) memory_kb=(\d+) seconds=(\d+)')
_SECONDS = 30
_NAME = 'xcloud-demo'


class Demo:
    """One elastic server, from its creation to its end."""

    def __init__(self, context: service.Context) -> None:
        self.client = context.admin
        self.nova = context.settings.url('nova-api') + '/v2.1'
        self.placement = context.settings.url('placement')
        self.glance = context.settings.url('glance') + '/v2'
        self.vcpus, self.memory, self.specs = images.FLAVORS['elastic']

    def run(self, seconds: float = _SECONDS) -> None:
        """Create the server, show it for a while, and delete it."""
        flavors = self.client.get(f'{self.nova}/flavors')['flavors']
        if 'elastic' not in {each['name'] for each in flavors}:
            raise errors.CheckError(
                'there is no flavor `elastic` here, since this cloud runs stock Nova\n'
                'run `xcloud up --no-pristine`'
            )
        minimum = ' '.join(f'{name}={value}' for name, value in self.specs.items())
        print(f'flavor elastic: {self.vcpus} vCPUs, {self.memory} MiB, {minimum}')
        server = self._create()
        try:
            self._show(server, seconds)
        finally:
            self.client.call('DELETE', f'{self.nova}/servers/{server}')
        print('the server is deleted')

    def _create(self) -> str:
        image = self.client.get(f'{self.glance}/images?name=guest')['images'][0]['id']
        body = {'name': _NAME, 'flavorRef': 'elastic', 'imageRef': image, 'networks': 'none'}
        made = self.client.post(f'{self.nova}/servers', {'server': body})
        return str(made['server']['id'])

    def _show(self, server: str, seconds: float) -> None:
        living, last = sys.stdout.isatty(), ''
        print(f'{"the API":<24}{"placement":<24}{"the guest":<24}')
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            line = f'{self._api(server):<24}{self._held(server):<24}{self._said(server):<24}'
            if living:
                print(f'\r\x1b[K{line}', end='', flush=True)
            elif line != last:
                print(line.rstrip())
            last = line
            time.sleep(1)
        if living:
            print()

    def _api(self, server: str) -> str:
        shown = self.client.get(f'{self.nova}/servers/{server}')['server']
        if shown['status'] == 'ERROR':
            raise errors.CheckError(f'the server is in ERROR: {shown["fault"]["message"]}')
        return f'{shown["status"]}, up to {shown["flavor"]["vcpus"]} vCPUs'

    def _held(self, server: str) -> str:
        held = self.client.get(f'{self.placement}/allocations/{server}')['allocations']
        parts: list[dict[str, Any]] = [each['resources'] for each in held.values()]
        return ', '.join(f'{part["VCPU"]} VCPU {part["MEMORY_MB"]} MB' for part in parts)

    def _said(self, server: str) -> str:
        body = {'os-getConsoleOutput': {'length': 5}}
        try:
            shown = self.client.post(f'{self.nova}/servers/{server}/action', body)
        except rest.RestError:  # Not yet: the domain is being made.
            return ''
        lines = _LINE.findall(shown['output'])
        return f'{lines[-1][0]} CPUs {int(lines[-1][1]) >> 10} MB' if lines else 'boots'
