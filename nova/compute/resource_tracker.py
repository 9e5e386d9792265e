"""The host accounts for its servers at their size, and again when that changes.

All that Nova accounts for of a server, from its flavor or from the flavors of
its resize, passes through one function here.
"""

from nova import elastic


class ResourceTracker(object):

    @utils.synchronized(COMPUTE_RESOURCE_SEMAPHORE, fair=True)
    def get_elastic_servers(self):
        """Return the UUIDs of the elastic servers that are tracked here."""
        for tracked in (self.elastic_sizes, self.elastic_claims,
                        self.elastic_growth, self.elastic_topologies):
            for uuid in tracked.keys() - self.tracked_instances:
                del tracked[uuid]
        return set(self.elastic_sizes)

    @utils.synchronized(COMPUTE_RESOURCE_SEMAPHORE, fair=True)
    def claim_size(self, instance, nodename, size):
        """Account for what a server grows to, if its NUMA cells have that.

        It is accounted for until update_size is called. Its topology has the
        host CPUs that it owns then; the caller saves the instance.

        :raises: ServerAdjustNUMACellFull or ServerAdjustAboveHostLimit if they
            do not; ServerAdjustUnavailable if that is not known yet
        """
        if self.disabled(nodename):
            raise exception.ServerAdjustUnavailable()
        if instance.uuid not in self.tracked_instances:
            # After a move it is tracked only with the next periodic task, but
            # its move has accounted for it.
            self.tracked_instances.add(instance.uuid)
            self.tracked_migrations.pop(instance.uuid, None)
            self._set_size(instance.uuid, instance.flavor,
                           elastic.size_in_move(instance, self.host))
            self.elastic_topologies[instance.uuid] = instance.numa_topology
        usage = self._get_cell_usage(instance, nodename)
        elastic.check_cells(usage, size)
        topology = elastic.claim_pins(usage, size, hardware.choose_pins)
        if elastic.pins_vcpus(instance):
            # Until it is saved, only elastic_topologies has what is claimed.
            instance.numa_topology = topology
        self.elastic_claims[instance.uuid] = size
        self._change_size(instance, nodename, size)

    @utils.synchronized(COMPUTE_RESOURCE_SEMAPHORE, fair=True)
    def get_cell_usage(self, instance, nodename):
        """Return how the NUMA cells of a server on this host are used.

        :returns: A nova.elastic.CellUsage, or None if the node is not tracked
        """
        if self.disabled(nodename):
            return None
        return self._get_cell_usage(instance, nodename)

    @utils.synchronized(COMPUTE_RESOURCE_SEMAPHORE, fair=True)
    def update_size(self, instance, nodename, size_before=None):
        """Account for an elastic server that is tracked here at its new size.

        :param size_before: The size at which it is accounted for, if it is
            still on its way here
        """
        if self.disabled(nodename):
            return
        self.elastic_claims.pop(instance.uuid, None)
        if (instance.uuid in self.tracked_instances or
                instance.uuid in self.tracked_migrations):
            self._change_size(
                instance, nodename, elastic.size_in_move(
                    instance, self.host), size_before)

    def _change_size(self, instance, nodename, size, size_before=None):
        is_here = instance.uuid in self.tracked_instances
        topology = topology_before = (
            instance.numa_topology if is_here else
            self._get_migration_context_resource('numa_topology', instance))
        if is_here:
            # The periodic task may already account for the new size.
            size_before = self.elastic_sizes.get(instance.uuid, size_before)
            self._set_size(instance.uuid, instance.flavor, size)
            topology_before = self.elastic_topologies.get(
                instance.uuid, topology)
            self.elastic_topologies[instance.uuid] = topology
        if size_before is None or (
                size_before == size and topology_before is topology):
            return

        for topology, amounts, sign in (
                (topology_before, size_before, -1), (topology, size, 1)):
            self._update_usage(
                dict(amounts._asdict(), numa_topology=elastic.topology_at_size(
                    topology, instance.flavor, amounts)), nodename, sign)
        # Placement has the allocation already, so only the record of the
        # node is saved.
        node = self.compute_nodes[nodename]
        saved = self.old_resources[nodename]
        if self._resource_change(node):
            try:
                node.save()
            except Exception:
                with excutils.save_and_reraise_exception():
                    self.old_resources[nodename] = saved

    def _get_cell_usage(self, instance, nodename):
        node = self.compute_nodes[nodename]
        size = elastic.size(instance)
        if instance.uuid in self.tracked_instances:
            size = self.elastic_sizes.get(instance.uuid, size)
        return elastic.CellUsage(
            node.numa_topology and objects.NUMATopology.obj_from_db_obj(
                node.numa_topology),
            node.cpu_allocation_ratio, node.ram_allocation_ratio,
            instance.numa_topology, instance.flavor, size)

    def _get_elastic_usage(self, object_or_dict, instance, numa_topology):
        """Return what an elastic server is accounted for, if this is one.

        :param object_or_dict: What _get_usage_dict got. A flavor is that of a
            server on its way here, or of one that may come back here, at the
            size it had.
        :param numa_topology: The topology of its maximum, if it has one
        """
        if isinstance(object_or_dict, objects.Instance):
            flavor = self._get_flavor_here(object_or_dict)
        elif isinstance(object_or_dict, objects.Flavor):
            flavor = object_or_dict
        else:
            return {}
        if not elastic.is_elastic(flavor):
            return {}

        size = elastic.size_on_host(instance, flavor, self.host)
        if isinstance(object_or_dict, objects.Instance):
            size, numa_topology = self._track_size(
                instance, flavor, size, numa_topology)
        return dict(size._asdict(), numa_topology=elastic.topology_at_size(
            numa_topology, flavor, size))

    def _get_flavor_here(self, instance):
        """Return the flavor that belongs to the topology of a server here.

        One that arrives by a resize gets its new flavor at the end, but is
        accounted for with its new topology from the beginning.
        """
        migration = self.tracked_migrations.get(instance.uuid)
        stays = migration and migration.source_compute == self.host
        if (instance.host == self.host and not stays and
                instance.task_state in (task_states.RESIZE_MIGRATED,
                                        task_states.RESIZE_FINISH)):
            return instance.new_flavor or instance.flavor
        return instance.flavor

    def _track_size(self, instance, flavor, size, topology):
        uuid = instance.uuid
        if uuid in self.tracked_instances:
            if uuid in self.elastic_claims:
                # What it grows to may not be recorded yet.
                size = elastic.elementwise_max(size, self.elastic_claims[uuid])
                topology = self.elastic_topologies.get(uuid, topology)
            self._set_size(uuid, flavor, size)
            self.elastic_topologies[uuid] = topology
            return size, topology
        # It leaves, and its usage is subtracted as it was added.
        self.elastic_claims.pop(uuid, None)
        self.elastic_growth.pop(uuid, None)
        return (self.elastic_sizes.pop(uuid, size),
                self.elastic_topologies.pop(uuid, topology))

    def _set_size(self, uuid, flavor, size):
        self.elastic_sizes[uuid] = size
        self.elastic_growth[uuid] = elastic.growth(flavor, size)

    def _publish_growth(self, nodename):
        """Let the scheduler know how much the servers here may still grow."""
        stats = self.stats[nodename]
        if elastic.publish_growth(stats, [
                growth for uuid, growth in self.elastic_growth.items()
                if uuid in self.tracked_instances]):
            self.compute_nodes[nodename].stats = stats

    def __init__(*nova):
        ...
        self.tracked_instances = ...  # nova
        # The sizes at which the elastic ones are accounted for, by UUID.
        self.elastic_sizes = {}
        # Their topologies, which have the host CPUs that they own.
        self.elastic_topologies = {}
        # Those to which some of them grow now.
        self.elastic_claims = {}
        # How much they may grow.
        self.elastic_growth = {}
        ...

    def _get_usage_dict(*nova):
        ...
        usage.update(self._get_elastic_usage(
            object_or_dict, instance, usage.get('numa_topology')))
        return usage  # nova

    def _update_usage(*nova):
        ...
        self._publish_growth(nodename)
