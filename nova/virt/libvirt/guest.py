"""The driver sets what a guest is to start with, or is to have now."""


class Guest:

    def get_vcpus_info(*nova):
        ...

    def set_vcpus(self, count, persistent=False, live=False):
        """Let the guest have so many vCPUs.

        :param persistent: Whether it is to start with them
        :param live: Whether it is to have them now
        """
        # Those that are added can be taken away again.
        flags = libvirt.VIR_DOMAIN_VCPU_HOTPLUGGABLE
        flags |= persistent and libvirt.VIR_DOMAIN_AFFECT_CONFIG or 0
        flags |= live and libvirt.VIR_DOMAIN_AFFECT_LIVE or 0
        self._domain.setVcpusFlags(count, flags=flags)

    def set_memory(self, memory, persistent=False, live=False):
        """Let the guest have so much memory, of what it can have.

        :param memory: How much, in KiB
        :param persistent: Whether it is to start with that
        :param live: Whether it is to have that now
        """
        flags = persistent and libvirt.VIR_DOMAIN_AFFECT_CONFIG or 0
        flags |= live and libvirt.VIR_DOMAIN_AFFECT_LIVE or 0
        self._domain.setMemoryFlags(memory, flags=flags)
