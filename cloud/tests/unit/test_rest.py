"""A client that speaks to keystone and to a service."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from cloud import rest


class _Cloud(ThreadingHTTPServer):
    """Keystone, and a service that takes only the newest of its tokens."""

    tokens = 0
    accepts = True

    @property
    def url(self) -> str:
        return f'http://127.0.0.1:{self.server_port}'


class _Handler(BaseHTTPRequestHandler):
    server: _Cloud

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers['Content-Length']))
        self.server.tokens += 1
        self._answer(201)

    def do_GET(self) -> None:
        newest = self.headers['X-Auth-Token'] == str(self.server.tokens)
        self._answer(200 if newest and self.server.accepts else 401)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header('X-Subject-Token', str(self.server.tokens))
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def cloud() -> Iterator[_Cloud]:
    with _Cloud(('127.0.0.1', 0), _Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_token_expires(cloud: _Cloud) -> None:
    """One token serves until it is refused; then there is another."""
    client = rest.Client(cloud.url, 'user', 'password', 'project')
    client.get(cloud.url)
    client.get(cloud.url)
    assert cloud.tokens == 1
    cloud.tokens += 1
    client.get(cloud.url)
    assert cloud.tokens == 3


def test_no_token_helps(cloud: _Cloud) -> None:
    """What is refused with a new token as well is an error."""
    client = rest.Client(cloud.url, 'user', 'password', 'project')
    client.get(cloud.url)
    cloud.accepts = False
    with pytest.raises(rest.RestError) as caught:
        client.get(cloud.url)
    assert caught.value.status == 401
    assert cloud.tokens == 2
