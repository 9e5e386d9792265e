"""HAProxy: one address for what there is several of."""

from __future__ import annotations

import socket
from collections.abc import Sequence

from cloud import files, process, service
from cloud.services import galera, keystone, nova, placement

_GLOBAL = """\
global
    maxconn 4000
    nbthread 1
    log stdout format raw daemon notice
    stats socket {socket} mode 600 level admin

defaults
    log global
    timeout connect 5s
    timeout check 2s
    # To another one at once, if it takes no connection.
    retries 3
    option redispatch 1
    # What has been sent to one that stands still is never answered: it is said at once.
    default-server check inter 2s fastinter 1s fall 3 rise 2 on-marked-down shutdown-sessions
"""

_DATABASE = """
# One node at a time is written to, and stays that until it fails: the node that
# was used last is kept in the table, and the others wait.
listen mariadb
    mode tcp
    bind 127.0.0.1:{port}
    option tcpka
    # Longer than any connection of the services' pools lives.
    timeout client 2h
    timeout server 2h
    option httpchk GET /
    stick-table type ip size 1 nopurge
    stick on dst
"""

_API = """
listen {name}
    mode http
    bind 127.0.0.1:{port}
    balance roundrobin
    timeout client 150s
    timeout server 150s
    # uWSGI itself answers there, also while all workers are busy.
    option tcp-check
    tcp-check connect port {life_port}
    tcp-check expect string version
"""


class HaProxy(service.Service):
    """One process for all: a real cloud has two, with an address that moves between them."""

    name = 'haproxy'
    packages = ('haproxy',)

    def ports(self) -> dict[str, int]:
        names = ('mariadb', *(kind.name for kind in self._kinds()))
        return {name: self.settings.port(name) for name in names}

    @staticmethod
    def _kinds() -> Sequence[type[service.Wsgi]]:
        return keystone.Keystone, placement.Placement, nova.Api

    def configure(self) -> None:
        data = self.state.data(self.name)
        data.mkdir(parents=True, exist_ok=True)
        parts = [_GLOBAL.format(socket=data / 'admin.sock'), self._database()]
        for kind in self._kinds():
            services = [kind(self.context, node) for node in service.PAIR]
            port = self.settings.port(kind.name)
            text = _API.format(name=kind.name, port=port, life_port=services[0].life_port)
            parts.append(text + ''.join(_server(part, port) for part in services))
        files.write(self.state.etc(self.name) / 'haproxy.cfg', ''.join(parts))

    def _database(self) -> str:
        port, check = self.settings.port('mariadb'), self.settings.port('mariadb-check')
        lines = [_DATABASE.format(port=port)]
        for number in self.settings.nodes:
            node = galera.Node(self.context, number)
            spare = '' if node.is_first else ' backup'
            lines.append(_server(node, port, f' port {check} inter 1s{spare}'))
        return ''.join(lines)

    def daemon(self) -> process.Daemon:
        file = self.state.etc(self.name) / 'haproxy.cfg'
        # What it says goes to its log once.
        argv = ['/usr/sbin/haproxy', '-q', '-db', '-f', file]
        return process.Daemon(self.name, argv, self.state)

    def answers(self) -> bool:
        """Return whether services get a database from it: that speaks first."""
        address = ('127.0.0.1', self.settings.port('mariadb'))
        try:
            with socket.create_connection(address, timeout=3) as connection:
                return bool(connection.recv(1))
        except OSError:
            return False


def _server(part: service.Service, port: int, more: str = '') -> str:
    return f'    server {part.label} {part.address}:{port}{more}\n'
