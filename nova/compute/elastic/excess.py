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

"""Guests that take more than their host has.

What a guest takes beyond the size of its server is accounted for if its host
has the capacity. If not, the operator decides what becomes of the guest.
"""

from oslo_log import log as logging

from nova.compute import vm_states
import nova.conf
from nova import elastic
from nova.objects import fields

CONF = nova.conf.CONF

LOG = logging.getLogger(__name__)


class Excess(object):
    """What is done about such guests on a host."""

    def __init__(self, reporter, compute_api, metrics):
        self._reporter = reporter
        self._compute_api = compute_api
        self._metrics = metrics

    def handle(self, context, instance, size, error):
        """Report a guest for which the host has no capacity, and restrain it.

        :param size: The nova.elastic.Size that it has
        :param error: The ServerAdjustConflict that says what the host lacks
        """
        self._metrics.count_drift_without_room()
        self._report(context, instance, size, error)
        self._restrain(context, instance)

    def _report(self, context, instance, size, error):
        """Notify operators, once for each larger excess."""
        reported = elastic.excess(instance)
        if reported and elastic.elementwise_max(reported, size) == reported:
            return
        LOG.warning('The guest has %(vcpus)d vCPUs and %(memory_mb)d MiB, for '
                    'which the server cannot be accounted: %(error)s',
                    {**size._asdict(), 'error': error}, instance=instance)
        elastic.set_excess(instance, size)
        instance.save(expected_task_state=[None])
        self._reporter.notify(
            context, instance, fields.NotificationPhase.ERROR, error)

    def _restrain(self, context, instance):
        """Do what the operator wants, as if it had been requested.

        So it is in the action log of the server, and its user can undo it.
        """
        operations = {'pause': self._compute_api.pause,
                      'stop': self._compute_api.stop}
        operation = operations.get(CONF.xloud.on_excess)
        # Another state allows neither.
        if operation is None or instance.vm_state != vm_states.ACTIVE:
            return
        LOG.warning('Applying [xloud] on_excess = %s: the guest takes more '
                    'memory than its host has capacity for.',
                    CONF.xloud.on_excess, instance=instance)
        try:
            operation(context, instance)
        except Exception:
            LOG.exception('Failed to apply [xloud] on_excess. It will be '
                          'tried again.', instance=instance)
