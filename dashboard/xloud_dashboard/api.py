"""Elastic servers for the user of a request."""

from __future__ import annotations

import contextlib
import functools
import logging
from collections.abc import Iterable, Iterator
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from django.utils.translation import gettext as _
from keystoneauth1.adapter import Adapter
from keystoneauth1.exceptions import ClientException
from openstack import exceptions
from openstack.compute.v2.server import Server
from openstack_dashboard import policy
from openstack_dashboard.api import base
from xloudclient import Elastic, FlavorSize, Forecast, Period, ServerSize, XloudError

from xloud_dashboard import capacity, service, words
from xloud_dashboard.service import ERRORS as ERRORS

LOG = logging.getLogger(__name__)

#: Seconds for which the size of a server is not requested again for the same user.
AGE = 5

#: Seconds for which it is remembered whether a server is elastic: its flavor says so for as long
#: as the server has it.
_DAY = 86400

#: Of how many servers of a page the size is requested, and for how many seconds it is waited.
_ROWS = 100
_SECONDS = 3


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
    if isinstance(error, ClientException):
        # Its own text has addresses that are not the user's business.
        return str(_('The Compute service is not responding.')), str(_('Try again later.'))
    return str(error), ''


def size(request: HttpRequest, server_id: str, fresh: bool = False) -> ServerSize:
    """Return the size of a server, which may be a few seconds old."""
    with _compute(request) as compute:
        return _size(request, compute, server_id, fresh)


def sizes(request: HttpRequest, servers: Iterable[Any]) -> dict[str, ServerSize | None]:
    """Return the size of each server by its ID, and None for one that is not elastic.

    A size that cannot be shown now is missing: the table has the rest of the server.
    """
    servers = list(servers)
    try:
        return _sizes(request, servers)
    except Exception as error:
        LOG.warning('Could not get the sizes of servers: %r', error)
        return {}
    finally:
        # The menus of the rows need not ask again, one after the other.
        for server in servers:
            _answers(request).setdefault(server.id, False)


def _sizes(request: HttpRequest, servers: list[Any]) -> dict[str, ServerSize | None]:
    allowed = [server for server in servers if may(request, 'status', server)]
    with _compute(request, _SECONDS) as compute:
        jobs = {
            server.id: functools.partial(_size_if_elastic, request, compute, server)
            for server in allowed[:_ROWS]
        }
        sizes = service.results_within(_SECONDS, jobs)
    hidden = {server.id for server in servers} - {server.id for server in allowed}
    return {**dict.fromkeys(hidden), **sizes}


def _size_if_elastic(request: HttpRequest, compute: Any, server: Any) -> ServerSize | None:
    if _is_elastic(request, compute, server):
        return _size(request, compute, server.id)
    return None


def _size(request: HttpRequest, compute: Any, server_id: str, fresh: bool = False) -> ServerSize:
    key = _key(request, server_id)
    kept = None if fresh else cache.get(key)
    if kept is None:
        kept = Elastic(compute).size(Server(id=server_id))
        cache.set(key, kept, AGE)
    return kept


def is_elastic(request: HttpRequest, server: Any) -> bool:
    """Return whether a server is known to be elastic; what goes wrong is only logged."""
    answers = _answers(request)
    if server.id not in answers:
        answers[server.id] = False
        try:
            with _compute(request, _SECONDS) as compute:
                _is_elastic(request, compute, server)
        except Exception as error:
            LOG.warning('Could not get the flavor of server %s: %r', server.id, error)
    return answers[server.id]


def _is_elastic(request: HttpRequest, compute: Any, server: Any) -> bool:
    """Return whether the flavor that a server was created with has a minimum."""
    key = service.cache_key('elastic', server.id, _flavor_id(server))
    answer = cache.get(key)
    if answer is None:
        answer = service.has_minimum(compute, server.id)
        # Another user of the project may see it.
        if answer is not None:
            cache.set(key, answer, _DAY)
    _answers(request)[server.id] = bool(answer)
    return bool(answer)


def _answers(request: HttpRequest) -> dict[str, bool]:
    """Return which servers are elastic, as far as it was requested for a page."""
    return request.__dict__.setdefault('_xloud_elastic', {})


def history(request: HttpRequest, server_id: str) -> list[Period]:
    """Return the last periods in which a server was accounted for one size."""
    with _compute(request) as compute:
        return service.history(compute, server_id)


def dry_run(request: HttpRequest, server_id: str, **adjustment: Any) -> Forecast:
    """Return what would become of an adjustment now."""
    with _compute(request) as compute:
        return Elastic(compute).dry_run(Server(id=server_id), **adjustment)


def adjust(request: HttpRequest, server_id: str, **adjustment: Any) -> ServerSize:
    """Request an adjustment, and return the size right after it."""
    try:
        with _compute(request) as compute:
            return Elastic(compute).adjust(Server(id=server_id), **adjustment)
    finally:
        cache.delete(_key(request, server_id))


def cancel(request: HttpRequest, server_id: str) -> ServerSize:
    """End an adjustment that waits."""
    try:
        with _compute(request) as compute:
            return Elastic(compute).cancel(Server(id=server_id))
    finally:
        cache.delete(_key(request, server_id))


def flavor(request: HttpRequest, flavor_id: str) -> FlavorSize:
    """Return the bounds of a flavor."""
    with _compute(request) as compute:
        return Elastic(compute).flavor(flavor_id)


def minimums(request: HttpRequest) -> dict[str, dict[str, str]]:
    """Return the minimums of the elastic flavors that a user sees, by their IDs."""
    with _compute(request, _SECONDS) as compute:
        return service.minimums(compute)


def set_flavor(
    request: HttpRequest, flavor_id: str, vcpus: int | None, memory_mb: int | None
) -> None:
    """Set the minimums of a flavor, and remove those that are None."""
    with _compute(request) as compute:
        elastic = Elastic(compute)
        # First what Nova may refuse.
        if vcpus is not None or memory_mb is not None:
            elastic.set_flavor(flavor_id, vcpus, memory_mb)
        if vcpus is None or memory_mb is None:
            elastic.unset_flavor(flavor_id, vcpus=vcpus is None, memory=memory_mb is None)


def hosts(request: HttpRequest, limit: int, marker: str | None) -> list[capacity.Host]:
    """Return hosts with what they have promised, account for and have available."""
    with _compute(request) as compute, _placement(request) as placement:
        return capacity.hosts(compute, placement, limit, marker)


@contextlib.contextmanager
def _compute(request: HttpRequest, timeout: float = service.TIMEOUT) -> Iterator[Any]:
    """Make the compute service for the user of a request."""
    url = base.url_for(request, 'compute')
    with service.compute(url, request.user.token.id, _verify(), timeout) as compute:
        yield compute


def _placement(request: HttpRequest) -> contextlib.AbstractContextManager[Adapter]:
    """Make requests to placement for the user of a request."""
    url = base.url_for(request, 'placement')
    return service.placement(url, request.user.token.id, _verify(), capacity.SECONDS)


def _verify() -> bool | str:
    """Return how the certificates of the services are verified."""
    return not settings.OPENSTACK_SSL_NO_VERIFY and (settings.OPENSTACK_SSL_CACERT or True)


def _flavor_id(server: Any) -> str:
    flavor = getattr(server, 'flavor', None) or {}
    return flavor.get('id') or flavor.get('original_name') or ''


def _key(request: HttpRequest, server_id: str) -> str:
    """Return under what the size of a server is kept: not everybody may see it."""
    return service.cache_key('size', server_id, request.user.id, request.user.project_id)
