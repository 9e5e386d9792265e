"""Guests of elastic servers start with less than their maximum.

Their start size goes into every definition that is written of them, and the
compute service reports a trait to placement when it supports that. A package
of its own adjusts guests while they run.
"""

from lxml import etree

import contextlib

from nova import elastic
from nova.virt.libvirt import elastic as libvirt_elastic

MIN_MDEV_LIVEMIG_QEMU_VERSION = ...  # nova

# libvirt can suspend guests with virtio-mem from that version on. Its domain
# capabilities do not say whether it has such devices.
MIN_VIRTIO_MEM_LIBVIRT_VERSION = (8, 9, 0)
MIN_VIRTIO_MEM_QEMU_VERSION = (6, 0, 0)


class LibvirtDriver(..., libvirt_elastic.PinnedGuests):

    def _soft_reboot(*nova):
        guest = ...  # nova
        # After a live migration the definition of the guest has its live
        # size.
        self._write_start_size(guest, instance)
        ...

    def rescue(*nova):
        ...
        unrescue_xml = ...  # nova
        # This may be the description of the running guest, with its live size.
        unrescue_xml = self._with_start_size(unrescue_xml, instance)
        ...

    def _get_guest_config(*nova):
        ...
        guest.vcpus = ...  # nova
        self._set_start_size(guest, instance)
        ...
        guest.cputune = ...  # nova
        self._set_start_pins(guest, instance)
        ...
        guest.cpu = ...  # nova
        self._guest_add_virtio_mem(guest, instance)
        ...
        self._guest_limit_memory(guest, instance)
        return guest  # nova

    @staticmethod
    def _supports_elastic():
        """Return whether guests here can be adjusted while they run."""
        return (CONF.libvirt.virt_type in ('qemu', 'kvm') and
                fields.Architecture.from_host() in (
                    fields.Architecture.X86_64, fields.Architecture.I686))

    def _supports_virtio_mem(self):
        """Return whether guests here can have their memory by virtio-mem."""
        return self._supports_elastic() and self._host.has_min_version(
            MIN_VIRTIO_MEM_LIBVIRT_VERSION, MIN_VIRTIO_MEM_QEMU_VERSION)

    def _get_virtio_mem(self, instance):
        """Return the VirtioMem that the guest of a server has, or None."""
        if not self._supports_elastic():
            return None
        return elastic.virtio_mem(instance.flavor)

    def _set_start_size(self, guest, instance):
        """Have the guest of an elastic server start with its start size.

        :param guest: The LibvirtConfigGuest, which has its maximum
        """
        if not self._supports_elastic():
            return
        flavor = instance.flavor
        resources = elastic.elastic_resources(flavor)
        size = elastic.start_size(instance)
        if 'vcpus' in resources:
            guest.vcpus_current = size.vcpus
            guest.vcpus_minimum = elastic.minimum(flavor).vcpus
        if 'memory_mb' in resources:
            device = self._get_virtio_mem(instance)
            # A balloon never holds any of what a guest with virtio-mem has.
            guest.current_memory = units.Ki * (
                device.boot_mb if device else size.memory_mb)

    def _get_requested_memory(self, instance):
        """Return what virtio-mem is to plug at the next start, in KiB."""
        return units.Ki * self._get_virtio_mem(instance).requested_mb(
            elastic.start_size(instance).memory_mb)

    def _guest_add_virtio_mem(self, guest, instance):
        """Add the device by which a guest has more than its minimum."""
        device = self._get_virtio_mem(instance)
        if device is None:
            return
        if guest.cpu.numa is None:
            # A memory device belongs to a NUMA node.
            cell = vconfig.LibvirtConfigGuestCPUNUMACell()
            cell.id = 0
            cell.cpus = set(range(guest.vcpus))
            guest.cpu.numa = vconfig.LibvirtConfigGuestCPUNUMA()
            guest.cpu.numa.cells.append(cell)
        cell, = guest.cpu.numa.cells
        cell.memory = device.boot_mb * units.Ki
        guest.max_memory_size = guest.memory
        guest.max_memory_slots = 1
        memory = vconfig.LibvirtConfigGuestVirtioMem()
        memory.page_size = device.page_kb
        memory.target_size = device.size_mb * units.Ki
        memory.target_node = cell.id
        memory.block_size = device.block_mb * units.Ki
        memory.requested_size = self._get_requested_memory(instance)
        guest.add_device(memory)

    def _guest_limit_memory(self, guest, instance):
        """Limit what the process of a guest with elastic memory can have.

        :param guest: The LibvirtConfigGuest, with all its devices
        """
        if guest.current_memory is None:
            return
        limit = libvirt_elastic.get_limit(
            elastic.start_size(instance).memory_mb,
            [device.format_dom() for device in guest.devices])
        if limit is not None:
            guest.memtune = vconfig.LibvirtConfigGuestMemoryTune()
            guest.memtune.hard_limit = limit

    def _get_start_size_config(self, instance):
        """Return a guest config that has nothing but the start size."""
        config = vconfig.LibvirtConfigGuest()
        self._set_start_size(config, instance)
        return config

    def _write_start_size(self, guest, instance):
        """Write the start size into the definition of a guest."""
        config = self._get_start_size_config(instance)
        if config.vcpus_current is not None:
            guest.set_vcpus(config.vcpus_current, persistent=True)
        if self._get_virtio_mem(instance):
            guest.set_virtio_mem(
                self._get_requested_memory(instance), persistent=True)
        elif config.current_memory is not None:
            guest.set_memory(config.current_memory, persistent=True)
        self._write_start_pins(guest, instance)

    def _with_start_size(self, xml, instance):
        """Return the description of a guest for its next start."""
        if not elastic.is_elastic(instance.flavor):
            return xml
        root = etree.fromstring(xml)
        self._get_start_size_config(instance).format_current(root)
        requested = root.find(
            "./devices/memory[@model='virtio-mem']/target/requested")
        if requested is not None:
            requested.text = str(self._get_requested_memory(instance))
        self._update_start_pins(root, instance)
        return etree.tostring(root, encoding='unicode')

    def _guest_add_mdevs(*nova):
        if guest.current_memory is not None:
            # The API cannot refuse them: their resource classes are known to
            # the host alone.
            raise exception.InvalidInput(
                reason=elastic.pinned_memory(_('a mediated device')))
        ...

    def _guest_add_memory_balloon(*nova):
        if ...:  # nova
            ...
            if guest.current_memory is not None:
                # The balloon is needed also if there are no statistics. With
                # autodeflate the guest could take back memory that is not
                # claimed any more.
                balloon.model = 'virtio'
                balloon.autodeflate = False

    def update_provider_tree(*nova):
        ...
        provider_tree.update_inventory(...)  # nova
        self._update_provider_tree_for_elastic(provider_tree, nodename)
        ...

    def _update_provider_tree_for_elastic(self, provider_tree, nodename):
        """Report in the provider tree whether elastic servers can run here."""
        # All of the file-backed memory of a guest is allocated at its start.
        is_backed = CONF.libvirt.file_backed_memory
        for trait, supported in (
                (elastic.TRAIT, self._supports_elastic()),
                (elastic.MOVE_TRAIT, self._supports_elastic()),
                (elastic.PINS_TRAIT, self._supports_elastic()),
                (elastic.VIRTIO_MEM_TRAIT, self._supports_virtio_mem())):
            if supported and not is_backed:
                provider_tree.add_traits(nodename, trait)
            else:
                provider_tree.remove_traits(nodename, trait)

    def get_live_size(self, instance):
        guest = self._host.get_guest(instance)
        return libvirt_elastic.get_live_size(guest, instance)

    def get_memory_usage(self, instance):
        guest = self._host.get_guest(instance)
        return libvirt_elastic.get_memory_usage(guest, instance)

    def get_live_details(self, instance):
        guest = self._host.get_guest(instance)
        return libvirt_elastic.get_live_details(guest, instance)

    def set_start_size(self, instance):
        self._write_start_size(self._host.get_guest(instance), instance)

    def set_pins(self, instance, topology):
        self._pin_guest(instance, topology)

    def set_current_vcpus(self, instance, count):
        guest = self._host.get_guest(instance)
        libvirt_elastic.set_vcpus(guest, instance, count)

    def set_current_memory_mb(self, instance, memory_mb, force=False):
        guest = self._host.get_guest(instance)
        return libvirt_elastic.set_memory_mb(
            guest, instance, memory_mb, force,
            functools.partial(self._wait_for_memory_event, instance))

    def set_memory_limit(self, instance, memory_mb):
        if 'memory_mb' in elastic.elastic_resources(instance.flavor):
            libvirt_elastic.set_limit(
                self._host.get_guest(instance), instance, memory_mb)

    def _wait_for_memory_event(self, instance, timeout):
        """Wait until the guest has plugged or unplugged memory.

        :param timeout: How long to wait for that, in seconds
        """
        self._host.listen_to_memory_devices()
        handler = self._device_event_handler
        waiter = handler.create_waiter(
            instance.uuid, vconfig.LibvirtConfigGuestVirtioMem.ALIAS,
            {libvirtevent.MemoryDeviceSizeChangedEvent})
        with contextlib.suppress(KeyError):
            # It is gone if the guest is destroyed in the meantime.
            handler.wait(waiter, timeout)

    def emit_event(*nova):
        if isinstance(event, libvirtevent.MemoryDeviceSizeChangedEvent):
            # A guest does that by itself when it boots: most often nobody
            # waits for it.
            self._device_event_handler.notify_waiters(event)
            return
        ...
