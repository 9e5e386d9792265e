"""The driver sets what a guest is to start with, or is to have now, and asks what it has."""

import contextlib


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

    def get_vcpus_count(self, in_guest=False):
        """How many vCPUs the guest has now.

        :param in_guest: Ask its agent how many of them are online
        """
        flags = libvirt.VIR_DOMAIN_AFFECT_LIVE
        flags |= in_guest and libvirt.VIR_DOMAIN_VCPU_GUEST or 0
        return self._domain.vcpusFlags(flags)

    def set_online_vcpus(self, count):
        """Have the guest agent bring so many of the vCPUs online."""
        self._domain.setVcpusFlags(
            count, flags=(libvirt.VIR_DOMAIN_AFFECT_LIVE |
                          libvirt.VIR_DOMAIN_VCPU_GUEST))

    @contextlib.contextmanager
    def agent_timeout(self, seconds):
        """Wait no longer than this for an answer of the guest agent."""
        self._domain.agentSetResponseTimeout(seconds, 0)
        try:
            yield
        finally:
            # The domain keeps it, and other requests, as for the filesystems
            # to be frozen, may take as long as they need.
            self._domain.agentSetResponseTimeout(
                libvirt.VIR_DOMAIN_AGENT_RESPONSE_TIMEOUT_BLOCK, 0)

    def set_memory(self, memory, persistent=False, live=False):
        """Let the guest have so much memory, of what it can have.

        :param memory: How much, in KiB
        :param persistent: Whether it is to start with that
        :param live: Whether it is to have that now
        """
        flags = persistent and libvirt.VIR_DOMAIN_AFFECT_CONFIG or 0
        flags |= live and libvirt.VIR_DOMAIN_AFFECT_LIVE or 0
        self._domain.setMemoryFlags(memory, flags=flags)

    def get_memory_stats(self):
        """What there is to say of the memory of the guest, in KiB.

        :returns: A dict with ``actual``, what its balloon does not hold, and
            what the driver of the balloon says
        """
        return self._domain.memoryStats()

    def get_size_info(self):
        """What libvirt knows of the size of the guest without asking it.

        :returns: Its power state, its vCPUs, its memory and the most it can
            have of that, in KiB
        """
        state, maximum, memory, vcpus = self._get_domain_info()[:4]
        return LIBVIRT_POWER_STATE[state], vcpus, memory, maximum
