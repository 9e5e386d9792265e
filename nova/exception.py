"""Why the size of a server was not changed."""


class EphemeralEncryptionCleanupFailed(NovaException):
    ...


class ServerAdjustInvalid(Invalid):
    msg_fmt = _("%(reason)s")


class ServerAdjustConflict(NovaException):
    msg_fmt = _("%(reason)s")
    code = 409


class ServerAdjustUnavailable(NovaException):
    msg_fmt = _("%(reason)s")
    code = 503


class ServerAdjustFailed(NovaException):
    msg_fmt = _("%(reason)s")
