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

"""What happens to servers whose guests have something else than recorded."""

import threading
import time

import fixtures

from nova.compute import manager
from nova.compute import resource_tracker
from nova.compute import vm_states
from nova import elastic
from nova import objects
from nova.scheduler.client import report
from nova.tests.functional import elastic_helpers
from nova.tests.functional.elastic_helpers import GROWN
from nova.tests.functional.elastic_helpers import MAXIMUM
from nova.tests.functional.elastic_helpers import MINIMUM
from nova.tests.functional.elastic_helpers import START
from nova.virt import driver
from nova.virt import fake

OVERHEAD_MB = 256


class ElasticReconcileTest(elastic_helpers.ElasticAdjustTestBase):

    def setUp(self):
        super().setUp()
        self.flags(guest_memory_overhead=OVERHEAD_MB, group='xloud')

    def _set_state(self, server, vm_state):
        instance = self._instance(server)
        instance.vm_state = vm_state
        instance.save()

    def _adjust_notifications(self):
        """The phases that were notified of, in both formats."""
        return tuple(
            [event.split('.')[-1] for event in events
             if 'xloud_adjust' in event]
            for events in (
                [n['event_type'] for n in
                 self.notifier.versioned_notifications],
                [n.event_type for n in self.notifier.notifications]))

    # Growth that nobody requested

    def test_growth_of_any_value(self):
        """Two looks that find more are enough, also if the values differ."""
        server = self._boot()
        self._let_guest_have(server, elastic.Size(1, 4000))
        self._reconcile()
        self.assertSize(server, MINIMUM)
        self._let_guest_have(server, elastic.Size(1, 4001))
        self._reconcile()
        self.assertSize(server, elastic.Size(1, 4001), start=MINIMUM)

    def test_growth_for_a_moment(self):
        """What a guest has at one look alone is not accounted for."""
        server = self._boot()
        for _look in range(3):
            self._let_guest_have(server, MAXIMUM)
            self._reconcile()
            self._let_guest_have(server, MINIMUM)
            self._reconcile()
        self.assertSize(server, MINIMUM)

    def test_growth_in_other_states(self):
        """A guest that runs is looked at in each state in which it does."""
        for state in (vm_states.RESIZED, vm_states.RESCUED, vm_states.ERROR):
            server = self._boot()
            self._set_state(server, state)
            self._let_guest_have(server, MAXIMUM)
            self._reconcile()
            self._reconcile()
            self.assertEqual(
                MAXIMUM, elastic.size(self._instance(server)), state)
            self.assertEqual(
                MAXIMUM, self._allocated(server['id'], 'host1'), state)
            self._set_state(server, vm_states.ACTIVE)
            self._delete_server(server)

    def test_growth_as_the_host_sees_it(self):
        """A guest cannot hide memory by what its balloon says."""
        server = self._boot()
        used_mb = 3000 + OVERHEAD_MB
        self._patch(fake.FakeDriver, 'get_memory_usage',
                    lambda method, fake_driver, instance: driver.MemoryUsage(
                        actual_mb=1024, usable_mb=None, host_mb=used_mb))
        self._reconcile()
        self._reconcile()
        self.assertEqual(
            elastic.Size(1, 3000), elastic.size(self._instance(server)))
        self.assertEqual(
            elastic.Size(1, 3000), self._allocated(server['id'], 'host1'))

    def test_growth_notifies(self):
        """Whoever meters by notifications learns of it, in both formats."""
        server = self._boot()
        self._let_guest_have(server, MAXIMUM)
        self._reconcile()
        self.assertEqual(([], []), self._adjust_notifications())
        self._reconcile()
        self.assertEqual((['end'], ['end']), self._adjust_notifications())

    def test_growth_on_a_full_host(self):
        """Operators are notified once of what cannot be accounted for."""
        server = self._boot()
        other = self._boot()
        for size in (elastic.Size(4, 4096), elastic.Size(3, 4096)):
            self._adjust(other, size)
        self._adjust(self._boot(self._elastic_flavor(
            maximum=elastic.Size(5, 4096))), elastic.Size(5, 1024))
        self._let_guest_have(server, MAXIMUM)
        self.notifier.reset()
        for _look in range(4):
            self._reconcile()
        self.assertEqual((['error'], ['error']), self._adjust_notifications())
        self.assertEqual(MINIMUM, elastic.size(self._instance(server)))
        self.assertEqual(MAXIMUM, elastic.excess(self._instance(server)))

        self._let_guest_have(server, MINIMUM)
        self._reconcile()
        self.assertIsNone(elastic.excess(self._instance(server)))

    # What guests give back on their own

    def test_shrink_seen_twice(self):
        """What a guest gives back is released when it is seen again."""
        server = self._boot()
        self._adjust(server, GROWN, persist=False)
        self._let_guest_have(server, START)
        self._reconcile()
        self.assertSize(server, GROWN, start=MINIMUM)
        self._reconcile()
        self.assertSize(server, START, start=MINIMUM)

    # Requests of users

    def test_server_keeps_its_task_state(self):
        """A server that is reconciled takes requests as ever."""
        server = self._boot()
        self._let_guest_have(server, MAXIMUM)
        self._reconcile()
        answers = []

        def request(method, client, url, *args, **kwargs):
            answers.append(self.api.api_post(
                '/servers/%s/action' % server['id'], {'lock': None},
                check_response_status=None).status)
            answers.append(self._instance(server).task_state)
            return method(client, url, *args, **kwargs)

        self._patch(report.SchedulerReportClient, 'put', request)
        self._reconcile()
        self.assertEqual([202, None], answers)
        self.assertSize(server, MAXIMUM, start=MINIMUM)

    def test_server_becomes_busy(self):
        """Nothing is recorded of a server that a request has taken."""
        server = self._boot()
        self._let_guest_have(server, MAXIMUM)
        self._reconcile()

        def pause(method, client, url, *args, **kwargs):
            instance = self._instance(server)
            instance.task_state = 'pausing'
            instance.save()
            return method(client, url, *args, **kwargs)

        patch = self._patch(report.SchedulerReportClient, 'put', pause)
        self._reconcile()
        self.assertEqual(MINIMUM, elastic.size(self._instance(server)))
        patch.stop()
        instance = self._instance(server)
        instance.task_state = None
        instance.save()
        for _look in range(2):
            self._reconcile()
        self.assertSize(server, MAXIMUM, start=MINIMUM)

    def test_adjustment_waits(self):
        """An adjustment that comes in the middle is made after it."""
        server = self._boot()
        self._let_guest_have(server, elastic.Size(2, 1024))
        self._reconcile()
        requests = []

        def adjust(method, client, url, *args, **kwargs):
            if not requests:
                requests.append(threading.Thread(
                    target=self._adjust, args=(server, GROWN),
                    kwargs={'wait': False}))
                requests[0].start()
                time.sleep(0.5)
            return method(client, url, *args, **kwargs)

        self._patch(report.SchedulerReportClient, 'put', adjust)
        self._reconcile()
        requests[0].join()
        self.assertAdjusted(server, GROWN)


class ElasticReconcileFaultsTest(elastic_helpers.ElasticAdjustTestBase):
    """What must not stop reconciliation, and what it must not stop."""

    def _hang(self, server):
        """Let the hypervisor not respond for the guest of a server."""
        released = threading.Event()
        self.addCleanup(released.set)

        def hang(method, fake_driver, instance):
            if instance.uuid == server['id']:
                released.wait()
            return method(fake_driver, instance)

        self._patch(fake.FakeDriver, 'get_memory_usage', hang)
        self.flags(guest_query_timeout=1, group='xloud')
        return released

    def test_late_answer(self):
        """An adjustment waits for a hypervisor that another guest delays."""
        server = self._boot()
        self.flags(guest_query_timeout=1, group='xloud')
        self._patch(fake.FakeDriver, 'get_memory_usage',
                    lambda method, fake_driver, instance:
                        time.sleep(3) or method(fake_driver, instance))
        self._adjust(server, GROWN)
        self.assertEqual(GROWN, elastic.size(self._instance(server)))

    def test_hung_guest(self):
        """One guest that hangs holds up neither tasks nor other servers."""
        hung, other = self._boot(), self._boot()
        released = self._hang(hung)
        self._let_guest_have(other, GROWN)
        for _look in range(2):
            with fixtures.Timeout(30, gentle=True):
                self._reconcile()
        self.assertEqual(GROWN, elastic.size(self._instance(other)))

        self._adjust(other, MINIMUM)
        self.assertEqual(MINIMUM, elastic.size(self._instance(other)))
        message = self._refused(
            409, hung, current_vcpus=2, current_memory_mb=1024)
        self.assertEqual('The hypervisor did not respond for the guest of '
                         'this server.', message)
        self.assertEqual(1, self._status(hung)['current_vcpus'])

        released.set()
        self._adjust(hung, GROWN)
        self.assertEqual(GROWN, elastic.size(self._instance(hung)))

    def test_periodic_task_goes_on(self):
        """The periodic task returns at once, and skips turns."""
        server = self._boot()
        released = threading.Event()
        runs = []

        def hang(method, reconciler, context):
            runs.append(server)
            released.wait()

        compute = self.computes['host1'].manager
        self._patch(type(compute.elastic.reconciler), 'reconcile', hang)
        for _turn in range(3):
            with fixtures.Timeout(5, gentle=True):
                compute.reconcile_elastic_servers(self.ctxt)
            time.sleep(0.01)
        self.assertEqual(1, len(runs))
        released.set()
        time.sleep(0.1)
        compute.reconcile_elastic_servers(self.ctxt)
        time.sleep(0.1)
        self.assertEqual(2, len(runs))

    def test_unreadable_server(self):
        """The others are looked at if one of them cannot be understood."""
        broken, other = self._boot(), self._boot()
        self._let_guest_have(other, GROWN)

        def fail(method, fake_driver, instance):
            if instance.uuid == broken['id']:
                raise ValueError()
            return method(fake_driver, instance)

        self._patch(fake.FakeDriver, 'get_live_size', fail)
        for _look in range(2):
            self._reconcile()
        self.assertEqual(GROWN, elastic.size(self._instance(other)))

    def test_plain_servers_cost_nothing(self):
        """A host without elastic servers asks no database."""
        self._boot(self._create_flavor(vcpu=1, memory_mb=1024))
        self._run_periodics()
        self._break(objects.InstanceList, 'get_by_filters', AssertionError)
        self._break(objects.InstanceList, 'get_by_host', AssertionError)
        self._reconcile()

    def test_usage_is_updated_in_between(self):
        """A size that the periodic task saw first is not added twice."""
        server = self._boot()

        def update_first(method, tracker, *args):
            self._run_periodics()
            method(tracker, *args)

        self._patch(
            resource_tracker.ResourceTracker, 'update_size', update_first)
        self._adjust(server, GROWN)
        self.assertEqual(GROWN, self._host_usage('host1')[0])
        self._adjust(server, MINIMUM)
        self.assertEqual(MINIMUM, self._host_usage('host1')[0])

    def test_server_goes_after_its_size_was_saved(self):
        """A server takes with it what it was accounted for."""
        server = self._boot()
        self._break(resource_tracker.ResourceTracker, 'update_size',
                    ValueError)
        self._adjust(server, GROWN)
        self._delete_server(server)
        self.assertEqual(elastic.Size(0, 0), self._host_usage('host1')[0])


class ElasticAdjustBoundsTest(elastic_helpers.ElasticAdjustTestBase):

    def setUp(self):
        super().setUp()
        self.flags(max_concurrent_adjustments=2, group='xloud')
        self._restart('host1')

    def test_too_many(self):
        """One more than a host works on is refused, and others go on."""
        servers = [self._boot() for _number in range(3)]
        released = threading.Event()

        def wait(method, fake_driver, instance, count):
            released.wait()
            method(fake_driver, instance, count)

        self._patch(fake.FakeDriver, 'set_current_vcpus', wait)
        for server in servers[:2]:
            self._adjust(server, START, wait=False)
        message = self._refused(409, servers[2], current_vcpus=2)
        self.assertEqual('Too many adjustments are in progress on the host. '
                         'Try again later.', message)
        self.assertIsNone(self._instance(servers[2]).task_state)
        self._boot(self._create_flavor(vcpu=1, memory_mb=1024))

        released.set()
        for server in servers:
            self._wait_until_adjusted(server)
            self._adjust(server, START)
            self.assertEqual(START, elastic.size(self._instance(server)))
            self._adjust(server, MINIMUM)


class ElasticConfirmTest(elastic_helpers.ElasticServersTestBase):

    def test_adjusted_before_the_last_save(self):
        """A start size that is recorded during a confirmation stays."""
        server = self._boot()
        self._resize(server)

        def adjust_first(method, compute, instance):
            self._adjust(server, GROWN, persist=False)
            method(compute, instance)

        self._patch(
            manager.ComputeManager, '_delete_stashed_flavor_info',
            adjust_first)
        self._confirm_resize(server)
        instance = self._instance(server)
        self.assertEqual(GROWN, elastic.size(instance))
        self.assertEqual(MINIMUM, elastic.start_size(instance))

    def test_resize_that_fails_late(self):
        """A plain server that did not get an elastic flavor is accounted for
        what it has, also in placement.
        """
        server = self._boot(
            self._create_flavor(vcpu=5, memory_mb=5120), host='host1')
        self._break(fake.FakeDriver, 'finish_migration', ValueError, times=1)
        self.api.post_server_action(
            server['id'], {'resize': {'flavorRef': self._elastic_flavor()}})
        self._wait_for_state_change(server, 'ERROR')
        instance = self._instance(server)
        self.assertEqual('host2', instance.host)
        self.assertEqual(
            elastic.Size(5, 5120), elastic.size(instance))
        self.assertEqual(
            elastic.Size(5, 5120), self._allocated(server['id'], 'host2'))

    def _resize(self, server):
        self.api.post_server_action(
            server['id'], {'resize': {'flavorRef': self._elastic_flavor()}})
        self._wait_for_state_change(server, 'VERIFY_RESIZE')
