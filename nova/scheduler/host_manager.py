"""The cells of a host have the size of each server that is placed there.

The topology of a request stays that of the maximum: it is used again for the
next server of the request.
"""

from nova import elastic


class HostState(object):

    def _locked_consume_from_request(*nova):
        ...
        if self.numa_topology and spec_obj.numa_topology:  # nova
            requested_topology = spec_obj.numa_topology
            spec_obj.numa_topology = spec_obj.get_numa_topology_at_size()
            ...
            self.numa_topology = ...  # nova
            spec_obj.numa_topology = elastic.topology_on_host(
                requested_topology, spec_obj.flavor, spec_obj.numa_topology)
        ...
