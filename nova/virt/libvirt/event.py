"""libvirt says when a guest has plugged or unplugged memory."""

...


class DeviceRemovalFailedEvent(DeviceEvent):

    ...


class MemoryDeviceSizeChangedEvent(DeviceEvent):
    """Libvirt sends this event when a guest has plugged or unplugged memory"""
