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

"""A service stops, or a step fails, while dedicated CPUs come and go."""

from unittest import mock

import ddt
import eventlet  # noqa: H905

from nova.compute.elastic import pins
from nova.compute import resource_tracker
from nova import objects
from nova.scheduler.client import report
from nova.tests.fixtures import libvirt as fakelibvirt
from nova.tests.functional.libvirt import elastic_pinned_base
from nova.tests.functional import test_elastic_stock
from nova.virt.libvirt import driver as libvirt_driver
from nova.virt.libvirt import guest as libvirt_guest

PIN = (pins.Pins, 'set')
SET_VCPUS = (libvirt_driver.LibvirtDriver, 'set_current_vcpus')
UPDATE_SIZE = (resource_tracker.ResourceTracker, 'update_size')
RELEASE = (report.SchedulerReportClient, 'set_instance_resources')


@ddt.ddt
class ElasticPinnedFaultsTest(elastic_pinned_base.PinnedServersTestBase):

    def setUp(self):
        super().setUp()
        self.server, self.other = self._boot(), self._boot()

    @ddt.data(
        # What it has before and is to have; where its compute dies, at which
        # call, and whether that has been done; and what it has afterwards.
        ('not pinned', 1, 3, PIN, 1, False, 1),
        ('pinned', 1, 3, PIN, 1, True, 1),
        ('plugged', 1, 3, SET_VCPUS, 1, True, 3),
        ('not unplugged', 3, 1, SET_VCPUS, 1, False, 3),
        ('unplugged', 3, 1, SET_VCPUS, 1, True, 3),
        ('repinned', 3, 1, PIN, 2, True, 3),
        ('not freed', 3, 1, UPDATE_SIZE, 2, False, 1),
        ('freed', 3, 1, UPDATE_SIZE, 2, True, 1),
        ('not released', 3, 1, RELEASE, 1, False, 1),
    )
    @ddt.unpack
    def test_crash(self, _name, before, after, place, call, done, vcpus):
        self._set_vcpus(self.server, before)
        first = self._owned(self.server)[0]
        self._die(after, place, call, done)
        self._restart_host('host1')
        self._wait_until_adjusted(self.server)
        self._reconcile()
        self.assertEqual(vcpus, len(self._owned(self.server)))
        self.assertEqual(first, self._owned(self.server)[0])
        self.assertOwners(self.server, self.other)
        # All that nobody owns can be had.
        self._set_vcpus(self.server, 1)
        self.assertPinned(self.server, 1)
        self._set_vcpus(self.other, 4)
        self._set_vcpus(self.server, 2)
        self.assertPinned(self.server, 2)
        self.assertPinned(self.other, 4)
        self.assertOwners(self.server, self.other)

    def _die(self, vcpus, place, call, done):
        # What a service does here it does in greenlets: one is held by this.
        reached = eventlet.event.Event()  # noqa: N373
        calls = []

        def hang(method, *args, **kwargs):
            calls.append(method)
            if len(calls) != call:
                return method(*args, **kwargs)
            if done:
                method(*args, **kwargs)
            reached.send(eventlet.getcurrent())
            eventlet.event.Event().wait()  # noqa: N373

        patch = self._patch(*place, hang)
        self._set_vcpus(self.server, vcpus, wait=False)
        thread = reached.wait()
        patch.stop()
        with mock.patch.object(
                objects.InstanceActionEvent, 'event_finish_with_failure'):
            eventlet.kill(thread)

    @ddt.data('pin_vcpu', 'set_vcpus')
    def test_libvirt_fails(self, name):
        """A server that cannot grow has what it had, and is there alone."""
        error = fakelibvirt.make_libvirtError(
            fakelibvirt.libvirtError, 'it does not work',
            error_code=fakelibvirt.VIR_ERR_OPERATION_FAILED)
        owned = self._owned(self.server)
        self._break(libvirt_guest.Guest, name, error, times=1)
        self._set_vcpus(self.server, 3)
        self.assertEqual('Error', self._last_adjust(self.server)[1])
        self.assertEqual(owned, self.assertPinned(self.server, 1))
        self.assertOwners(self.server, self.other)
        self._set_vcpus(self.server, 3)
        self.assertPinned(self.server, 3)
        self.assertOwners(self.server, self.other)

    def test_placement_refuses(self):
        """The claim in the host is undone if there is none in placement."""
        self._set_vcpus(self.other, 2)
        owned = self._owned(self.server)
        # Another consumer, which the host does not know.
        uuid = '3f2b1c5e-7d0a-4c53-9a45-2f5f0f6a1111'
        self.placement.put('/allocations/%s' % uuid, {
            'allocations': {self._provider_uuid('host1'): {
                'resources': {'PCPU': 2}}},
            'consumer_generation': None,
            'project_id': self.api.project_id, 'user_id': 'user'},
            version='1.28')
        response = self._post(self.server, current_vcpus=3)
        self.assertEqual(409, response.status, response.body)
        error = response.body['conflictingRequest']
        self.assertEqual('xloud.host_full', error['error_code'])
        self.assertEqual('Its host has 1 dedicated CPU available; the request '
                         'needs 2 more.', error['message'])
        self.assertEqual(owned, self.assertPinned(self.server, 1))
        self.assertOwners(self.server, self.other)
        self.assertEqual(1, self._status(self.server)['room_vcpus'])
        self._set_vcpus(self.server, 2)
        self.assertPinned(self.server, 2)

    def test_drift(self):
        """vCPUs that are plugged behind Nova's back get CPUs of their own."""
        self._guest(self.server).set_vcpus(3, live=True)
        for _check in range(2):
            self._reconcile()
        self.assertEqual(3, self._instance(self.server).vcpus)
        self._reconcile()
        self.assertPinned(self.server, 3)
        self.assertOwners(self.server, self.other)
        self._guest(self.server).set_vcpus(2, live=True)
        for _check in range(3):
            self._reconcile()
        self.assertPinned(self.server, 2)
        self.assertOwners(self.server, self.other)


class ElasticPinnedStockTest(
        test_elastic_stock.StockReaderMixin,
        elastic_pinned_base.PinnedServersTestBase):

    def test_reads_what_was_written(self):
        """Stock Nova finds pinned what is owned, and a place for each vCPU."""
        server = self._boot()
        self._set_vcpus(server, 2)
        owned = self._owned(server)
        record = self._read()[server['id']]
        self.assertEqual(2, record['vcpus'])
        pins, = record['pins']
        self.assertEqual({'0', '1', '2', '3'}, set(pins))
        self.assertEqual(set(owned.values()), set(pins.values()))
        self.assertEqual({str(vcpu): cpu for vcpu, cpu in owned.items()},
                         {vcpu: pins[vcpu] for vcpu in ('0', '1')})

    def test_comes_back(self):
        """A guest that stock Nova has started has its maximum."""
        server, other = self._boot(), self._boot()
        guest = self._guest(server)
        guest.set_vcpus(4, live=True)
        for _check in range(3):
            self._reconcile()
        self.assertPinned(server, 4)
        self.assertOwners(server, other)
