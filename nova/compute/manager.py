"""Servers are given another size, and their start size at each stop or start.

The manager is where guests are stopped and started, where a server gets another
flavor, and where its allocation can be told what it has now.
"""

from nova.compute import instance_actions
from nova.compute import sizes
from nova import elastic


class ComputeManager(manager.Manager):

    def __init__(*nova):
        ...
        self.rt = ...  # nova
        self.sizes = sizes.ServerSizes(self)

    def _init_instance(*nova):
        ...
        if instance.task_state in task_states.xloud_adjust_states:
            try:
                self.sizes.recover(context, instance)
            except Exception:
                # The periodic task tries it again.
                LOG.exception('Failed to end an adjustment',
                              instance=instance)
        net_info = ...  # nova
        ...

    def _resume_guests_state(*nova):
        ...
        try:  # nova
            self.driver.resume_state_on_host_boot(...)  # nova
            # A guest that stands still was there, and was not started anew.
            stands_still = self._get_power_state(instance) in (
                power_state.PAUSED, power_state.SUSPENDED)
            if not stands_still and self.sizes.follow_start_size(
                    context, instance):
                instance.save()
        except NotImplementedError:  # nova
            ...

    def _update_instance_after_spawn(*nova):
        self.sizes.follow_start_size(instance._context, instance)
        ...

    def _power_off_instance(*nova):
        ...
        self.sizes.follow_start_size(instance._context, instance)

    def _power_on(*nova):
        ...
        self.sizes.follow_start_size(context, instance)

    def soft_delete_instance(*nova):
        with ...:  # nova
            ...
            self.sizes.follow_start_size(context, instance)
            instance.power_state = ...  # nova
            ...

    def _reboot_instance(*nova):
        ...
        try:  # nova
            ...
            self.driver.reboot(...)  # nova
            ...
            self.sizes.follow_start_size(context, instance)
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
        self.sizes.follow_start_size(context, instance)
        instance.apply_migration_context()  # nova
        ...

    def _finish_snapshot_based_resize_at_dest(*nova):
        ...
        instance.old_flavor = ...  # nova
        elastic.remember_size(instance)
        ...

    @messaging.expected_exceptions(
        exception.ServerAdjustConflict, exception.ServerAdjustUnavailable,
        exception.InstanceNotFound)
    @wrap_exception()
    def xloud_adjust(self, context, instance, vcpus, memory_mb, persist):
        """Change how many vCPUs and how much memory a server has."""
        self.sizes.adjust(context, instance, instance_actions.XLOUD_ADJUST,
                          elastic.Size(vcpus, memory_mb), persist)

    @messaging.expected_exceptions(
        exception.ServerAdjustConflict, exception.ServerAdjustUnavailable,
        exception.InstanceNotFound)
    @wrap_exception()
    def hotplug_vcpus(self, context, instance, new_count):
        """Change how many vCPUs a server has, and is to start with."""
        self.sizes.adjust(context, instance, instance_actions.HOTPLUG_VCPUS,
                          elastic.Size(new_count, None), persist=True)

    @messaging.expected_exceptions(
        exception.InstanceNotFound, NotImplementedError)
    def xloud_status(self, context, instance):
        """Tell what a server has and is asked to have."""
        return self.sizes.describe(instance)

    @periodic_task.periodic_task(spacing=CONF.xloud.reconcile_interval)
    def _reconcile_sizes(self, context):
        self.sizes.reconcile(context)
