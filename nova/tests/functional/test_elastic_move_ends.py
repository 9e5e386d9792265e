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

"""Who ends the moves of servers, and who leaves that to others."""

import datetime

import eventlet  # noqa: H905
from oslo_utils import timeutils

from nova.compute.elastic import adjust
from nova.compute import manager as compute_manager
from nova.compute import rpcapi
from nova.compute import task_states
from nova.conductor import api as conductor
from nova.conductor import manager
from nova import context as nova_context
from nova.db.main import api as db
from nova import elastic
from nova import exception
from nova import objects
from nova.scheduler.client import query
from nova.scheduler.client import report
from nova.tests.functional.api import client as api_client
from nova.tests.functional import elastic_audit_base
from nova.tests.functional.elastic_helpers import GROWN
from nova.tests.functional.elastic_helpers import MINIMUM
from nova.tests.functional import elastic_move_base
from nova.virt import fake


class ElasticMoveEndedTest(elastic_move_base.MoveTestBase):

    def setUp(self):
        super().setUp()
        self._fill('host2')

    def _leave_task(self, state, seconds=0):
        """Leave the server as a service does that stops in between."""
        instance = self._instance(self.server)
        instance.task_state = state
        instance.save()
        db.instance_update(self.ctxt, instance.uuid, {
            'updated_at': timeutils.utcnow() - datetime.timedelta(
                seconds=seconds)})

    def _hand_over_to_host3(self, status):
        """Have a migration on which its host does not work any more."""
        self._hand_over()
        moving = elastic.get_pending(self._instance(self.server)).moving
        objects.Migration(
            self.ctxt, uuid=moving.migration_uuid,
            instance_uuid=self.server['id'], source_compute='host1',
            dest_compute='host3', status=status,
            migration_type='live-migration').create()
        return moving

    def test_host_reconciles_while_a_move_is_ended(self):
        """What the conductor or the API is ending is left to them."""
        self._break(query.SchedulerQueryClient, 'select_destinations',
                    exception.NoValidHost(reason='x'))
        states = []

        def reconcile(method, *args):
            instance = self._instance(self.server)
            if (not states and elastic.get_pending(instance).moving and
                    instance.task_state == task_states.XLOUD_ADJUSTING):
                states.append(instance.task_state)
                self._reconcile()
                states.append(self._instance(self.server).task_state)
            return method(*args)

        self._patch(report.SchedulerReportClient, 'get_allocs_for_consumer',
                    reconcile)
        self._refused(409, self.server, current_vcpus=3, when_full='move')
        self.assertEqual([task_states.XLOUD_ADJUSTING] * 2, states)
        self.assertStays('xloud.no_host: Neither the host of the server nor '
                         'any other one has the capacity for the requested '
                         'size.')

    def test_nobody_ends_it_any_more(self):
        """The host ends what a service has begun to end long ago."""
        self._hand_over()
        self._leave_task(task_states.XLOUD_ADJUSTING)
        self._reconcile()
        self.assertEqual(task_states.XLOUD_ADJUSTING,
                         self._instance(self.server).task_state)
        self._leave_task(task_states.XLOUD_ADJUSTING, seconds=120)
        self._reconcile()
        self.assertEqual(task_states.MIGRATING,
                         self._instance(self.server).task_state)
        self.assertAbandoned()

    def test_destination_dies_as_the_growth_begins(self):
        """It grows when its host is back, with what was claimed for that."""
        with self._arrived_unnoticed():
            self._leave_task(task_states.XLOUD_ADJUSTING)
        self._restart('host3')
        self.assertEqual(
            GROWN, self._allocations()[0]['host3'])
        self.assertMoved('host3')

    def test_conductor_fails_unexpectedly(self):
        """That is not a reason why the server could not be migrated."""
        self._break(manager.ComputeTaskManager, 'xloud_adjust_move',
                    exception.ComputeHostNotFound(host='x'))
        message = self._refused(
            503, self.server, current_vcpus=3, when_full='move')
        self.assertStays('xloud.move_error: ' + message)

    def test_api_fails_unexpectedly(self):
        """The server does not wait for what has not even begun."""
        for call in ('xloud_adjust_move', 'xloud_adjust_check_move'):
            self._break(conductor.ComputeTaskAPI, call, ValueError('odd'))
        message = self._refused(
            503, self.server, current_vcpus=3, when_full='move')
        self.assertStays('xloud.move_error: ' + message)
        self.assertEqual('xloud.move_error', self._post(
            self.server, current_vcpus=3, when_full='move',
            dry_run=True).body['dry_run']['code'])

    def test_queued_migration_is_aborted(self):
        """It is over at once."""
        self._delete_server(self.neighbour)
        other = self._boot(self._create_flavor(vcpu=1, memory_mb=256))
        self._boot(self._create_flavor(vcpu=8, memory_mb=256))
        with self._migration_held() as reached:
            self.admin_api.post_server_action(other['id'], {
                'os-migrateLive': {'host': None, 'block_migration': 'auto'}})
            reached.wait()
            self._move()
            self._wait_for_migration_status(self.server, ['queued'])
            migration, = self.admin_api.api_get(
                '/servers/%s/migrations' % self.server['id']
                ).body['migrations']
            self.admin_api.api_delete('/servers/%s/migrations/%s' % (
                self.server['id'], migration['id']))
            self._wait_until(
                lambda: self._adjust_state(self.server) == 'failed')
            self.assertEqual(
                [{'host1': MINIMUM}, {}], self._allocations())
        self.assertEqual(
            'xloud.move_failed', self._status(self.server)['adjust']['code'])

    def test_rollback_fails(self):
        """The host knows that it does not work on that any more."""
        self._break(fake.FakeDriver, 'pre_live_migration',
                    exception.DestinationDiskExists(path='x'))
        failed = []

        def fail(_method, *args):
            failed.append(args)
            raise ValueError('odd')

        self._patch(compute_manager.ComputeManager, '_rollback_volume_bdms',
                    fail)
        self._move()
        self._wait_until(lambda: failed)
        self._wait_for_migration_status(self.server, ['error'])
        self.assertEqual(
            task_states.MIGRATING, self._instance(self.server).task_state)
        self._reconcile()
        self.assertStays(elastic_move_base.MOVE_FAILED)

    def test_host_does_not_hear_of_it(self):
        """Once a host is chosen, the message to the server's is soon there."""
        lost = []
        self._patch(rpcapi.ComputeAPI, 'live_migration',
                    lambda _method, *args, **kwargs: lost.append(kwargs))
        self._move()
        self._wait_until(lambda: lost)
        self._reconcile()
        self.assertEqual(
            task_states.MIGRATING, self._instance(self.server).task_state)
        self.assertAbandoned()

    def test_conductor_hears_of_it_late(self):
        """It does not move a server that is not to be moved any more."""
        self._hand_over()
        instance = self._instance(self.server)
        self.flags(rpc_response_timeout=-1)
        self._reconcile()
        self._wait_until(
            lambda: self._instance(self.server).task_state is None)
        self.flags(rpc_response_timeout=60)
        self.assertRaises(
            exception.ServerAdjustServerChanged,
            conductor.ComputeTaskAPI().xloud_adjust_move,
            nova_context.RequestContext('someone', instance.project_id),
            instance)
        self.assertStays(elastic_move_base.MOVE_FAILED)

    def test_guest_is_gone_before_the_migration(self):
        """It has gone nowhere, so no host is said to have it."""
        self._hand_over()
        self._leave('host1')
        self.assertAbandoned()

    def test_host_stops_in_post_copy(self):
        """The server is on its new host, which is notified in the end."""
        moving = self._hand_over_to_host3('running (post-copy)')
        calls = []
        self._patch(rpcapi.ComputeAPI, 'post_live_migration_at_destination',
                    lambda _method, *args: calls.append(args))
        self._reconcile()
        self.assertEqual(
            moving, elastic.get_pending(self._instance(self.server)).moving)
        self.assertEqual([], calls)
        self._leave('host1')
        self._reconcile()
        self._wait_until(lambda: calls)

    def test_destination_does_not_respond(self):
        """No other move on the host waits for that."""
        self._hand_over_to_host3('completed')
        self._leave('host1')
        calls, go_on = [], eventlet.Event()

        def hang(_method, *args):
            calls.append(args)
            go_on.wait()

        self._patch(rpcapi.ComputeAPI, 'post_live_migration_at_destination',
                    hang)
        self.addCleanup(go_on.send)
        self._reconcile()
        self._wait_until(lambda: calls)
        self._delete_server(self.neighbour)
        other = self._boot()
        self._boot(self._create_flavor(vcpu=8, memory_mb=256))
        self._hand_over(other)
        self.flags(rpc_response_timeout=-1)
        self._reconcile()
        self._wait_until(lambda: self._instance(other).task_state is None)
        self.assertEqual(1, len(calls))


class ElasticMoveCancelledTest(elastic_move_base.MoveTestBase):

    def setUp(self):
        super().setUp()
        self._fill('host2')

    def test_before_the_migration_has_ended(self):
        """It goes on: the migration can be aborted instead."""
        with self._migration_held() as reached:
            self._move()
            reached.wait()
            self.assertEqual(
                'The previous adjustment is still in progress on the host.',
                self._refused(409, self.server, cancel=True))
        self.assertMoved('host3')

    def test_before_the_growth(self):
        """It stays on its new host, and what was claimed is released."""
        patch = self._break(adjust.Adjustments, 'start_moved',
                            exception.ServerAdjustHostBusy())
        self._move()
        self._wait_until(lambda: self._post(
            self.server, cancel=True).status == 202)
        patch.stop()
        self._wait_until(
            lambda: self._adjust_state(self.server) == 'failed')
        self.assertEqual(
            'xloud.wait_cancelled: The adjustment was cancelled while it '
            'waited.', self._last_adjust(self.server)[2])
        self.assertEqual([{'host3': MINIMUM}, {}], self._allocations())
        self._run_periodics()
        self.assertHostUsage('host3', MINIMUM)
        self.assertEqual(MINIMUM, self._live(self.server))


class ElasticMoveRequesterTest(elastic_move_base.MoveTestBase):

    def test_administrator(self):
        """The records name who has requested it, and not the owner."""
        self._fill('host2')
        self.notifier.reset()
        administrator = api_client.TestOpenStackClient(
            'admin', self.api.base_url, project_id='another',
            roles=['admin', 'member', 'reader'])
        self._move(api=administrator)
        self.assertMoved('host3')
        action = self._last_action(self.server)
        self.assertEqual('admin', action['user_id'])
        last = self.api.api_get(
            '/servers/%s/xloud-history' % self.server['id']).body[
                'xloud_history'][-1]
        self.assertEqual(
            ('admin', action['request_id']),
            (last['user_id'], last['request_id']))
        payloads = [each['payload']['nova_object.data'] for each in
                    self.notifier.versioned_notifications
                    if 'xloud_adjust' in each['event_type']]
        self.assertEqual(
            {('admin', 'another', action['request_id'])},
            {(payload['action_initiator_user'],
              payload['action_initiator_project'], payload['request_id'])
             for payload in payloads})


class ElasticMoveAuditTest(elastic_audit_base.ElasticAuditTestBase,
                           elastic_move_base.MoveTestBase):

    def test_left(self):
        """A record that nobody looks after is found, and nothing is fixed."""
        self._hand_over()
        self.assertAgrees()
        self.assertIn('busy: 1,', self.output)
        self._leave_task(self.server, task_states.MIGRATING, 4000)
        since = elastic.get_pending(self._instance(self.server)).moving.since
        self.assertLeft(
            self.server, 'it has been moving since %s, and nobody works on '
            'that. Its compute service should end that. See its log, or '
            'restart it.' % datetime.datetime.fromtimestamp(
                since, datetime.timezone.utc).strftime('%Y-%m-%dT%H:%M:%SZ'))
        self.assertIn('busy: 0,', self.output)

    def test_long_migration(self):
        """A migration on which a host works may take long."""
        self._fill('host2')
        with self._migration_held() as reached:
            self._move()
            reached.wait()
            self._leave_task(self.server, task_states.MIGRATING, 4000)
            self.assertAgrees()
            self.assertIn('busy: 1,', self.output)
        self.assertMoved('host3')
