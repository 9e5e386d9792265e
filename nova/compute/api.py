"""What a request for an elastic server needs, of quota and of the hosts.

These are the places where the API decides on a flavor and image, writes the
size of a new server, and says to quota what is requested.
"""

from nova.compute.elastic import move_requests
from nova.compute.elastic import move_records
from nova.compute.elastic import requests
from nova import elastic


class API:

    def __init__(*nova):
        ...
        self.adjust_requests = requests.AdjustRequests(
            self.compute_rpcapi, self.servicegroup_api,
            move_requests.MoveRequests(
                self.compute_task_api, self.compute_rpcapi,
                self.live_migrate))

    @staticmethod
    def _validate_flavor_image_nostatus(*nova):
        ...
        if config_drive_option not in ...:  # nova
            ...
        # A server boots with the minimum of its flavor.
        if elastic.minimum(flavor).memory_mb < int(image.get('min_ram') or 0):
            raise exception.FlavorMemoryTooSmall()
        ...

    @staticmethod
    def _validate_flavor_image_numa_pci(*nova):
        image_meta = ...  # nova
        elastic.check(flavor, image_meta)
        # A resize of a volume-backed server is checked here alone.
        elastic.check_image(flavor, image.get('properties', {}))
        ...

    @staticmethod
    def _with_memory_means(flavor, image):
        """Return a flavor as a server of this image gets it."""
        return elastic.with_memory_means(
            flavor, image.get('properties', {}), CONF.xloud.memory_means)

    def _create_instance(*nova):
        ...
        if max_net_count < min_count:  # nova
            ...
        flavor = self._with_memory_means(flavor, boot_meta)
        ...

    def _validate_and_build_base_options(*nova):
        if flavor['disabled']:  # nova
            ...
        flavor = self._with_memory_means(flavor, boot_meta)
        ...
        base_options = ...  # nova
        elastic.check(
            flavor, image_meta, pci_request_info, requested_networks)
        ...

    def _provision_instances(*nova):
        ...
        if requested_host or requested_hypervisor_hostname:  # nova
            ...
        # Quota counts what an elastic server boots with.
        boot_flavor = flavor
        if elastic.is_elastic(flavor):
            flavor = elastic.quota_flavor(
                flavor, _get_image_meta_obj(boot_meta))
        ...
        security_groups = ...  # nova
        flavor = boot_flavor
        ...

    def _populate_instance_for_create(*nova):
        ...
        instance.system_metadata.update(...)  # nova
        elastic.set_initial_size(instance)
        ...

    def restore(*nova):
        flavor = elastic.quota_flavor(
            elastic.request_flavor(instance), instance.image_meta)  # replaces nova
        ...

    @staticmethod
    def _check_quota_for_upsize(*nova):
        # What counts is the size at which a server arrives with a flavor, or
        # comes back to it.
        new_flavor, current_flavor = (
            elastic.quota_flavor(flavor, instance.image_meta)
            for flavor in elastic.flavors_in_resize(
                instance, new_flavor, current_flavor))
        ...
        deltas = ...  # nova
        if deltas:  # nova
            try:  # nova
                res_deltas = ...  # nova
                if elastic.is_elastic(instance.flavor):
                    # What does not grow may be over its quota already.
                    res_deltas = deltas
                ...
            except exception.OverQuota as exc:  # nova
                ...

    def resize(*nova):
        ...
        if not flavor_id:  # nova
            ...
        else:  # nova
            new_flavor = ...  # nova
            image = utils.get_image_from_system_metadata(
                instance.system_metadata)
            new_flavor = self._with_memory_means(new_flavor, image)
            ...
        ...
        if not same_flavor:  # nova
            ...
            request_spec.pci_requests = new_pci_requests  # nova
            if elastic.is_elastic(new_flavor):
                # A port that was attached later is known to the server alone.
                ports = [request for request in instance.pci_requests.requests
                         if request.source ==
                         objects.InstancePCIRequest.NEUTRON_PORT]
                elastic.check(
                    new_flavor, instance.image_meta,
                    objects.InstancePCIRequests(
                        requests=new_pci_requests.requests + ports))
            ...
        ...

    @check_instance_lock
    @check_instance_state(vm_state=[
        vm_states.ACTIVE, vm_states.PAUSED, vm_states.STOPPED])
    @check_instance_host()
    def xloud_adjust(self, context, instance, vcpus=None, memory_mb=None,
                     persist=True, force=False, for_seconds=None,
                     when_full=None):
        """Adjust how many vCPUs and how much memory a server has.

        This returns when the host has claimed the capacity. The adjustment
        goes on there.

        :param vcpus: How many vCPUs, or None to leave them as they are
        :param memory_mb: How much memory in MiB, or None to leave it as it is
        :param persist: Whether the server also starts with that from now on
        :param force: Whether it may have less memory than its guest needs
        :param for_seconds: After how long it goes back, or None to stay
        :param when_full: What to do if the host has no capacity, or None for
            what its flavor or the configuration says
        :returns: None if it is adjusted now, else ``waiting`` or ``moving``
        """
        return self.adjust_requests.adjust(context, instance, elastic.Request(
            elastic.Size(vcpus, memory_mb), persist, force, for_seconds,
            when_full))

    @check_instance_lock
    @check_instance_host()
    def xloud_adjust_withdraw(self, context, instance):
        """Cancel an adjustment of a server that waits for capacity."""
        self.adjust_requests.cancel(context, instance)

    @check_instance_lock
    @check_instance_state(vm_state=[
        vm_states.ACTIVE, vm_states.PAUSED, vm_states.STOPPED])
    @check_instance_host()
    def xloud_adjust_check(self, context, instance, vcpus=None,
                           memory_mb=None, persist=True, force=False,
                           for_seconds=None, when_full=None):
        """Check whether xloud_adjust would accept this, and change nothing.

        :returns: None if it would be adjusted in place; else whether it would
            ``wait`` or ``move``, and as an exception for what capacity
        :raises: What xloud_adjust would raise
        """
        return self.adjust_requests.check(context, instance, elastic.Request(
            elastic.Size(vcpus, memory_mb), persist, force, for_seconds,
            when_full))

    @check_instance_lock
    @check_instance_state(vm_state=[
        vm_states.ACTIVE, vm_states.PAUSED, vm_states.STOPPED])
    @check_instance_host()
    def hotplug_vcpus(self, context, instance, new_count):
        """Adjust how many vCPUs a server has, permanently."""
        self.adjust_requests.adjust(
            context, instance, elastic.Request(elastic.Size(new_count, None)),
            action=instance_actions.HOTPLUG_VCPUS)

    def xloud_status(self, context, instance):
        """Return what a server has and can have.

        :returns: What elastic.describe returns, with two more keys:
            ``adjust``, which is what compute_utils.describe_last_adjust
            returns, and ``live``, which is the answer of the host or None.
        """
        return self.adjust_requests.describe(context, instance)

    def _local_delete(*nova):
        # Its host, which is down, would release what it has elsewhere.
        move_records.forget(context, instance)
        ...

    def live_migrate(*nova, check_only=False):
        # An adjustment that moves a server has to pass the checks above.
        if check_only:
            return
        ...

    @staticmethod
    def _check_quota_unshelve_offloaded(*nova):
        ...
        size = elastic.reconciled_size(instance)
        vcpus = size.vcpus  # replaces nova
        memory_mb = size.memory_mb  # replaces nova
        ...

    def attach_interface(*nova):
        ...
        if port_id:  # nova
            port = ...  # nova
            sentence = elastic.port_conflict(
                instance.flavor, port.get('binding:vnic_type'))
            if sentence:
                raise exception.AttachInterfaceNotSupported(sentence)
            ...
        ...
