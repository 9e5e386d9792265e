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


"""The tasks of the servers on a host that are adjusted: one per server."""

from oslo_concurrency import lockutils
from oslo_log import log as logging

from nova.compute.elastic import plan as plans
from nova.compute import task_states
from nova import elastic
from nova import exception

LOG = logging.getLogger(__name__)


class Tasks(object):

    def __init__(self, status, waiting_list):
        self._status = status
        self._waiting_list = waiting_list
        # The adjustments in progress, by the UUID of their server.
        self._in_progress = {}

    @staticmethod
    def lock(instance):
        """Lock the size of a server against other threads of this service."""
        return lockutils.lock('xloud-%s' % instance.uuid)

    def get(self, instance):
        """Return the adjustment of a server that is in progress, or None."""
        return self._in_progress.get(instance.uuid)

    def begin(self, adjustment, task_state):
        """Begin the task of a server and save the server.

        :param task_state: That of a server for which this is begun, or None
            if the records of the server say so
        :raises: ServerAdjustConflict if something else has begun
        """
        instance = adjustment.instance
        with self.lock(instance):
            if instance.uuid in self._in_progress:
                raise exception.ServerAdjustInProgress()
            if (instance.uuid in self._waiting_list or
                    elastic.get_pending(instance) != elastic.Pending()):
                # That may have changed since the server was read.
                before = instance.host, elastic.get_pending(instance)
                instance.refresh()
                if task_state is None and before != (
                        instance.host, elastic.get_pending(instance)):
                    raise exception.ServerAdjustCancelled()
            if (elastic.get_pending(instance).moving and
                    not isinstance(adjustment.plan, plans.MovedPlan)):
                raise exception.ServerAdjustInProgress()
            instance.task_state = task_states.XLOUD_ADJUSTING
            try:
                instance.save(expected_task_state=[task_state])
            except exception.InstanceUpdateConflict:
                raise exception.ServerAdjustCancelled()
            if elastic.pins_vcpus(instance):
                # To save a server does not read again what it owns.
                instance.refresh()
            self._in_progress[instance.uuid] = adjustment

    def end(self, adjustment, next_task=None):
        """End the task of a server and save the server.

        The next adjustment can begin as soon as that is saved, so this one is
        forgotten under the same lock.
        """
        instance = adjustment.instance
        with self.lock(instance):
            instance.task_state = next_task
            instance.save(
                expected_task_state=list(task_states.xloud_adjust_states))
            self.forget(adjustment)

    def cancel(self, adjustment):
        """End the task of a server, if that can be recorded."""
        try:
            self.end(adjustment)
        except (exception.InstanceNotFound,
                exception.InstanceUpdateConflict):
            LOG.info('The server was deleted or its state was reset.',
                     instance=adjustment.instance)
        except Exception:
            LOG.exception('Failed to end the task of the server. It will be '
                          'tried again.', instance=adjustment.instance)

    def forget(self, adjustment):
        # The next one may have begun already.
        if self.get(adjustment.instance) is adjustment:
            del self._in_progress[adjustment.instance.uuid]
            self._status.forget(adjustment.instance)
