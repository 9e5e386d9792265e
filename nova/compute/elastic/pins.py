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

"""The host CPUs to which the guests of servers are pinned."""

from oslo_log import log as logging

from nova import elastic

LOG = logging.getLogger(__name__)


class Pins(object):
    """Pins guests to the host CPUs that their servers own."""

    def __init__(self, driver):
        self._driver = driver

    def set(self, instance, size=None):
        """Pin the guest of a server to the host CPUs that it owns.

        :param size: The size that is to own host CPUs, if that is less than
            the one of the server; what it releases is powered down
        """
        if elastic.pins_vcpus(instance) and elastic.has_pins(
                instance.numa_topology):
            self._driver.set_pins(instance, elastic.topology_at_pins(
                instance, size or elastic.size(instance)))

    def set_started(self, instance, size):
        """Pin the guest of a server that was stopped or started."""
        # On another host its record still has the CPUs of the last one, and
        # its guest is pinned for its start size when it starts.
        if not (elastic.pins_vcpus(instance) and instance.migration_context):
            self.set(instance, size)

    def try_to_set(self, instance, size):
        """Pin a guest before what its server does not need is released.

        :returns: Whether that could be done now; else nothing is released
        """
        try:
            self.set(instance, size)
        except Exception:
            LOG.exception('Failed to pin the vCPUs of the guest. It will be '
                          'tried again.', instance=instance)
            return False
        return True
