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


"""Servers that move to another host, since theirs is full, and grow there."""

import ddt
import eventlet  # noqa: H905
import fixtures

from nova import elastic
from nova import exception
from nova.scheduler.client import query
from nova.tests.functional.elastic_helpers import GROWN
from nova.tests.functional.elastic_helpers import MINIMUM
from nova.tests.functional import elastic_move_base
from nova.virt import fake

NO_HOST = ('Neither the host of the server nor any other one has the capacity '
           'for the requested size.')


@ddt.ddt
class ElasticMoveTest(elastic_move_base.MoveTestBase):

    def test_move(self):
        """It is claimed before the answer, and has grown soon after."""
        self._fill('host2')
        with self._migration_held() as reached:
            self._move()
            reached.wait()
            self.assertEqual(
                [{'host3': GROWN}, {'host1': MINIMUM}], self._allocations())
            adjust = self._status(self.server)['adjust']
            self.assertEqual(
                ('moving', None, None, None,
                 {'current_vcpus': 3, 'current_memory_mb': 3072}),
                tuple(adjust[name] for name in (
                    'state', 'code', 'reason', 'expires_at', 'requested')))
            instance = self._instance(self.server)
            self.assertEqual(
                ('host1', MINIMUM, 'migrating'),
                (instance.host, elastic.size(instance), instance.task_state))
            self._run_periodics()
            self.assertEqual((GROWN, GROWN), self._host_usage('host3'))
        self.assertMoved('host3')
        self.assertHostUsage('host3', GROWN)
        self.assertHostUsage('host1', elastic.Size(9, 256))

    def test_in_place(self):
        """Where its host has the capacity the server stays."""
        self._delete_server(self.neighbour)
        response = self._post(
            self.server, current_vcpus=3, when_full='move')
        self.assertEqual((202, {}), (response.status, response.body))
        self._wait_until_adjusted(self.server)
        self.assertAdjusted(self.server, elastic.Size(3, 1024))

    @ddt.data({'current_vcpus': 4}, {'current_memory_mb': 4096},
              {'current_vcpus': 2, 'persist': False})
    def test_request(self, body):
        """The request is carried out as it would be in place."""
        self._fill('host2')
        self._delete_server(self.neighbour)
        self._boot(self._create_flavor(vcpu=9, memory_mb=6500))
        self._move(**body)
        self._wait_until(
            lambda: self._adjust_state(self.server) == 'succeeded')
        instance = self._instance(self.server)
        size = elastic.Size(body.get('current_vcpus', 1),
                            body.get('current_memory_mb', 1024))
        self.assertEqual(('host3', size), (
            instance.host, elastic.size(instance)))
        self.assertEqual(
            size if body.get('persist', True) else MINIMUM,
            elastic.start_size(instance))

    def test_shrinks_later(self):
        self._fill('host2')
        self._move()
        self.assertMoved('host3')
        self._adjust(self.server, MINIMUM)
        self._run_periodics()
        self.assertHostUsage('host3', MINIMUM)

    def test_limited_time(self):
        """It goes back to its size on its new host."""
        self._fill('host2')
        self._move(current_vcpus=3, for_seconds=1)
        self._wait_until(lambda: self._instance(self.server).vcpus == 3)
        self._wait_until(lambda: self._instance(self.server).vcpus == 1)
        self._wait_until_adjusted(self.server)
        self.assertEqual({'host3': MINIMUM}, self._allocations()[0])

    def test_limit_of_the_host(self):
        """A host that allows no server so much is like a full one."""
        self._delete_server(self.neighbour)
        rp_uuid = self._provider_uuid('host1')
        inventory = self.placement.get(
            '/resource_providers/%s/inventories' % rp_uuid).body
        inventory['inventories']['VCPU']['max_unit'] = 2
        self.placement.put(
            '/resource_providers/%s/inventories' % rp_uuid, inventory)
        self._fill('host2')
        self._move()
        self.assertMoved('host3')

    def test_default_of_the_flavor(self):
        """That is the consent of the operator, and needs no policy."""
        self._fill('host2')
        server = self._boot(self._elastic_flavor(
            **{'xloud:when_full': 'move'}), host='host3')
        self._fill('host3')
        self._delete_server(self.neighbour)
        self._delete_server(self.server)
        response = self._post(
            server, api=self._client('member', 'reader'), current_vcpus=2)
        self.assertEqual((202, elastic_move_base.MOVING),
                         (response.status, response.body))
        self.assertMoved('host1', elastic.Size(2, 1024), server)

    def test_default_of_the_configuration(self):
        self.flags(when_full='move', group='xloud')
        self._fill('host2')
        response = self._post(self.server, current_vcpus=2)
        self.assertEqual((202, elastic_move_base.MOVING),
                         (response.status, response.body))
        self.assertMoved('host3', elastic.Size(2, 1024))

    def test_policy(self):
        """Only administrators have servers moved."""
        for body in ({}, {'dry_run': True}):
            message = self._refused(
                403, self.server, api=self._client('member', 'reader'),
                current_vcpus=2, when_full='move', **body)
            self.assertIn('os_compute_api:xloud:adjust:move', message)

    def test_notifications(self):
        """They are those of any adjustment, from the new host."""
        self._fill('host2')
        self.notifier.reset()
        self._move()
        self.assertMoved('host3')
        sent = [(each['event_type'], each['publisher_id']) for each in
                self.notifier.versioned_notifications
                if 'xloud_adjust' in each['event_type']]
        self.assertEqual(
            [('instance.xloud_adjust.start', 'nova-compute:host3'),
             ('instance.xloud_adjust.end', 'nova-compute:host3')], sent)

    def test_history(self):
        """The cause of the new size is the request."""
        self._fill('host2')
        self._move()
        self.assertMoved('host3')
        last = self.api.api_get(
            '/servers/%s/xloud-history' % self.server['id']).body[
                'xloud_history'][-1]
        self.assertEqual((3, 3072, 'adjustment'), (
            last['vcpus'], last['memory_mb'], last['cause']))

    def test_two_for_the_last_place(self):
        """One of them gets it, and nothing is oversold."""
        self._fill('host2')
        self._boot(self._create_flavor(vcpu=7, memory_mb=256), host='host3')
        other = self._boot(host='host2')
        statuses = sorted(eventlet.GreenPool().starmap(
            lambda server: self._post(
                server, current_vcpus=3, when_full='move').status,
            [(self.server,), (other,)]))
        self.assertEqual([202, 409], statuses)
        self._wait_until_adjusted(self.server)
        self._wait_until(lambda: self._host_usage('host3')[1].vcpus == 10)
        self._wait_until(lambda: sorted(
            self._instance(server).vcpus for server in (
                self.server, other)) == [1, 3])

    def test_others_wait(self):
        """Where others wait for the host it makes room for them."""
        self._delete_server(self.neighbour)
        waiting = self._boot()
        self._boot(self._create_flavor(vcpu=8, memory_mb=256))
        self._fill('host2')
        self.assertEqual(202, self._post(
            waiting, current_vcpus=2, when_full='wait').status)
        self._move()
        self.assertMoved('host3')
        self._wait_until(lambda: self._instance(waiting).vcpus == 2)

    def test_replaces_what_waits(self):
        """What waited is replaced when the server has moved, not before."""
        self._fill('host2', 'host3')
        self.assertEqual(202, self._post(
            self.server, current_vcpus=2, when_full='wait').status)
        self._refused(409, self.server, current_vcpus=3, when_full='move')
        self.assertEqual('waiting', self._adjust_state(self.server))
        self._delete_server(next(
            server for server in self.api.get_servers()
            if server['OS-EXT-SRV-ATTR:host'] == 'host3'))
        self._move()
        self.assertMoved('host3')


@ddt.ddt
class ElasticMoveRefusedTest(elastic_move_base.MoveTestBase):
    """Nothing has changed then."""

    def test_no_host(self):
        self._fill('host2', 'host3')
        self.assertEqual(NO_HOST, self._refused(
            409, self.server, current_vcpus=3, when_full='move'))
        self.assertStays('xloud.no_host: ' + NO_HOST)

    def test_plain_hosts(self):
        """Computes without elastic servers, or of before, get none."""
        for host, trait in (('host2', elastic.TRAIT),
                            ('host3', elastic.MOVE_TRAIT)):
            self._remove_trait(host, trait)
        self.assertEqual(NO_HOST, self._refused(
            409, self.server, current_vcpus=3, when_full='move'))
        self.assertStays('xloud.no_host: ' + NO_HOST)

    def _remove_trait(self, host, trait):
        url = '/resource_providers/%s/traits' % self._provider_uuid(host)
        traits = self.placement.get(url, version='1.6').body
        traits['traits'].remove(trait)
        self.placement.put(url, traits, version='1.6')

    def test_other_hosts_do_not_pass_the_checks(self):
        """Placement would have them, but they cannot take the server."""
        self._break(fake.FakeDriver, 'check_can_live_migrate_destination',
                    exception.MigrationPreCheckError(reason='No.'))
        self.assertEqual(NO_HOST, self._refused(
            409, self.server, current_vcpus=3, when_full='move'))
        self.assertStays('xloud.no_host: ' + NO_HOST)

    def test_one_host_does_not_pass_the_checks(self):
        """Another one is taken then."""
        self._break(fake.FakeDriver, 'check_can_live_migrate_destination',
                    exception.MigrationPreCheckError(reason='No.'), times=1)
        self._move()
        self._wait_until(
            lambda: self._adjust_state(self.server) == 'succeeded')
        self.assertEqual(GROWN, self._live(self.server))

    def test_stopped(self):
        self._stop_server(self.server)
        reason = self._refused(
            409, self.server, current_vcpus=3, when_full='move')
        self.assertIn('the server cannot be moved to another one', reason)
        self.assertIn('vm_state stopped', reason)
        self.assertEqual(
            ('compute_xloud_adjust', 'Error',
             'xloud.not_movable: ' + reason), self._last_adjust(self.server))
        self.assertIsNone(self._instance(self.server).task_state)

    @ddt.data(exception.AllocationMoveFailed(
        source_consumer='a', target_consumer='b', error='no'),
        ValueError('odd'))
    def test_conductor_fails(self, error):
        """An unexpected error does not put a server into ERROR."""
        self._break(query.SchedulerQueryClient, 'select_destinations', error)
        message = self._refused(
            503, self.server, current_vcpus=3, when_full='move')
        code = ('move_error' if isinstance(error, ValueError) else
                'placement_unavailable')
        self.assertStays('xloud.%s: %s' % (code, message))

    def test_conductor_of_before(self):
        self.useFixture(fixtures.MonkeyPatch(
            'nova.conductor.manager.ComputeTaskManager.xloud_adjust_move',
            fixtures.MonkeyPatch.delete))
        message = self._refused(
            409, self.server, current_vcpus=3, when_full='move')
        self.assertStays('xloud.not_supported: ' + message)

    def _dry_run(self, server, **body):
        return tuple(self._post(
            server, dry_run=True, when_full='move',
            **body).body['dry_run'][name] for name in ('outcome', 'code'))

    def test_dry_run(self):
        """What it would do is said, and nothing is claimed."""
        before = self._instance(self.server).obj_to_primitive()
        self.assertEqual(('move', 'xloud.host_full'),
                         self._dry_run(self.server, current_vcpus=3))
        self.assertEqual(
            ('refused', 'xloud.out_of_range'),
            self._dry_run(self.server, current_vcpus=5))
        self._fill('host2', 'host3')
        self.assertEqual(('refused', 'xloud.no_host'),
                         self._dry_run(self.server, current_vcpus=3))
        self._delete_server(self.neighbour)
        self.assertEqual(
            ('in_place', None), self._dry_run(self.server, current_vcpus=3))
        self.assertEqual(
            before, self._instance(self.server).obj_to_primitive())
        self.assertEqual([{'host1': MINIMUM}], self._allocations())

    def test_dry_run_of_a_stopped_server(self):
        self._stop_server(self.server)
        self.assertEqual(('refused', 'xloud.not_movable'),
                         self._dry_run(self.server, current_vcpus=3))

    def test_dry_run_with_hosts_down(self):
        for host in ('host2', 'host3'):
            self._take_down(host)
        self.assertEqual(('refused', 'xloud.no_host'),
                         self._dry_run(self.server, current_vcpus=3))
