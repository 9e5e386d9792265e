"""As much of an OpenStack client as an upgrade needs: keystone, a catalog, requests as JSON.

No secret (a password, a token) is in any message: messages name methods, URLs and answers.
"""

from __future__ import annotations

import http.client
import json
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from typing import Any

from upgrade.errors import CloudError

_TIMEOUT = 60
#: Flavors within servers, with their extra specs, come with 2.47; server names of hosts with 2.53.
_VERSIONS = {'OpenStack-API-Version': 'compute 2.88, placement 1.36'}


class AnswerError(CloudError):
    """An answer that is an error; ``status`` is 0 for none."""

    def __init__(self, method: str, url: str, status: int, body: str) -> None:
        self.status = status
        self.body = body
        reason = body.strip()[:300]
        answer = f'was answered with {status}' if status else 'was not answered'
        super().__init__(f'{method} {url} {answer}: {reason}')


class Cloud:
    """An OpenStack cloud, by the variables of an openrc file."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._region = environment.get('OS_REGION_NAME')
        self._interface = environment.get('OS_INTERFACE', 'public').removesuffix('URL')
        cafile = environment.get('OS_CACERT') or None
        self._context = ssl.create_default_context(cafile=cafile)
        self._token = ''
        self._catalog: list[dict[str, Any]] = []

    def call(self, service: str, method: str, path: str, body: Any = None) -> Any:
        """Make a request of a service of the catalog; once more when the token has expired."""
        for attempt in (1, 2):
            if not self._token:
                self._log_in()
            try:
                return self._send(method, self._endpoint(service) + path, body)[0]
            except AnswerError as error:
                if error.status != 401 or attempt == 2:
                    raise
                self._token = ''
        raise AssertionError

    def pages(self, service: str, path: str, key: str) -> Iterator[dict[str, Any]]:
        """Yield every element of a list, page after page."""
        marker, glue = '', '&' if '?' in path else '?'
        while True:
            page = self.call(service, 'GET', f'{path}{marker}')
            yield from page[key]
            if not page[key] or not page.get(f'{key}_links'):
                return
            marker = f'{glue}marker={urllib.parse.quote(page[key][-1]["id"])}'

    def _log_in(self) -> None:
        url = self._required('OS_AUTH_URL').rstrip('/')
        url = url if url.endswith('/v3') else f'{url}/v3'
        body, headers = self._send('POST', f'{url}/auth/tokens', {'auth': self._auth()})
        self._token = headers['X-Subject-Token']
        self._catalog = body['token'].get('catalog', [])

    def _auth(self) -> dict[str, Any]:
        environment = self._environment
        if environment.get('OS_APPLICATION_CREDENTIAL_ID'):
            secret = {
                'id': environment['OS_APPLICATION_CREDENTIAL_ID'],
                'secret': self._required('OS_APPLICATION_CREDENTIAL_SECRET'),
            }
            methods = ['application_credential']
            return {'identity': {'methods': methods, 'application_credential': secret}}
        if environment.get('OS_TOKEN'):
            identity: dict[str, Any] = {
                'methods': ['token'],
                'token': {'id': environment['OS_TOKEN']},
            }
        else:
            user: dict[str, Any] = {'password': self._required('OS_PASSWORD')}
            if environment.get('OS_USER_ID'):
                user['id'] = environment['OS_USER_ID']
            else:
                user |= {'name': self._required('OS_USERNAME'), 'domain': self._domain('USER')}
            identity = {'methods': ['password'], 'password': {'user': user}}
        project: dict[str, Any] = {'id': environment.get('OS_PROJECT_ID')}
        if not project['id']:
            name = self._required('OS_PROJECT_NAME')
            project = {'name': name, 'domain': self._domain('PROJECT')}
        return {'identity': identity, 'scope': {'project': project}}

    def _domain(self, whose: str) -> dict[str, str]:
        environment = self._environment
        name = environment.get(f'OS_{whose}_DOMAIN_NAME')
        return (
            {'name': name} if name else {'id': environment.get(f'OS_{whose}_DOMAIN_ID', 'default')}
        )

    def _required(self, name: str) -> str:
        if not self._environment.get(name):
            raise CloudError(f'{name} is not set; source the openrc file of an administrator')
        return self._environment[name]

    def _endpoint(self, service: str) -> str:
        for entry in self._catalog:
            if entry['type'] == service:
                for endpoint in entry['endpoints']:
                    if endpoint['interface'] == self._interface and self._region in (
                        None,
                        endpoint.get('region'),
                    ):
                        return endpoint['url'].rstrip('/')
        raise CloudError(
            f'the catalog has no {self._interface} endpoint of {service}'
            + (f' in the region {self._region}' if self._region else '')
        )

    def _send(self, method: str, url: str, body: Any) -> tuple[Any, http.client.HTTPMessage]:
        headers = {'Accept': 'application/json', **_VERSIONS}
        if self._token:
            headers['X-Auth-Token'] = self._token
        data = None
        if body is not None:
            headers['Content-Type'] = 'application/json'
            data = json.dumps(body).encode()
        try:
            request = urllib.request.Request(url, data, headers, method=method)
            with urllib.request.urlopen(
                request, timeout=_TIMEOUT, context=self._context if url[:6] == 'https:' else None
            ) as answer:
                text = answer.read()
                return json.loads(text) if text else None, answer.headers
        except urllib.error.HTTPError as error:
            text = error.read().decode(errors='replace')
            raise AnswerError(method, url, error.code, text) from None
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise AnswerError(method, url, 0, str(error)) from None
