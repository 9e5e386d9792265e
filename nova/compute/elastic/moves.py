# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.


"""Adjustments for which a server moves to a host that has the capacity.

Its host hands a server over that cannot grow there: the record of the server
says that it moves, and its task is a live migration. The conductor then claims
the size to which it grows on another host, and migrates it. That host adjusts
it, as it would have been adjusted in place.

The record stays until one of the hosts removes it. So whatever stops in
between, the server ends with its old size on its old host, or it grows on its
new one.
"""

from oslo_log import log as logging
from oslo_utils import timeutils

from nova.compute.elastic import background
from nova.compute.elastic import reports
from nova.compute import task_states
from nova.compute import vm_states
import nova.conf
from nova import context as nova_context
from nova import elastic
from nova import exception
from nova import objects
from nova.scheduler.client import report

CONF = nova.conf.CONF

LOG = logging.getLogger(__name__)

# Why a server has to move: another host may have what it needs.
REASONS = (exception.ServerAdjustHostFull,
           exception.ServerAdjustAboveHostLimit)

# How often to look whether something else has ended, in seconds.
_BUSY_DELAY = 1

# For how many seconds the host from which a server has come may take to
# release what the server had there. After that it is done for it.
_RELEASE_TIMEOUT = 120

# A migration on which no host works, as its status has it.
_NOT_UNDERWAY = (None, 'accepted', 'cancelled', 'error', 'failed')

# What ends in time, so that the adjustment can begin then.
_PASSING = (exception.ServerAdjustCancelled,
            exception.ServerAdjustConcurrentUpdate,
            exception.ServerAdjustHostBusy, exception.ServerAdjustInProgress,
            exception.ServerAdjustUnavailable)


def end(context, instance, error, is_interrupted=False):
    """End a move of a server that has not left its host.

    :param error: Why it ends
    :param is_interrupted: Whether its host knows that it does not work on the
        migration any more
    :returns: Whether that was done; not if the move goes on, or its
        allocation cannot be restored now, which is left to its host
    """
    moving = elastic.get_pending(instance).moving
    try:
        return _end(context, instance, moving, error, is_interrupted)
    except exception.InstanceNotFound:
        release(context, instance.uuid, moving)
        finish_event(context, instance, moving,
                     exception.ServerAdjustServerChanged())
        return True


def _end(context, instance, moving, error, is_interrupted):
    instance.refresh()
    if (elastic.get_pending(instance).moving != moving or
            instance.host != moving.source):
        return False
    # A host that begins to migrate the server sets the status of the
    # migration first, and looks at the task of the server then.
    instance.task_state = task_states.XLOUD_ADJUSTING
    try:
        instance.save(expected_task_state=[task_states.MIGRATING, None])
    except exception.InstanceUpdateConflict:
        return False
    is_ended = (is_interrupted or
                get_status(context, moving) in _NOT_UNDERWAY)
    is_ended = is_ended and restore(context, instance, moving)
    if is_ended:
        elastic.set_pending(
            instance, elastic.get_pending(instance)._replace(moving=None))
    instance.task_state = None if is_ended else task_states.MIGRATING
    instance.save(expected_task_state=[task_states.XLOUD_ADJUSTING])
    if is_ended:
        finish_event(context, instance, moving, error)
    return is_ended


def finish_event(context, instance, moving, error):
    """Record in the action log why a move has ended."""
    context = context.elevated()
    context.request_id = moving.request_id
    reports.OpenEvent(
        context, instance, moving.action, CONF.host).finish(error)


def get_status(context, moving):
    """Return the status of the migration, or None if there is none yet."""
    try:
        return objects.Migration.get_by_uuid(
            context, moving.migration_uuid).status
    except exception.MigrationNotFound:
        return None


def restore(context, instance, moving):
    """Return to a server the allocation that its migration holds.

    That takes the place of what was claimed on another host.
    """
    client = report.report_client_singleton()
    try:
        allocations = client.get_allocs_for_consumer(
            context, moving.migration_uuid)['allocations']
        return not allocations or client.move_allocations(
            context, moving.migration_uuid, instance.uuid)
    except Exception:
        LOG.exception('The allocation of the server was not restored. This '
                      'will be tried again.', instance=instance)
        return False


def release(context, uuid, moving):
    """Release all that a deleted server has, wherever it was."""
    client = report.report_client_singleton()
    for consumer, kind in ((moving.migration_uuid, 'migration'),
                           (uuid, 'instance')):
        client.delete_allocation_for_instance(
            context, consumer, consumer_type=kind, force=True)


def _is_migrated_otherwise(context, instance, moving):
    """Whether a server has a migration that is not the one of its record."""
    return any(
        migration.uuid != moving.migration_uuid for migration in
        objects.MigrationList.get_in_progress_by_instance(
            context, instance.uuid))


def _forget(instance, moving):
    """Remove the record that a server moves, and nothing else.

    :returns: Whether that was done; not if it has another one, or another
        operation has begun
    """
    pending = elastic.get_pending(instance)
    if pending.moving != moving:
        return False
    elastic.set_pending(instance, pending._replace(moving=None))
    try:
        instance.save(expected_task_state=[instance.task_state])
    except (exception.InstanceNotFound, exception.InstanceUpdateConflict):
        return False
    return True


def _get_failure():
    """Return the exception of a move that has failed."""
    try:
        # Notifications have where it was raised.
        raise exception.ServerAdjustMoveFailed()
    except exception.ServerAdjustMoveFailed as error:
        return error


def _is_passing(error, arrived):
    """Whether to adjust a server that has moved again, after an error.

    :param arrived: Since when it is on its new host
    """
    return (isinstance(error, _PASSING) and
            not isinstance(error, exception.ServerAdjustHostError) and
            timeutils.utcnow_ts() < arrived + CONF.xloud.wait_timeout)


def _release_destination(context, instance, migration):
    """Release what was claimed for a server that does not go there."""
    node = objects.ComputeNode.get_by_host_and_nodename(
        context, migration.dest_compute, migration.dest_node)
    report.report_client_singleton(
        ).remove_provider_tree_from_instance_allocation(
            context, instance.uuid, node.uuid)


def forget(context, instance):
    """Release what a server that is deleted has elsewhere, if it moves."""
    try:
        moving = elastic.get_pending(instance).moving
        if moving:
            release(context, instance.uuid, moving)
            finish_event(context, instance, moving,
                         exception.ServerAdjustServerChanged())
    except Exception:
        LOG.exception('What the deleted server had elsewhere may not be '
                      'released.', instance=instance)


class Moves(object):
    """The servers that leave a host, or have come to it, in order to grow."""

    def __init__(self, host, accounting, adjustments, reporter,
                 compute_rpcapi):
        self._host = host
        self._compute_rpcapi = compute_rpcapi
        self._accounting = accounting
        self._adjustments = adjustments
        self._reporter = reporter
        self._alarms = background.Alarms(self._try)
        # The UUIDs of the migrations on which this service works.
        self._underway = set()
        # Since when servers are here, by the UUID of their migration.
        self._arrived = {}

    def note(self, instance):
        """Note whether a server moves."""
        if (elastic.get_pending(instance).moving and
                instance.host == self._host):
            self._alarms.set(instance.uuid, 0)

    def stop(self):
        self._alarms.clear()

    # On the host that a server leaves

    def begin(self, context, instance, migration):
        """Check whether a server is still to be migrated.

        :raises: ServerAdjustServerChanged if not
        """
        # Who has a server move in order to grow has read its flavor.
        moving = ('flavor' in instance and
                  elastic.get_pending(instance).moving)
        if not moving or moving.migration_uuid != migration.uuid:
            return
        with self._adjustments.lock(instance):
            try:
                current = objects.Instance.get_by_uuid(
                    context, instance.uuid,
                    expected_attrs=['flavor', 'system_metadata'])
            except exception.InstanceNotFound:
                release(context, instance.uuid, moving)
                raise exception.ServerAdjustServerChanged()
            if (current.task_state == task_states.MIGRATING and
                    elastic.get_pending(current).moving == moving):
                self._underway.add(migration.uuid)
                return
        # What was claimed for it is released.
        restore(context, current, moving)
        _release_destination(context, current, migration)
        raise exception.ServerAdjustServerChanged()

    def end_failed(self, context, instance):
        """End the move of a server that has come back from a migration."""
        moving = elastic.get_pending(instance).moving
        if moving:
            self._underway.discard(moving.migration_uuid)
            self._end(context, instance)

    def _end(self, context, instance, is_interrupted=False):
        error = _get_failure()
        if end(context, instance, error, is_interrupted):
            self._reporter.notify_failure(context, instance, error)

    def forget_migration(self, migration):
        """Forget a migration by which a server has left."""
        self._underway.discard(migration.uuid)

    def _check_departure(self, context, instance, moving):
        """End a move on which nobody works any more."""
        with self._adjustments.lock(instance):
            status = get_status(context, moving)
            if self._is_departing(instance, moving, status):
                return
            # The record of the server may be older than that.
            instance.refresh()
            if instance.host != self._host:
                return
            is_migrated = _is_migrated_otherwise(context, instance, moving)
            if not is_migrated:
                try:
                    self._accounting.get_live_size(instance)
                except exception.InstanceNotFound:
                    self._announce(context, instance, moving)
                    return
                if status != 'completed':
                    self._end(context, instance, is_interrupted=True)
                    return
            # Something else has brought it back, or moves it now.
            if _forget(instance, moving):
                if not is_migrated:
                    self._accounting.sync_allocation(context, instance)
                finish_event(context, instance, moving,
                             exception.ServerAdjustMoveFailed())

    def _is_departing(self, instance, moving, status):
        """Whether anybody still works on the move of a server."""
        if instance.task_state not in (task_states.MIGRATING, None):
            return True
        if status == 'completed':
            return False
        if moving.migration_uuid in self._underway:
            return (instance.task_state is not None or
                    status not in _NOT_UNDERWAY)
        # Until then the conductor may be looking for a host.
        return (instance.task_state is not None and
                status in (None, 'accepted') and timeutils.utcnow_ts() <
                moving.since + CONF.long_rpc_timeout)

    def _announce(self, context, instance, moving):
        """Notify the new host again that a server is there.

        Nova does so once, when the host may have been down.
        """
        LOG.info('Notifying the new host of the server again.',
                 instance=instance)
        migration = objects.Migration.get_by_uuid(
            context, moving.migration_uuid)
        if migration.status != 'completed':
            # This service was not there to record that.
            migration.status = 'completed'
            migration.save()
        if instance.task_state is None:
            instance.task_state = task_states.MIGRATING
            instance.save(expected_task_state=[None])
        try:
            self._compute_rpcapi.post_live_migration_at_destination(
                context, instance, False, migration.dest_compute)
        except Exception as error:
            LOG.warning('The new host of the server did not take it: %s',
                        error, instance=instance)

    # On the host to which a server has come

    def _try(self, uuid):
        context = nova_context.get_admin_context()
        context.update_store()
        try:
            instance = objects.Instance.get_by_uuid(
                context, uuid, expected_attrs=['flavor', 'system_metadata'])
        except exception.InstanceNotFound:
            return
        moving = elastic.get_pending(instance).moving
        if not moving or instance.host != self._host:
            return
        if moving.source == self._host:
            self._check_departure(context, instance, moving)
            return
        migration = objects.Migration.get_by_uuid(
            context, moving.migration_uuid)
        if migration.dest_compute != self._host:
            self._end_elsewhere(context, instance, moving, migration)
        elif instance.task_state is not None or not (
                self._is_source_released(context, moving) and
                self._grow(instance, moving)):
            self._alarms.set(uuid, timeutils.utcnow_ts() + _BUSY_DELAY)

    def _end_elsewhere(self, context, instance, moving, migration):
        """End a move of a server that something else has brought here."""
        if not self._give_up(context, instance, moving, _get_failure()):
            self._alarms.set(
                instance.uuid, timeutils.utcnow_ts() + _BUSY_DELAY)
            return
        report.report_client_singleton().delete_allocation_for_instance(
            context, moving.migration_uuid, consumer_type='migration',
            force=True)
        _release_destination(context, instance, migration)

    def _is_source_released(self, context, moving):
        """Whether nothing is held any more for a way back."""
        client = report.report_client_singleton()
        uuid = moving.migration_uuid
        arrived = self._arrived.setdefault(uuid, timeutils.utcnow_ts())
        try:
            if not client.get_allocs_for_consumer(
                    context, uuid)['allocations']:
                return True
            if timeutils.utcnow_ts() < arrived + _RELEASE_TIMEOUT:
                return False
            client.delete_allocation_for_instance(
                context, uuid, consumer_type='migration')
            return True
        except Exception as error:
            LOG.warning('What the migration %(uuid)s holds is not released '
                        'yet: %(error)s', {'uuid': uuid, 'error': error})
            return False

    def _grow(self, instance, moving):
        """Adjust a server that has moved.

        :returns: Whether that has begun or failed; not if something else has
            to end first
        """
        _event, context = self._reporter.open_event(instance, moving)
        sizes = (elastic.size(instance), elastic.size_at_destination(instance))

        def check_quota(is_claimed):
            objects.SizeQuota.check(context, instance, *sizes, is_claimed)

        try:
            if instance.vm_state not in (
                    vm_states.ACTIVE, vm_states.PAUSED, vm_states.STOPPED):
                raise exception.ServerAdjustServerChanged()
            if instance.vm_state == vm_states.STOPPED and not moving.persist:
                raise exception.ServerAdjustStopped()
            check_quota(False)
            self._adjustments.start_moved(
                instance, moving, lambda: CONF.quota.recheck_quota and
                check_quota(True))
        except (exception.ServerAdjustConflict, exception.ServerAdjustFailed,
                exception.ServerAdjustInvalid,
                exception.ServerAdjustUnavailable) as error:
            if _is_passing(error, self._arrived[moving.migration_uuid]):
                LOG.info('The server is adjusted a little later: %s', error,
                         instance=instance)
                return False
            LOG.info('The server was moved, but is not adjusted: %s', error,
                     instance=instance)
            if not self._give_up(context, instance, moving, error):
                return False
        self._arrived.pop(moving.migration_uuid, None)
        return True

    def _give_up(self, context, instance, moving, error):
        """Leave a server that has moved at its size.

        :returns: Whether that was done; not if another operation has begun
        """
        with self._adjustments.lock(instance):
            try:
                instance.refresh()
            except exception.InstanceNotFound:
                return False
            if instance.task_state is not None or not _forget(
                    instance, moving):
                return False
        self._accounting.sync_allocation(context, instance)
        finish_event(context, instance, moving, error)
        self._reporter.notify_failure(context, instance, error)
        return True
