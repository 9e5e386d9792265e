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


"""Move a server to a host on which it can grow, as its own host is full."""

from keystoneauth1 import exceptions as ks_exc
from oslo_log import log as logging

from nova.compute.elastic import moves
from nova.conductor.tasks import live_migrate
from nova import elastic
from nova import exception
from nova import objects
from nova.objects import fields
from nova.scheduler import request_filter
from nova.scheduler import utils as scheduler_utils

LOG = logging.getLogger(__name__)

# Why placement did not do what was requested of it.
_PLACEMENT_ERRORS = (
    exception.AllocationMoveFailed, exception.AllocationUpdateFailed,
    exception.ConsumerAllocationRetrievalFailed, ks_exc.ClientException)


def move(context, instance, build_task):
    """Claim what a server grows to on another host, and live migrate it.

    :param build_task: A function that returns a LiveMigrationTask
    :raises: ServerAdjustConflict or ServerAdjustUnavailable if that cannot be
        done now; nothing has changed then
    """
    migration = objects.Migration(
        context=context.elevated(),
        uuid=elastic.get_pending(instance).moving.migration_uuid,
        instance_uuid=instance.uuid, source_compute=instance.host,
        status='accepted',
        migration_type=fields.MigrationType.LIVE_MIGRATION,
        old_instance_type_id=instance.flavor.id,
        new_instance_type_id=instance.flavor.id)
    migration.create()
    try:
        _build(context, instance, build_task, migration).execute()
    except Exception as error:
        refusal = _get_refusal(instance, error)
        migration.status = 'error'
        migration.save()
        moves.end(context, instance, refusal)
        raise refusal


def check(context, instance, build_task):
    """Check whether any other host has what a server would grow to.

    :param build_task: A function that returns a HostSearch
    :raises: ServerAdjustNoHost if not; ServerAdjustUnavailable if that is
        unknown
    """
    try:
        hosts = _build(context, instance, build_task).execute()
    except Exception as error:
        raise _get_refusal(instance, error)
    if not hosts:
        raise exception.ServerAdjustNoHost()


def _build(context, instance, build_task, migration=None):
    return build_task(
        context, instance, None, None, None, migration,
        request_spec=objects.RequestSpec.get_by_instance_uuid(
            context, instance.uuid))


class HostSearch(live_migrate.LiveMigrationTask):
    """Looks for hosts to which a server could be live migrated.

    Nothing is claimed, and no host is asked.
    """

    def _execute(self):
        """Return other hosts that have the capacity, as placement says."""
        request_spec = self._get_request_spec_for_select_destinations()
        request_filter.process_reqspec(self.context, request_spec)
        resources = scheduler_utils.ResourceRequest.from_request_spec(
            request_spec)
        _candidates, summaries, _version = (
            self.report_client.get_allocation_candidates(
                self.context, resources))
        # Those of other cells are not among them.
        nodes = objects.ComputeNodeList.get_all_by_uuids(
            self.context, list(summaries or {}))
        return [node.host for node in nodes if self._is_possible(node.host)]

    def _is_possible(self, host):
        try:
            self._check_host_is_up(host)
        except (exception.ComputeHostNotFound,
                exception.ComputeServiceUnavailable):
            return False
        return host != self.source


def _get_refusal(instance, error):
    """Return the exception that says why a server cannot be moved."""
    LOG.warning('The server cannot be moved to another host: %s', error,
                instance=instance)
    if isinstance(error, exception.NoValidHost):
        return exception.ServerAdjustNoHost()
    if isinstance(error, (exception.InstanceInvalidState,
                          exception.MigrationPreCheckError)):
        return exception.ServerAdjustNotMovable(reason=error.format_message())
    if isinstance(error, exception.ComputeServiceUnavailable):
        return exception.ServerAdjustHostDown()
    if isinstance(error, _PLACEMENT_ERRORS):
        return exception.ServerAdjustPlacementUnavailable()
    LOG.error('The move of the server failed.', exc_info=error,
              instance=instance)
    return exception.ServerAdjustMoveError()
