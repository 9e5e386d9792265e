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

from oslo_utils.fixture import uuidsentinel as uuids

from nova import test
from nova.tests.fixtures import libvirt as fakelibvirt
from nova.virt.libvirt import event as libvirtevent
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
        events = []
        # In later releases the queue of events belongs to another object.
        handler = getattr(self.host, '_event_handler', self.host)
        handler._queue_event = events.append
        domain = mock.Mock(UUIDString=lambda: uuids.server)
        for number in (1, 2):
            self.host.listen_to_memory_devices()
            callback, opaque = self._registered()
            self.assertIs(self.host, opaque)
            callback(self.host.get_connection(), domain, 'ua', 0, opaque)
            self.assertEqual(
                [(uuids.server, 'ua')] * number,
                [(event.uuid, event.dev) for event in events])
            self.assertIsInstance(
                events[-1], libvirtevent.MemoryDeviceSizeChangedEvent)
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
