"""What is requested from placement for an elastic server is its size."""

from nova import elastic


class ResourceRequest(object):

    def _translate_pinning_policies(*nova):
        ...
        if cpu_policy == obj_fields.CPUAllocationPolicy.DEDICATED:  # nova
            ...
            pcpus = flavor.vcpus  # nova
            # Dedicated CPUs follow the size, which is the minimum here.
            pcpus = elastic.minimum(flavor).vcpus
            ...
        if cpu_policy == obj_fields.CPUAllocationPolicy.MIXED:  # nova
            ...
            pcpus = ...  # nova
            vcpus = ...  # nova
            size = elastic.minimum(flavor)
            pcpus = len([vcpu for vcpu in dedicated_cpus or realtime_cpus or []
                         if vcpu < size.vcpus])
            vcpus = size.vcpus - pcpus
            ...
        ...


def resources_from_flavor(*nova):
    if elastic.is_elastic(flavor) and flavor.id == instance.flavor.id:
        # An existing server has its size, and not the minimum of its flavor.
        flavor = elastic.request_flavor(instance)
    ...


def resources_from_size(instance, size):
    """Return what an elastic server has to be allocated at this size.

    :param instance: The Instance, whose flavor and image say whether its CPUs
        are dedicated. If their number is fixed, they are not in the result.
    :param size: A nova.elastic.Size.
    :returns: A dict of resource class to amount, which may be zero. A host
        may have other classes for the same: see elastic.match_classes.
    """
    req_spec = objects.RequestSpec(
        flavor=elastic.flavor_at_size(instance.flavor, size),
        image=instance.image_meta, is_bfv=True)
    request = ResourceRequest.from_request_spec(req_spec)
    resources = request.merged_resources()
    changing = [orc.MEMORY_MB]
    if elastic.pins_vcpus(instance):
        changing += [orc.VCPU, orc.PCPU]
    elif not request.cpu_pinning_requested:
        changing.append(orc.VCPU)
    return {rc: resources.get(rc, 0) for rc in changing}


def claim_resources_on_destination(*nova):
    if elastic.is_elastic(instance.flavor):
        # A forced host is not chosen by the scheduler, which requires this.
        traits = reportclient.get_provider_traits(
            context, dest_node.uuid).traits
        if elastic.TRAIT not in traits:
            raise exception.NoValidHost(
                reason=_('Host %s does not support elastic servers.') %
                dest_node.host)
        missing = set(elastic.required_traits(
            instance.flavor, elastic.get_image_policy(instance))) - traits
        if missing:
            raise exception.NoValidHost(
                reason=_('Host %(host)s does not have what the flavor needs: '
                         '%(traits)s.') % {
                             'host': dest_node.host,
                             'traits': ', '.join(sorted(missing))})
    ...
