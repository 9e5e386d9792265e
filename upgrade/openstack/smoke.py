"""What only the API can prove: the route, the flavors, the computes, and a server that grows."""

from __future__ import annotations

import time
import urllib.parse
import uuid
from collections.abc import Iterator
from typing import Any

from upgrade.errors import CloudError
from upgrade.findings import FAULT, NOTE, OK, Finding
from upgrade.openstack.client import AnswerError, Cloud
from upgrade.openstack.traits import TRAIT, providers

_NAME = 'the cloud'
#: Extra spec, and the flavor's own number that it may not exceed.
_BOUNDS = (('minimum_cpu', 'vcpus'), ('minimum_memory', 'ram'))


def of_cloud(cloud: Cloud) -> list[Finding]:
    """Ask the API. What it refuses is a finding, too."""
    found = []
    for what, ask in (('route', _route), ('flavors', _flavors), ('computes', _computes)):
        try:
            found += [Finding(_NAME, what, *told) for told in ask(cloud)]
        except CloudError as error:
            found.append(Finding(_NAME, what, FAULT, str(error)))
    return found


def _route(cloud: Cloud) -> Iterator[tuple[str, str]]:
    """A server that does not exist is named in the answer by the one who has looked for it."""
    nobody = str(uuid.uuid4())
    try:
        cloud.call('compute', 'POST', f'/os-xloud-adjust/{nobody}', {'current_vcpus': 1})
    except AnswerError as error:
        if error.status == 404 and nobody in error.body:
            yield OK, 'POST /os-xloud-adjust answers'
        else:
            yield FAULT, f'the API does not know elastic servers: {error}'
    else:
        yield FAULT, f'POST /os-xloud-adjust/{nobody} was accepted, but there is no such server'


def _flavors(cloud: Cloud) -> Iterator[tuple[str, str]]:
    count = 0
    for flavor in cloud.pages('compute', '/flavors/detail?is_public=None', 'flavors'):
        specs = flavor.get('extra_specs', {})
        count += any(name in specs for name, _ in _BOUNDS)
        for name, bound in _BOUNDS:
            value = specs.get(name)
            if value is None:
                continue
            if not value.isdigit() or not 1 <= int(value) <= flavor[bound]:
                yield (
                    FAULT,
                    f'{flavor["name"]}: {name} is {value!r}; '
                    f'a whole number from 1 to {flavor[bound]} is allowed',
                )
    yield OK, f'{count} elastic ones were looked at'


def _computes(cloud: Cloud) -> Iterator[tuple[str, str]]:
    hosts = cloud.call('compute', 'GET', '/os-hypervisors/detail')['hypervisors']
    elastic = providers(cloud)
    for host in hosts:
        name = host['hypervisor_hostname']
        if host['id'] in elastic:
            yield OK, f'{name} reports {TRAIT}'
        elif host['state'] != 'up':
            yield FAULT, f'{name} is {host["state"]}'
        else:
            yield NOTE, f'{name} does not report {TRAIT}: it is given no elastic server'


def smoke(cloud: Cloud, image: str, timeout: float = 300) -> list[Finding]:
    """Create a flavor, boot a server, let it grow; both are deleted, whatever comes.

    The image is given by its name or its identity.
    """
    name = f'xloud-upgrade-{uuid.uuid4().hex[:8]}'
    flavor = server = None
    try:
        image = _image(cloud, image)
        flavor = cloud.call(
            'compute',
            'POST',
            '/flavors',
            {'flavor': {'name': name, 'vcpus': 2, 'ram': 512, 'disk': 0, 'id': None}},
        )['flavor']['id']
        specs = f'/flavors/{flavor}/os-extra_specs'
        _refused(cloud, specs, {'extra_specs': {'minimum_cpu': '3'}})
        good = {'extra_specs': {'minimum_cpu': '1', 'minimum_memory': '256'}}
        cloud.call('compute', 'POST', specs, good)
        body = {'name': name, 'flavorRef': flavor, 'imageRef': image, 'networks': 'none'}
        server = cloud.call('compute', 'POST', '/servers', {'server': body})['server']['id']
        _await(cloud, f'/servers/{server}', lambda a: a['server']['status'], 'ACTIVE', timeout)
        cloud.call('compute', 'POST', f'/os-xloud-adjust/{server}', {'current_vcpus': 2})
        path = f'/servers/{server}/xloud-status'
        _await(cloud, path, _adjusted, (2, 'succeeded'), timeout)
        text = 'a wrong minimum is refused; a server was created, grew to 2 vCPUs, and is deleted'
        return [Finding(_NAME, 'smoke', OK, text)]
    except CloudError as error:
        return [Finding(_NAME, 'smoke', FAULT, str(error))]
    finally:
        for path in (server and f'/servers/{server}', flavor and f'/flavors/{flavor}'):
            if path:
                _delete(cloud, path, timeout)


def _image(cloud: Cloud, image: str) -> str:
    found = cloud.call('image', 'GET', f'/v2/images?name={urllib.parse.quote(image)}')['images']
    if len(found) > 1:
        raise CloudError(f'{len(found)} images have the name {image}; give the identity of one')
    return found[0]['id'] if found else image


def _refused(cloud: Cloud, path: str, body: Any) -> None:
    try:
        cloud.call('compute', 'POST', path, body)
    except AnswerError as error:
        if error.status != 400:
            raise
    else:
        raise CloudError(f'POST {path} accepted {body}: minimums are not validated')


def _adjusted(answer: Any) -> tuple[int, str | None]:
    """What the server has, and how the adjust went."""
    status = answer['xloud_status']
    last = status['adjust'] or {}
    if last.get('state') == 'failed':
        raise CloudError(f'the server could not be adjusted: {last.get("reason")}')
    return status['accounted_vcpus'], last.get('state')


def _await(cloud: Cloud, path: str, read: Any, wanted: Any, timeout: float) -> None:
    end = time.monotonic() + timeout
    while (now := read(cloud.call('compute', 'GET', path))) != wanted:
        if now == 'ERROR' or time.monotonic() > end:
            raise CloudError(f'GET {path}: {now}, and not {wanted} within {timeout:.0f} s')
        time.sleep(1)


def _delete(cloud: Cloud, path: str, timeout: float) -> None:
    end = time.monotonic() + timeout
    try:
        cloud.call('compute', 'DELETE', path)
        while time.monotonic() < end:
            cloud.call('compute', 'GET', path)
            time.sleep(1)
    except AnswerError as error:
        if error.status != 404:
            raise
