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

"""Servers that leave a host in order to grow on another one."""

from oslo_log import log as logging
from oslo_utils import timeutils

from nova.compute.elastic import background
from nova.compute.elastic import move_records
from nova.compute.elastic import reports
from nova.compute import task_states
import nova.conf
from nova import elastic
from nova import exception
from nova import objects

CONF = nova.conf.CONF

LOG = logging.getLogger(__name__)


# The server runs on its new host, and what is here is no guest any more.
_POST_COPY = 'running (post-copy)'

# In these states of a migration its server may have left its host.
_LEFT_BY = ('running', _POST_COPY, 'completed', 'error')


def _is_migrated_otherwise(context, instance, moving):
    """Whether a server has a migration that is not the one of its record."""
    return any(
        migration.uuid != moving.migration_uuid for migration in
        objects.MigrationList.get_in_progress_by_instance(
            context, instance.uuid))


class Departures(object):

    def __init__(self, host, accounting, adjustments, reporter,
                 compute_rpcapi):
        self._host = host
        self._accounting = accounting
        self._adjustments = adjustments
        self._reporter = reporter
        self._compute_rpcapi = compute_rpcapi
        # The UUIDs of the migrations on which this service works.
        self._underway = set()
        # Those of which it notifies the new hosts.
        self._announced = set()

    def begin(self, context, instance, migration):
        """Check whether a server is still to be migrated.

        :raises: ServerAdjustServerChanged if not
        """
        if not self.is_on_its_way(instance, migration):
            return
        moving = elastic.get_pending(instance).moving
        with self._adjustments.lock(instance):
            try:
                current = objects.Instance.get_by_uuid(
                    context, instance.uuid,
                    expected_attrs=['flavor', 'system_metadata'])
            except exception.InstanceNotFound:
                move_records.release(context, instance.uuid, moving)
                raise exception.ServerAdjustServerChanged()
            if (current.task_state == task_states.MIGRATING and
                    elastic.get_pending(current).moving == moving):
                self._underway.add(migration.uuid)
                return
        # What was claimed for it is released.
        move_records.restore(context, current, moving)
        move_records.release_destination(context, current, migration)
        raise exception.ServerAdjustServerChanged()

    @staticmethod
    def is_on_its_way(instance, migration):
        """Whether a migration is part of an adjustment.

        Its new host has the server only once it has been notified of it,
        which check repeats.
        """
        # Who has a server move in order to grow has read its flavor.
        moving = ('flavor' in instance and
                  elastic.get_pending(instance).moving)
        return bool(moving and migration) and (
            moving.migration_uuid == migration.uuid)

    def leave_to_check(self, instance, migration):
        """Leave a move that has failed to check, if its server may have left.

        A server whose guest stays may be half on the other host, so that it
        is in error as after any other migration.

        :returns: Whether that was done
        """
        if not self.is_on_its_way(instance, migration):
            return False
        try:
            if self._has_guest(instance):
                return False
        except Exception:
            LOG.warning('It is not known yet whether the server has left.',
                        instance=instance, exc_info=True)
        migration.status = 'error'
        migration.save()
        return True

    def end_failed(self, context, instance):
        """End the move of a server that has come back from a migration."""
        # The API has read that of a server whose migration it aborts.
        moving = ('system_metadata' in instance and
                  elastic.get_pending(instance).moving)
        if moving:
            self._end(context, instance, moving)

    def _end(self, context, instance, moving, is_interrupted=False):
        error = move_records.get_failure()
        if move_records.end(
                context, instance, moving, error, is_interrupted):
            self._reporter.notify_failure(context, instance, error)

    def forget_migration(self, migration):
        """Note that this service does not work on a migration any more."""
        self._underway.discard(migration.uuid)

    def check(self, context, instance, moving):
        """End a move on which nobody works any more."""
        with self._adjustments.lock(instance):
            migration = move_records.get_migration(context, moving)
            if self._is_departing(instance, moving, migration):
                return
            # The record of the server may be older than that.
            instance.refresh()
            if instance.host == self._host:
                self._end_abandoned(context, instance, moving,
                                    migration and migration.status)

    def _end_abandoned(self, context, instance, moving, status):
        if _is_migrated_otherwise(context, instance, moving):
            self._end_overtaken(context, instance, moving)
        elif status in _LEFT_BY and not self._has_guest(instance):
            self._start_to_announce(context, instance, moving)
        elif status == _POST_COPY:
            LOG.debug('The server is still leaving.', instance=instance)
        elif status != 'completed':
            self._end(context, instance, moving, is_interrupted=True)
        elif self._end_overtaken(context, instance, moving):
            self._accounting.sync_allocation(context, instance)

    def _end_overtaken(self, context, instance, moving):
        """End a move of a server that something else moves, or has moved.

        :returns: Whether that was done
        """
        is_ended = move_records.remove(instance, moving)
        if is_ended:
            reports.finish_event(
                context, instance, moving, exception.ServerAdjustMoveFailed())
        return is_ended

    def _has_guest(self, instance):
        try:
            self._accounting.get_live_size(instance)
            return True
        except exception.InstanceNotFound:
            return False

    def _is_departing(self, instance, moving, migration):
        """Whether anybody still works on the move of a server."""
        if instance.task_state not in (task_states.MIGRATING, None):
            return True
        status = migration and migration.status
        if status == 'completed':
            return False
        if moving.migration_uuid in self._underway:
            return (instance.task_state is not None or
                    status not in move_records.NOT_UNDERWAY)
        return (instance.task_state is not None and
                status in (None, 'accepted') and
                self._is_conductor_at_work(moving, migration))

    @staticmethod
    def _is_conductor_at_work(moving, migration):
        """Whether this host may still get to know that it is to migrate."""
        if migration and migration.dest_compute:
            # That is the last that the conductor does before.
            return not timeutils.is_older_than(
                migration.updated_at, CONF.rpc_response_timeout)
        # It records the migration first, and then it may be looking for a host
        # until the API does not wait for it any more.
        timeout = (CONF.long_rpc_timeout if migration else
                   CONF.rpc_response_timeout)
        return timeutils.utcnow_ts() < moving.since + timeout

    def _start_to_announce(self, context, instance, moving):
        """Notify the new host again that a server is there.

        Nova does so once, when the host may have been down. If it still is,
        no other move waits for its answer.
        """
        if moving.migration_uuid not in self._announced:
            self._announced.add(moving.migration_uuid)
            background.start(
                context, self._announce, context, instance, moving)

    def _announce(self, context, instance, moving):
        LOG.info('Notifying the new host of the server again.',
                 instance=instance)
        try:
            migration = objects.Migration.get_by_uuid(
                context, moving.migration_uuid)
            if migration.status != 'completed':
                # This service was not there to record that.
                migration.status = 'completed'
                migration.save()
            if instance.task_state is None:
                instance.task_state = task_states.MIGRATING
                instance.save(expected_task_state=[None])
            self._compute_rpcapi.post_live_migration_at_destination(
                context, instance, False, migration.dest_compute)
        except Exception as error:
            LOG.warning('The new host of the server did not take it: %s',
                        error, instance=instance)
        finally:
            self._announced.discard(moving.migration_uuid)
