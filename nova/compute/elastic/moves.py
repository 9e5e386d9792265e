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

from oslo_utils import timeutils

from nova.compute.elastic import background
from nova import context as nova_context
from nova import elastic
from nova import exception
from nova import objects

# How often to look whether something else has ended, in seconds.
_BUSY_DELAY = 1


class Moves(object):
    """The servers that leave a host, or have come to it, in order to grow."""

    def __init__(self, host, departures, arrivals):
        self._host = host
        self._departures = departures
        self._arrivals = arrivals
        self._alarms = background.Alarms(self._check)

    def note(self, instance):
        """Note whether a server moves."""
        if (elastic.get_pending(instance).moving and
                instance.host == self._host):
            self._alarms.set(instance.uuid, 0)

    def stop(self):
        self._alarms.clear()

    def cancel(self, context, instance, moving):
        """End the adjustment of a server that has moved, and has not grown.

        :raises: ServerAdjustInProgress if it still moves, or grows now
        """
        if moving.source == self._host or not self._arrivals.cancel(
                context, instance, moving):
            raise exception.ServerAdjustInProgress()

    def _check(self, uuid):
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
            self._departures.check(context, instance, moving)
        elif self._arrivals.check(context, instance, moving):
            self._alarms.set(uuid, timeutils.utcnow_ts() + _BUSY_DELAY)
