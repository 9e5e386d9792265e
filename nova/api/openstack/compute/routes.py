"""Where a server is adjusted, and where its size is shown,
now and over time.

Clients of the same product know each of these under other names as well.
"""

from nova.api.openstack.compute import xloud_adjust

xloud_adjust_controller = functools.partial(
    _create_controller, xloud_adjust.XloudAdjustController, [])

ROUTE_LIST = (
    ...,
    ('/os-xloud-adjust/{server_id}', {
        'POST': [xloud_adjust_controller, 'update'],
    }),
    ('/os-polystack-adjust/{server_id}', {
        'POST': [xloud_adjust_controller, 'update'],
    }),
    ('/servers/{server_id}/os-xloud-adjust', {
        'POST': [xloud_adjust_controller, 'update'],
    }),
    ('/servers/{server_id}/xloud-status', {
        'GET': [xloud_adjust_controller, 'show'],
    }),
    ('/servers/{server_id}/polystack-status', {
        'GET': [xloud_adjust_controller, 'show'],
    }),
    ('/servers/{server_id}/xloud-history', {
        'GET': [xloud_adjust_controller, 'history'],
    }),
)
