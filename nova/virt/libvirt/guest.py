"""The driver sets what a guest has, or has at its next start, and reads it.

Whoever asks the agent of a guest does it alone, so that the timeout of one
question never limits, or frees from its limit, another one.
"""

import contextlib
import functools
import typing as ty

from lxml import etree
from oslo_concurrency import lockutils

from nova import exception

LIBVIRT_BLOCK_JOB_TYPE = ...  # nova

# A lock for the agent of each guest, by the UUID of the guest.
_AGENT_LOCKS = lockutils.Semaphores()


class GuestSize(ty.NamedTuple):
    """What libvirt knows of the size of a guest; its memory is in KiB."""

    state: int
    vcpus: int
    memory: int
    max_memory: int


class VirtioMemSize(ty.NamedTuple):
    """The memory of a guest with virtio-mem, in KiB.

    :ivar boot: What it has without the device
    :ivar requested: What it may plug
    :ivar plugged: What it has plugged
    """

    boot: int
    requested: int
    plugged: int


def _asks_agent(method):
    """Make a method wait while others use the agent of the guest."""

    @functools.wraps(method)
    def ask(self, *args, **kwargs):
        with _AGENT_LOCKS.get(self.uuid):
            return method(self, *args, **kwargs)

    return ask


class Guest:

    @_asks_agent
    def sync_guest_time(*nova):
        ...

    @_asks_agent
    def set_user_password(*nova):
        ...

    @_asks_agent
    def freeze_filesystems(*nova):
        ...

    @_asks_agent
    def thaw_filesystems(*nova):
        ...

    @contextlib.contextmanager
    def agent_timeout(self, seconds):
        """Limit how long to wait for each answer of the guest agent.

        :raises: GuestAgentBusy if others use the agent for longer than that
        """
        lock = _AGENT_LOCKS.get(self.uuid)
        if not lock.acquire(timeout=seconds):
            raise exception.GuestAgentBusy()
        try:
            self._domain.agentSetResponseTimeout(seconds, 0)
            try:
                yield
            finally:
                # The domain keeps the timeout, and a freeze of filesystems
                # may take as long as it needs.
                self._domain.agentSetResponseTimeout(
                    libvirt.VIR_DOMAIN_AGENT_RESPONSE_TIMEOUT_BLOCK, 0)
        finally:
            lock.release()

    @_asks_agent
    def snapshot(*nova):
        ...

    def get_size_info(self):
        """Return a GuestSize, without a question to the guest's monitor."""
        state, max_memory, memory, vcpus = self._get_domain_info()[:4]
        return GuestSize(
            LIBVIRT_POWER_STATE[state], vcpus, memory, max_memory)

    def set_vcpus(self, count, persistent=False, live=False):
        """Set how many vCPUs the guest has.

        :param persistent: Whether it starts with them from now on
        :param live: Whether it has them now
        """
        # Those that are added can be taken away again.
        flags = libvirt.VIR_DOMAIN_VCPU_HOTPLUGGABLE
        flags |= persistent and libvirt.VIR_DOMAIN_AFFECT_CONFIG or 0
        flags |= live and libvirt.VIR_DOMAIN_AFFECT_LIVE or 0
        self._domain.setVcpusFlags(count, flags=flags)

    def pin_vcpu(self, vcpu, cpus, persistent):
        """Pin a vCPU, which may be unplugged, to host CPUs.

        :param persistent: Whether that is for its next start alone
        """
        self._domain.pinVcpuFlags(
            vcpu, self._get_cpu_map(cpus), self._get_affected(persistent))

    def pin_emulator(self, cpus, persistent):
        """Pin the other threads of the guest's process to host CPUs."""
        self._domain.pinEmulator(
            self._get_cpu_map(cpus), self._get_affected(persistent))

    @staticmethod
    def _get_cpu_map(cpus):
        return tuple(cpu in cpus for cpu in range(max(cpus) + 1))

    @staticmethod
    def _get_affected(persistent):
        return (libvirt.VIR_DOMAIN_AFFECT_CONFIG if persistent else
                libvirt.VIR_DOMAIN_AFFECT_LIVE)

    def get_vcpus_count(self, in_guest=False):
        """Return how many vCPUs the guest has now.

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

    def set_memory(self, memory, persistent=False, live=False):
        """Set how much memory the guest has, up to its maximum.

        :param memory: How much, in KiB
        :param persistent: Whether it starts with that from now on
        :param live: Whether its balloon moves to that now
        """
        flags = persistent and libvirt.VIR_DOMAIN_AFFECT_CONFIG or 0
        flags |= live and libvirt.VIR_DOMAIN_AFFECT_LIVE or 0
        self._domain.setMemoryFlags(memory, flags=flags)

    def set_virtio_mem(self, requested, persistent=False, live=False):
        """Set how much memory the virtio-mem device of the guest plugs.

        :param requested: How much, in KiB, a multiple of its block
        :param persistent: Whether the guest starts with that from now on
        :param live: Whether the guest is requested to plug or unplug that now
        """
        for is_affected, flag in (
                (persistent, libvirt.VIR_DOMAIN_AFFECT_CONFIG),
                (live, libvirt.VIR_DOMAIN_AFFECT_LIVE)):
            if not is_affected:
                continue
            device = self._find_virtio_mem(etree.fromstring(
                self.get_xml_desc(dump_inactive=flag ==
                                  libvirt.VIR_DOMAIN_AFFECT_CONFIG)))
            if device is None:
                # Stock Nova has defined it: it has its maximum.
                continue
            # libvirt finds it by all that it says of it, its address as well.
            device.find('./target/requested').text = str(requested)
            self._domain.updateDeviceFlags(
                etree.tostring(device, encoding='unicode'), flags=flag)

    def get_virtio_mem(self):
        """Return what a running guest has by virtio-mem.

        This asks no question to the guest's monitor. What libvirt calls the
        current memory is wrong after a guest with such a device was reset.

        :returns: A VirtioMemSize, or None if it has no such device
        """
        root = etree.fromstring(self.get_xml_desc())
        device = self._find_virtio_mem(root)
        if device is None:
            return None
        size, requested, plugged = (
            int(device.findtext('./target/' + name) or 0)
            for name in ('size', 'requested', 'current'))
        return VirtioMemSize(
            int(root.findtext('./memory')) - size, requested, plugged)

    @staticmethod
    def _find_virtio_mem(root):
        return root.find("./devices/memory[@model='virtio-mem']")

    def get_memory_stats(self):
        """Return what the monitor of the guest says of its memory, in KiB.

        This waits for the monitor as long as it takes.

        :returns: A dict with ``actual``, what its balloon does not hold,
            ``rss``, what its process has on the host, and what the driver of
            the balloon last reported
        """
        return self._domain.memoryStats()

    def set_memory_limit(self, limit):
        """Set how much memory the process of a running guest can have.

        It has that limit from now on, also after its next start.

        :param limit: How much, in KiB, or None for no limit
        """
        if limit is None:
            limit = libvirt.VIR_DOMAIN_MEMORY_PARAM_UNLIMITED
        # The Python binding of libvirt reads the parameters before it sets
        # them, and those of both can be read only one after the other.
        flags = [libvirt.VIR_DOMAIN_AFFECT_LIVE]
        if self.has_persistent_configuration():
            flags.append(libvirt.VIR_DOMAIN_AFFECT_CONFIG)
        for flag in flags:
            self._domain.setMemoryParameters(
                {libvirt.VIR_DOMAIN_MEMORY_HARD_LIMIT: limit}, flag)

    def set_memory_stats_period(self, seconds):
        """Set how often the driver of the balloon reports; 0 for never."""
        self._domain.setMemoryStatsPeriod(
            seconds, libvirt.VIR_DOMAIN_AFFECT_LIVE)
