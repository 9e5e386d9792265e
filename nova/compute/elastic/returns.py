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

"""Sizes for a limited time: servers go back when that is over."""

from oslo_log import log as logging
from oslo_utils import timeutils

from nova.compute.elastic import background
from nova.compute import vm_states
from nova import context as nova_context
from nova import elastic
from nova import exception
from nova import objects

LOG = logging.getLogger(__name__)

# After how many seconds it is tried again while another operation is in
# progress, and how long to wait after a guest has not complied: each time
# twice as long.
_BUSY_DELAY = 2
_FIRST_DELAY = 60
_LAST_DELAY = 3600


class Returns(object):
    """Lets the servers on a host go back in time."""

    def __init__(self, host, adjustments):
        self._host = host
        self._adjustments = adjustments
        self._alarms = background.Alarms(self._begin)
        # How long to wait before the next attempt, by the UUID of the server.
        self._delays = {}

    def note(self, instance):
        """Note when a server goes back, if it does."""
        returning = elastic.get_pending(instance).returning
        if not returning or returning.at > timeutils.utcnow_ts():
            self._delays.pop(instance.uuid, None)
        if returning and instance.uuid not in self._delays:
            self._alarms.set(instance.uuid, returning.at)

    def stop(self):
        self._alarms.clear()
        self._delays.clear()

    def _begin(self, uuid):
        context = nova_context.get_admin_context()
        background.start(context, self._try, context, uuid)

    def _try(self, context, uuid):
        delay = _BUSY_DELAY
        try:
            instance = objects.Instance.get_by_uuid(
                context, uuid, expected_attrs=[
                    'flavor', 'numa_topology', 'system_metadata'])
            returning = elastic.get_pending(instance).returning
            if (instance.host != self._host or not returning or
                    returning.at > timeutils.utcnow_ts()):
                if instance.host == self._host:
                    self.note(instance)
                return
            if instance.vm_state not in (vm_states.ACTIVE, vm_states.STOPPED):
                # The next reconciliation notes it again.
                self._delays.pop(uuid, None)
                return
            if instance.task_state is None:
                delay = self._delays.get(uuid, _FIRST_DELAY)
                self._delays[uuid] = min(2 * delay, _LAST_DELAY)
                self._adjustments.start_return(
                    nova_context.RequestContext(
                        instance.user_id, instance.project_id, is_admin=True),
                    instance)
        except exception.InstanceNotFound:
            self._delays.pop(uuid, None)
            return
        except (exception.ServerAdjustHostBusy,
                exception.ServerAdjustInProgress,
                exception.ServerAdjustCancelled):
            # Nothing of it is in the action log.
            delay = _BUSY_DELAY
            self._delays.pop(uuid, None)
        except (exception.ServerAdjustConflict,
                exception.ServerAdjustUnavailable) as error:
            LOG.info('The server goes back to its size later: %s', error,
                     instance_uuid=uuid)
        except Exception:
            LOG.exception('The server was not given its size back.',
                          instance_uuid=uuid)
        # If it has gone back by then, nothing is left to do.
        self._alarms.set(uuid, timeutils.utcnow_ts() + delay)
