"""A keystone, a nova-api and a placement of a few lines, on a loopback port."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

#: What quota calls it: the key of a server here, and that of a request to adjust.
_QUOTA_COUNTS = {
    'cores': ('vcpus', 'current_vcpus'),
    'ram': ('memory_mb', 'current_memory_mb'),
}

#: What computes of the fork report to placement.
ELASTIC_TRAITS = (
    'CUSTOM_XLOUD_ELASTIC',
    'CUSTOM_XLOUD_VIRTIO_MEM',
    'CUSTOM_XLOUD_GROW_BY_MOVE',
    'CUSTOM_XLOUD_ELASTIC_PINS',
)


class FakeCloud:
    """Servers that can be adjusted, on hosts with a given capacity."""

    def __init__(self) -> None:
        self.servers: dict[str, dict[str, Any]] = {}
        self.room: dict[str, dict[str, int]] = {}
        #: The limits of projects on cores and ram; a project that is not named has none.
        self.quotas: dict[str, dict[str, int]] = {}
        self.elastic: set[str] = set()
        self.flavors: list[dict[str, Any]] = []
        self.adjustments: list[tuple[str, Any]] = []
        self.logins: list[Any] = []
        self.knows_elastic = True
        self.expired = False
        #: How many writes to placement conflict with those of a compute.
        self.conflicts = 0
        cloud = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                size = int(self.headers.get('Content-Length') or 0)
                body = json.loads(self.rfile.read(size)) if size else None
                status, content = cloud.answer(self.command, self.path, body, self.headers)
                text = content if isinstance(content, str) else json.dumps(content)
                self.send_response(status)
                self.send_header('X-Subject-Token', 'the-token')
                self.send_header('Content-Length', str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815  (as the library calls them)

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.url = f'http://127.0.0.1:{self.http.server_port}'
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    @property
    def environment(self) -> dict[str, str]:
        return {
            'OS_AUTH_URL': self.url,
            'OS_USERNAME': 'admin',
            'OS_PASSWORD': 'the-secret',
            'OS_PROJECT_NAME': 'admin',
        }

    def server(
        self, name: str, host: str, vcpus: tuple[int, int], memory: tuple[int, int], **more: Any
    ) -> None:
        """Add a server that has the first of each pair, and whose flavor has the second."""
        self.servers[name] = {
            'vcpus': list(vcpus), 'memory_mb': list(memory), 'host': host, 'status': 'ACTIVE',
            'specs': {'minimum_cpu': '1'}, 'fails': '', 'project': 'demo', **more,
        }  # fmt: skip

    def answer(self, method: str, path: str, body: Any, headers: Any) -> tuple[int, Any]:
        path, _, query = path.partition('?')
        if path == '/v3/auth/tokens':
            self.logins.append(body)
            return 201, {'token': {'catalog': [self._service(n) for n in ('compute', 'placement')]}}
        if headers['X-Auth-Token'] != 'the-token' or self.expired:
            self.expired = False
            return 401, 'who are you?'
        words = path.strip('/').split('/')
        if words[0] == 'placement':
            return self._placement(words[1:], query, body)
        return self._compute(method, words[1:], body, query)

    def _service(self, name: str) -> dict[str, Any]:
        endpoint = {'interface': 'public', 'region': 'here', 'url': f'{self.url}/{name}/'}
        return {'type': name, 'endpoints': [endpoint]}

    def _placement(self, words: list[str], query: str, body: Any) -> tuple[int, Any]:
        if len(words) == 1:
            name = query.partition('=')[2]
            if query.startswith('required=') and not self.elastic:
                return 400, f'No such trait(s): {name}.'
            hosts = self.elastic if query.startswith('required=') else {name} & set(self.room)
            listed = [{'uuid': host, 'name': host} for host in sorted(hosts)]
            return 200, {'resource_providers': listed}
        if words[0] == 'allocations':
            server = self.servers[words[1]]
            name = 'PCPU' if server.get('pinned') else 'VCPU'
            resources = {name: server['vcpus'][0], 'MEMORY_MB': server['memory_mb'][0]}
            return 200, {'allocations': {server['host']: {'resources': resources}}}
        if words[2] == 'traits':
            return self._traits(words[1], body)
        room = self.room[words[1]]
        if words[2] == 'usages':
            return 200, {'usages': {'VCPU': 3, 'MEMORY_MB': 1024}}
        common = {'reserved': 0, 'allocation_ratio': 1.0, 'max_unit': room.get('most', 64)}
        inventories = {
            'VCPU': {**common, 'total': room['vcpus'] + 3},
            'MEMORY_MB': {**common, 'total': room['memory_mb'] + 1024, 'max_unit': 1 << 20},
        }
        if 'pcpus' in room:
            inventories['PCPU'] = {**common, 'total': room['pcpus']}
        return 200, {'inventories': inventories}

    def _traits(self, host: str, body: Any) -> tuple[int, Any]:
        elastic = ELASTIC_TRAITS if host in self.elastic else ()
        current = {'traits': ['COMPUTE_NODE', *elastic], 'resource_provider_generation': 7}
        if body is None:
            return 200, current
        if self.conflicts:
            self.conflicts -= 1
            return 409, 'resource provider generation conflict'
        if body == {**current, 'traits': ['COMPUTE_NODE']}:
            self.elastic.discard(host)
        return 200, body

    def _compute(self, method: str, words: list[str], body: Any, query: str) -> tuple[int, Any]:
        if words[0] == 'os-xloud-adjust' or words[-1] == 'xloud-status':
            name = words[1]
            if not self.knows_elastic:
                return 404, '404 Not Found'
            if name not in self.servers:
                return 404, {'itemNotFound': {'message': f'Instance {name} could not be found.'}}
            return self._adjust(name, body) if method == 'POST' else self._status(name)
        if words == ['servers', 'detail']:
            # Two pages, whatever the number of servers.
            names = sorted(self.servers)
            first = names[: len(names) // 2]
            page = [name for name in names if name not in first] if 'marker' in query else first
            more = {} if 'marker' in query or not first else {'servers_links': [{'rel': 'next'}]}
            page = page if first or 'marker' in query else names
            return 200, {'servers': [self._server(name) for name in page], **more}
        if words[0] == 'servers' and len(words) == 2:
            server = self.servers[words[1]]
            server['task'] = server.pop('then', server.get('task'))
            return 200, {'server': self._server(words[1])}
        if words[0] == 'os-quota-sets' and words[2:] == ['detail']:
            return 200, {'quota_set': self._quota(words[1])}
        if words == ['flavors', 'detail']:
            return 200, {'flavors': self.flavors}
        if words == ['os-hypervisors', 'detail']:
            hosts = [{'id': n, 'hypervisor_hostname': n, 'state': 'up'} for n in sorted(self.room)]
            return 200, {'hypervisors': hosts}
        return 404, 'no such thing'

    def _server(self, name: str) -> dict[str, Any]:
        server = self.servers[name]
        return {
            'id': name,
            'name': name,
            'status': server['status'],
            'tenant_id': server['project'],
            'OS-EXT-STS:task_state': server.get('task'),
            'OS-EXT-SRV-ATTR:hypervisor_hostname': server['host'],
            'flavor': {'extra_specs': server['specs']},
        }

    def _status(self, name: str) -> tuple[int, Any]:
        server = self.servers[name]
        status = {'adjust': server['fails'] and {'state': 'failed', 'reason': server['fails']}}
        for what in ('vcpus', 'memory_mb'):
            now, most = server[what]
            status |= {f'accounted_{what}': now, f'start_{what}': now, f'max_{what}': most}
        return 200, {'xloud_status': status}

    def _adjust(self, name: str, body: Any) -> tuple[int, Any]:
        server = self.servers[name]
        if body.get('dry_run'):
            return 200, {'dry_run': server.get('trial', {'code': None, 'reason': None})}
        self.adjustments.append((name, body))
        if server.get('tasks'):
            message = f"Cannot 'xloud_adjust' it while it is in task_state {server['tasks'].pop()}"
            return 409, {'conflictingRequest': {'message': message}}
        for resource, quota in self._quota(server['project']).items():
            size, key = _QUOTA_COUNTS[resource]
            more = body[key] - server[size][0]
            if more > 0 and -1 < quota['limit'] < quota['in_use'] + more:
                return 403, {'forbidden': {'message': f'Quota exceeded for {resource}'}}
        if not server['fails']:
            server['vcpus'][0] = body['current_vcpus']
            server['memory_mb'][0] = body['current_memory_mb']
        return 202, {}

    def _quota(self, project: str) -> dict[str, dict[str, int]]:
        limits = self.quotas.get(project, {})
        owned = [server for server in self.servers.values() if server['project'] == project]
        return {
            resource: {
                'limit': limits.get(resource, -1),
                'in_use': sum(server[size][0] for server in owned),
                'reserved': 0,
            }
            for resource, (size, _) in _QUOTA_COUNTS.items()
        }
