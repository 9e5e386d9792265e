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

"""The agent in a guest."""

from oslo_log import log as logging

from nova.compute import power_state
import nova.conf
from nova import exception

try:
    # It is not needed to import this module, only to use it.
    import libvirt
except ImportError:
    libvirt = None

LOG = logging.getLogger(__name__)
CONF = nova.conf.CONF


class GuestAgent(object):
    """The agent in a guest, if there is one, for as long as it answers."""

    def __init__(self, guest, instance):
        self._guest = guest
        self._instance = instance
        properties = instance.image_meta.properties
        self._answers = (
            properties.get('hw_qemu_guest_agent', False) and
            guest.get_size_info().state == power_state.RUNNING)

    def get_online_vcpus(self):
        """Return how many vCPUs the operating system uses.

        :returns: A number, or None if the agent does not answer
        """
        if not self._answers:
            return None
        try:
            with self._guest.agent_timeout(CONF.xloud.guest_agent_timeout):
                return self._guest.get_vcpus_count(in_guest=True)
        except (libvirt.libvirtError, exception.GuestAgentBusy) as ex:
            # Each further question could take as long.
            self._answers = False
            LOG.debug('The guest agent does not answer: %s', ex,
                      instance=self._instance)
            return None

    def set_online_vcpus(self, count):
        """Have the operating system use this many vCPUs, if it can."""
        if not self._answers:
            return
        try:
            with self._guest.agent_timeout(CONF.xloud.guest_agent_timeout):
                self._guest.set_online_vcpus(count)
        except (libvirt.libvirtError, exception.GuestAgentBusy) as ex:
            LOG.debug('The guest agent has not brought %(count)d vCPUs '
                      'online: %(error)s', {'count': count, 'error': ex},
                      instance=self._instance)
