"""Says by HTTP whether a node of Galera can be used: 200, or 503 with the reason.

A connection alone says little: a node without a majority takes it, and refuses
each query. Called with the address and port to listen on, and the node's socket.
"""

from __future__ import annotations

import http.server
import sys

import pymysql

_SECONDS = 2

#: What a node that can be used says of itself.
_USABLE = {'wsrep_cluster_status': 'Primary', 'wsrep_local_state_comment': 'Synced'}


def obstacle(socket: str) -> str:
    """Return why a node cannot be used; nothing if it can."""
    try:
        connection = pymysql.connect(
            unix_socket=socket,
            user='root',
            connect_timeout=_SECONDS,
            read_timeout=_SECONDS,
            write_timeout=_SECONDS,
        )
        with connection, connection.cursor() as cursor:
            cursor.execute("SHOW GLOBAL STATUS LIKE 'wsrep_%'")
            said = dict(cursor.fetchall())
    except (pymysql.MySQLError, OSError) as error:
        return str(error)
    return ', '.join(
        f'{name} is {said.get(name)}' for name, value in _USABLE.items() if said.get(name) != value
    )


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers each request with the state of the node."""

    socket = ''

    def do_GET(self) -> None:
        reason = obstacle(self.socket)
        body = f'{reason or "usable"}\n'.encode()
        self.send_response(503 if reason else 200)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Write nothing: this is asked every second."""


class Server(http.server.ThreadingHTTPServer):
    """Serves on while some of those who ask do not wait for the answer."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def main() -> None:
    address, port, Handler.socket = sys.argv[1:]
    Server((address, int(port)), Handler).serve_forever()


if __name__ == '__main__':
    main()
