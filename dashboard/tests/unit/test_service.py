"""Requests to a server that answers as Nova, and as what may stand in its place."""

from __future__ import annotations

import dataclasses
import datetime
import gc
import json
import socket
import threading
import time
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.cache.backends.base import memcache_key_warnings
from keystoneauth1.session import Session
from openstack.compute.v2.server import Server
from openstack.connection import Connection
from xloudclient import Elastic, Period

from xloud_dashboard import service

Nova = Callable[..., str]


@pytest.fixture
def nova() -> Iterator[Nova]:
    """Answer every request but that for the version with a text, and return the address."""
    servers = []

    def start(text: str, paths: list[str] | None = None) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if paths is not None:
                    paths.append(self.path)
                link = f'http://{self.headers["Host"]}/v2.1'
                answer = json.dumps(version(link)) if self.path == '/v2.1' else text
                self.send_response(200)
                self.send_header('Content-Type', 'application/json')
                self.send_header('Content-Length', str(len(answer)))
                self.end_headers()
                self.wfile.write(answer.encode())

            def log_message(self, *args: object) -> None:
                pass

        server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        threading.Thread(target=server.serve_forever).start()
        servers.append(server)
        return f'http://127.0.0.1:{server.server_port}/v2.1'

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def version(link: str) -> dict[str, object]:
    """Return how Nova describes its API."""
    links = [{'rel': 'self', 'href': link}]
    version = {'id': 'v2.1', 'status': 'CURRENT', 'version': '2.96', 'min_version': '2.1'}
    return {'version': {**version, 'links': links}}


@pytest.mark.parametrize('text', ['<html>', '{}', '[]', '{"xloud_status": {"adjust": 1}}'])
def test_answers_that_are_not_those_of_nova(nova: Nova, text: str) -> None:
    """They are among the errors that every caller handles."""
    url = nova(text)
    with pytest.raises(service.ERRORS, match='cannot be read'), service.compute(url, 'x') as found:
        Elastic(found).size(Server(id='a'))


def test_nobody_answers() -> None:
    """This is among the errors that every caller handles, too."""
    url = 'http://127.0.0.1:1/v2.1'
    with pytest.raises(service.ERRORS), service.compute(url, 'x') as found:
        Elastic(found).size(Server(id='a'))


def test_nothing_of_a_page_is_left(nova: Nova) -> None:
    """Connections, which have the user's token, and their sockets go with the page."""
    url = nova('{}')
    for _ in range(20):
        with service.compute(url, 'x') as found:
            found.get('/servers/a')
            own = found.session.session
        pools = [adapter.poolmanager.pools for adapter in own.adapters.values()]
        assert not any(len(pool) for pool in pools)
    del found, own, pools
    gc.collect()
    assert not [it for it in gc.get_objects() if type(it) in (Connection, Session)]


def test_a_slow_and_a_failing_request() -> None:
    """The page has the results of the others in time, and what has not begun never does."""
    release, begun = threading.Event(), []

    def wait(number: int) -> None:
        begun.append(number)
        release.wait(10)

    def fail() -> None:
        raise KeyError('flavor')

    jobs = {'good': lambda: 1, 'bad': fail}
    jobs.update({str(number): partial(wait, number) for number in range(20)})
    start = time.monotonic()
    try:
        assert service.results_within(0.3, jobs) == {'good': 1}
        assert time.monotonic() - start < 2
    finally:
        release.set()
    time.sleep(0.2)
    assert len(begun) == 8


def test_a_server_that_does_not_answer() -> None:
    """A request ends with an error, and not with the patience of the web server."""
    with socket.create_server(('127.0.0.1', 0)) as silent:
        url = f'http://127.0.0.1:{silent.getsockname()[1]}/v2.1'
        start = time.monotonic()
        with pytest.raises(service.ERRORS), service.compute(url, 'x', timeout=0.2) as found:
            Elastic(found).size(Server(id='a'))
        assert time.monotonic() - start < 3


@pytest.mark.parametrize(
    ('flavor', 'answer'),
    [
        ({'extra_specs': {'minimum_cpu': '1'}}, True),
        ({'extra_specs': {'hw:mem_min': '256'}}, True),
        ({'extra_specs': {'hw:cpu_policy': 'shared'}}, False),
        ({'extra_specs': {}}, False),
        ({}, None),
    ],
)
def test_whether_a_server_is_elastic(nova: Nova, flavor: dict, answer: bool | None) -> None:
    """It is not known, and not kept, if policy does not let the user see the extra specs."""
    with service.compute(nova(json.dumps({'server': {'flavor': flavor}})), 'x') as found:
        assert service.has_minimum(found, 'a') is answer


def test_minimums(nova: Nova) -> None:
    """Those of all flavors take one request, whether or not they have extra specs."""
    flavors: list[dict[str, object]] = [
        {'id': '1', 'extra_specs': {'minimum_cpu': '1', 'hw:cpu_policy': 'shared'}},
        {'id': '2', 'extra_specs': {}},
        {'id': '3'},  # Its extra specs are not for this user.
    ]
    paths: list[str] = []
    with service.compute(nova(json.dumps({'flavors': flavors}), paths), 'x') as found:
        assert service.minimums(found) == {'1': {'minimum_cpu': '1'}}
    assert len([path for path in paths if 'flavors' in path]) == 1


def test_a_long_history(nova: Nova) -> None:
    """The last periods of a month are shown: neither more requested, nor others kept."""
    begin, paths = datetime.datetime(2026, 2, 1, tzinfo=datetime.timezone.utc), []
    times = [(begin + datetime.timedelta(minutes=n)).isoformat() for n in range(301)]
    periods = [
        {**dict.fromkeys(field.name for field in dataclasses.fields(Period)), 'start': a, 'end': b}
        for a, b in zip(times, times[1:])
    ]
    with service.compute(nova(json.dumps({'xloud_history': periods}), paths), 'x') as found:
        result = service.history(found, 'a')
    assert [period.end.isoformat() for period in result] == times[-200:]
    (start,) = parse_qs(urlsplit(paths[-1]).query)['from']
    age = datetime.datetime.now(datetime.timezone.utc) - datetime.datetime.fromisoformat(
        start.replace('Z', '+00:00')
    )
    assert round(age / datetime.timedelta(days=1), 2) == 30


def test_flavors_that_are_no_keys_of_a_cache() -> None:
    """Memcached accepts the keys of servers with any flavor, and no two have the same."""
    flavors = ['a', 'a b', 'a' * 255, 'ä', '']
    keys = {service.cache_key('elastic', 'server', flavor) for flavor in flavors}
    assert len(keys) == len(flavors)
    assert not [text for key in keys for text in memcache_key_warnings(f':1:{key}')]
    assert service.cache_key('size', 'a', 'bc') != service.cache_key('size', 'ab', 'c')
