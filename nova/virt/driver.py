"""What the manager asks of a hypervisor, to change what a guest has."""

import typing as ty


class MemoryUsage(ty.NamedTuple):
    """How a guest uses its memory, in MiB, each None if it is not known."""

    # What the guest has, and what of that it reports as usable.
    actual_mb: ty.Optional[int]
    usable_mb: ty.Optional[int]
    # What its process has on the host.
    host_mb: ty.Optional[int]


class ComputeDriver(object):

    def resume(*nova):
        ...

    def get_live_size(self, instance):
        """Return what the guest of an elastic server has now.

        This asks neither the guest nor its monitor, so it never blocks, and
        what it returns may be a second old.

        :param instance: nova.objects.instance.Instance
        :returns: A nova.elastic.Size, or None if the guest is not running.
        :raises: InstanceNotFound if there is no such guest
        """
        raise NotImplementedError()

    def get_memory_usage(self, instance):
        """Ask the hypervisor how a running guest uses its memory.

        This can block for as long as the hypervisor does not respond.

        :param instance: nova.objects.instance.Instance
        :returns: A MemoryUsage
        :raises: InstanceNotFound if there is no such guest
        """
        raise NotImplementedError()

    def get_live_details(self, instance):
        """What else there is to say of the size of a running guest.

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
        """Let a running guest have so many vCPUs.

        Returns when the guest has them.

        :param instance: nova.objects.instance.Instance
        :param count: How many of the vCPUs it can have
        :raises: ServerAdjustFailed if it does not have them in time, with how
            far it got
        """
        raise NotImplementedError()

    def set_current_memory_mb(self, instance, memory_mb, force=False):
        """Let a running guest have so much memory.

        Returns when the guest has it.

        :param instance: nova.objects.instance.Instance
        :param memory_mb: How much of what it can have, in MiB
        :param force: Whether to go on when the guest runs out of memory
        :raises: ServerAdjustFailed if it does not have it in time, with how
            far it got
        """
        raise NotImplementedError()
