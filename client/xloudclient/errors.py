"""What can go wrong, besides what openstacksdk itself raises.

    XloudError
    |-- NotSupported    Nova of this cloud has no elastic servers
    |-- AdjustFailed    the guest does not have what was asked for
    `-- AdjustTimeout   it is not known yet whether it has

A request that Nova refuses is a ``BadRequestException``, ``ForbiddenException``,
``NotFoundException``, ``ConflictException`` or another ``HttpException`` of openstacksdk; its
``details`` are Nova's sentence.
"""

from openstack import exceptions


class XloudError(exceptions.SDKException):
    """The root of the exceptions of this package, and one of openstacksdk's."""


class NotSupported(XloudError):  # noqa: N818 -- named as openstacksdk names its own
    """Nova of this cloud has no elastic servers."""


class AdjustFailed(XloudError):  # noqa: N818
    """The guest does not have what was asked for; the text is the reason."""


class AdjustTimeout(XloudError):  # noqa: N818
    """An adjustment took longer than the caller waits; it goes on."""
