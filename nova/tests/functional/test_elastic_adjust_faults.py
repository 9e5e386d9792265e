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

"""What becomes of a server when its adjustment fails."""

import contextlib
import itertools
import time

import ddt
import eventlet  # noqa: H905
from keystoneauth1 import exceptions as ks_exc
from oslo_db import exception as db_exc

from nova.compute.elastic import accounting
from nova.compute.elastic import tasks
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


def _failed():
    return exception.ServerAdjustFailed('No.')


@ddt.ddt
class ElasticAdjustFaultsTest(elastic_helpers.ElasticAdjustTestBase):

    @ddt.data('set_current_vcpus', 'set_current_memory_mb')
    def test_hypervisor_refuses(self, setter):
        """All or nothing: neither is changed if one cannot be."""
        for before, after in ((MINIMUM, GROWN), (GROWN, MINIMUM)):
            server = self._boot()
            self._adjust(server, before)
            patch = self._break(
                fake.FakeDriver, setter, _failed(), times=1)
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
        self._break(fake.FakeDriver, 'set_current_vcpus', _failed())
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
            raise _failed()

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
            raise _failed()

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


@ddt.ddt
class ElasticAdjustDatabaseFaultsTest(elastic_helpers.ElasticAdjustTestBase):

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

    def test_action_is_not_recorded(self):
        """A request that is not in the action log has changed nothing."""
        server = self._boot()
        self._break(objects.InstanceAction, 'action_start',
                    db_exc.DBDeadlock(), times=1)
        self.assertEqual(500, self._post(server, current_vcpus=2).status)
        self.assertIsNone(self._instance(server).task_state)
        self.assertSize(server, MINIMUM)
        self._adjust(server, GROWN)
        self.assertAdjusted(server, GROWN)

    def test_end_of_a_refusal_fails(self):
        """Nobody waits for an end that cannot be recorded."""
        server = self._boot()
        self._break(accounting.Accounting, 'claim',
                    exception.ServerAdjustHostFull(), times=1)
        self._break(tasks.Tasks, 'end', db_exc.DBError('no'), times=1)
        self._refused(409, server, current_vcpus=3)
        self.assertEqual(task_states.XLOUD_ADJUSTING,
                         self._instance(server).task_state)
        self._reconcile()
        self.assertIsNone(self._instance(server).task_state)
        self.assertSize(server, MINIMUM)
        self._adjust(server, GROWN)
        self.assertSize(server, GROWN)

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

        :param at_once: Also before anything was requested of the guest
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


@ddt.ddt
class ElasticAdjustServerChangesTest(elastic_helpers.ElasticAdjustTestBase):
    """Users and operators do something else with the server."""

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
                raise _failed()
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
