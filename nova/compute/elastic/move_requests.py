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


"""What the API does with an adjustment for which the server has to move.

The checks of a live migration apply, of which each release of Nova has others.
Then the conductor looks for a host and claims the size there.
"""

import contextlib

from oslo_log import log as logging
from oslo_utils import uuidutils

from nova.compute.elastic import move_records
from nova.compute import task_states
from nova import context as nova_context
from nova import elastic
from nova import exception
from nova import objects

LOG = logging.getLogger(__name__)


class _Unanswered(exception.ServerAdjustMoveError):
    """It is not known what has become of a move."""


@contextlib.contextmanager
def _errors_for_users(instance):
    """Replace errors of the conductor, or on the way to it."""
    try:
        yield
    except (exception.ServerAdjustConflict, exception.ServerAdjustUnavailable):
        raise
    except Exception as error:
        if getattr(error, 'exc_type', type(error).__name__) == 'NoSuchMethod':
            raise exception.ServerAdjustMoveNotSupported()
        LOG.exception('The server was not moved.', instance=instance)
        raise _Unanswered()


class MoveRequests(object):
    """Delivers requests to move servers so that they can grow."""

    def __init__(self, compute_task_api, compute_rpcapi, live_migrate):
        """Take what the compute API has.

        :param compute_task_api: The ComputeTaskAPI that calls the conductor
        :param compute_rpcapi: The ComputeAPI that calls hosts
        :param live_migrate: Its method live_migrate
        """
        self._compute_task_api = compute_task_api
        self._compute_rpcapi = compute_rpcapi
        self._live_migrate = live_migrate

    def move(self, context, instance):
        """Have a server moved that its host has handed over.

        :returns: ``moving``, or ``waiting`` if others are moved instead
        :raises: ServerAdjustConflict or ServerAdjustUnavailable if it cannot
            be moved now; nothing has changed then
        """
        instance.refresh()
        moving = elastic.get_pending(instance).moving
        if not moving or moving.request_id != context.request_id:
            raise exception.ServerAdjustServerChanged()
        try:
            with _errors_for_users(instance):
                self._check(context, instance)
                room = self._compute_task_api.xloud_adjust_move(
                    context, instance)
                if not room:
                    return 'moving'
                self._make_room(context, instance, room)
                return 'waiting'
        except (exception.ServerAdjustNotMovable,
                exception.ServerAdjustMoveNotSupported) as error:
            move_records.end(context, instance, moving, error)
            raise
        except _Unanswered as error:
            # It may still be at work on that, or have ended it.
            if not move_records.end(context, instance, moving, error):
                raise exception.ServerAdjustOutcomeUnknown()
            raise

    def _make_room(self, context, instance, room):
        """Have neighbours leave the host of a server, which waits for that.

        It waits as well if one of them does not leave after all.

        :param room: What xloud_adjust_move returns
        """
        LOG.info('Other servers leave its host so that the server can grow: '
                 '%s', room, instance=instance)
        source = instance.host
        self._compute_rpcapi.xloud_adjust_stay(context, instance)
        cell = objects.InstanceMapping.get_by_instance_uuid(
            context, instance.uuid).cell_mapping
        with nova_context.target_cell(
                nova_context.get_admin_context(), cell) as cctxt:
            for uuid in room:
                self._migrate(cctxt, uuid, source)

    def _migrate(self, context, uuid, source):
        """Have a server leave its host, if that is still possible.

        Where it goes is for the scheduler to say, which knows more.
        """
        try:
            instance = objects.Instance.get_by_uuid(
                context, uuid, expected_attrs=[
                    'flavor', 'info_cache', 'metadata', 'numa_topology',
                    'system_metadata'])
            # Its owner is not to learn whose request this is.
            context.user_id = instance.user_id
            context.project_id = instance.project_id
            if instance.host == source and not instance.locked:
                self._live_migrate(
                    context, instance, block_migration=None,
                    disk_over_commit=None, host_name=None, async_=True)
        except Exception as error:
            LOG.warning('The server cannot leave its host: %s', error,
                        instance_uuid=uuid)

    def check(self, context, instance, request):
        """Check whether a server would be moved now. Nothing is recorded.

        :returns: What would be done: ``move``, or ``wait`` if others were
            moved instead
        :raises: ServerAdjustConflict or ServerAdjustUnavailable if not
        """
        # Only the conductor reads that, of this copy.
        instance = instance.obj_clone()
        instance.task_state = task_states.MIGRATING
        elastic.set_pending(instance, elastic.Pending(moving=elastic.Moving(
            request.size, request.persist, request.force, None, '',
            context.request_id, 0, instance.host, uuidutils.generate_uuid(),
            instance.flavor.id)))
        with _errors_for_users(instance):
            self._check(context, instance)
            room = self._compute_task_api.xloud_adjust_check_move(
                context, instance)
            return elastic.WAIT if room else elastic.MOVE

    def _check(self, context, instance):
        """Check whether the API would have a server live migrated.

        :raises: ServerAdjustNotMovable if not
        """
        checked = instance.obj_clone()
        # That is the task of this request.
        checked.task_state = None
        try:
            self._live_migrate(
                context, checked, block_migration=None, disk_over_commit=None,
                host_name=None, check_only=True)
        except exception.NovaException as error:
            LOG.info('The server cannot be live migrated: %s', error,
                     instance=instance)
            raise exception.ServerAdjustNotMovable(
                reason=error.format_message())
