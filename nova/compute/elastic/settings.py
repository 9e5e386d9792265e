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

"""What a host sets for its guests while they are not being adjusted.

An adjustment may have left that for later. A guest that was started before
the memory limit was configured has another one, and one that has come from
another host has none.
"""

from oslo_log import log as logging

from nova.compute.elastic import background
import nova.conf
from nova import elastic
from nova import exception

CONF = nova.conf.CONF

LOG = logging.getLogger(__name__)


def _limits_memory():
    return CONF.xloud.memory_limit_overhead is not None


class GuestSettings(object):

    def __init__(self, host, accounting, adjustments, questions):
        self._host = host
        self._accounting = accounting
        self._adjustments = adjustments
        self._questions = questions

    def update(self, context, instance):
        """Pin a guest and limit its memory as its size allows."""
        functions = []
        if elastic.pins_vcpus(instance):
            functions.append(self._accounting.pins.set)
        if _limits_memory():
            functions.append(self._accounting.limit_memory)
        if not functions:
            return
        with self._adjustments.lock(instance):
            # It may have other CPUs or another host by now.
            instance.refresh()
            if (instance.host != self._host or
                    instance.task_state is not None or
                    self._adjustments.get(instance)):
                return
            try:
                for function in functions:
                    self._questions.ask(
                        context, instance.uuid, CONF.xloud.guest_query_timeout,
                        function, instance)
            except exception.ServerAdjustGuestNotResponding:
                LOG.info('The guest will be pinned and limited later.',
                         instance=instance)

    def begin(self, context, instance):
        """Limit the memory of a guest that has come by live migration."""
        if _limits_memory() and elastic.is_elastic(instance.flavor):
            background.start(context, self._begin, context, instance)

    def _begin(self, context, instance):
        try:
            self.update(context, instance)
        except exception.InstanceNotFound:
            LOG.debug('The server no longer exists.', instance=instance)
        except Exception:
            LOG.exception('The memory of the guest will be limited later.',
                          instance=instance)
