"""A server has its start size again whenever its guest is stopped or started.

The manager is where guests are stopped and started, where a server gets another
flavor, and where its allocation can be told what it has now.
"""

from nova import elastic


class ComputeManager(manager.Manager):

    def _resume_guests_state(*nova):
        ...
        try:  # nova
            self.driver.resume_state_on_host_boot(...)  # nova
            if self._follow_start_size(context, instance):
                instance.save()
        except NotImplementedError:  # nova
            ...

    def _update_instance_after_spawn(*nova):
        self._follow_start_size(instance._context, instance)
        ...

    def _power_off_instance(*nova):
        ...
        self._follow_start_size(instance._context, instance)

    def _follow_start_size(self, context, instance):
        """Let the size of an elastic server follow its start size.

        This is for whenever its guest is stopped or started anew. What is
        freed is released first; if that fails the server is still counted for
        it, and the next stop or start tries again. The caller saves the
        instance.

        :returns: Whether the size has changed.
        """
        size = elastic.start_size(instance)
        old_size = elastic.size(instance)
        if size == old_size:
            return False
        released = False
        try:
            nodename = (instance.node if instance.host == self.host else
                        self._get_nodename(instance))
            node = objects.ComputeNode.get_by_host_and_nodename(
                context, self.host, nodename)
            released = self.reportclient.set_instance_resources(
                context, instance.uuid, node.uuid,
                scheduler_utils.resources_from_size(instance, size))
            if released:
                elastic.to_start_size(instance)
                self.rt.change_size(context, instance, nodename, old_size)
        except Exception:
            LOG.exception('Failed to release what a stop or start has freed, '
                          'or to count it.', instance=instance)
        if released:
            LOG.info('The server has %(vcpus)d vCPUs and %(memory_mb)d MiB '
                     'now.', size._asdict(), instance=instance)
        return released

    def _power_on(*nova):
        ...
        self._follow_start_size(context, instance)

    def soft_delete_instance(*nova):
        with ...:  # nova
            ...
            self._follow_start_size(context, instance)
            instance.power_state = ...  # nova
            ...

    def _reboot_instance(*nova):
        ...
        try:  # nova
            ...
            self.driver.reboot(...)  # nova
            self._follow_start_size(context, instance)
        except Exception as error:  # nova
            ...
        ...

    def _delete_stashed_flavor_info(*nova):
        ...
        elastic.forget_size(instance)
        instance.save()  # nova

    def _resize_instance(*nova):
        ...
        with ..., ...:  # nova
            ...
            instance.old_flavor = ...  # nova
            elastic.remember_size(instance)
            ...
        ...

    @staticmethod
    def _set_instance_info(*nova):
        ...
        elastic.to_flavor(instance)

    def _finish_resize(*nova):
        ...
        self._follow_start_size(context, instance)
        instance.apply_migration_context()  # nova
        ...
