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
"""The libvirt driver reports what a guest has, whatever state it is in."""

import threading

from lxml import etree

from nova import exception
from nova.tests.fixtures import libvirt as fakelibvirt
from nova.tests.functional.elastic_helpers import MAXIMUM
from nova.tests.functional.elastic_helpers import MINIMUM
from nova.tests.functional.libvirt import elastic_driver_base

GiB = 1024 * 1024


class LiveSizeTest(elastic_driver_base.DriverTestBase):
    """What a guest has, whatever state it is in."""

    def test_of_running_guest(self):
        self._start()
        self.assertEqual(MINIMUM, self._live_size())
        self._start(vcpus=3, memory_mb=2048)
        self.assertEqual((3, 2048), self._live_size())

    def test_in_whole_mib(self):
        """What is not a whole MiB counts as one."""
        self._start()
        self.domain.setMemoryFlags(
            2 * GiB + 4, fakelibvirt.VIR_DOMAIN_AFFECT_LIVE)
        self.assertEqual(2049, self._live_size().memory_mb)

    def test_before_balloon_driver_runs(self):
        """Until then the guest has all the memory there is."""
        self._start()
        self._restart_guest(balloons=False)
        self.assertEqual((1, 4096), self._live_size())
        self.guest.balloons = True
        self.assertEqual(MINIMUM, self._live_size())

    def test_of_stopped_guest(self):
        self._start()
        self._stop_server(self.server)
        self.assertIsNone(self._live_size())

    def test_of_crashed_guest(self):
        self._start()
        self.domain._state = fakelibvirt.VIR_DOMAIN_CRASHED
        self.assertIsNone(self._live_size())

    def test_of_suspended_server(self):
        """Its guest has been saved, and is not there."""
        self._start()
        self._suspend_server(self.server)
        self.assertIsNone(self._live_size())

    def test_of_paused_guest(self):
        self._start(vcpus=3)
        self._pause()
        self.assertEqual((3, 1024), self._live_size())

    def test_of_deleted_guest(self):
        self._start()
        self._undefine()
        for call in (self._live_size, self._usage, self._details):
            self.assertRaises(exception.InstanceNotFound, call)

    def test_without_libvirtd(self):
        self._start()
        self._crash()
        for call in (self._live_size, self._usage, self._details):
            ex = self.assertRaises(
                exception.ServerAdjustGuestNotResponding, call)
            # What libvirt says is for operators only.
            self.assertEqual(
                'The hypervisor did not respond for the guest of this server.',
                str(ex))
        self.assertEqual(3, self.stdlog.logger.output.count(
            'Error from libvirt: Cannot recv data: Connection reset by peer'))

    def test_of_what_is_not_elastic(self):
        """That counts as the flavor has it."""
        for extra_spec, size in (({}, MAXIMUM),
                                 ({'minimum_cpu': '1'}, (1, 4096)),
                                 ({'minimum_memory': '1024'}, (4, 1024))):
            self._start(flavor_id=self._create_flavor(
                vcpu=4, memory_mb=4096, extra_spec=extra_spec))
            self.assertEqual(size, self._live_size())
            self._delete_server(self.server)

    def test_does_not_ask_monitor(self):
        """A guest whose monitor hangs keeps nobody from its size."""
        self._start(vcpus=3)
        self.size.monitor.hang()
        self.addCleanup(self.size.monitor.release)
        sizes = []
        asker = threading.Thread(
            target=lambda: sizes.append(self._live_size()))
        asker.start()
        asker.join(5)
        self.assertEqual([(3, 1024)], sizes)


class MemoryUsageTest(elastic_driver_base.DriverTestBase):

    def test_of_running_guest(self):
        """What the balloon, the guest and the host say stays apart."""
        self._start(memory_mb=2048)
        self.guest.memory_in_use = 500 * 1024
        self.guest.rss = 2 * GiB + 100 * 1024 + 1
        self.assertEqual((2048, 1548, 2149), self._usage())

    def test_of_guest_without_statistics(self):
        self._start()
        self._restart_guest(reports_statistics=False)
        self.assertEqual((1024, None, 1024), self._usage())

    def test_of_old_statistics(self):
        """What a guest used some periods ago says nothing of now."""
        self._start()
        self.assertEqual(1024, self._usage().usable_mb)
        self.guest.reports_statistics = False
        for seconds, usable_mb in ((20, 1024), (20, None)):
            self.clock.advance(seconds)
            self.assertEqual(usable_mb, self._usage().usable_mb)
        self.guest.reports_statistics = True
        self.assertEqual(1024, self._usage().usable_mb)

    def test_of_stopped_guest(self):
        self._start()
        self._stop_server(self.server)
        self.assertEqual((None, None, None), self._usage())

    def test_of_guest_that_stops_in_the_meantime(self):
        self._start()
        self.size.live = None
        self.assertEqual((None, None, None), self._usage())


class LiveDetailsTest(elastic_driver_base.DriverTestBase):

    def assertDetails(self, **kwargs):
        details = dict(guest_vcpus=None, balloon_driver_active=True,
                       attached_dimms_mb=0, has_virtiomem=False)
        details.update(kwargs)
        self.assertEqual(details, self._details())

    def test_of_plain_guest(self):
        """Without the image property no agent is queried."""
        self._start(vcpus=3)
        self.guest.agent.connected = True
        self.assertDetails()
        self.assertEqual(0, self.guest.agent.question_count)

    def test_of_agent(self):
        """A guest need not use all the vCPUs it has."""
        self._start(agent=True)
        self.assertDetails(guest_vcpus=1)
        self.guest.onlines = False
        self.domain.setVcpusFlags(3, fakelibvirt.VIR_DOMAIN_AFFECT_LIVE)
        self.assertDetails(guest_vcpus=1)
        self.assertEqual(-2, self.guest.agent.timeout)

    def test_of_agent_that_is_dead_or_hung(self):
        self._start(agent=True)
        self.guest.agent.hangs = True
        self.assertDetails()
        self.assertTook(5)
        self.guest.agent.connected = False
        self.assertDetails()
        # The agent of a paused guest is not asked.
        self._pause()
        question_count = self.guest.agent.question_count
        self.assertDetails()
        self.assertEqual(question_count, self.guest.agent.question_count)

    def test_of_balloon(self):
        self._start()
        self._restart_guest(reports_statistics=False)
        self.assertDetails()
        self.domain.setMemoryFlags(
            4 * GiB, fakelibvirt.VIR_DOMAIN_AFFECT_LIVE)
        self.assertDetails(balloon_driver_active=False)

    def test_of_stopped_guest(self):
        self._start(agent=True)
        self._stop_server(self.server)
        self.assertDetails(balloon_driver_active=False)

    def test_of_memory_devices(self):
        """What others have plugged is reported as well."""
        self._start()
        root = etree.fromstring(self.domain.XMLDesc(0))
        for model, size in (('dimm', GiB), ('dimm', GiB // 2),
                            ('virtio-mem', 2 * GiB)):
            device = etree.SubElement(
                root.find('devices'), 'memory', model=model)
            target = etree.SubElement(device, 'target')
            etree.SubElement(target, 'size', unit='KiB').text = str(size)
        self.domain.XMLDesc = lambda flags: etree.tostring(
            root, encoding='unicode')
        self.assertDetails(attached_dimms_mb=1536, has_virtiomem=True)
