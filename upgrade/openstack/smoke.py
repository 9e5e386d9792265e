"""What only the API can verify: the route, the flavors, the computes, and a server that grows."""

from __future__ import annotations

import time
import urllib.parse
import uuid
from collections.abc import Iterator
from typing import Any

from upgrade.errors import CloudError
from upgrade.findings import FAULT, NOTE, OK, Finding
from upgrade.openstack.client import AnswerError, Cloud
from upgrade.openstack.sizes import CPU_SPECS, MEMORY_SPECS
from upgrade.openstack.traits import TRAIT, providers

_NAME = 'the cloud'
#: The flavor's own number that an extra spec may not exceed.
_BOUNDS = dict.fromkeys(CPU_SPECS, 'vcpus') | dict.fromkeys(MEMORY_SPECS, 'ram')


def verify(cloud: Cloud) -> list[Finding]:
    """Ask the API. An error that it answers with is a finding, too."""
    findings = []
    for what, ask in (('route', _route), ('flavors', _flavors), ('computes', _computes)):
        try:
            findings += [Finding(_NAME, what, *row) for row in ask(cloud)]
        except CloudError as error:
            findings.append(Finding(_NAME, what, FAULT, str(error)))
    return findings


def _route(cloud: Cloud) -> Iterator[tuple[str, str]]:
    """Only a controller that has looked for the server names it in its 404."""
    absent = str(uuid.uuid4())
    try:
        cloud.call('compute', 'POST', f'/os-xloud-adjust/{absent}', {'current_vcpus': 1})
    except AnswerError as error:
        if error.status == 404 and absent in error.body:
            yield OK, 'POST /os-xloud-adjust answers'
        else:
            yield FAULT, f'the API does not know elastic servers: {error}'
    else:
        yield FAULT, f'POST /os-xloud-adjust/{absent} was accepted, but there is no such server'


def _flavors(cloud: Cloud) -> Iterator[tuple[str, str]]:
    count = 0
    for flavor in cloud.pages('compute', '/flavors/detail?is_public=None', 'flavors'):
        minimums = {
            name: value for name, value in flavor.get('extra_specs', {}).items() if name in _BOUNDS
        }
        count += bool(minimums)
        for name, value in minimums.items():
            maximum = flavor[_BOUNDS[name]]
            if not value.isdigit() or not 1 <= int(value) <= maximum:
                yield (
                    FAULT,
                    f'{flavor["name"]}: {name} is {value!r}; '
                    f'it must be an integer from 1 to {maximum}',
                )
    yield OK, f'{count} elastic flavors were checked'


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
            yield NOTE, f'{name} does not report {TRAIT}: no elastic server is scheduled to it'


def smoke(cloud: Cloud, image: str, timeout: float = 300) -> list[Finding]:
    """Create a flavor, boot a server, let it grow; both are deleted in any case.

    The image is given by its name or its ID.
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
        _check_refused(cloud, specs, {'extra_specs': {'minimum_cpu': '3'}})
        minimums = {'extra_specs': {'minimum_cpu': '1', 'minimum_memory': '256'}}
        cloud.call('compute', 'POST', specs, minimums)
        body = {'name': name, 'flavorRef': flavor, 'imageRef': image, 'networks': 'none'}
        server = cloud.call('compute', 'POST', '/servers', {'server': body})['server']['id']
        _wait(cloud, f'/servers/{server}', lambda a: a['server']['status'], 'ACTIVE', timeout)
        cloud.call('compute', 'POST', f'/os-xloud-adjust/{server}', {'current_vcpus': 2})
        path = f'/servers/{server}/xloud-status'
        _wait(cloud, path, _adjustment, (2, 'succeeded'), timeout)
        text = 'a wrong minimum is refused; a server was created, grew to 2 vCPUs and was deleted'
        return [Finding(_NAME, 'smoke', OK, text)]
    except CloudError as error:
        return [Finding(_NAME, 'smoke', FAULT, str(error))]
    finally:
        for path in (server and f'/servers/{server}', flavor and f'/flavors/{flavor}'):
            if path:
                _delete(cloud, path, timeout)


def _image(cloud: Cloud, image: str) -> str:
    images = cloud.call('image', 'GET', f'/v2/images?name={urllib.parse.quote(image)}')['images']
    if len(images) > 1:
        raise CloudError(f'{len(images)} images have the name {image}; give the ID of one')
    return images[0]['id'] if images else image


def _check_refused(cloud: Cloud, path: str, body: Any) -> None:
    try:
        cloud.call('compute', 'POST', path, body)
    except AnswerError as error:
        if error.status != 400:
            raise
    else:
        raise CloudError(f'POST {path} accepted {body}: minimums are not validated')


def _adjustment(answer: Any) -> tuple[int, str | None]:
    """Return the vCPUs that the server has, and the state of the adjustment."""
    status = answer['xloud_status']
    last = status['adjust'] or {}
    if last.get('state') == 'failed':
        raise CloudError(f'the server could not be adjusted: {last.get("reason")}')
    return status['accounted_vcpus'], last.get('state')


def _wait(cloud: Cloud, path: str, read: Any, expected: Any, timeout: float) -> None:
    end = time.monotonic() + timeout
    while (current := read(cloud.call('compute', 'GET', path))) != expected:
        if current == 'ERROR' or time.monotonic() > end:
            raise CloudError(f'GET {path}: {current}, not {expected} within {timeout:.0f} s')
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
