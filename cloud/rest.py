"""As much of an OpenStack client as building a cloud needs, without its packages."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from http import HTTPStatus
from typing import Any

from cloud import errors

_TIMEOUT = 60


class RestError(errors.CloudError):
    """A service answered with an error, or not at all."""

    def __init__(self, method: str, url: str, status: int, body: str) -> None:
        self.status = status
        self.evidence = errors.last_lines(body)
        super().__init__(f'{method} {url} was answered with {status or "nothing"}')


class Client:
    """A keystone token, and requests made with it."""

    def __init__(self, keystone: str, user: str, password: str, project: str) -> None:
        self.keystone = keystone.rstrip('/') + '/v3'
        self._login = {
            'auth': {
                'identity': {
                    'methods': ['password'],
                    'password': {
                        'user': {
                            'name': user,
                            'domain': {'id': 'default'},
                            'password': password,
                        }
                    },
                },
                'scope': {'project': {'name': project, 'domain': {'id': 'default'}}},
            }
        }
        self._token: str | None = None

    def get(self, url: str) -> Any:
        return self.call('GET', url)

    def post(self, url: str, body: Any) -> Any:
        return self.call('POST', url, body)

    def put(self, url: str, body: Any = None) -> Any:
        return self.call('PUT', url, body)

    def call(self, method: str, url: str, body: Any = None) -> Any:
        """Make a request; bytes are sent as they are, all else as JSON."""
        token = self._token
        if token is not None:
            try:
                return self._send(method, url, body, {'X-Auth-Token': token})[0]
            except RestError as error:
                # A token is good for an hour.
                if error.status != HTTPStatus.UNAUTHORIZED:
                    raise
        self._token = token = self._log_in()
        return self._send(method, url, body, {'X-Auth-Token': token})[0]

    def _log_in(self) -> str:
        _, headers = self._send('POST', f'{self.keystone}/auth/tokens', self._login, {})
        return str(headers['X-Subject-Token'])

    @staticmethod
    def _send(
        method: str, url: str, body: Any, headers: dict[str, str]
    ) -> tuple[Any, http.client.HTTPMessage]:
        headers = {
            'Accept': 'application/json',
            'OpenStack-API-Version': 'compute 2.88',
            **headers,
        }
        if isinstance(body, bytes):
            headers['Content-Type'] = 'application/octet-stream'
        elif body is not None:
            headers['Content-Type'] = 'application/json'
            body = json.dumps(body).encode()
        request = urllib.request.Request(url, body, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:
                text = answer.read()
                return json.loads(text) if text else None, answer.headers
        except urllib.error.HTTPError as error:
            raise RestError(method, url, error.code, error.read().decode()) from error
        except OSError as error:
            raise RestError(method, url, 0, str(error)) from error


def status_of(url: str, timeout: float = 2) -> int:
    """Return the status a URL is answered with, 0 for no answer."""
    try:
        with urllib.request.urlopen(url, timeout=timeout) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except (OSError, http.client.HTTPException):
        return 0
