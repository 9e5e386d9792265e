"""What the manager asks of a hypervisor, to adjust servers."""

import typing as ty


class MemoryUsage(ty.NamedTuple):
    """How a guest uses its memory, in MiB; None for what is not known.

    :ivar actual_mb: The memory that the guest has
    :ivar usable_mb: How much of that the guest reports as usable without
        swapping; not known if its last report is too old
    :ivar host_mb: The resident memory of its process on the host
    """

    actual_mb: ty.Optional[int]
    usable_mb: ty.Optional[int]
    host_mb: ty.Optional[int]


class ComputeDriver(object):

    ...

    def get_live_size(self, instance):
        """Return what the guest of an elastic server has now.

        This asks neither the guest nor its hypervisor process, so it never
        blocks, but the result may be a second old.

        :param instance: nova.objects.instance.Instance
        :returns: A nova.elastic.Size, or None if the guest is not running.
        :raises: InstanceNotFound if there is no such guest
        """
        raise NotImplementedError()

    def get_memory_usage(self, instance) -> MemoryUsage:
        """Return how a running guest uses its memory.

        This may block for as long as the hypervisor process of the guest
        hangs.

        :param instance: nova.objects.instance.Instance
        :returns: A MemoryUsage, in which nothing is known of a guest that is
            not running.
        :raises: InstanceNotFound if there is no such guest
        """
        raise NotImplementedError()

    def get_live_details(self, instance):
        """Return what else is known of the size of a guest.

        This may block, as get_memory_usage does, and asks the guest agent.

        :param instance: nova.objects.instance.Instance
        :returns: A dict with ``guest_vcpus``, how many vCPUs the operating
            system has online, or None if no guest agent answers;
            ``balloon_driver_active``; ``attached_dimms_mb`` and
            ``has_virtiomem``.
        """
        raise NotImplementedError()

    def set_start_size(self, instance):
        """Have a guest start with its start size from now on.

        :param instance: nova.objects.instance.Instance
        """
        raise NotImplementedError()

    def set_current_vcpus(self, instance, count):
        """Adjust the vCPUs of a running guest.

        Returns when the guest has them.

        :param instance: nova.objects.instance.Instance
        :param count: How many vCPUs, up to its maximum
        :raises: ServerAdjustFailed if it does not have them in time, with how
            far it got
        """
        raise NotImplementedError()

    def set_current_memory_mb(self, instance, memory_mb, force=False):
        """Adjust the memory of a running guest.

        Returns when the guest has it. A shrink is watched: it is stopped and
        put back before the guest would run out of usable memory.

        :param instance: nova.objects.instance.Instance
        :param memory_mb: How much memory, up to its maximum, in MiB
        :param force: Whether to go on with a shrink that leaves the guest too
            little usable memory
        :returns: What the guest has then. That can be a few MiB more where
            some of its memory holds what cannot be moved.
        :raises: ServerAdjustMemoryExhausted if a shrink was stopped
        :raises: ServerAdjustGuestRestarted if the guest was restarted
        :raises: ServerAdjustFailed if it does not have it in time, with how
            far it got
        """
        raise NotImplementedError()

    def set_memory_limit(self, instance, memory_mb):
        """Have the host limit what the process of a guest can have.

        It can have as much as its server is accounted for, and an overhead.
        This is for guests that run. One that starts has its limit from the
        start.

        :param instance: nova.objects.instance.Instance
        :param memory_mb: What its server is accounted for, in MiB
        :raises: InstanceNotFound if there is no such guest
        """
        raise NotImplementedError()

    def set_pins(self, instance, topology):
        """Pin the vCPUs of a guest to the host CPUs of a topology.

        A guest that is not running is so from its next start on. What the
        recorded topology of the server has in excess of this one is powered
        down.

        :param instance: nova.objects.instance.Instance
        :param topology: nova.objects.InstanceNUMATopology
        """
        raise NotImplementedError()
