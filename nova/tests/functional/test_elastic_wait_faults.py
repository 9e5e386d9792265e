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

"""What goes wrong, or happens in the meantime, while adjustments wait."""

import time

import eventlet  # noqa: H905
import fixtures
from oslo_db import exception as db_exc

from nova.compute.elastic import accounting
from nova.compute.elastic import adjust
from nova.compute.elastic import reports
from nova.compute.elastic import returns
from nova.compute.elastic import tasks
from nova import elastic
from nova import exception
from nova import objects
from nova.tests.functional import elastic_helpers
from nova.tests.functional import test_elastic_wait
from nova.virt import fake


class ElasticWaitRacesTest(
        test_elastic_wait.WaitMixin, elastic_helpers.ElasticAdjustTestBase):
    """Two things happen at the same time."""

    def _grants(self):
        return self.computes['host1'].manager.elastic.grants

    def test_gives_back(self):
        """A little that is given back does not get a request ahead."""
        server, older = self._boot(), self._boot()
        self._adjust(server, elastic.Size(1, 2048))
        other = self._plain(3)
        self._plain(5)
        self._wait(older, 4)
        self._wait(server, 4, current_memory_mb=1024)
        self._delete_server(other)
        self.assertHas(older, 4)
        self.assertWaits(server)

    def test_state_is_reset_before_it_waits(self):
        """What is not recorded does not wait, and its action says so."""
        server = self._boot()
        self._plain(8)

        def reset(method, *args):
            self.admin_api.post_server_action(
                server['id'], {'os-resetState': {'state': 'active'}})
            return method(*args)

        self._patch(accounting.Accounting, 'claim', reset)
        message = self._refused(
            409, server, current_vcpus=3, when_full='wait')
        self.assertIsNone(self._waiting(server))
        self.assertEqual(
            ('compute_xloud_adjust', 'Error',
             'xloud.server_changed: ' + message), self._last_adjust(server))

    def test_compute_dies_after_the_grant(self):
        """The action that was granted ends, though a later one was refused."""
        server = self._boot()
        other = self._plain(8)
        request_id = self._wait(server, 3)
        self._refused(409, server, current_vcpus=4)
        reached = eventlet.Event()

        def die(*_args):
            reached.send()
            raise eventlet.greenlet.GreenletExit()

        patch = self._patch(fake.FakeDriver, 'set_current_vcpus', die)
        self._delete_server(other)
        reached.wait()
        patch.stop()
        self.assertEqual([(None, None)], self._events(server, request_id))
        self._restart('host1')
        self.assertEnds(
            server, request_id, 'Error', 'xloud.interrupted: nova-compute '
            'stopped before the adjustment was complete.')

    def test_deleted_while_its_host_is_down(self):
        server = self._boot()
        self._plain(8)
        request_id = self._wait(server, 3)
        self._take_down('host1')
        self._delete_server(server)
        self.assertEnds(
            server, request_id, 'Error',
            'xloud.server_changed: The server was deleted or its state was '
            'reset during the adjustment.')

    def test_cancelled_before_it_is_granted(self):
        """What was cancelled is not granted."""
        server = self._boot()
        other = self._plain(8)
        request_id = self._wait(server, 3)
        ends = []

        def cancel_and_start(method, *args):
            self.assertEqual(202, self._post(server, cancel=True).status)
            try:
                return method(*args)
            except exception.ServerAdjustCancelled as error:
                ends.append(error)
                raise

        self._patch(adjust.Adjustments, 'start_waiting', cancel_and_start)
        self._delete_server(other)
        self.assertWithin(5, lambda: ends or self._instance(server).vcpus > 1)
        self.assertEqual(1, self._instance(server).vcpus)
        self.assertIn('xloud.wait_cancelled',
                      self._events(server, request_id)[0][1])

    def test_usage_is_unknown(self):
        """It waits on until its quota can be checked.

        The conductor of a cell cannot do that without the API database.
        """
        server = self._boot()
        other = self._plain(8)
        self._wait(server, 3)
        attempts = []

        def fail(_method, *_args, **_kwargs):
            attempts.append(server)
            raise db_exc.CantStartEngineError()

        patch = self._patch(objects.Quotas, 'check_deltas', fail)
        self._delete_server(other)
        self.assertWithin(5, lambda: len(attempts) > 1)
        self.assertWaits(server)
        self.assertEqual(1, self._instance(server).vcpus)
        patch.stop()
        self.assertHas(server, 3, within=5)

    def test_replaced_while_it_fails(self):
        """The end of one that waited leaves a newer one alone."""
        server = self._boot()
        other = self._plain(8)
        first = self._wait(server, 3)
        newer = []

        def replace_and_fail(method, *args):
            if not newer:
                newer.append(self._wait(server, 4))
                raise exception.ServerAdjustNoGuest()
            return method(*args)

        self._patch(adjust.Adjustments, 'check', replace_and_fail)
        self._grants().wake()
        self.assertWithin(5, lambda: newer)
        time.sleep(0.5)
        self.assertEqual(newer, [self._waiting(server).request_id])
        self.assertEqual([(None, None)], self._events(server, *newer))
        self.assertIn('xloud.replaced', self._events(server, first)[0][1])
        self._delete_server(other)
        self.assertHas(server, 4)

    def test_goes_back(self):
        """A newer request goes on waiting when a limited time is over."""
        self.useFixture(fixtures.MockPatchObject(returns, '_FIRST_DELAY', 2))
        server = self._boot()
        other = self._plain(8)
        self.assertEqual(202, self._post(
            server, current_vcpus=2, for_seconds=3).status)
        self._wait_until_adjusted(server)
        # The guest does not comply at first.
        self._break(fake.FakeDriver, 'set_current_vcpus',
                    exception.ServerAdjustFailed('No.'), times=1)
        request_id = self._wait(server, 4)
        self.assertWithin(10, lambda: self._instance(server).vcpus == 1)
        self._wait_until_adjusted(server)
        self.assertEqual(request_id, self._waiting(server).request_id)
        self.assertEqual([(None, None)], self._events(server, request_id))
        self._delete_server(other)
        self.assertHas(server, 4)
        self.assertEnds(server, request_id, 'Success')

    def test_flavor_does_not_allow_it_any_more(self):
        """What became invalid in the meantime ends, and says why."""
        server = self._boot()
        self._plain(8)
        request_id = self._wait(
            server, 3, current_memory_mb=1024, for_seconds=600)
        self._let_guest_have(server, elastic.Size(1, 2048))
        for _check in range(2):
            self._reconcile()
        self._grants().wake()
        self.assertEnds(
            server, request_id, 'Error', 'xloud.timed_shrink: A size for a '
            'limited time cannot be below the size that the server goes back '
            'to.')


class ElasticWaitFaultsTest(
        test_elastic_wait.WaitMixin, elastic_helpers.ElasticAdjustTestBase):
    """A host that carries out one adjustment at a time."""

    def setUp(self):
        self.flags(max_concurrent_adjustments=1, group='xloud')
        super().setUp()

    def test_event_does_not_start(self):
        """The worker is free again."""
        server = self._boot()
        self._break(reports.Event, 'start', ValueError(), times=1)
        self.assertEqual(503, self._post(server, current_vcpus=2).status)
        self._adjust(server, elastic.Size(2, 1024))
        self.assertHas(server, 2)

    def test_event_of_replaced_does_not_end(self):
        """What has been claimed is carried out."""
        server = self._boot()
        self._plain(7)
        self._wait(server, 4)
        self._break(objects.InstanceActionEvent, 'event_finish_with_failure',
                    ValueError(), times=1)
        for vcpus in (2, 3):
            self._adjust(server, elastic.Size(vcpus, 1024))
            self.assertHas(server, vcpus)

    def test_wait_is_not_recorded(self):
        """The worker is free again."""
        server = self._boot()
        self._plain(8)
        self._break(tasks.Tasks, 'end', ValueError(), times=1)
        self.assertEqual(500, self._post(
            server, current_vcpus=3, when_full='wait').status)
        self._reconcile()
        self._adjust(server, elastic.Size(2, 1024))
        self.assertHas(server, 2)

    def test_placement_refuses(self):
        """It is not tried again and again for what only placement sees."""
        server = self._boot()
        other = self._plain(8)
        rp_uuid = self._provider_uuid('host1')
        inventories = self._get_provider_inventory(rp_uuid)
        disk = inventories['DISK_GB']
        inventories['DISK_GB'] = {**disk, 'total': 1, 'max_unit': 1}
        request_id = self._wait(server, 3)
        claims = []

        def claim(method, *args):
            claims.append(args)
            return method(*args)

        self._delete_server_without_grant(other)
        self._update_inventory(rp_uuid, {
            'inventories': inventories,
            'resource_provider_generation': self._generation(rp_uuid)})
        self._patch(accounting.Accounting, 'claim', claim)
        self.computes['host1'].manager.elastic.grants.wake()
        self.assertWithin(5, lambda: claims)
        time.sleep(2)
        self.assertEqual(1, len(claims))
        self.assertWaits(server)

        inventories['DISK_GB'] = disk
        self._update_inventory(rp_uuid, {
            'inventories': inventories,
            'resource_provider_generation': self._generation(rp_uuid)})
        self._reconcile()
        self.assertHas(server, 3)
        self.assertEnds(server, request_id, 'Success')

    def _generation(self, rp_uuid):
        return self._get_resource_provider_by_uuid(rp_uuid)['generation']

    def _delete_server_without_grant(self, server):
        with fixtures.MockPatchObject(
                self.computes['host1'].manager.elastic.grants, 'wake'):
            self._delete_server(server)

    def test_guest_hangs(self):
        """A guest that does not respond keeps nobody else from growing."""
        server, other = self._boot(), self._boot()
        big = self._plain(7)
        self._wait(server, 4)
        self._wait(other, 3)

        def hang(method, driver, instance):
            if instance.uuid == server['id']:
                raise exception.ServerAdjustGuestNotResponding()
            return method(driver, instance)

        patch = self._patch(fake.FakeDriver, 'get_memory_usage', hang)
        self._delete_server(big)
        self.assertHas(other, 3)
        self.assertWaits(server)
        patch.stop()
        self.assertHas(server, 4, within=2 + 5)


class ElasticWaitElsewhereTest(
        test_elastic_wait.WaitMixin, elastic_helpers.ElasticServersTestBase):

    def test_moved_while_it_is_checked(self):
        """Its old host neither grants nor ends it."""
        server = self._boot()
        self._plain(8)
        self._plain(8, host='host2')
        request_id = self._wait(server, 4)
        moves, ends = [], []

        def move(method, *args):
            if not moves:
                moves.append(server)
                self._live_migrate(server)
                ends.append(server)
                raise exception.ServerAdjustNoGuest()
            return method(*args)

        self._patch(adjust.Adjustments, 'check', move)
        self.computes['host1'].manager.elastic.grants.wake()
        self.assertWithin(10, lambda: ends)
        time.sleep(3)
        self.assertWaits(server)
        self.assertEqual([(None, None)], self._events(server, request_id))

    def test_resized(self):
        """A resize that is confirmed ends it, and its action says so."""
        server = self._boot()
        self._plain(8)
        request_id = self._wait(server, 4)
        self._resize_server(server, self._elastic_flavor())
        self.assertEqual([(None, None)], self._events(server, request_id))
        self._confirm_resize(server)
        self.assertEnds(
            server, request_id, 'Error',
            'xloud.resized: A resize to another flavor has replaced this '
            'adjustment, which waited.')
