"""What a new cloud offers: the guest in its variants, and a flavor or two."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from cloud import files, rest, service
from cloud.guest import build

#: Memory that is plugged is used at once, and can all be unplugged. A guest that may be given some
#: has a bounce buffer of 64 MiB, which the emulated devices do not need.
_CONSOLE = 'console=ttyS0 quiet panic=5 memhp_default_state=online_movable swiotlb=noforce'

#: Fake hosts seem to have room for everything: no guest is to land there.
REAL = {'img_hv_type': 'qemu'}

#: image -> what it says to the kernel, and what it asks of Nova.
VARIANTS: dict[str, tuple[str, dict[str, str]]] = {
    'guest': (_CONSOLE, {'hw_qemu_guest_agent': 'yes', **REAL}),
    'guest-bare': (f'{_CONSOLE} guest=bare', REAL),
    'guest-slow': (f'{_CONSOLE} guest=slow', REAL),
    'guest-brisk': (f'{_CONSOLE} pause=0.1', {'hw_qemu_guest_agent': 'yes', **REAL}),
    'fake': ('', {'img_hv_type': 'fake'}),
}

#: flavor -> vCPUs, MiB, extra specs.
FLAVORS: dict[str, tuple[int, int, dict[str, str]]] = {
    'small': (1, 192, {}),
    'elastic': (4, 768, {'minimum_cpu': '1', 'minimum_memory': '256'}),
}


class Store:
    """The images of the cloud, by name."""

    def __init__(self, context: service.Context) -> None:
        self.client = context.admin
        self.url = context.settings.url('glance') + '/v2/images'
        self.present = {entry['name']: entry for entry in self.client.get(self.url)['images']}

    def image(self, name: str, file: Path, **settings: str) -> str:
        """Return the image with that content and these properties; make it, if there is none."""
        content = file.read_bytes()
        there = self.present.pop(name, None)
        if there is not None:
            is_same = there.get('os_hash_value') == hashlib.sha512(content).hexdigest()
            if is_same and all(there.get(key) == value for key, value in settings.items()):
                return str(there['id'])
            self.client.call('DELETE', f'{self.url}/{there["id"]}')
        body = {'name': name, 'visibility': 'public', **settings}
        identity = str(self.client.post(self.url, body)['id'])
        self.client.put(f'{self.url}/{identity}/file', content)
        return identity


class Images(service.Service):
    """Images of the guest, flavors to boot it with, and a file for the client."""

    name = 'images'

    def install(self) -> None:
        build.Guest(self.state).build()

    def configure(self) -> None:
        clouds = {'xcloud': self._cloud('admin', 'admin')}
        clouds |= {
            f'xcloud-{user}': self._cloud(user, project)
            for user, project in (('demo', 'demo'), ('reader', 'demo'), ('other', 'other'))
        }
        # The client reads YAML, of which this is one form.
        files.write_json(self.state / 'clouds.yaml', {'clouds': clouds})

    def settle(self) -> None:
        made = build.Guest(self.state)
        store = Store(self.context)
        kernel = store.image('guest-kernel', made.kernel, container_format='aki', disk_format='aki')
        ramdisk = store.image(
            'guest-ramdisk', made.ramdisk, container_format='ari', disk_format='ari'
        )
        for name, (line, properties) in VARIANTS.items():
            settings = {
                'kernel_id': kernel, 'ramdisk_id': ramdisk, 'os_command_line': line, **properties,
            }  # fmt: skip
            store.image(name, made.disk, container_format='bare', disk_format='qcow2', **settings)
        self._flavors(self.context.admin)

    def _flavors(self, client: rest.Client) -> None:
        flavors = self.settings.url('nova-api') + '/v2.1/flavors'
        present = {entry['name'] for entry in client.get(flavors)['flavors']}
        for name, (vcpus, memory, specs) in FLAVORS.items():
            if name in present or (specs and self.settings.pristine):
                continue
            body = {'name': name, 'vcpus': vcpus, 'ram': memory, 'disk': 1, 'id': name}
            client.post(flavors, {'flavor': body})
            if specs:
                client.post(f'{flavors}/{name}/os-extra_specs', {'extra_specs': specs})

    def _cloud(self, user: str, project: str) -> dict[str, Any]:
        return {
            'auth': {
                'auth_url': self.settings.url('keystone') + '/v3',
                'username': user,
                'password': self.context.passwords[user],
                'project_name': project,
                'user_domain_id': 'default',
                'project_domain_id': 'default',
            },
            'region_name': 'RegionOne',
            # Servers without a network need a later version than the client's default.
            'compute_api_version': '2.95',
            'compute_default_microversion': '2.95',
        }
