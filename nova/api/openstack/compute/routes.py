"""Where the size of a server is changed and shown."""

from nova.api.openstack.compute import xloud_adjust

xloud_adjust_controller = functools.partial(
    _create_controller, xloud_adjust.XloudAdjustController, [])

ROUTE_LIST = (
    ...,
    ('/os-xloud-adjust/{server_id}', {
        'POST': [xloud_adjust_controller, 'update'],
    }),
    ('/servers/{server_id}/xloud-status', {
        'GET': [xloud_adjust_controller, 'show'],
    }),
)
