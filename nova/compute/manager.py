"""Servers are given another size, and their start size at each stop or start.

The manager is where guests are stopped and started, where a server gets another
flavor, and where its allocation can follow what it has now.
"""

from nova.compute.elastic import reports
from nova.compute.elastic import servers as elastic_servers
from nova.compute import instance_actions
from nova import elastic


class ComputeManager(manager.Manager):

    @messaging.expected_exceptions(
        exception.ServerAdjustConflict, exception.ServerAdjustInvalid,
        exception.ServerAdjustUnavailable, exception.InstanceNotFound)
    @wrap_exception()
    def xloud_adjust(self, context, instance, vcpus, memory_mb, persist,
                     force=False, action=instance_actions.XLOUD_ADJUST,
                     for_seconds=None, when_full=elastic.REFUSE):
        """Adjust how many vCPUs and how much memory a server has.

        :returns: Whether it is adjusted now: if not, it waits for capacity
        """
        return self.elastic.adjustments.start(
            context, instance, action, elastic.Request(
                elastic.Size(vcpus, memory_mb), persist, force, for_seconds,
                when_full))

    @messaging.expected_exceptions(
        exception.ServerAdjustConflict, exception.InstanceNotFound)
    @wrap_exception()
    def xloud_adjust_stay(self, context, instance):
        """Let an adjustment wait for which the server was to be moved."""
        self.elastic.grants.take(context, instance)

    @messaging.expected_exceptions(
        exception.ServerAdjustConflict, exception.InstanceNotFound)
    @wrap_exception()
    def xloud_adjust_withdraw(self, context, instance):
        """Cancel an adjustment that waits, or whose server has moved."""
        self.elastic.cancel(context, instance)

    @messaging.expected_exceptions(
        exception.ServerAdjustConflict, exception.ServerAdjustInvalid,
        exception.ServerAdjustUnavailable, exception.InstanceNotFound)
    @wrap_exception()
    def xloud_adjust_check(self, context, instance, vcpus, memory_mb, persist,
                           force):
        """Check whether xloud_adjust would accept this now."""
        self.elastic.adjustments.check(
            context, instance, elastic.Request(
                elastic.Size(vcpus, memory_mb), persist, force))

    @messaging.expected_exceptions(
        exception.ServerAdjustConflict, exception.ServerAdjustUnavailable,
        exception.InstanceNotFound)
    @wrap_exception()
    def hotplug_vcpus(self, context, instance, new_count):
        """Adjust how many vCPUs a server has, permanently."""
        self.elastic.adjustments.start(
            context, instance, instance_actions.HOTPLUG_VCPUS,
            elastic.Request(elastic.Size(new_count, None)))

    @wrap_exception()
    def xloud_adjust_cancel(self, context, instance):
        """Cancel what exceeds the quota; return whether that was in time."""
        adjustment = self.elastic.adjustments.get(instance)
        return bool(adjustment and adjustment.cancel(
            exception.ServerAdjustOverQuota()))

    @messaging.expected_exceptions(
        exception.InstanceNotFound, NotImplementedError)
    @wrap_exception()
    def xloud_status(self, context, instance):
        """Return what a server has and is requested to have."""
        return self.elastic.describe(context, instance)

    @periodic_task.periodic_task(spacing=CONF.xloud.reconcile_interval)
    def reconcile_elastic_servers(self, context):
        """Account for what the guests of elastic servers have."""
        self.elastic.reconciler.start(context)

    def __init__(*nova):
        ...
        self.rt = ...  # nova
        self.elastic = elastic_servers.ElasticServers(
            self.host, self.driver, self.rt, self.reportclient,
            self._notify_about_instance_usage, self.compute_api)

    def pre_start_hook(*nova):
        ...
        self.elastic.start(nova.context.get_admin_context())

    def cleanup_host(*nova):
        self.elastic.stop()
        ...

    # Where the allocations of servers on this host end that are not adjusted.
    def _complete_deletion(*nova):
        ...
        self.elastic.forget(context, instance)

    def _delete_allocation_after_move(*nova):
        ...
        self.elastic.grants.wake()

    # A live migration may be part of an adjustment.
    def _do_live_migration(*nova):
        ...
        try:  # nova
            self.driver.live_migration(...)  # nova
        except Exception:  # nova
            LOG.exception(...)  # nova
            if self.elastic.departures.leave_to_check(instance, migration):
                raise
            ...

    def _post_live_migration_update_host(*nova):
        try:  # nova
            self._post_live_migration(...)  # nova
        except Exception:  # nova
            if self.elastic.departures.is_on_its_way(
                    instance, migrate_data and migrate_data.migration):
                raise
            ...

    def live_migration(*nova):
        self._set_migration_status(...)  # nova
        self.elastic.departures.begin(context, instance, migration)
        ...
        try:  # nova
            future = ...  # nova
            # That is also called if it is cancelled.
            future.add_done_callback(
                lambda _future:
                self.elastic.departures.forget_migration(migration))
            ...
        except RuntimeError:  # nova
            ...
        ...

    def live_migration_abort(*nova):
        ...
        try:  # nova
            ...
            if future and future.cancel():  # nova
                ...
                # It was queued, so nothing else ends it.
                self.elastic.departures.end_failed(context, instance)
        except KeyError:  # nova
            ...
        ...

    def post_live_migration_at_destination(*nova):
        ...
        self.elastic.settings.begin(context, instance)
        self.elastic.note([instance])

    def _rollback_live_migration(*nova):
        ...
        self.elastic.departures.end_failed(context, instance)

    def _init_instance(*nova):
        ...
        self.elastic.reconciler.recover_at_start(context, instance)
        net_info = ...  # nova
        ...

    def _resume_guests_state(*nova):
        ...
        try:  # nova
            self.driver.resume_state_on_host_boot(...)  # nova
            # A paused or suspended guest was left as it is.
            was_started = self._get_power_state(instance) not in (
                power_state.PAUSED, power_state.SUSPENDED)
            if was_started:
                self.elastic.reconciler.follow_host_start(context, instance)
        except NotImplementedError:  # nova
            ...

    def _update_instance_after_spawn(*nova):
        self.elastic.reconciler.follow_start_size(instance._context, instance)
        ...

    def _power_off_instance(*nova):
        ...
        self.elastic.reconciler.follow_start_size(instance._context, instance)

    def _power_on(*nova):
        ...
        self.elastic.reconciler.follow_start_size(context, instance)

    def soft_delete_instance(*nova):
        with ...:  # nova
            ...
            self.elastic.reconciler.follow_start_size(context, instance)
            instance.power_state = ...  # nova
            ...

    def _reboot_instance(*nova):
        ...
        try:  # nova
            ...
            self.driver.reboot(...)  # nova
            ...
            self.elastic.reconciler.follow_start_size(context, instance)
        except Exception as error:  # nova
            ...
        ...

    def _delete_stashed_flavor_info(*nova):
        if elastic.is_elastic(instance.flavor):
            # All of its system metadata is saved, and it may have been
            # adjusted since it was read.
            instance.system_metadata = objects.Instance.get_by_uuid(
                instance._context, instance.uuid,
                expected_attrs=['system_metadata']).system_metadata
        ...
        forgotten = elastic.forget_size(instance)
        instance.save()  # nova
        for continued in forgotten:
            reports.finish_event(instance._context, instance, continued,
                                 exception.ServerAdjustResized())

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
        elastic.set_initial_size(instance)

    def _finish_resize(*nova):
        ...
        self.elastic.reconciler.follow_start_size(context, instance)
        instance.apply_migration_context()  # nova
        ...
        try:  # nova
            ...
        except Exception:  # nova
            with ...:  # nova
                if ...:  # nova
                    ...
                    if any(map(elastic.is_elastic, (old_flavor, new_flavor))):
                        # What is allocated here is for the new flavor.
                        self.elastic.accounting.sync_allocation(
                            context, instance)
        ...

    def _finish_snapshot_based_resize_at_dest(*nova):
        ...
        instance.old_flavor = ...  # nova
        elastic.remember_size(instance)
        ...
