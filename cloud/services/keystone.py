"""Identity, and the catalog of all the others."""

from __future__ import annotations

from typing import Any

from cloud import ini, rest, service

_SERVICES = {
    'nova': ('compute', 'nova-api', '/v2.1'),
    'placement': ('placement', 'placement', ''),
    'glance': ('image', 'glance', ''),
    'neutron': ('network', 'neutron', ''),
}

#: user -> project and role: whom the tests speak as besides the administrator.
TENANTS = {
    'demo': ('demo', 'member'),
    'reader': ('demo', 'reader'),
    'other': ('other', 'member'),
}


class Keystone(service.Wsgi):
    """Keystone under uWSGI."""

    name = 'keystone'
    script = 'keystone-wsgi-public'
    module = 'keystone.wsgi.api'

    def environment(self) -> dict[str, str]:
        return {'OS_KEYSTONE_CONFIG_DIR': str(self.state.etc(self.label))}

    def configure(self) -> None:
        data = self.state.data(self.name)
        # Each of several has one of its own, and does not hear what another one changes.
        shared: ini.Options = {'expiration_time': 5} if self.node else {}
        self.write(
            'keystone.conf',
            {
                'DEFAULT': service.logging(self.state.log(self.label)),
                'database': {
                    'connection': self.context.database('keystone'),
                    **self.context.pool(),
                },
                'token': {'provider': 'fernet', 'expiration': 86400},
                'fernet_tokens': {'key_repository': data / 'fernet'},
                'credential': {'key_repository': data / 'credential'},
                # A hundred times slower without, even on so small a cloud.
                'cache': {'enabled': True, 'backend': 'oslo_cache.dict', **shared},
                'catalog': {'caching': not self.node},
                'identity': {'password_hash_rounds': 4},
            },
        )

    def init(self) -> None:
        for folder in ('fernet', 'credential'):
            (self.state.data(self.name) / folder).mkdir(parents=True, exist_ok=True, mode=0o700)
        manage = ('keystone-manage', '--config-dir', self.state.etc(self.label))
        self.context.manage(*manage, 'db_sync')
        root = ('--keystone-user', 'root', '--keystone-group', 'root')
        self.context.manage(*manage, 'fernet_setup', *root)
        self.context.manage(*manage, 'credential_setup', *root)
        url = self.settings.url('keystone') + '/v3'
        self.context.manage(
            *manage, 'bootstrap', '--bootstrap-public-url', url,
            '--bootstrap-internal-url', url, '--bootstrap-admin-url', url,
            '--bootstrap-region-id', 'RegionOne',
            # Not as an argument: others on the machine can read those.
            env={'OS_BOOTSTRAP_PASSWORD': self.context.passwords['admin']},
        )  # fmt: skip


class Catalog(service.Service):
    """The accounts of services and tenants, and where each service is."""

    name = 'catalog'

    def init(self) -> None:
        client, url = self.context.admin, self.settings.url('keystone') + '/v3'
        roles = {role['name']: role['id'] for role in client.get(f'{url}/roles')['roles']}
        for role in ('service', 'reader', 'member'):
            if role not in roles:
                roles[role] = _make(client, url, 'role', {'name': role})
        accounts: dict[str, tuple[str, tuple[str, ...]]] = dict.fromkeys(
            _SERVICES, ('service', ('admin', 'service'))
        )
        accounts |= {user: (project, (role,)) for user, (project, role) in TENANTS.items()}
        projects: dict[str, str] = {}
        for user, (project, granted) in accounts.items():
            if project not in projects:
                projects[project] = _make(
                    client, url, 'project', {'name': project, 'domain_id': 'default'}
                )
            account = {
                'name': user,
                'domain_id': 'default',
                'password': self.context.passwords[user],
            }
            user_id = _make(client, url, 'user', account)
            for role in granted:
                client.put(
                    f'{url}/projects/{projects[project]}/users/{user_id}/roles/{roles[role]}'
                )
        self._endpoints(client, url)

    def _endpoints(self, client: rest.Client, url: str) -> None:
        present = {
            (entry['service_id'], entry['interface'])
            for entry in client.get(f'{url}/endpoints')['endpoints']
        }
        for name, (kind, port, path) in _SERVICES.items():
            service_id = _make(client, url, 'service', {'name': name, 'type': kind})
            for interface in ('public', 'internal', 'admin'):
                if (service_id, interface) not in present:
                    client.post(
                        f'{url}/endpoints',
                        {
                            'endpoint': {
                                'service_id': service_id,
                                'interface': interface,
                                'url': self.settings.url(port) + path,
                                'region_id': 'RegionOne',
                            }
                        },
                    )


def _make(client: rest.Client, url: str, kind: str, body: dict[str, Any]) -> str:
    """Make one thing of a kind, or find the one of that name."""
    for entry in client.get(f'{url}/{kind}s?name={body["name"]}')[f'{kind}s']:
        return str(entry['id'])
    return str(client.post(f'{url}/{kind}s', {kind: body})[kind]['id'])
