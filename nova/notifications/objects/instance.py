"""Notifications say what a server has, under the names its flavor has for it."""

from nova import elastic


class InstancePayload(base.NotificationPayloadBase):

    def __init__(*nova):
        ...
        self.flavor = ...  # nova
        # What meters servers reads these, so they say what the server is
        # accounted for. The payload has no other place for that, and a new
        # field would be a version of its own in each release.
        self.flavor.vcpus, self.flavor.memory_mb = elastic.size(instance)
        ...


@...
@base.notification_sample('instance-xloud_adjust-start.json')
@base.notification_sample('instance-xloud_adjust-end.json')
@base.notification_sample('instance-xloud_adjust-error.json')
@nova_base.NovaObjectRegistry.register_notification
class InstanceActionNotification(base.NotificationBase):
    ...
