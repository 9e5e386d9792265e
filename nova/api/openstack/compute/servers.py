"""A revert that the quota does not allow is refused, and is no fault.

Nova raises that too, but does not expect it of a revert: a server goes back to
more than it has only when it was resized to less.
"""


class ServersController(wsgi.Controller):

    def _action_revert_resize(*nova):
        ...
        try:  # nova
            ...
        except exception.OverQuota as error:
            # HTTPForbidden is not among the errors expected of this method.
            raise exception.Forbidden(error.format_message())
