"""HAProxy: one address for what there is several of."""

from __future__ import annotations

import csv
import socket
from collections.abc import Sequence

from cloud import files, process, service
from cloud.services import galera, keystone, nova, placement, rabbitmq

_GLOBAL = """\
global
    maxconn 4000
    nbthread 1
    stats socket {socket} mode 600 level admin

defaults
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
# was used last is kept in the table, and the others wait. A table of one entry
# would be full: the entry could not be changed.
listen mariadb
    mode tcp
    bind 127.0.0.1:{port}
    option tcpka
    # Longer than any connection of the services' pools lives.
    timeout client 2h
    timeout server 2h
    option httpchk GET /
    stick-table type ip size 1k nopurge
    stick on dst
"""

#: oslo.messaging knows several brokers as well, but comes back to one that stands still: the
#: kernel takes the connection. So the greeting of the protocol is what is requested here.
_BROKER = """
listen rabbitmq
    mode tcp
    bind 127.0.0.1:{port}
    balance leastconn
    option tcpka
    # Heartbeats come more often.
    timeout client 3m
    timeout server 3m
    option tcp-check
    tcp-check connect
    tcp-check send-binary 414d515000000901
    tcp-check expect binary 01
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
        names = ('mariadb', 'rabbitmq', *(kind.name for kind in self._kinds()))
        return {name: self.settings.port(name) for name in names}

    @staticmethod
    def _kinds() -> Sequence[type[service.Wsgi]]:
        return keystone.Keystone, placement.Placement, nova.Api

    def configure(self) -> None:
        data = self.state.data(self.name)
        data.mkdir(parents=True, exist_ok=True)
        parts = [_GLOBAL.format(socket=data / 'admin.sock'), self._database(), self._broker()]
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

    def _broker(self) -> str:
        port = self.settings.port('rabbitmq')
        nodes = [rabbitmq.RabbitMq(self.context, number) for number in self.settings.nodes]
        return _BROKER.format(port=port) + ''.join(_server(node, port) for node in nodes)

    def daemon(self) -> process.Daemon:
        file = self.state.etc(self.name) / 'haproxy.cfg'
        argv = ['/usr/sbin/haproxy', '-db', '-f', file]
        return process.Daemon(self.name, argv, self.state)

    def sessions(self, name: str) -> dict[str, int]:
        """Return how many connections each server of a proxy has."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.state.data(self.name) / 'admin.sock'))
            connection.sendall(b'show stat\n')
            text = b''.join(iter(lambda: connection.recv(65536), b'')).decode()
        rows = csv.DictReader(text.removeprefix('# ').splitlines())
        servers = (row for row in rows if row['pxname'] == name and row['type'] == '2')
        return {row['svname']: int(row['scur']) for row in servers}

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
