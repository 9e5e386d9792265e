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

"""The host listens to what its guests plug and unplug."""

from unittest import mock

from nova import test
from nova.tests.fixtures import libvirt as fakelibvirt
from nova.virt.libvirt import host

EVENT_ID = 'VIR_DOMAIN_EVENT_ID_MEMORY_DEVICE_SIZE_CHANGE'


class HostVirtioMemTest(test.NoDBTestCase):

    def setUp(self):
        super().setUp()
        self.useFixture(fakelibvirt.LibvirtFixture())

    def _registered(self):
        return host.Host(
            'qemu:///system').get_connection()._event_callbacks

    def test_event(self):
        callback, opaque = self._registered()[getattr(fakelibvirt, EVENT_ID)]
        self.assertIsInstance(opaque, host.Host)
        self.assertEqual(
            host.Host._event_memory_device_size_changed_callback, callback)

    def test_libvirt_without_the_event(self):
        """It is no reason to do without the other events."""
        event_id = getattr(fakelibvirt, EVENT_ID)
        with mock.patch.object(fakelibvirt, EVENT_ID, None):
            registered = self._registered()
        self.assertNotIn(event_id, registered)
        self.assertIn(
            fakelibvirt.VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, registered)
