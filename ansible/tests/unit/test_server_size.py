"""The module server_size, run by Ansible, in front of a Nova with recorded answers."""

from __future__ import annotations

import dataclasses
import http.server
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

PROGRAMS = Path(sys.executable).parent
RECORDED = Path(__file__).parents[3] / 'client/tests/unit/recorded'
#: As the recorded answers have it.
SERVER = '8e31db15-9a4f-4520-b422-4a557e64f65d'


def recorded(name: str, **changes: Any) -> Any:
    """What a cloud answered, with changes of the size."""
    answer = json.loads((RECORDED / f'{name}.json').read_text())
    answer.get('xloud_status', {}).update(changes)
    return answer


@dataclasses.dataclass
class Nova:
    """Has one size after the other, the last of them repeatedly; keeps what is requested."""

    url: str
    sizes: list[Any] = dataclasses.field(default_factory=list)
    requests: list[Any] = dataclasses.field(default_factory=list)

    def reply(self, path: str, body: Any) -> Any:
        """The answer to a call."""
        if body:
            self.requests.append(body)
            return {'dry_run': {'outcome': 'in_place', 'code': None, 'reason': None}}
        if path.endswith('/xloud-status'):
            return self.sizes.pop(0) if len(self.sizes) > 1 else self.sizes[0]
        if path.endswith(SERVER):
            return recorded('server')
        link = {'rel': 'self', 'href': self.url}
        return {'version': {'id': 'v2.1', 'status': 'CURRENT', 'version': '2.96', 'links': [link]}}


@pytest.fixture
def nova() -> Iterator[Nova]:
    """A Nova on a loopback port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def _serve(self) -> None:
            content = self.rfile.read(int(self.headers.get('Content-Length', 0)))
            text = json.dumps(served.reply(self.path, json.loads(content) if content else None))
            self.send_response(200)
            self.send_header('Content-Type', 'application/json')
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST = _serve  # noqa: N815 -- as http.server calls them

        def log_message(self, *args: object) -> None:
            """Log nothing."""

    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    served = Nova(f'http://127.0.0.1:{server.server_port}/v2.1')
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield served
    server.shutdown()
    server.server_close()


def run(*words: str, **options: Any) -> str:
    """What Ansible prints of one task."""
    python = f'ansible_python_interpreter={sys.executable}'
    task = ('-m', 'xloud.elastic.server_size', '-a', json.dumps(options))
    done = subprocess.run(
        (
            PROGRAMS / 'ansible',
            '-i',
            'localhost,',
            '-c',
            'local',
            '-e',
            python,
            *task,
            *words,
            'all',
        ),
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def result(nova: Nova, *words: str, **options: Any) -> Any:
    """The result of a task that succeeds."""
    printed = run(*words, name=SERVER, auth_type='none', auth={'endpoint': nova.url}, **options)
    assert ' => {' in printed, printed
    return json.JSONDecoder().raw_decode(printed.partition(' => ')[2])[0]


@pytest.mark.parametrize('words', [(), ('--check',)], ids=['run', 'check'])
def test_temporary_adjustment_in_progress(nova: Nova, words: tuple[str, ...]) -> None:
    """It is waited for, and the size is made permanent, or would be in check mode."""
    running = recorded('status-running')
    requested = running['xloud_status']['adjust']['requested']
    vcpus = requested['current_vcpus']
    temporary = recorded('status-succeeded', current_vcpus=vcpus, guest_vcpus=vcpus)
    nova.sizes = [running, running, temporary]
    ended = result(nova, *words, vcpus=vcpus)
    assert ended['changed'] is True
    (request,) = nova.requests
    assert (request['current_vcpus'], request['persist']) == (vcpus, True)
    assert request.get('dry_run', False) is bool(words)


@pytest.mark.parametrize('words', [(), ('--check',)], ids=['run', 'check'])
def test_permanent_adjustment_in_progress(nova: Nova, words: tuple[str, ...]) -> None:
    """It is waited for, and nothing else is requested."""
    running = recorded('status-running')
    vcpus = running['xloud_status']['adjust']['requested']['current_vcpus']
    names = ('current_vcpus', 'guest_vcpus', 'start_vcpus')
    nova.sizes = [running, running, recorded('status-succeeded', **dict.fromkeys(names, vcpus))]
    assert result(nova, *words, vcpus=vcpus)['changed'] is False
    assert nova.requests == []


@pytest.mark.parametrize('kind', [dict, list])
def test_cloud_with_secrets(kind: type) -> None:
    """Settings in place of the name of a cloud are refused, and not shown."""
    settings = {'auth': {'password': 'HIDDEN'}}
    printed = run('-vvv', name=SERVER, vcpus=2, cloud=settings if kind is dict else [settings])
    assert 'it has to be the name of a cloud. Settings go into auth.' in printed
    assert '"invocation"' in printed
    assert 'HIDDEN' not in printed
