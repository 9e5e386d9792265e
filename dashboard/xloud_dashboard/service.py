"""Requests to Nova for a user: what of them needs no Horizon."""

from __future__ import annotations

import atexit
import contextlib
import datetime
import hashlib
import logging
from collections.abc import Callable, Iterator, Mapping
from concurrent import futures
from typing import Any, TypeVar

from django.utils.translation import gettext as _
from keystoneauth1 import session, token_endpoint
from keystoneauth1.adapter import Adapter
from keystoneauth1.exceptions import ClientException
from openstack import connection, exceptions
from openstack.compute.v2.server import Server
from openstack.proxy import Proxy
from xloudclient import Elastic, Period, XloudError

LOG = logging.getLogger(__name__)

T = TypeVar('T')

#: Seconds until an answer; Nova itself waits as long for a host.
TIMEOUT = 60

_AT_ONCE = 8

#: How much of the history of a server is shown.
DAYS, PERIODS = 30, 200

#: What goes wrong with a request to Nova is one of these.
ERRORS = (exceptions.SDKException, ClientException)

#: Any of these in the flavor that a server was created with makes it elastic.
_MINIMUMS = {'minimum_cpu', 'minimum_memory', 'hw:cpu_min', 'hw:mem_min'}

#: The first version of Nova's API that shows this flavor.
_EMBEDDED = '2.47'

#: What Nova says of its versions, by its address: it is requested once by a process.
_VERSIONS: dict[str, Any] = {}


@contextlib.contextmanager
def compute(
    url: str, token: str, verify: bool | str = True, timeout: float = TIMEOUT
) -> Iterator[Any]:
    """Make openstacksdk's compute service for the token of a user."""
    own = _session(url, token, verify, timeout)
    try:
        cloud = connection.Connection(session=own, compute_endpoint_override=url)
        # Else the process keeps every connection, with the user's token, until it ends.
        atexit.unregister(cloud.close)
        yield cloud.compute
    except ERRORS:
        raise
    except Exception as error:  # Such as an answer of a proxy that is not JSON.
        LOG.exception('Could not read an answer of the Compute service.')
        raise XloudError(_('The answer of the Compute service cannot be read.')) from error
    finally:
        own.session.close()
        # The keys of this cache are services, with their connections.
        with contextlib.suppress(AttributeError):  # It is openstacksdk's own.
            Proxy._extract_name.cache_clear()  # noqa: SLF001 -- there is no public way


@contextlib.contextmanager
def placement(url: str, token: str, verify: bool | str, timeout: float) -> Iterator[Adapter]:
    """Make requests to placement for the token of a user."""
    own = _session(url, token, verify, timeout)
    try:
        yield Adapter(own, endpoint_override=url, raise_exc=True)
    finally:
        own.session.close()


def _session(url: str, token: str, verify: bool | str, timeout: float) -> session.Session:
    return session.Session(
        auth=token_endpoint.Token(url, token),
        verify=verify,
        timeout=timeout,
        discovery_cache=_VERSIONS,
    )


def results_within(seconds: float, jobs: Mapping[str, Callable[[], T]]) -> dict[str, T]:
    """Return the results of those jobs that end in time, and without an error, by their names."""
    pool = futures.ThreadPoolExecutor(_AT_ONCE)
    names = {pool.submit(job): name for name, job in jobs.items()}
    done, late = futures.wait(names, timeout=seconds)
    pool.shutdown(wait=False, cancel_futures=True)
    if late:
        LOG.warning('%d answers were not there after %s seconds.', len(late), seconds)
    results = {}
    for job in done:
        try:
            results[names[job]] = job.result()
        except Exception as error:
            LOG.warning('No answer about %s: %r', names[job], error)
    return results


def has_minimum(compute: Any, server_id: str) -> bool | None:
    """Return whether the flavor of a server has a minimum; None if the user may not see that."""
    response = compute.get(f'/servers/{server_id}', microversion=_EMBEDDED)
    exceptions.raise_from_response(response)
    specs = response.json()['server']['flavor'].get('extra_specs')
    return None if specs is None else not _MINIMUMS.isdisjoint(specs)


def minimums(compute: Any) -> dict[str, dict[str, str]]:
    """Return the minimums of elastic flavors, by their IDs, as far as the user may see them.

    They are those of the flavors that Horizon lists for a launch, which is one page of Nova's.
    """
    own = {
        flavor.id: {name: flavor.extra_specs[name] for name in _MINIMUMS & set(flavor.extra_specs)}
        for flavor in compute.flavors(details=True, is_public=True, paginated=False)
    }
    return {flavor_id: specs for flavor_id, specs in own.items() if specs}


def history(compute: Any, server_id: str) -> list[Period]:
    """Return the last periods in which a server was accounted for one size."""
    start = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(DAYS)
    return Elastic(compute).history(Server(id=server_id), start)[-PERIODS:]


def cache_key(kind: str, *parts: str) -> str:
    """Return a key that every cache accepts; the ID of a flavor can have spaces, and be long."""
    return f'xloud:{kind}:{hashlib.sha256(repr(parts).encode()).hexdigest()}'
