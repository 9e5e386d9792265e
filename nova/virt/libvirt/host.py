"""The driver hears when a guest has plugged or unplugged memory."""


class Host(object):

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

    def _get_new_connection(*nova):
        ...
        try:  # nova
            ...
            wrapped_conn.domainEventRegisterAny(
                None, libvirt.VIR_DOMAIN_EVENT_ID_DEVICE_REMOVAL_FAILED, ...)  # nova
            # libvirt's oldest version that Nova can use does not know it.
            event_id = getattr(
                libvirt, 'VIR_DOMAIN_EVENT_ID_MEMORY_DEVICE_SIZE_CHANGE', None)
            if event_id is not None:
                wrapped_conn.domainEventRegisterAny(
                    None, event_id,
                    self._event_memory_device_size_changed_callback, self)
        except Exception as e:  # nova
            ...
        ...
