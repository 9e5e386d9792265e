"""What a host has to have for each server that is placed there.

Its cells have the size of the server, which may grow later.

The topology of a request stays that of the maximum: it is used again for the
next server of the request.
"""

from nova import elastic


class HostState(object):

    def __init__(*nova):
        ...
        self.failed_builds = ...  # nova
        # How much the servers of the host may still grow.
        self.elastic_growth = elastic.Size(0, 0)
        ...

    def _update_from_compute_node(*nova):
        ...
        self.failed_builds = ...  # nova
        self.elastic_growth = elastic.published_growth(self.stats)
        ...

    def _locked_consume_from_request(*nova):
        ...
        self.num_instances += 1  # nova
        self.elastic_growth = elastic.Size(*map(
            sum, zip(self.elastic_growth, spec_obj.elastic_growth)))
        ...
        if self.numa_topology and spec_obj.numa_topology:  # nova
            requested_topology = spec_obj.numa_topology
            spec_obj.numa_topology = spec_obj.get_numa_topology_at_size()
            ...
            self.numa_topology = ...  # nova
            spec_obj.numa_topology = elastic.topology_on_host(
                requested_topology, spec_obj.flavor, spec_obj.numa_topology)
        ...
