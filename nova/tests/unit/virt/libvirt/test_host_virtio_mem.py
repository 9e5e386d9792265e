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
        self.host = host.Host('qemu:///system')

    def _registered(self):
        return self.host.get_connection()._event_callbacks.get(
            getattr(fakelibvirt, EVENT_ID))

    def test_event(self):
        """It is received on each connection, once it is registered."""
        self.assertIsNone(self._registered())
        for _connection in range(2):
            self.host.listen_to_memory_devices()
            callback, opaque = self._registered()
            self.assertIs(self.host, opaque)
            self.assertEqual(
                host.Host._event_memory_device_size_changed_callback, callback)
            self.host._wrapped_conn = None

    def test_received_already(self):
        connection = self.host.get_connection()
        with mock.patch.object(
                connection, 'domainEventRegisterAny') as register:
            for _adjustment in range(2):
                self.host.listen_to_memory_devices()
        register.assert_called_once()

    def test_libvirt_without_the_event(self):
        with mock.patch.object(fakelibvirt, EVENT_ID, None):
            self.host.listen_to_memory_devices()
        self.assertIsNone(self._registered())
