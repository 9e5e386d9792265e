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
import os_resource_classes as orc
from oslo_log import log as logging

from nova.compute.elastic import move_records
from nova.compute import task_states
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


def move(context, instance, build_task, find_room):
    """Claim what a server grows to on another host, and live migrate it.

    :param build_task: A function that returns a LiveMigrationTask
    :param find_room: A function that returns which neighbours of the server
        can leave its host for it
    :returns: None of them if the server is being moved. Else it is still to be
        moved by its record, and those are what makes room for it.
    :raises: ServerAdjustConflict or ServerAdjustUnavailable if that cannot be
        done now; nothing has changed then
    """
    moving = elastic.get_pending(instance).moving
    migration = objects.Migration(
        context=context.elevated(), uuid=moving.migration_uuid,
        instance_uuid=instance.uuid, source_compute=instance.host,
        status='accepted',
        migration_type=fields.MigrationType.LIVE_MIGRATION,
        old_instance_type_id=instance.flavor.id,
        new_instance_type_id=instance.flavor.id)
    migration.create()
    try:
        _check_moving(instance, moving)
        _build(context, instance, build_task, migration).execute()
        return []
    except Exception as error:
        refusal = _get_refusal(instance, error)
        room = _find_room(instance, refusal, find_room)
        if room and move_records.restore(context, instance, moving):
            # Until the host of the server has taken it back.
            return room
        migration.status = 'error'
        migration.save()
        move_records.end(context, instance, moving, refusal)
        raise refusal


def _check_moving(instance, moving):
    """Check whether a server is still to be moved, so late.

    :raises: ServerAdjustServerChanged if not
    """
    instance.refresh()
    if (instance.task_state != task_states.MIGRATING or
            elastic.get_pending(instance).moving != moving):
        raise exception.ServerAdjustServerChanged()


def check(context, instance, build_task, find_room):
    """Check whether any other host has what a server would grow to.

    :param build_task: A function that returns a HostSearch
    :param find_room: As move takes it
    :returns: None of the neighbours if one has, else those that can leave
    :raises: ServerAdjustNoHost if there are none, either;
        ServerAdjustUnavailable if that is unknown
    """
    try:
        if _build(context, instance, build_task).execute():
            return []
        raise exception.NoValidHost(reason='')
    except Exception as error:
        refusal = _get_refusal(instance, error)
        room = _find_room(instance, refusal, find_room)
        if room:
            return room
        raise refusal


def _find_room(instance, refusal, find_room):
    """Find room for a server that cannot be moved, if that is the reason."""
    if not isinstance(refusal, exception.ServerAdjustNoHost):
        return []
    try:
        return find_room()
    except Exception:
        LOG.exception('Failed to find room for the server.', instance=instance)
        return []


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
        """Return other hosts that have the capacity, as placement says.

        :returns: What is available on each of them, a Size by host
        """
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
        return {node.host: _get_available(summaries[node.uuid]['resources'])
                for node in nodes if self._is_possible(node.host)}

    def _is_possible(self, host):
        try:
            self._check_host_is_up(host)
        except (exception.ComputeHostNotFound,
                exception.ComputeServiceUnavailable):
            return False
        return host != self.source


def _get_available(resources):
    """Return what is available of a provider by its summary."""
    return elastic.Size(*(
        resources[rc]['capacity'] - resources[rc]['used']
        if rc in resources else 0 for rc in (orc.VCPU, orc.MEMORY_MB)))


def _get_refusal(instance, error):
    """Return the exception that says why a server cannot be moved."""
    LOG.warning('The server cannot be moved to another host: %s', error,
                instance=instance)
    if isinstance(error, exception.ServerAdjustServerChanged):
        return error
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
