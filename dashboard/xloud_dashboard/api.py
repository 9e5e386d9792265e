"""Elastic servers for the user of a request."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from django.utils.translation import gettext as _
from keystoneauth1 import session, token_endpoint
from openstack import connection, exceptions
from openstack.compute.v2.server import Server
from openstack_dashboard import policy
from openstack_dashboard.api import base
from xloudclient import Elastic, FlavorSize, Forecast, Period, ServerSize, XloudError

from xloud_dashboard import words

#: Seconds for which the size of a server is not requested again for the same user.
AGE = 5

#: Seconds for which it is remembered whether a server is elastic: its flavor says so for as long
#: as the server has it.
_DAY = 86400

_AT_ONCE = 8

#: Any of these in the flavor that a server was created with makes it elastic.
_MINIMUMS = {'minimum_cpu', 'minimum_memory', 'hw:cpu_min', 'hw:mem_min'}

#: The first version of Nova's API that shows this flavor.
_EMBEDDED = '2.47'

ERRORS = (exceptions.SDKException,)


def may(request: HttpRequest, action: str, server: Any = None) -> bool:
    """Return whether the policy lets a user do something with a server."""
    target = {'project_id': server.tenant_id} if server is not None else {}
    return policy.check((('compute', f'os_compute_api:xloud:{action}'),), request, target)


def explain(error: Exception) -> tuple[str, str]:
    """Return why something was refused, and what to do about it."""
    if isinstance(error, exceptions.HttpException):
        if error.status_code == 401:
            return str(_('Your session has expired.')), str(_('Log in again.'))
        reason = error.details or str(error)
        return reason, words.advice(getattr(error, 'code', None))
    if isinstance(error, XloudError):
        return str(error), words.advice(error.code)
    return str(error), ''


def size(request: HttpRequest, server_id: str, fresh: bool = False) -> ServerSize:
    """Return the size of a server, which may be a few seconds old."""
    key = _key(request, server_id)
    kept = None if fresh else cache.get(key)
    if kept is not None:
        return kept
    current = _elastic(request).size(Server(id=server_id))
    cache.set(key, current, AGE)
    return current


def sizes(request: HttpRequest, servers: Iterable[Any]) -> dict[str, ServerSize]:
    """Return the sizes of those servers that are elastic, as far as they can be shown."""
    chosen = [server for server in servers if may(request, 'status', server)]
    _compute(request)  # Once, before several threads need it.
    with concurrent.futures.ThreadPoolExecutor(_AT_ONCE) as pool:
        values = pool.map(lambda server: _size_if_elastic(request, server), chosen)
        return {server.id: value for server, value in zip(chosen, values) if value}


def _size_if_elastic(request: HttpRequest, server: Any) -> ServerSize | None:
    try:
        return size(request, server.id) if is_elastic(request, server) else None
    except ERRORS:
        return None  # It is gone, or Nova cannot say now: the table has the rest of the server.


def is_elastic(request: HttpRequest, server: Any) -> bool:
    """Return whether the flavor that a server was created with has a minimum."""
    key = f'xloud:elastic:{server.id}:{_flavor_id(server)}'
    answer = cache.get(key)
    if answer is None:
        compute = _compute(request)
        response = compute.get(f'/servers/{server.id}', microversion=_EMBEDDED)
        exceptions.raise_from_response(response)
        specs = response.json()['server']['flavor'].get('extra_specs', {})
        answer = not _MINIMUMS.isdisjoint(specs)
        cache.set(key, answer, _DAY)
    return answer


def history(request: HttpRequest, server_id: str) -> list[Period]:
    """Return the periods in which a server was accounted for one size."""
    return _elastic(request).history(Server(id=server_id))


def dry_run(request: HttpRequest, server_id: str, **adjustment: Any) -> Forecast:
    """Return what would become of an adjustment now."""
    return _elastic(request).dry_run(Server(id=server_id), **adjustment)


def adjust(request: HttpRequest, server_id: str, **adjustment: Any) -> ServerSize:
    """Request an adjustment, and return the size right after it."""
    try:
        return _elastic(request).adjust(Server(id=server_id), **adjustment)
    finally:
        cache.delete(_key(request, server_id))


def cancel(request: HttpRequest, server_id: str) -> ServerSize:
    """End an adjustment that waits."""
    try:
        return _elastic(request).cancel(Server(id=server_id))
    finally:
        cache.delete(_key(request, server_id))


def flavor(request: HttpRequest, flavor_id: str) -> FlavorSize:
    """Return the bounds of a flavor."""
    return _elastic(request).flavor(flavor_id)


def set_flavor(
    request: HttpRequest, flavor_id: str, vcpus: int | None, memory_mb: int | None
) -> None:
    """Set the minimums of a flavor, and remove those that are None."""
    elastic = _elastic(request)
    # First what Nova may refuse.
    if vcpus is not None or memory_mb is not None:
        elastic.set_flavor(flavor_id, vcpus, memory_mb)
    if vcpus is None or memory_mb is None:
        elastic.unset_flavor(flavor_id, vcpus=vcpus is None, memory=memory_mb is None)


def _elastic(request: HttpRequest) -> Elastic:
    return Elastic(_compute(request))


def _compute(request: HttpRequest) -> Any:
    """Return openstacksdk's compute service for the token of the user, made once a request."""
    compute = getattr(request, '_xloud_compute', None)
    if compute is None:
        url = base.url_for(request, 'compute')
        verify = settings.OPENSTACK_SSL_CACERT or True
        own = session.Session(
            auth=token_endpoint.Token(url, request.user.token.id),
            verify=False if settings.OPENSTACK_SSL_NO_VERIFY else verify,
        )
        compute = connection.Connection(session=own, compute_endpoint_override=url).compute
        request._xloud_compute = compute  # noqa: SLF001 -- as Django's middleware does
    return compute


def _flavor_id(server: Any) -> str:
    flavor = getattr(server, 'flavor', None) or {}
    return flavor.get('id') or flavor.get('original_name') or ''


def _key(request: HttpRequest, server_id: str) -> str:
    """Return under what the size of a server is kept: not everybody may see it."""
    return f'xloud:size:{server_id}:{request.user.id}:{request.user.project_id}'
