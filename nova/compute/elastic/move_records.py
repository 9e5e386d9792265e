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

"""The records of servers that move in order to grow, and how their moves end.

Whoever ends one, in the API, the conductor or on a host, sees to it that the
allocations are right again, and that the action log says why.
"""

from oslo_log import log as logging
from oslo_utils import timeutils

from nova.compute.elastic import reports
from nova.compute import task_states
import nova.conf
from nova import elastic
from nova import exception
from nova import objects
from nova.scheduler.client import report

CONF = nova.conf.CONF

LOG = logging.getLogger(__name__)

# Why a server has to move: another host may have what it needs.
REASONS = (exception.ServerAdjustHostFull,
           exception.ServerAdjustAboveHostLimit)

# A migration on which no host works, as its status has it.
NOT_UNDERWAY = (None, 'accepted', 'cancelled', 'error', 'failed')


def end(context, instance, moving, error, is_interrupted=False):
    """End a move of a server that has not left its host.

    :param moving: The nova.elastic.Moving
    :param error: Why it ends
    :param is_interrupted: Whether its host knows that it does not work on the
        migration any more
    :returns: Whether that was done; not if the move goes on, or its
        allocation cannot be restored now, which is left to its host
    """
    try:
        return _end(context, instance, moving, error, is_interrupted)
    except exception.InstanceNotFound:
        release(context, instance.uuid, moving)
        reports.finish_event(
            context, instance, moving, exception.ServerAdjustServerChanged())
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
                get_status(context, moving) in NOT_UNDERWAY)
    is_ended = is_ended and restore(context, instance, moving)
    if is_ended:
        elastic.set_pending(
            instance, elastic.get_pending(instance)._replace(moving=None))
    instance.task_state = None if is_ended else task_states.MIGRATING
    try:
        instance.save(expected_task_state=[task_states.XLOUD_ADJUSTING])
    except exception.InstanceUpdateConflict:
        # That took so long that its host does it.
        return False
    if is_ended:
        reports.finish_event(context, instance, moving, error)
    return is_ended


def end_task(instance, moving, host):
    """End the interrupted task of a server that moves, and nothing else.

    Its guest has not been changed yet. What it has in placement, and what
    becomes of its adjustment, is for the hosts between which it moves.

    :param host: The name of this host
    """
    is_here = moving.source != host
    if not is_here and not timeutils.is_older_than(
            instance.updated_at, CONF.rpc_response_timeout):
        # The API or a conductor may be ending the move.
        return
    instance.task_state = None if is_here else task_states.MIGRATING
    instance.save(expected_task_state=list(task_states.xloud_adjust_states))


def get_migration(context, moving):
    """Return the migration, or None if there is none yet."""
    try:
        return objects.Migration.get_by_uuid(context, moving.migration_uuid)
    except exception.MigrationNotFound:
        return None


def get_status(context, moving):
    """Return the status of the migration, or None if there is none yet."""
    migration = get_migration(context, moving)
    return migration and migration.status


def close(context, moving):
    """Record that there is no migration any more."""
    migration = objects.Migration.get_by_uuid(context, moving.migration_uuid)
    migration.status = 'error'
    migration.save()


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


def release_destination(context, instance, migration):
    """Release what was claimed for a server that does not go there."""
    node = objects.ComputeNode.get_by_host_and_nodename(
        context, migration.dest_compute, migration.dest_node)
    report.report_client_singleton(
        ).remove_provider_tree_from_instance_allocation(
            context, instance.uuid, node.uuid)


def release(context, uuid, moving):
    """Release all that a deleted server has, wherever it was."""
    client = report.report_client_singleton()
    for consumer, kind in ((moving.migration_uuid, 'migration'),
                           (uuid, 'instance')):
        client.delete_allocation_for_instance(
            context, consumer, consumer_type=kind, force=True)


def forget(context, instance):
    """Release what a server that is deleted has elsewhere, if it moves.

    Adjustments that wait or move it end.
    """
    try:
        _returning, waiting, moving = elastic.get_pending(instance)
        if moving:
            release(context, instance.uuid, moving)
        for continued in filter(None, (waiting, moving)):
            reports.finish_event(context, instance, continued,
                                 exception.ServerAdjustServerChanged())
    except Exception:
        LOG.exception('What the deleted server had elsewhere may not be '
                      'released.', instance=instance)


def remove(instance, moving):
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


def get_failure():
    """Return the exception of a move that has failed."""
    try:
        # Notifications have where it was raised.
        raise exception.ServerAdjustMoveFailed()
    except exception.ServerAdjustMoveFailed as error:
        return error
