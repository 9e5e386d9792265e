"""What a request for an elastic server asks for, of quota and of the hosts.

These are the places where the API decides on a flavor and image, writes the
size of a new server, and tells quota what is asked for.
"""

from nova import elastic


class API:

    @staticmethod
    def _validate_flavor_image_numa_pci(*nova):
        image_meta = ...  # nova
        elastic.check(flavor, image_meta)
        ...

    def _validate_and_build_base_options(*nova):
        ...
        base_options = ...  # nova
        elastic.check(flavor, image_meta, pci_request_info)
        base_options.update(elastic.minimum(flavor)._asdict())
        ...

    def _provision_instances(*nova):
        ...
        if requested_host or requested_hypervisor_hostname:  # nova
            ...
        # Check quotas
        num_instances = compute_utils.check_num_instances_quota(
            context, scheduler_utils.count_pinned(flavor, boot_meta),
            min_count, max_count)
        if block_device_mapping:  # nova
            ...
        ...

    def restore(*nova):
        flavor = ...  # nova
        flavor = elastic.with_minimum(flavor, elastic.size(instance))
        ...

    @staticmethod
    def _check_quota_for_upsize(*nova):
        ...
        new_flavor, current_flavor = (
            elastic.counted(scheduler_utils.count_pinned(flavor))
            for flavor in elastic.sized_in_resize(
                instance, new_flavor, current_flavor))
        deltas = ...  # nova
        ...

    def revert_resize(*nova):
        ...
        reqspec = ...  # nova
        try:
            ...
        except exception.OverQuota as error:
            raise exception.Forbidden(error.format_message())
        instance.availability_zone = ...  # nova
        ...

    def resize(*nova):
        ...
        if not same_flavor:  # nova
            ...
            request_spec.pci_requests = new_pci_requests  # nova
            elastic.check(new_flavor, instance.image_meta, new_pci_requests)
            ...
        ...

    @staticmethod
    def _check_quota_unshelve_offloaded(*nova):
        ...
        memory_mb = ...  # nova
        vcpus, memory_mb = elastic.minimum(scheduler_utils.count_pinned(
            elastic.with_minimum(instance.flavor, elastic.size(instance)),
            request_spec.image))
        ...

    def attach_interface(*nova):
        ...
        if port_id:  # nova
            port = ...  # nova
            if (port.get('binding:vnic_type') in
                    network_model.VNIC_TYPES_SRIOV and
                    'memory_mb' in elastic.elastic_resources(
                        instance.flavor)):
                raise exception.AttachInterfaceNotSupported(
                    _('A port of type %s cannot be attached to a server with '
                      'elastic memory, since it pins the memory of the '
                      'guest.') % port['binding:vnic_type'])
            ...
        ...
