"""The host accounts for its servers at their size, and again when that changes.

All that Nova accounts for of a server, from its flavor or from the flavors of
its resize, passes through one function here.
"""

from nova import elastic


class ResourceTracker(object):

    @utils.synchronized(COMPUTE_RESOURCE_SEMAPHORE, fair=True)
    def get_elastic_servers(self):
        """Return the UUIDs of the elastic servers that are tracked here."""
        self.elastic_sizes = {
            uuid: size for uuid, size in self.elastic_sizes.items()
            if uuid in self.tracked_instances}
        return set(self.elastic_sizes)

    @utils.synchronized(COMPUTE_RESOURCE_SEMAPHORE, fair=True)
    def update_size(self, instance, nodename, size_before=None):
        """Account for an elastic server that is tracked here at its new size.

        :param size_before: The size at which it is accounted for, if it is
            still on its way here
        """
        if self.disabled(nodename):
            return
        size = elastic.size(instance)
        if instance.uuid in self.tracked_instances:
            # The periodic task may already account for the new size.
            size_before = self.elastic_sizes.get(instance.uuid, size_before)
            self.elastic_sizes[instance.uuid] = size
        elif instance.uuid not in self.tracked_migrations:
            return
        if size_before is None or size_before == size:
            return

        self._update_usage({'vcpus': size.vcpus - size_before.vcpus,
                            'memory_mb': size.memory_mb -
                            size_before.memory_mb}, nodename)
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

    def _get_elastic_usage(self, object_or_dict, instance):
        """Return what an elastic server is accounted for, if this is one.

        :param object_or_dict: What _get_usage_dict got. A flavor is that of a
            server on its way here, or of one that may come back here, at the
            size it had.
        """
        if isinstance(object_or_dict, objects.Instance):
            flavor = object_or_dict.flavor
        elif isinstance(object_or_dict, objects.Flavor):
            flavor = object_or_dict
        else:
            return {}
        if not elastic.is_elastic(flavor):
            return {}

        size = None
        if flavor.id != instance.flavor.id or instance.host != self.host:
            size = elastic.old_size(instance)
        if not size and flavor.id == instance.flavor.id:
            size = elastic.size(instance)
        size = size or elastic.new_size(flavor, instance.image_meta)
        if isinstance(object_or_dict, objects.Instance):
            size = self._track_size(instance, size)
        return size._asdict()

    def _track_size(self, instance, size):
        if instance.uuid in self.tracked_instances:
            self.elastic_sizes[instance.uuid] = size
            return size
        # It leaves, and its usage is subtracted as it was added.
        return self.elastic_sizes.pop(instance.uuid, size)

    def __init__(*nova):
        ...
        self.tracked_instances = ...  # nova
        # The sizes at which the elastic ones are accounted for, by UUID.
        self.elastic_sizes = {}
        ...

    def _get_usage_dict(*nova):
        ...
        usage.update(self._get_elastic_usage(object_or_dict, instance))
        return usage  # nova
