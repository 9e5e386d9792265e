"""What is asked of placement for an elastic server: its size, and the CPUs it pins.

Pinned CPUs are asked for in full, so only those that are shared follow the size.
"""

from nova import elastic


class ResourceRequest(object):

    @classmethod
    def from_request_spec(*nova):
        ...
        if enable_pinning_translate:  # replaces nova
            res_req._translate_pinning_policies(request_spec, image)
        elif orc.VCPU not in res_req.merged_resources():
            # The VCPUs stand for CPUs that are pinned.
            res_req._add_resource(orc.VCPU, request_spec.flavor.vcpus)
        ...

    def _translate_pinning_policies(self, request_spec, image):
        flavor = request_spec.flavor
        ...
        if cpu_policy == obj_fields.CPUAllocationPolicy.MIXED:  # nova
            ...
            vcpus = ...  # nova
            if elastic.is_elastic(flavor):
                vcpus = elastic.shared_vcpus(
                    request_spec.vcpus, dedicated_cpus or realtime_cpus or ())
            ...
        ...


def resources_from_flavor(*nova):
    if elastic.is_elastic(flavor) and flavor.id == instance.flavor.id:
        flavor = elastic.flavor_at_size(flavor, elastic.size(instance))
    ...


def resources_from_size(instance, size):
    """The resources an elastic server of this size holds, of those that can
    change while it runs.

    :param instance: The Instance, whose flavor and image decide which CPUs
        are pinned and do not count.
    :param size: A nova.elastic.Size.
    :returns: A dict of resource class to amount, which may be zero.
    """
    req_spec = objects.RequestSpec(
        flavor=elastic.flavor_at_size(instance.flavor, size),
        image=instance.image_meta, is_bfv=True)
    request = ResourceRequest.from_request_spec(req_spec)
    resources = request.merged_resources()
    # What is dedicated is held in full, as PCPU or, on a host that still has
    # vcpu_pin_set, as VCPU, and changes with nothing.
    changing = ((orc.MEMORY_MB,) if request.cpu_pinning_requested else
                (orc.VCPU, orc.MEMORY_MB))
    return {rc: resources.get(rc, 0) for rc in changing}


def flavor_for_quota(flavor, image=None):
    """The flavor as quota counts it, if usage is counted from placement.

    Placement holds all the CPUs that are pinned, so the minimum of an elastic
    flavor that pins CPUs is what it holds.

    :param image: The image of the server, as a dict or an ImageMeta.
    """
    if not (CONF.quota.count_usage_from_placement and
            elastic.is_elastic(flavor)):
        return flavor
    req_spec = objects.RequestSpec(flavor=flavor, is_bfv=True)
    if isinstance(image, dict):
        image = objects.ImageMeta.from_dict(image)
    if image:
        req_spec.image = image
    resources = ResourceRequest.from_request_spec(req_spec).merged_resources()
    size = elastic.minimum(flavor)
    cores = resources.get(orc.VCPU, 0) + resources.get(orc.PCPU, 0)
    return elastic.flavor_at_size(
        flavor, size._replace(vcpus=min(cores, flavor.vcpus)))


def claim_resources_on_destination(*nova):
    if elastic.is_elastic(instance.flavor):
        traits = reportclient.get_provider_traits(
            context, dest_node.uuid).traits
        if elastic.TRAIT not in traits:
            raise exception.NoValidHost(
                reason=_('Host %s does not support elastic servers.') %
                dest_node.host)
    ...
