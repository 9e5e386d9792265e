"""Guests of elastic servers start with less than their maximum.

Their start size goes into every definition that is written of them, and the
compute service reports a trait to placement when it supports that. A package
of its own adjusts guests while they run.
"""

from lxml import etree

from nova import elastic
from nova.virt.libvirt import elastic as libvirt_elastic


class LibvirtDriver(driver.ComputeDriver):

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

    @staticmethod
    def _supports_elastic():
        """Return whether guests here can be adjusted while they run."""
        return (CONF.libvirt.virt_type in ('qemu', 'kvm') and
                fields.Architecture.from_host() in (
                    fields.Architecture.X86_64, fields.Architecture.I686))

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
            guest.current_memory = size.memory_mb * units.Ki

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
        if config.current_memory is not None:
            guest.set_memory(config.current_memory, persistent=True)

    def _with_start_size(self, xml, instance):
        """Return the description of a guest for its next start."""
        if not elastic.is_elastic(instance.flavor):
            return xml
        root = etree.fromstring(xml)
        self._get_start_size_config(instance).format_current(root)
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
        if self._supports_elastic() and not CONF.libvirt.file_backed_memory:
            provider_tree.add_traits(nodename, elastic.TRAIT)
        else:
            provider_tree.remove_traits(nodename, elastic.TRAIT)

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

    def set_current_vcpus(self, instance, count):
        guest = self._host.get_guest(instance)
        libvirt_elastic.set_vcpus(guest, instance, count)

    def set_current_memory_mb(self, instance, memory_mb, force=False):
        guest = self._host.get_guest(instance)
        libvirt_elastic.set_memory_mb(guest, instance, memory_mb, force)
