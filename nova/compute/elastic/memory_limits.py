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

"""What a host lets its guests have while they are not being adjusted."""

from oslo_log import log as logging

from nova.compute.elastic import background
import nova.conf
from nova import elastic
from nova import exception

CONF = nova.conf.CONF

LOG = logging.getLogger(__name__)


def _is_enabled():
    return CONF.xloud.memory_limit_overhead is not None


class MemoryLimits(object):

    def __init__(self, accounting, adjustments, questions):
        self._accounting = accounting
        self._adjustments = adjustments
        self._questions = questions

    def update(self, context, instance):
        """Limit the memory of a guest as its size allows.

        An adjustment may have left that for later, and a guest that was
        started before the limit was configured has another one.
        """
        if not _is_enabled():
            return
        with self._adjustments.lock(instance):
            instance.refresh()
            if (self._adjustments.get(instance) or
                    instance.task_state is not None):
                return
            try:
                self._questions.ask(
                    context, instance.uuid, CONF.xloud.guest_query_timeout,
                    self._accounting.limit_memory, instance)
            except exception.ServerAdjustGuestNotResponding:
                LOG.info('The memory of the guest will be limited later.',
                         instance=instance)

    def begin(self, context, instance):
        """Limit the memory of a guest that has come by live migration.

        The limit of its old host did not come with it.
        """
        if _is_enabled() and elastic.is_elastic(instance.flavor):
            background.start(context, self._begin, context, instance)

    def _begin(self, context, instance):
        try:
            self.update(context, instance)
        except exception.InstanceNotFound:
            LOG.debug('The server no longer exists.', instance=instance)
        except Exception:
            LOG.exception('The memory of the guest will be limited later.',
                          instance=instance)
