"""The scheduler is given the minimum of a new server, and the size of others.
"""

from nova import elastic


class RequestSpec(base.NovaObject):

    @property
    def vcpus(self):  # replaces nova
        return self._elastic_size.vcpus

    @property
    def memory_mb(self):  # replaces nova
        return self._elastic_size.memory_mb

    @property
    def _elastic_size(self):
        # A request knows its flavor and not the server, so the size of an
        # existing server travels as the minimum of its flavor.
        return elastic.minimum(self.flavor)

    @property
    def elastic_growth(self):
        """How much the server may still grow afterwards."""
        return elastic.growth(self.flavor, self._elastic_size)

    def get_numa_topology_at_size(self):
        """Return what the server is to have of the cells of its topology."""
        if not elastic.is_elastic(self.flavor):
            return self.numa_topology
        return elastic.topology_at_size(
            self.numa_topology, self.flavor, self._elastic_size)

    def ensure_project_and_user_id(*nova):
        ...
        self.ensure_size(instance)

    def ensure_size(self, instance):
        """Request the size of an existing elastic server, if not resized.

        The size goes into the flavor, which is sent to the scheduler and is
        set again before each move.
        """
        if 'flavor' not in self or not elastic.is_elastic(self.flavor):
            return
        if self.flavor.id == instance.flavor.id:
            self.flavor = elastic.destination_flavor(instance)
