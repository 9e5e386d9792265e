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

"""Servers that have come to a host in order to grow there."""

from oslo_log import log as logging
from oslo_utils import timeutils

from nova.compute.elastic import move_records
from nova.compute.elastic import reports
from nova.compute import vm_states
import nova.conf
from nova import elastic
from nova import exception
from nova import objects
from nova.scheduler.client import report

CONF = nova.conf.CONF

LOG = logging.getLogger(__name__)

# For how many seconds the host from which a server has come may take to
# release what the server had there. After that it is done for it.
_RELEASE_TIMEOUT = 120

# What ends in time, so that the adjustment can begin then.
_PASSING = (exception.ServerAdjustCancelled,
            exception.ServerAdjustConcurrentUpdate,
            exception.ServerAdjustHostBusy, exception.ServerAdjustInProgress,
            exception.ServerAdjustUnavailable)


def _is_passing(error, arrived):
    """Whether to adjust a server that has moved again, after an error.

    :param arrived: Since when it is on its new host
    """
    return (isinstance(error, _PASSING) and
            not isinstance(error, exception.ServerAdjustHostError) and
            timeutils.utcnow_ts() < arrived + CONF.xloud.wait_timeout)


class Arrivals(object):

    def __init__(self, host, accounting, adjustments, reporter):
        self._host = host
        self._accounting = accounting
        self._adjustments = adjustments
        self._reporter = reporter
        # Since when servers are here, by the UUID of their migration.
        self._arrived = {}

    def check(self, context, instance, moving):
        """Adjust a server, if that can begin now.

        :returns: Whether something else has to end first
        """
        migration = objects.Migration.get_by_uuid(
            context, moving.migration_uuid)
        if migration.dest_compute != self._host:
            return not self._end_elsewhere(
                context, instance, moving, migration)
        return instance.task_state is not None or not (
            self._is_source_released(context, moving) and
            self._grow(instance, moving))

    def _end_elsewhere(self, context, instance, moving, migration):
        """End a move of a server that something else has brought here.

        :returns: Whether that was done; not if another operation has begun
        """
        if not self._fail(
                context, instance, moving, move_records.get_failure()):
            return False
        report.report_client_singleton().delete_allocation_for_instance(
            context, moving.migration_uuid, consumer_type='migration',
            force=True)
        move_records.release_destination(context, instance, migration)
        return True

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
        event, context = self._reporter.open_event(instance, moving)
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
                context, instance, moving, event,
                lambda: CONF.quota.recheck_quota and check_quota(True))
        except (exception.ServerAdjustConflict, exception.ServerAdjustFailed,
                exception.ServerAdjustInvalid,
                exception.ServerAdjustUnavailable) as error:
            if _is_passing(error, self._arrived[moving.migration_uuid]):
                LOG.info('The server is adjusted a little later: %s',
                         error.format_message(), instance=instance)
                return False
            LOG.info('The server was moved, but is not adjusted: %s',
                     error.format_message(), instance=instance)
            if not self._fail(context, instance, moving, error):
                return False
        self._arrived.pop(moving.migration_uuid, None)
        return True

    def cancel(self, context, instance, moving):
        """Leave a server at its size, since its adjustment was cancelled.

        :returns: Whether that was done; not if something else has to end first
        """
        migration = objects.Migration.get_by_uuid(
            context, moving.migration_uuid)
        return (migration.dest_compute == self._host and
                self._is_source_released(context, moving) and
                self._end(context, instance, moving,
                          exception.ServerAdjustWaitCancelled()))

    def _fail(self, context, instance, moving, error):
        """Leave a server at its size, since it cannot be adjusted.

        :returns: Whether that was done; not if another operation has begun
        """
        is_ended = self._end(context, instance, moving, error)
        if is_ended:
            self._reporter.notify_failure(context, instance, error)
        return is_ended

    def _end(self, context, instance, moving, error):
        with self._adjustments.lock(instance):
            try:
                instance.refresh()
            except exception.InstanceNotFound:
                return False
            elastic.release_pins(instance, elastic.size(instance))
            if instance.task_state is not None or not move_records.remove(
                    instance, moving):
                return False
        self._arrived.pop(moving.migration_uuid, None)
        self._accounting.update_usage(instance)
        self._accounting.sync_allocation(context, instance)
        reports.finish_event(context, instance, moving, error)
        return True
