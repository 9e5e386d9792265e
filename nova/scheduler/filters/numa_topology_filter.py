"""A host has to have cells for the size of a server, and not its maximum."""


class NUMATopologyFilter(...):

    def host_passes(*nova):
        ...
        requested_topology = spec_obj.numa_topology  # nova
        requested_topology = spec_obj.get_numa_topology_at_size()
        ...
