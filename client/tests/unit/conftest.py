"""A Nova with recorded answers, and openstacksdk and the ``openstack`` command in front of it.

It also answers as Glance, below ``/image``.

The HTTP requests are real; ``recorded/`` has the answers of a cloud that runs the fork.
"""

from __future__ import annotations

import dataclasses
import http.server
import json
import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import openstack
import pytest
from openstackclient import shell

import xloudclient
from xloudclient import elastic as elastic_module

RECORDED = Path(__file__).parent / 'recorded'

#: As the recorded answers have them.
SERVER = '8e31db15-9a4f-4520-b422-4a557e64f65d'
ADJUST = ('POST', f'/os-xloud-adjust/{SERVER}')
STATUS = ('GET', f'/servers/{SERVER}/xloud-status')
HISTORY = ('GET', f'/servers/{SERVER}/xloud-history')
SPECS = ('POST', '/flavors/elastic/os-extra_specs')

IMAGE = 'aa57fc86-f562-484c-b79b-7c0a0880ef2c'
IMAGES = '/image/v2/images'
PATCH = ('PATCH', f'{IMAGES}/{IMAGE}')

#: Those of the versions of an API, which are not recorded.
_ROOTS = ('', '/image')


def recorded(name: str) -> Any:
    """Return an answer of a real cloud."""
    return json.loads((RECORDED / f'{name}.json').read_text())


def status(name: str, **changes: Any) -> Any:
    """Return what a cloud answered about a server's size, with changes."""
    answer = recorded(f'status-{name}')
    answer['xloud_status'].update(changes)
    return answer


class Nova:
    """Gives the answers it is set up with, one after the other, the last of them repeatedly."""

    def __init__(self, url: str) -> None:
        self.url = url
        #: Every call except those for versions: method, path with query, body.
        self.calls: list[tuple[str, str, Any]] = []
        self._answers: dict[tuple[str, str], list[tuple[int, Any]]] = {}
        root = {'id': 'v2.1', 'status': 'CURRENT', 'version': '2.96', 'min_version': '2.1'}
        self.answer(('GET', ''), {'version': {**root, 'links': [{'rel': 'self', 'href': url}]}})
        self.answer(('GET', '/servers/web'), recorded('refused-name'), status=404)
        self.answer(('GET', '/servers/absent'), recorded('refused-name'), status=404)
        self.answer(('GET', '/servers/detail'), recorded('servers'))
        self.answer(('GET', '/servers/detail?name=web'), recorded('servers'))
        self.answer(('GET', '/servers/detail?name=absent'), {'servers': []})
        self.answer(('GET', f'/servers/{SERVER}'), recorded('server'))
        for name in ('elastic', 'small'):
            self.answer(('GET', f'/flavors/{name}'), recorded(f'flavor-{name}'))
        self.answer(('GET', '/flavors/small/os-extra_specs'), {'extra_specs': {}})

        self.answer(('GET', '/image'), {'versions': [{
            'id': 'v2.9', 'status': 'CURRENT',
            'links': [{'rel': 'self', 'href': f'{self.image_url}/v2/'}],
        }]})  # fmt: skip
        for name in ('debian', 'absent'):
            self.answer(('GET', f'{IMAGES}/{name}'), None, status=404)
        self.answer(('GET', f'{IMAGES}?name=absent'), {'images': []})
        self.answer(('GET', f'{IMAGES}?os_hidden=True'), {'images': []})
        self.image()

    @property
    def image_url(self) -> str:
        """The endpoint of Glance."""
        return self.url.replace('/v2.1', '/image')

    def image(self, **properties: str) -> None:
        """Set what the only image, ``debian``, has among its properties."""
        image = {'id': IMAGE, 'name': 'debian', 'status': 'active', 'visibility': 'public',
                 'os_type': 'linux', **properties}  # fmt: skip
        self.answer(('GET', f'{IMAGES}/{IMAGE}'), image)
        self.answer(('GET', f'{IMAGES}?name=debian'), {'images': [image]})
        self.answer(PATCH, image)

    def answer(self, call: tuple[str, str], *bodies: Any, status: int = 200) -> None:
        """Set the answers to a call."""
        self._answers[call] = [(status, body) for body in bodies]

    def bodies(self, call: tuple[str, str]) -> list[Any]:
        """Return the bodies of the calls of that kind."""
        return [body for method, path, body in self.calls if (method, path) == call]

    def reply(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        """Record a call, return its answer: a string is HTML, None Nova's for an unknown path."""
        path, _, query = path.rstrip('/').partition('?')
        path += f'?{"&".join(sorted(query.split("&")))}' if query else ''
        if path not in _ROOTS:
            self.calls.append((method, path, body))
        answers = self._answers.get((method, path), [(404, None)])
        return answers.pop(0) if len(answers) > 1 else answers[0]


@pytest.fixture
def nova() -> Iterator[Nova]:
    """A Nova on a loopback port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = 'HTTP/1.1'

        def _serve(self) -> None:
            content = self.rfile.read(int(self.headers.get('Content-Length', 0)))
            path = self.path[len('/v2.1') :] if self.path.startswith('/v2.1') else self.path
            code, body = served.reply(self.command, path, json.loads(content) if content else None)
            body = '404 Not Found' if body is None else body
            kind, text = ('text/html', body) if isinstance(body, str) else (
                'application/json', json.dumps(body)
            )  # fmt: skip
            self.send_response(code)
            self.send_header('Content-Type', f'{kind}; charset=UTF-8')
            self.send_header('Content-Length', str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST = do_PATCH = do_DELETE = _serve  # noqa: N815 -- as http.server calls them

        def log_message(self, *args: object) -> None:
            """Log nothing."""

    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    served = Nova(f'http://127.0.0.1:{server.server_port}/v2.1')
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield served
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elastic_module, '_INTERVAL', 0.01)


@pytest.fixture(autouse=True)
def cloud(nova: Nova, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Name that Nova ``mycloud`` in the only ``clouds.yaml`` there is."""
    file = tmp_path / 'clouds.yaml'
    # A form of YAML.
    auth = {'auth_type': 'none', 'auth': {'endpoint': nova.url}}
    mycloud = {**auth, 'image_endpoint_override': nova.image_url}
    file.write_text(json.dumps({'clouds': {'mycloud': mycloud}}))
    monkeypatch.setenv('OS_CLIENT_CONFIG_FILE', str(file))
    monkeypatch.setenv('OS_CLOUD', 'mycloud')


@pytest.fixture
def elastic(cloud: None) -> xloudclient.Elastic:
    """The Python API, on openstacksdk."""
    return xloudclient.Elastic(openstack.connect(cloud='mycloud').compute)


@dataclasses.dataclass(frozen=True)
class Ended:
    """How a command ended."""

    status: int
    out: str
    err: str


@pytest.fixture
def command(
    cloud: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Ended]:
    """The ``openstack`` command, in this process: it takes long to start."""
    monkeypatch.setattr(shell.OpenStackShell, 'NAME', 'openstack')

    def run(*words: str) -> Ended:
        before = list(logging.root.handlers)
        try:
            code = shell.main(list(words))
        except SystemExit as end:
            code = end.code
        finally:
            # Those that write to a standard error of this test.
            logging.root.handlers[:] = before
        printed = capsys.readouterr()
        return Ended(code, printed.out, printed.err)

    return run
