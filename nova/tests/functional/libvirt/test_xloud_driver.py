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
"""The libvirt driver tells what a guest has, whatever state it is in."""

from lxml import etree

from nova import exception
from nova.tests.fixtures import libvirt as fakelibvirt
from nova.tests.functional.libvirt import elastic_driver_base
from nova.tests.functional.xloud_base import MAXIMUM
from nova.tests.functional.xloud_base import MINIMUM

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

    def test_of_guest_that_stops_meanwhile(self):
        self._start()
        self.size.live = None
        self.assertIsNone(self._live_size())

    def test_of_deleted_guest(self):
        self._start()
        self._undefine()
        for call in (self._live_size, self._details):
            self.assertRaises(exception.InstanceNotFound, call)

    def test_without_libvirtd(self):
        self._start()
        self._crash()
        for call in (self._live_size, self._details):
            ex = self.assertRaises(exception.InternalError, call)
            self.assertIn('Connection reset by peer', str(ex))

    def test_of_what_is_not_elastic(self):
        """That counts as the flavor has it."""
        for extra_spec, size in (({}, MAXIMUM),
                                 ({'minimum_cpu': '1'}, (1, 4096)),
                                 ({'minimum_memory': '1024'}, (4, 1024))):
            self._start(flavor_id=self._create_flavor(
                vcpu=4, memory_mb=4096, extra_spec=extra_spec))
            self.assertEqual(size, self._live_size())
            self._delete_server(self.server)


class LiveDetailsTest(elastic_driver_base.DriverTestBase):

    def assertDetails(self, **kwargs):
        details = dict(guest_vcpus=None, balloon_driver_active=True,
                       attached_dimms_mb=0, has_virtiomem=False)
        details.update(kwargs)
        self.assertEqual(details, self._details())

    def test_of_plain_guest(self):
        """Nobody asks for an agent of which the image knows nothing."""
        self._start(vcpus=3)
        self.guest.agent.connected = True
        self.assertDetails()
        self.assertEqual(0, self.guest.agent.asked)

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
        asked = self.guest.agent.asked
        self.assertDetails()
        self.assertEqual(asked, self.guest.agent.asked)

    def test_of_balloon(self):
        self._start()
        self.guest.tells_stats = False
        self.assertDetails()
        self.domain.setMemoryFlags(
            4 * GiB, fakelibvirt.VIR_DOMAIN_AFFECT_LIVE)
        self.assertDetails(balloon_driver_active=False)

    def test_of_stopped_guest(self):
        self._start(agent=True)
        self._stop_server(self.server)
        self.assertDetails(balloon_driver_active=False)

    def test_of_memory_devices(self):
        """What others have plugged is told as well."""
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
