"""What the manager asks of a hypervisor, to change what a guest has."""


class ComputeDriver(object):

    def resume(*nova):
        ...

    def get_live_size(self, instance):
        """What the guest of an elastic server has now.

        :param instance: nova.objects.instance.Instance
        :returns: A nova.elastic.Size, or None if the guest is not running.
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

    def set_current_memory_mb(self, instance, memory_mb):
        """Let a running guest have so much memory.

        Returns when the guest has it.

        :param instance: nova.objects.instance.Instance
        :param memory_mb: How much of what it can have, in MiB
        :raises: ServerAdjustFailed if it does not have it in time, with how
            far it got
        """
        raise NotImplementedError()
