"""Requests to Nova for a user: what of them needs no Horizon."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _
from keystoneauth1 import session, token_endpoint
from keystoneauth1.exceptions import ClientException
from openstack import connection, exceptions
from xloudclient import XloudError

LOG = logging.getLogger(__name__)

#: What goes wrong with a request to Nova is one of these.
ERRORS = (exceptions.SDKException, ClientException)


@contextlib.contextmanager
def compute(url: str, token: str, verify: bool | str = True) -> Iterator[Any]:
    """Make openstacksdk's compute service for the token of a user."""
    own = session.Session(auth=token_endpoint.Token(url, token), verify=verify)
    try:
        yield connection.Connection(session=own, compute_endpoint_override=url).compute
    except ERRORS:
        raise
    except Exception as error:  # Such as an answer of a proxy that is not JSON.
        LOG.exception('Could not read an answer of the Compute service.')
        raise XloudError(_('The answer of the Compute service cannot be read.')) from error
