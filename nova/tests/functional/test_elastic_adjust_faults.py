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

"""What becomes of a server when its adjustment fails or is interrupted."""

import contextlib
import datetime
import itertools
import time
from unittest import mock

import ddt
import eventlet  # noqa: H905
import fixtures
from keystoneauth1 import exceptions as ks_exc
from oslo_db import exception as db_exc
from oslo_utils import fixture as utils_fixture
from oslo_utils import timeutils

from nova.compute import manager
from nova.compute import task_states
from nova.db.main import api as db
from nova import elastic
from nova import exception
from nova import objects
from nova.scheduler.client import report
from nova.tests.functional import elastic_helpers
from nova.tests.functional.elastic_helpers import GROWN
from nova.tests.functional.elastic_helpers import MINIMUM
from nova.tests.functional.elastic_helpers import START
from nova import utils
from nova.virt import fake

NO_ANSWER = 'The host did not respond.'


@ddt.ddt
class ElasticAdjustFaultsTest(elastic_helpers.ElasticAdjustTestBase):

    def _failed(self, reason='No.'):
        return exception.ServerAdjustFailed(reason)

    # The hypervisor

    @ddt.data('set_current_vcpus', 'set_current_memory_mb')
    def test_hypervisor_refuses(self, setter):
        """All or nothing: neither is changed if one cannot be."""
        for before, after in ((MINIMUM, GROWN), (GROWN, MINIMUM)):
            server = self._boot()
            self._adjust(server, before)
            patch = self._break(
                fake.FakeDriver, setter, self._failed(), times=1)
            self._adjust(server, after)
            self.assertNotAdjusted('xloud.host_error: No.', server, before)
            self.assertEqual(before, self._live(server))
            patch.stop()
            self._adjust(server, after)
            self.assertAdjusted(server, after)
            self._delete_server(server)

    def test_failure_is_reported(self):
        """The status, a fault and a notification say why."""
        server = self._boot()
        self._break(fake.FakeDriver, 'set_current_vcpus', self._failed())
        self._adjust(server, GROWN)
        self.notifier.wait_for_versioned_notifications(
            'instance.xloud_adjust.error')
        adjust = self._status(server)['adjust']
        self.assertEqual(('failed', 'No.'),
                         (adjust['state'], adjust['reason']))
        fault = objects.InstanceFault.get_latest_for_instance(
            self.ctxt, server['id'])
        self.assertEqual('No.', fault.message)

    def test_cannot_be_put_back(self):
        """A server is accounted for what it has, whatever that is."""
        server = self._boot()

        def grow_and_fail(method, driver, instance, count):
            if count > 1:
                method(driver, instance, count)
            raise self._failed()

        patch = self._patch(
            fake.FakeDriver, 'set_current_vcpus', grow_and_fail)
        self._adjust(server, GROWN)
        self.assertNotAdjusted(
            'xloud.host_error: No.', server, elastic.Size(3, 1024),
            start=MINIMUM)

        patch.stop()
        self._adjust(server, MINIMUM)
        self.assertAdjusted(server, MINIMUM)

    def test_given_back_late(self):
        """What a guest gives back on its own is released."""
        server = self._boot()
        self._adjust(server, GROWN, persist=False)
        self.assertSize(server, GROWN, start=MINIMUM)
        puts = []

        def count(method, client, url, *args, **kwargs):
            puts.append(url)
            return method(client, url, *args, **kwargs)

        self._patch(report.SchedulerReportClient, 'put', count)
        self._let_guest_have(server, elastic.Size(2, 3072))
        self._reconcile()
        self.assertEqual(0, len(puts))
        self._reconcile()
        self.assertSize(server, elastic.Size(2, 3072), start=MINIMUM)
        self.assertEqual(1, len(puts))
        self._reconcile()
        self.assertEqual(1, len(puts))

    def test_has_more_than_it_is_accounted_for(self):
        """What a guest has is accounted for if it keeps it for a while."""
        server = self._boot()
        self._let_guest_have(server, elastic.Size(1, 4096))
        self._reconcile()
        self.assertSize(server, MINIMUM)
        self._reconcile()
        self.assertSize(server, elastic.Size(1, 4096), start=MINIMUM)

    def test_has_more_whenever_it_is_looked_at(self):
        """A guest that was started again in between has not kept it."""
        server = self._boot()
        for _start in range(2):
            self._reboot_server(server, hard=True)
            self._let_guest_have(server, elastic.Size(1, 4096))
            self._reconcile()
            self.assertSize(server, MINIMUM)
        self._reconcile()
        self.assertSize(server, elastic.Size(1, 4096), start=MINIMUM)

    # Placement

    def test_placement_is_down(self):
        server = self._boot()
        patch = self._break(report.SchedulerReportClient, 'put',
                            ks_exc.ConnectFailure('no'))
        reason = 'The placement service is not responding.'
        self.assertEqual(
            reason, self._refused(503, server, current_vcpus=2))
        patch.stop()
        self.assertNotAdjusted(
            'xloud.placement_unavailable: ' + reason, server, MINIMUM)

    @ddt.data(3, 9)
    def test_placement_conflicts(self, times):
        """The claim is tried again some times, and then given up."""
        server = self._boot()
        conflicts = ['x'] * times

        def conflict(method, client, url, data, **kwargs):
            if '/allocations/' in url and conflicts:
                conflicts.pop()
                data['allocations'] = {
                    uuid: dict(alloc, generation=0)
                    for uuid, alloc in data['allocations'].items()}
                data['consumer_generation'] = 99
            return method(client, url, data, **kwargs)

        patch = self._patch(report.SchedulerReportClient, 'put', conflict)
        if times == 3:
            self._adjust(server, START)
            self.assertAdjusted(server, START)
            return
        reason = ("Too many concurrent updates of the host's allocations. "
                  "Try again later.")
        self.assertEqual(
            reason, self._refused(409, server, current_vcpus=2))
        patch.stop()
        self.assertNotAdjusted(
            'xloud.concurrent_update: ' + reason, server, MINIMUM)

    def test_placement_is_down_at_release(self):
        """What is given back is released as soon as placement answers."""
        server = self._boot()
        self._adjust(server, GROWN)
        patch = self._break(report.SchedulerReportClient, 'put',
                            ks_exc.ConnectFailure('no'))
        self._adjust(server, START)
        self._wait_until_adjusted(server)
        self.assertEqual(GROWN, self._allocated(server['id'], 'host1'))
        patch.stop()
        self._reconcile()
        self.assertAdjusted(server, START)

    def test_placement_is_down_when_put_back(self):
        """A claim for what was not given is released later."""
        server = self._boot()

        def fail(method, *args, **kwargs):
            down.append(self._break(report.SchedulerReportClient, 'put',
                                    ks_exc.ConnectFailure('no')))
            raise self._failed()

        down = []
        broken = self._patch(fake.FakeDriver, 'set_current_vcpus', fail)
        self._adjust(server, GROWN)
        self._wait_until_adjusted(server)
        self.assertEqual(GROWN, self._allocated(server['id'], 'host1'))
        broken.stop()
        for patch in reversed(down):
            patch.stop()
        for _look in range(2):
            self._reconcile()
        self.assertNotAdjusted('xloud.host_error: No.', server, MINIMUM)

    # The compute

    def test_compute_dies_before_claim(self):
        """A compute that does not answer has not done anything later."""
        self.flags(rpc_response_timeout=1)
        server = self._boot()
        self.computes['host1'].stop()
        self.assertEqual(
            NO_ANSWER, self._refused(503, server, current_vcpus=2))
        self._restart('host1')
        self.assertNotAdjusted(
            'xloud.host_not_responding: ' + NO_ANSWER, server, MINIMUM,
            by='api')

    @ddt.data(task_states.XLOUD_ADJUST_PREP, task_states.XLOUD_ADJUSTING)
    def test_compute_starts_after_crash(self, task_state):
        """An adjustment that nobody works on ends when the compute starts."""
        server = self._boot()
        instance = self._instance(server)
        instance.task_state = task_state
        instance.save()
        self._restart('host1')
        self._wait_until_adjusted(server)
        self.assertSize(server, MINIMUM)

    @ddt.data((MINIMUM, GROWN, True), (GROWN, MINIMUM, True),
              (START, GROWN, False), (GROWN, START, False))
    @ddt.unpack
    def test_compute_dies_before_hypervisor(self, before, after, persist):
        """What was claimed is released when the compute comes back."""
        server = self._boot()
        self._adjust(server, before)
        self._die(server, after, persist, done=False)
        self.assertCut(server, before)

    @ddt.data((MINIMUM, GROWN, True, GROWN, MINIMUM),
              (GROWN, MINIMUM, True, GROWN, GROWN),
              (MINIMUM, GROWN, False, GROWN, MINIMUM),
              (GROWN, MINIMUM, False, GROWN, GROWN))
    @ddt.unpack
    def test_compute_dies_before_record(self, before, after, persist, size,
                                        start):
        """What a guest has is known from the hypervisor."""
        server = self._boot()
        self._adjust(server, before)
        self._die(server, after, persist, done=True)
        self.assertCut(server, size, start=start)

    def _die(self, server, size, persist, done, restart=True):
        """Have the compute die while it changes the guest."""
        # The first and the last thing that is done to the guest.
        setter = 'set_current_vcpus' if done else 'set_current_memory_mb'
        # What a service does here it does in greenlets: one is held by this.
        reached = eventlet.event.Event()  # noqa: N373

        def hang(method, *args, **kwargs):
            if done:
                method(*args, **kwargs)
            reached.send(eventlet.getcurrent())
            eventlet.event.Event().wait()  # noqa: N373

        patch = self._patch(fake.FakeDriver, setter, hang)
        self._adjust(server, size, persist=persist, wait=False)
        thread = reached.wait()
        patch.stop()
        # A compute that dies does not record that in the action log.
        with mock.patch.object(
                objects.InstanceActionEvent, 'event_finish_with_failure'):
            eventlet.kill(thread)
        if restart:
            self._restart('host1')

    def assertCut(self, server, *args, **kwargs):
        self.assertNotAdjusted(
            'xloud.interrupted: nova-compute stopped before the adjustment '
            'was complete.', server, *args, **kwargs)

    def test_state_is_reset_after_the_compute_died(self):
        """What nobody will record the end of was interrupted."""
        server = self._boot()
        self._die(server, GROWN, persist=True, done=False, restart=False)
        self.admin_api.post_server_action(
            server['id'], {'os-resetState': {'state': 'active'}})
        self.assertEqual('running', self._status(server)['adjust']['state'])
        self.useFixture(utils_fixture.TimeFixture(
            timeutils.utcnow() + datetime.timedelta(minutes=2)))
        adjust = self._status(server)['adjust']
        self.assertEqual(
            ('failed', 'xloud.interrupted',
             'nova-compute stopped before the adjustment was complete.'),
            (adjust['state'], adjust['code'], adjust['reason']))

    def test_compute_without_the_fork(self):
        """A compute that cannot do it says so, and nothing has changed."""
        server = self._boot()
        self.useFixture(fixtures.MonkeyPatch(
            'nova.compute.manager.ComputeManager.xloud_adjust',
            fixtures.MonkeyPatch.delete))
        reason = ('The host runs a version of Nova that cannot adjust '
                  'servers.')
        self.assertEqual(
            reason, self._refused(409, server, current_vcpus=2))
        self.assertNotAdjusted(
            'xloud.not_supported: ' + reason, server, MINIMUM, by='api')

    def test_api_dies(self):
        """The periodic task ends what no compute has heard of."""
        server = self._boot()
        self._break(manager.ComputeManager, 'xloud_adjust', self._failed())
        instance = self._instance(server)
        instance.task_state = task_states.XLOUD_ADJUST_PREP
        instance.save()
        self._reconcile()
        self.assertEqual(task_states.XLOUD_ADJUST_PREP,
                         self._instance(server).task_state)
        self.flags(rpc_response_timeout=-1)
        self._reconcile()
        self.assertIsNone(self._instance(server).task_state)
        self.assertSize(server, MINIMUM)

    # The database

    @ddt.data((MINIMUM, GROWN), (GROWN, MINIMUM))
    @ddt.unpack
    def test_record_fails(self, before, after):
        """A server that cannot be recorded is put back to what it had."""
        server = self._boot()
        self._adjust(server, before)
        with self._broken_records(times=1):
            self._adjust(server, after)
        self.assertNotAdjusted(
            'xloud.host_error: The host could not adjust the server. See the '
            'log of nova-compute.', server, before)
        self.assertEqual(before, self._live(server))

    def test_record_of_claim_fails(self):
        server = self._boot()
        with self._broken_records(times=1, at_once=True):
            self._refused(503, server, current_vcpus=3)
        self.assertSize(server, MINIMUM)

    def test_database_goes(self):
        """What cannot be recorded at all is settled later."""
        server = self._boot()
        with self._broken_records():
            self._adjust(server, GROWN, wait=False)
            self.notifier.wait_for_versioned_notifications(
                'instance.xloud_adjust.error')
            self.assertEqual(task_states.XLOUD_ADJUSTING,
                             self._instance(server).task_state)
        self._reconcile()
        self._wait_until_adjusted(server)
        self.assertEqual('Error', self._last_adjust(server)[1])
        self.assertEqual(MINIMUM, self._live(server))
        self.assertSize(server, MINIMUM)

    def test_released_is_not_taken_back(self):
        """Others may have it already, so the server stays as it is."""
        server = self._boot()
        self._adjust(server, GROWN)
        records = []

        def fail(method, context, uuid, values, **kwargs):
            if values.get('task_state', 'x') is None and not records:
                records.append(self._allocated(server['id'], 'host1'))
                raise db_exc.DBError('no')
            return method(context, uuid, values, **kwargs)

        patch = self._patch(db, 'instance_update_and_get_original', fail)
        self._adjust(server, MINIMUM, wait=False)
        for _attempt in range(50):
            if records:
                break
            time.sleep(0.1)
        self.assertEqual([MINIMUM], records)
        patch.stop()
        self._reconcile()
        self._wait_until_adjusted(server)
        self.assertEqual(MINIMUM, self._live(server))
        self.assertSize(server, MINIMUM)

    @contextlib.contextmanager
    def _broken_records(self, times=elastic_helpers.ALWAYS, at_once=False):
        """Have sizes, and the ends of tasks, not recorded.

        :param at_once: Also before the guest has been asked for anything
        """
        failures = itertools.repeat(db_exc.DBError('no'), times)
        broken = [at_once]

        def fail(method, context, uuid, values, **kwargs):
            if any(broken) and ('vcpus' in values or
                                values.get('task_state', 'x') is None):
                for failure in failures:
                    raise failure
            return method(context, uuid, values, **kwargs)

        def set_and_break(method, *args, **kwargs):
            method(*args, **kwargs)
            broken.append(True)

        patches = [
            self._patch(db, 'instance_update_and_get_original', fail),
            self._patch(fake.FakeDriver, 'set_current_vcpus', set_and_break)]
        yield
        for patch in patches:
            patch.stop()

    # The user

    def test_deleted(self):
        """Delete is always allowed, and leaves nothing."""
        server = self._boot()
        reached = eventlet.event.Event()  # noqa: N373
        go = eventlet.event.Event()  # noqa: N373

        def wait(method, *args, **kwargs):
            if not reached.ready():
                reached.send()
                go.wait()
            return method(*args, **kwargs)

        patch = self._patch(fake.FakeDriver, 'set_current_vcpus', wait)
        self._adjust(server, GROWN, wait=False)
        reached.wait()
        self._delete_server(server)
        self.assertNothingUsed()
        go.send()
        self.notifier.wait_for_versioned_notifications(
            'instance.xloud_adjust.error')
        patch.stop()
        self.assertNothingUsed()

    @ddt.data(True, False)
    def test_locked_in_the_meantime(self, succeeds):
        """What others write to a server in the meantime is not lost."""
        server = self._boot()

        def lock(method, *args, **kwargs):
            with utils.temporary_mutation(self.admin_api, microversion='2.73'):
                self.admin_api.post_server_action(
                    server['id'], {'lock': {'locked_reason': 'Hands off.'}})
            patch.stop()
            if not succeeds:
                raise self._failed()
            return method(*args, **kwargs)

        patch = self._patch(fake.FakeDriver, 'set_current_vcpus', lock)
        self._adjust(server, GROWN)
        size = GROWN if succeeds else MINIMUM
        self.assertSize(server, size)
        self.assertEqual({'locked_reason': 'Hands off.'}, {
            key: value for key, value in
            self._instance(server).system_metadata.items()
            if key == 'locked_reason' or key.startswith('xloud')})

    def test_reset(self):
        """An administrator can end it, and then it is put back."""
        server = self._boot()

        def reset(method, *args, **kwargs):
            self.admin_api.post_server_action(
                server['id'], {'os-resetState': {'state': 'active'}})
            patch.stop()
            return method(*args, **kwargs)

        patch = self._patch(fake.FakeDriver, 'set_current_vcpus', reset)
        self._adjust(server, GROWN)
        self.notifier.wait_for_versioned_notifications(
            'instance.xloud_adjust.error')
        for _look in range(2):
            self._reconcile()
        self.assertEqual(MINIMUM, self._live(server))
        self.assertNotAdjusted(
            'xloud.server_changed: The server was deleted or its state was '
            'reset during the adjustment.',
            server, MINIMUM)
        self.assertNotIn('Traceback', self.stdlog.logger.output)
