"""Notifications tell what a server has, under the names its flavor has for it.

What meters servers reads these; the payload has no other place for it.
"""

from nova import elastic


class InstancePayload(base.NotificationPayloadBase):

    def __init__(*nova):
        ...
        self.flavor = ...  # nova
        self.flavor.vcpus, self.flavor.memory_mb = elastic.size(instance)
        ...
