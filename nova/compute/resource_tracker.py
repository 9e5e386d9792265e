"""The host counts its servers for what they have, and again when that changes.

All that Nova counts of a server, from its flavor or from the flavors of its
resize, passes through one function here.
"""

from nova import elastic


class ResourceTracker(object):

    def update_usage(*nova):
        ...

    @utils.synchronized(COMPUTE_RESOURCE_SEMAPHORE, fair=True)
    def change_size(self, instance, nodename, old_size):
        """Count an elastic server that is tracked here for its new size."""
        if self.disabled(nodename) or (
                instance.uuid not in self.tracked_instances and
                instance.uuid not in self.tracked_migrations):
            return

        size = elastic.size(instance)
        self._update_usage({'vcpus': size.vcpus - old_size.vcpus,
                            'memory_mb': size.memory_mb - old_size.memory_mb},
                           nodename)
        # Only what is used has changed, which placement knows already.
        node = self.compute_nodes[nodename]
        saved = self.old_resources[nodename]
        if self._resource_change(node):
            try:
                node.save()
            except Exception:
                with excutils.save_and_reraise_exception():
                    self.old_resources[nodename] = saved

    def _get_flavor(*nova):
        ...

    def _get_size(self, object_or_dict, instance):
        """What an elastic server is counted for, if this is about one.

        A flavor can be that of a server on its way here, or of one that is
        on another host and may come back, to the size it had.
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
        return (size or elastic.minimum(flavor))._asdict()

    def _get_usage_dict(*nova):
        ...
        usage.update(self._get_size(object_or_dict, instance))
        return usage  # nova
