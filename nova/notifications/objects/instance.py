"""Notifications say what a server has, under the names its flavor has for it."""

from nova import elastic


class InstancePayload(base.NotificationPayloadBase):

    def __init__(*nova):
        ...
        self.flavor = ...  # nova
        # Metering reads these fields, so they have the size of the server.
        # The payload has no other place for it, and a new field would need
        # another version number in each release.
        self.flavor.vcpus, self.flavor.memory_mb = elastic.size(instance)
        ...


class InstanceExistsPayload(InstancePayload):

    ...

    def add_usage(self, usage):
        """Say what the server has had in the audit period.

        :param usage: A dict of names to numbers
        """
        # A new field would be a version of its own here too. Nothing is
        # populated if versioned notifications are not sent.
        if usage and self.flavor.populated:
            self.flavor.extra_specs = {
                **(self.flavor.extra_specs or {}),
                **{'xloud:' + name: '%.6f' % value
                   for name, value in usage.items()}}


@...
@base.notification_sample('instance-xloud_adjust-start.json')
@base.notification_sample('instance-xloud_adjust-end.json')
@base.notification_sample('instance-xloud_adjust-error.json')
@nova_base.NovaObjectRegistry.register_notification
class InstanceActionNotification(base.NotificationBase):
    ...
