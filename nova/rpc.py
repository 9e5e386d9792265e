"""Legacy notifications of an adjustment are sent as well.

Those who meter servers by them have to learn of a new size; what is not in
this list is sent with a warning, and fails in tests.
"""


class LegacyValidatingNotifier(object):

    allowed_legacy_notification_event_types = [
        ...,
        'compute.instance.volume.detach',  # nova
        'compute.instance.xloud_adjust.end',
        'compute.instance.xloud_adjust.error',
        'compute.instance.xloud_adjust.start',
        ...
    ]
