"""What can go wrong, besides what openstacksdk itself raises.

    XloudError
    |-- NotSupported    Nova of this cloud has no elastic servers
    |-- AdjustFailed    the guest does not have the requested size
    `-- AdjustTimeout   it is not known yet whether it will have it

A request that Nova refuses is a ``BadRequestException``, ``ForbiddenException``,
``NotFoundException``, ``ConflictException`` or another ``HttpException`` of openstacksdk; its
``details`` are Nova's sentence.

Each of them that this package raises has a ``code``: the stable code of the reason, such as
``xloud.host_full``, or None if Nova gives none. Nova's API reference lists the codes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from openstack import exceptions


class XloudError(exceptions.SDKException):
    """The root of the exceptions of this package, and one of openstacksdk's."""

    def __init__(self, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.code = code


class NotSupported(XloudError):  # noqa: N818 -- named as openstacksdk names its own
    """Nova of this cloud has no elastic servers."""


class AdjustFailed(XloudError):  # noqa: N818
    """The guest does not have the requested size; the text is the reason."""


class AdjustTimeout(XloudError):  # noqa: N818
    """An adjustment took longer than the caller waits; it goes on."""


@contextlib.contextmanager
def with_code() -> Iterator[None]:
    """Add the ``code`` in Nova's answer, or None, to every ``HttpException`` that is raised."""
    try:
        yield
    except exceptions.HttpException as error:
        error.code = _code(error)  # type: ignore[attr-defined]
        raise


def _code(error: exceptions.HttpException) -> str | None:
    """Read the answer, such as ``{"conflictingRequest": {"error_code": "xloud.host_full"}}``."""
    try:
        (fault,) = error.response.json().values()  # type: ignore[union-attr]
        code = fault.get('error_code')
    except (AttributeError, TypeError, ValueError):
        return None  # There is no answer, or it is not a fault of Nova's.
    return code if isinstance(code, str) else None
