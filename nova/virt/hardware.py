"""What servers get of the CPUs and pages of a host is decided here.

Elastic memory has small pages: a balloon cannot give back parts of others.
vCPUs that are added get host CPUs as those of a new server do.
"""

from nova import elastic


def numa_get_constraints(*nova):
    ...
    pagesize = ...  # nova
    if (pagesize == MEMPAGES_ANY and
            'memory_mb' in elastic.elastic_resources(flavor)):
        # "any" may end up on huge pages, which a balloon cannot give back.
        pagesize = MEMPAGES_SMALL
    ...


def choose_pins(host_cell, instance_cell, vcpus):
    """Choose host CPUs for dedicated vCPUs that a server gets while it runs.

    :param host_cell: The NUMACell of the host, with all that is used of it
    :param instance_cell: The InstanceNUMACell of the server, for its policies
    :param vcpus: The IDs of the vCPUs that are to have host CPUs of their own
    :returns: A dict with the host CPU of each of them, or None if the cell
        does not have that many
    """
    packed = _pack_instance_onto_cores(host_cell, objects.InstanceNUMACell(
        cpuset=set(), pcpuset=set(vcpus), memory=0,
        cpu_thread_policy=instance_cell.cpu_thread_policy))
    return packed and packed.cpu_pinning
