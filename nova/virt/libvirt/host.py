"""The driver hears when a guest has plugged or unplugged memory."""


class Host(object):

    def __init__(*nova):
        ...
        # The connection on which the events of virtio-mem devices are
        # received.
        self._memory_connection = None

    @staticmethod
    def _event_device_removal_failed_callback(*nova):
        ...

    @staticmethod
    def _event_memory_device_size_changed_callback(
            conn, dom, dev, size, opaque):
        """Receives events of virtio-mem devices from libvirt.

        This runs in a native thread, as those above do.
        """
        # In later releases the queue of events belongs to another object.
        handler = getattr(opaque, '_event_handler', opaque)
        handler._queue_event(libvirtevent.MemoryDeviceSizeChangedEvent(
            dom.UUIDString(), dev))

    def listen_to_memory_devices(self):
        """Receive the events of virtio-mem devices.

        This has no effect if they are received already, or if libvirt has no
        such events.
        """
        connection = self.get_connection()
        event_id = getattr(
            libvirt, 'VIR_DOMAIN_EVENT_ID_MEMORY_DEVICE_SIZE_CHANGE', None)
        if event_id is None or connection is self._memory_connection:
            return
        connection.domainEventRegisterAny(
            None, event_id, self._event_memory_device_size_changed_callback,
            self)
        self._memory_connection = connection
