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
"""What functional tests share that call the libvirt driver themselves."""

from nova import exception
from nova.tests.fixtures import libvirt_guest
from nova.tests.fixtures import libvirt_size
from nova.tests.functional.elastic_helpers import MINIMUM
from nova.tests.functional.libvirt import elastic_base


class DriverTestBase(elastic_base.ElasticServersTestBase):
    """One guest of up to four vCPUs and 4 GiB, and time that flies."""

    HOSTS = ('host1',)

    def setUp(self):
        super().setUp()
        self.driver = self.computes['host1'].driver
        self.clock = self.useFixture(libvirt_guest.FakeClock())

    def _start(self, vcpus=None, memory_mb=None, agent=False, **kwargs):
        """Boot a server and adjust its guest, but no record of its size."""
        if agent:
            image = self._create_image({'hw_qemu_guest_agent': 'yes'})
            kwargs['image_uuid'] = image['id']
        self.server = self._boot(**kwargs)
        self.instance = self._instance(self.server)
        self.domain = self._domain(self.server)
        self.size = self.domain.size
        self.guest = self.size.guest
        self.guest.waited = self.clock.advance
        self.guest.clock = self.clock
        self.guest.agent.connected = agent
        guest = self._guest(self.server)
        if vcpus:
            guest.set_vcpus(vcpus, live=True)
        if memory_mb:
            self._set_live_memory(guest, memory_mb)

    def _set_vcpus(self, count, **kwargs):
        self.driver.set_current_vcpus(self.instance, count, **kwargs)

    def _set_memory(self, memory_mb, **kwargs):
        return self.driver.set_current_memory_mb(
            self.instance, memory_mb, **kwargs)

    def _live_size(self):
        return self.driver.get_live_size(self.instance)

    def _usage(self):
        return self.driver.get_memory_usage(self.instance)

    def _details(self):
        return self.driver.get_live_details(self.instance)

    def _pause(self):
        self.api.post_server_action(self.server['id'], {'pause': {}})
        self._wait_for_state_change(self.server, 'PAUSED')

    def _restart_guest(self, **guest):
        """Have the same guest boot again, with other attributes."""
        self.domain.destroy()
        for name, value in guest.items():
            setattr(self.guest, name, value)
        self.domain.create()

    def _undefine(self):
        self.domain.destroy()
        self.domain.undefine()

    def _crash(self):
        self.size.crash = libvirt_size.Refused(
            'Cannot recv data: Connection reset by peer',
            'VIR_ERR_SYSTEM_ERROR')

    def assertHas(self, vcpus=None, memory_mb=None, defined=MINIMUM):
        """The guest has this now, and starts with that."""
        size = self._live(self.server)
        if vcpus:
            self.assertEqual(vcpus, size.vcpus)
        if memory_mb:
            self.assertEqual(memory_mb, size.memory_mb)
        self.assertEqual(defined, self._defined(self.server))

    def assertFails(self, message, call, *args, **kwargs):
        ex = self.assertRaises(
            exception.ServerAdjustFailed, call, *args, **kwargs)
        self.assertEqual(message, str(ex))

    def assertRefusedByLibvirt(self, text, call, *args, **kwargs):
        """The text of libvirt is logged, and nobody else sees it."""
        self.assertFails(
            'The hypervisor refused the adjustment. See the log of '
            'nova-compute.', call, *args, **kwargs)
        self.assertIn('Error from libvirt: ' + text, self.stdlog.logger.output)

    def assertTook(self, seconds):
        self.assertLessEqual(abs(self.clock.monotonic() - seconds), 0.5)
