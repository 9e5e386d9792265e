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


"""Moves of servers that fail, and services that stop in between."""

import time

import eventlet  # noqa: H905
import fixtures
import oslo_messaging as messaging

from nova.compute.elastic import accounting
from nova.compute import manager
from nova.compute import task_states
from nova import elastic
from nova import exception
from nova.scheduler.client import query
from nova.tests.functional import elastic_helpers
from nova.tests.functional.elastic_helpers import GROWN
from nova.tests.functional.elastic_helpers import MINIMUM
from nova.tests.functional import elastic_move_base
from nova.virt import fake


class ElasticMoveFailsTest(elastic_move_base.MoveTestBase):
    """The server is as it was, and its action says so."""

    def setUp(self):
        super().setUp()
        self._fill('host2')

    def test_before_the_migration(self):
        self._break(fake.FakeDriver, 'pre_live_migration',
                    exception.DestinationDiskExists(path='x'))
        self._move()
        self.assertStays(elastic_move_base.MOVE_FAILED)
        self.notifier.wait_for_versioned_notifications(
            'instance.xloud_adjust.error')

    def test_in_the_migration(self):
        def roll_back(method, driver, context, instance, dest, post, recover,
                      block_migration, migrate_data):
            recover(context, instance, dest, migrate_data)

        self._patch(fake.FakeDriver, 'live_migration', roll_back)
        self._move()
        self.assertStays(elastic_move_base.MOVE_FAILED)

    def test_again(self):
        """The next request moves it."""
        self._break(fake.FakeDriver, 'pre_live_migration',
                    exception.DestinationDiskExists(path='x'), times=1)
        self._move()
        self.assertStays(elastic_move_base.MOVE_FAILED)
        self._move()
        self.assertMoved('host3')

    def test_growth(self):
        """It has moved, and has its old size there."""
        self._break(fake.FakeDriver, 'set_current_vcpus',
                    exception.ServerAdjustHypervisorError(), times=1)
        self._move()
        self._wait_until(
            lambda: self._adjust_state(self.server) == 'failed')
        self._wait_until_adjusted(self.server)
        self.assertEqual(
            'xloud.hypervisor_error: The hypervisor refused the adjustment. '
            'See the log of nova-compute.', self._last_adjust(self.server)[2])
        self.assertEqual(
            [{'host3': MINIMUM}, {}], self._allocations())
        self.assertEqual(MINIMUM, self._live(self.server))
        self._run_periodics()
        self.assertHostUsage('host3', MINIMUM)

    def test_quota(self):
        """Another server used up the quota in the meantime."""
        self.flags(cores=23, group='quota')
        with self._migration_held() as reached:
            self._move()
            reached.wait()
            self.flags(cores=20, group='quota')
        self._wait_until(
            lambda: self._adjust_state(self.server) == 'failed')
        self.assertEqual('xloud.over_quota',
                         self._status(self.server)['adjust']['code'])
        self._wait_until_adjusted(self.server)
        self.assertEqual(
            [{'host3': MINIMUM}, {}], self._allocations())

    def test_deleted(self):
        """Nothing of it is left on any host."""
        with self._migration_held() as reached:
            self._move()
            reached.wait()
            uuids = self._consumers(self.server)
            self.assertEqual(2, len(uuids))
            self._delete_server(self.server)
            self.assertEqual([{}, {}], self._allocations(uuids))
        time.sleep(0.5)
        self.assertEqual([{}, {}], self._allocations(uuids))
        self._run_periodics()
        self.assertHostUsage('host1', elastic.Size(9, 256))
        self.assertHostUsage('host3', elastic_helpers.NOTHING)

    def test_deleted_while_a_host_is_looked_for(self):
        """What the scheduler claims afterwards is released."""
        uuids = []

        def delete(method, *args, **kwargs):
            uuids.extend(self._consumers(self.server))
            self._delete_server(self.server)
            return method(*args, **kwargs)

        self._patch(query.SchedulerQueryClient, 'select_destinations', delete)
        self._post(self.server, current_vcpus=3, when_full='move')
        self.assertEqual(2, len(uuids))
        self._wait_until(lambda: self._allocations(uuids) == [{}, {}])

    def test_another_operation(self):
        """While it moves all else is refused."""
        with self._migration_held() as reached:
            self._move()
            reached.wait()
            self._refused(409, self.server, current_vcpus=2)
            self._refused(409, self.server, current_vcpus=2,
                          when_full='move')
        self.assertMoved('host3')


class ElasticMoveInterruptedTest(elastic_move_base.MoveTestBase):
    """Services stop in the middle."""

    def setUp(self):
        super().setUp()
        self._fill('host2')

    def test_source_dies_before_the_migration(self):
        """What the conductor claimed is released when it comes back."""
        reached = eventlet.Event()

        def die(*args, **kwargs):
            reached.send()
            raise eventlet.greenlet.GreenletExit()

        patch = self._patch(manager.ComputeManager, 'live_migration', die)
        self._move()
        reached.wait()
        patch.stop()
        self.assertEqual(
            [{'host3': GROWN}, {'host1': MINIMUM}], self._allocations())
        self._restart('host1')
        self.assertStays(elastic_move_base.MOVE_FAILED)

    def test_source_dies_in_the_migration(self):
        with self._migration_held() as reached:
            self._move()
            thread = reached.wait()
            eventlet.kill(thread)
            self._restart('host1')
            self.assertStays(elastic_move_base.MOVE_FAILED)

    def test_source_dies_after_the_migration(self):
        """The new host releases what the old one has not."""
        self.useFixture(fixtures.MockPatch(
            'nova.compute.elastic.arrivals._RELEASE_TIMEOUT', 1))
        patch = self._break(
            manager.ComputeManager, '_delete_allocation_after_move',
            eventlet.greenlet.GreenletExit())
        self._move()
        self.assertMoved('host3')
        patch.stop()

    def _fail_after_the_migration(self, cls, method):
        """Have the source fail once when the guest has left it."""
        self.useFixture(fixtures.MockPatch(
            'nova.compute.elastic.arrivals._RELEASE_TIMEOUT', 1))

        def fail(_method, *args, **kwargs):
            patch.stop()
            self._leave('host1')
            raise exception.HypervisorUnavailable()

        patch = self._patch(cls, method, fail)

    def test_source_fails_after_the_migration(self):
        """The server runs on its new host, so it is not in error."""
        self._fail_after_the_migration(
            manager.ComputeManager, '_delete_allocation_after_move')
        self._move()
        self.assertMoved('host3')
        self.assertEqual('active', self._instance(self.server).vm_state)

    def test_source_fails_before_it_notifies_the_new_host(self):
        """The new host gets to do its part of the migration."""
        arrived = []
        self._patch(
            fake.FakeDriver, 'post_live_migration_at_destination',
            lambda method, *args, **kwargs: arrived.append(args) or
            method(*args, **kwargs))
        self._fail_after_the_migration(
            fake.FakeDriver, 'post_live_migration_at_source')
        self._move()
        self._wait_for_migration_status(self.server, ['error'])
        self.assertEqual('host1', self._instance(self.server).host)
        self.assertEqual([], arrived)
        self._reconcile()
        self.assertMoved('host3')
        self.assertEqual('active', self._instance(self.server).vm_state)
        self.assertEqual(1, len(arrived))

    def test_source_fails_in_the_migration(self):
        """A guest that stays is in error, as after any other migration."""
        self._break(fake.FakeDriver, 'live_migration',
                    exception.HypervisorUnavailable(), times=1)
        self._move()
        self._wait_for_migration_status(self.server, ['error'])
        self._wait_until(
            lambda: self._instance(self.server).vm_state == 'error')
        self._reconcile()
        self._wait_until(lambda: self._allocations() == [
            {'host1': MINIMUM}, {}])
        self.assertEqual('failed', self._adjust_state(self.server))
        self.assertEqual('error', self._instance(self.server).vm_state)

    def test_hypervisor_fails_with_the_migration(self):
        """Nobody knows whether the guest has left, until it is back."""
        patches = []

        def fail(_method, *args, **kwargs):
            patches.append(self._break(
                accounting.Accounting, 'get_live_size',
                exception.HypervisorUnavailable()))
            raise exception.HypervisorUnavailable()

        self._patch(fake.FakeDriver, 'live_migration', fail)
        self._move()
        self._wait_for_migration_status(self.server, ['error'])
        self.assertEqual('moving', self._adjust_state(self.server))
        patches[0].stop()
        self._reconcile()
        self.assertStays(elastic_move_base.MOVE_FAILED)

    def test_destination_is_down_at_the_end_of_the_migration(self):
        """It is notified again, or looks itself: releases of Nova differ."""
        self.useFixture(fixtures.MockPatch(
            'nova.compute.elastic.arrivals._RELEASE_TIMEOUT', 0))
        self._break(manager.ComputeManager,
                    'post_live_migration_at_destination',
                    messaging.MessagingTimeout(), times=1)
        # Of a real guest the migration itself makes that.
        host1, host3 = (self.computes[host].driver.instances
                        for host in ('host1', 'host3'))
        host3[self.server['id']] = host1[self.server['id']]
        self._move()
        self._wait_for_migration_status(self.server, ['completed', 'error'])
        self._leave('host1')
        self.assertEqual('moving', self._adjust_state(self.server))
        self._run_periodics()
        self._reconcile()
        self.assertMoved('host3')
        self.assertEqual('active', self._instance(self.server).vm_state)

    def test_deleted_while_its_host_is_down(self):
        with self._migration_held() as reached:
            self._move()
            eventlet.kill(reached.wait())
            self._take_down('host1')
            uuids = self._consumers(self.server)
            self.assertEqual(
                [{'host3': GROWN}, {'host1': MINIMUM}],
                self._allocations(uuids))
            self._delete_server(self.server)
        self.assertEqual([{}, {}], self._allocations(uuids))

    def test_destination_dies_before_the_growth(self):
        """It grows the server when it comes back."""
        with self._arrived_unnoticed():
            self.assertEqual('moving', self._adjust_state(self.server))
        self._restart('host3')
        self.assertMoved('host3')

    def test_nobody_knows(self):
        """The periodic task grows what has come without a word."""
        with self._arrived_unnoticed():
            pass
        self._run_periodics()
        self._reconcile()
        self.assertMoved('host3')

    def test_api_dies(self):
        """A server that nobody moves stays, and can be adjusted again."""
        self._hand_over()
        self._reconcile()
        time.sleep(0.3)
        self.assertEqual(
            task_states.MIGRATING, self._instance(self.server).task_state)
        self.assertAbandoned()
        self._move()
        self.assertMoved('host3')
