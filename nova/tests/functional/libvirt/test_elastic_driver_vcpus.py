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
"""The libvirt driver adjusts the vCPUs of a running guest."""

import ddt

from nova import elastic
from nova import exception
from nova.tests.functional.elastic_helpers import MINIMUM
from nova.tests.functional.libvirt import elastic_driver_base

GiB = 1024 * 1024


@ddt.ddt
class SetVCPUsTest(elastic_driver_base.DriverTestBase):

    def test_grow_and_shrink(self):
        self._start()
        for count in (4, 2, 2):
            self._set_vcpus(count)
            self.assertHas(vcpus=count)
        self.assertTook(0)
        self.assertEqual(0, self.guest.agent.question_count)

    def test_grown_at_start_can_shrink(self):
        """Also vCPUs that were added by a start can be unplugged."""
        self._start()
        self._set_vcpus(4)
        self._restart_guest()
        self._set_vcpus(1)
        self.assertHas(vcpus=1)

    def test_start_size(self):
        """The start size of a guest is set on its own."""
        self._start()
        self._set_vcpus(3)
        elastic.set_size(self.instance, elastic.Size(2, 2048))
        self.driver.set_start_size(self.instance)
        self.assertHas(3, 1024, defined=elastic.Size(2, 2048))

    def test_guest_complies_late(self):
        """What libvirt does not wait for, the driver does."""
        self._start(vcpus=4)
        self.guest.unplugs_in_time = 0
        for seconds in (7, 13, 19):
            self.clock.at(seconds, self.size.let_go)
        self._set_vcpus(1)
        self.assertHas(vcpus=1)
        # The next one is requested as soon as one is unplugged.
        self.assertLessEqual(self.clock.monotonic(), 20)

    def test_guest_complies_in_part(self):
        """The definition is only changed with the guest."""
        self._start(vcpus=4)
        self.guest.unplugs_in_time = 1
        self.assertFails(
            'The guest has given back 1 of 3 vCPUs after 30 seconds.',
            self._set_vcpus, 1)
        self.assertHas(vcpus=3)
        self.assertTook(30)

    def test_guest_never_complies(self):
        self._start(vcpus=4)
        self.flags(vcpu_timeout=8, group='xloud')
        self.guest.unplugs_in_time = 0
        self.assertFails(
            'The guest has given back 0 of 2 vCPUs after 8 seconds.',
            self._set_vcpus, 2)
        self.assertHas(vcpus=4)
        self.assertTook(8)
        # It can be put back, whatever was requested.
        self._set_vcpus(4)
        self.assertHas(vcpus=4)

    def test_guest_from_before(self):
        self._start()
        self._stop_server(self.server)
        for vcpu in self.size.config.vcpus:
            vcpu.online, vcpu.hotpluggable = True, False
        self.domain.create()
        self.assertFails(
            'The guest was defined before its host supported elastic '
            'servers. Hard reboot the server before it gives back vCPUs.',
            self._set_vcpus, 2)
        self.assertTook(0)
        self._reboot_server(self.server, hard=True)
        self._set_vcpus(2)
        self._set_vcpus(1)
        self.assertHas(vcpus=1)

    def test_paused(self):
        """A paused guest can have vCPUs plugged, but cannot unplug any."""
        self._start(agent=True)
        self._pause()
        self._set_vcpus(3)
        self.assertHas(vcpus=3)
        self.assertFails(
            'The guest is paused. It can neither give back vCPUs nor change '
            'its memory.', self._set_vcpus, 2)
        self.assertHas(vcpus=3)
        self.assertEqual(0, self.guest.agent.question_count)
        self.assertTook(0)

    def test_stopped(self):
        self._start()
        self._stop_server(self.server)
        self.assertRefusedByLibvirt(
            'Requested operation is not valid: domain is '
            'not running', self._set_vcpus, 2)
        self.assertEqual(MINIMUM, self._defined(self.server))

    def test_too_many(self):
        self._start()
        self.assertRefusedByLibvirt(
            'invalid argument: requested vcpus is greater '
            'than max allowable vcpus for the live domain: 5 > 4',
            self._set_vcpus, 5)
        self.assertHas(vcpus=1)

    @ddt.data('_set_vcpus', '_set_memory')
    def test_deleted(self, change):
        """A server may be deleted while a caller waits for its guest."""
        self._start(vcpus=4, memory_mb=2048)
        self.guest.unplugs_in_time = 0
        self.guest.reports_statistics = False
        self.guest.memory_in_use = 2 * GiB
        self.clock.at(7, lambda: self._delete_server(self.server))
        self.assertRaises(
            exception.InstanceNotFound, getattr(self, change), 1)
        self.assertTook(7)
        self.assertRaises(
            exception.InstanceNotFound, getattr(self, change), 1)

    @ddt.data('_set_vcpus', '_set_memory')
    def test_libvirtd_crashes(self, change):
        self._start(vcpus=4, memory_mb=2048)
        self.guest.unplugs_in_time = 0
        self.guest.reports_statistics = False
        self.guest.memory_in_use = 2 * GiB
        self.clock.at(7, self._crash)
        self.assertRefusedByLibvirt(
            'Cannot recv data: Connection reset by peer',
            getattr(self, change), 1)
        self.assertTook(7)
        self.size.crash = None
        self.assertHas(vcpus=4, memory_mb=2048)
