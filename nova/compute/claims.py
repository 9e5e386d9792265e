"""A server claims what its size has of the cells of its topology.

The claimed topology is that of its maximum, since the guest is made for that.
"""

from nova import elastic


class Claim(NopClaim):

    def numa_topology(*nova):
        ...

    def _get_flavor(self):
        """Return the flavor with which the server is to be on this host."""
        return self.instance.flavor

    def _get_topology_at_size(self, topology):
        """Return what the server is to have of the cells of its topology."""
        flavor = self._get_flavor()
        if not elastic.is_elastic(flavor):
            return topology
        return elastic.topology_at_size(
            topology, flavor, elastic.size_on_host(
                self.instance, flavor, self.tracker.host))

    def _test_numa_topology(*nova):
        ...
        requested_topology = ...  # nova
        if requested_topology:
            requested_topology = self._get_topology_at_size(requested_topology)
        ...
        if self.claimed_numa_topology:
            self.claimed_numa_topology = elastic.topology_on_host(
                self.numa_topology, self._get_flavor(),
                self.claimed_numa_topology)


class MoveClaim(Claim):

    def numa_topology(*nova):
        ...

    def _get_flavor(self):
        return self.flavor
