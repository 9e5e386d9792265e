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

"""What would become of an adjustment, and how far a server could grow."""

import time

import ddt
from oslo_serialization import jsonutils

from nova.compute import rpcapi
from nova import elastic
from nova import exception
from nova.scheduler.client import report
from nova.tests.functional import elastic_helpers
from nova.tests.functional.elastic_helpers import GROWN
from nova.tests.functional.elastic_helpers import MINIMUM
from nova.tests.functional.elastic_helpers import START
from nova.virt import driver
from nova.virt import fake


@ddt.ddt
class ElasticDryRunTest(elastic_helpers.ElasticAdjustTestBase):

    def _dry_run(self, server, **body):
        """What the API says of an adjustment; nothing ever changes."""
        before = self._everything(server)
        response = self._post(server, dry_run=True, **body)
        self.assertEqual(200, response.status, response.body)
        self.assertEqual(['dry_run'], list(response.body))
        self.assertEqual(before, self._everything(server))
        outcome = response.body['dry_run']
        return outcome['outcome'], outcome['code'], outcome['reason']

    def _everything(self, server):
        """All that an adjustment could change."""
        instance = self._instance(server)
        return (instance.obj_to_primitive(), self._host_usage('host1'),
                self._quota_usage(), self._live(server),
                self.admin_api.api_get(
                    '/servers/%s/os-instance-actions' % server['id']).body,
                [each['event_type'] for each in
                 self.notifier.versioned_notifications
                 if 'xloud_adjust' in each['event_type']])

    @ddt.data({'current_vcpus': 3}, {'current_memory_mb': '3072'},
              {'current_vcpus': 3, 'current_memory_mb': 3072},
              {'current_vcpus': 3, 'persist': False},
              {'current_vcpus': 1, 'current_memory_mb': 1024},
              {'current_vcpus': 2, 'current_memory_mb': 2048})
    def test_in_place(self, body):
        """It can grow, shrink, or stay as it is."""
        server = self._boot()
        self._adjust(server, START)
        self.assertEqual(
            ('in_place', None, None), self._dry_run(server, **body))

    def test_then_adjusted(self):
        """What was possible still is."""
        server = self._boot()
        body = {'current_vcpus': 3, 'current_memory_mb': 3072}
        self._dry_run(server, **body)
        self.assertEqual(
            202, self._post(server, dry_run=False, **body).status)
        self.assertAdjusted(server, GROWN)

    def test_out_of_range(self):
        self.assertEqual(
            ('refused', 'xloud.out_of_range',
             'This server can have 1 to 4 vCPUs; 5 were requested.'),
            self._dry_run(self._boot(), current_vcpus=5))

    def test_locked(self):
        server = self._boot()
        self.api.post_server_action(server['id'], {'lock': {}})
        response = self._post(server, api=self._client('member', 'reader'),
                              current_vcpus=2, dry_run=True)
        self.assertEqual(200, response.status)
        self.assertEqual('xloud.locked', response.body['dry_run']['code'])

    def test_another_task(self):
        server = self._boot()
        instance = self._instance(server)
        instance.task_state = 'rebooting'
        instance.save()
        outcome, code, reason = self._dry_run(server, current_vcpus=2)
        self.assertEqual(
            ('refused', 'xloud.invalid_state'), (outcome, code))
        self.assertIn('task_state rebooting', reason)

    def test_quota(self):
        self.flags(cores=2, group='quota')
        self.assertEqual(
            ('refused', 'xloud.over_quota',
             'Quota exceeded for cores: Requested 2, but already used 1 of 2 '
             'cores'), self._dry_run(self._boot(), current_vcpus=3))

    def test_stopped(self):
        server = self._stop_server(self._boot())
        self.assertEqual(
            ('in_place', None, None), self._dry_run(server, current_vcpus=2))
        self.assertEqual(
            'xloud.stopped',
            self._dry_run(server, current_vcpus=2, persist=False)[1])

    def test_paused(self):
        server = self._boot()
        self.api.post_server_action(server['id'], {'pause': {}})
        self._wait_for_state_change(server, 'PAUSED')
        self.assertEqual(
            ('in_place', None, None), self._dry_run(server, current_vcpus=2))
        self.assertEqual(
            'xloud.paused',
            self._dry_run(server, current_memory_mb=2048)[1])

    def test_floor(self):
        """The floor of the guest is respected, and force goes below it."""
        server = self._boot()
        self._adjust(server, GROWN)
        self._patch(
            fake.FakeDriver, 'get_memory_usage',
            lambda *args: driver.MemoryUsage(3072, 1024, None))
        body = {'current_memory_mb': 2048}
        self.assertEqual(
            ('refused', 'xloud.below_floor',
             'The guest needs at least 2112 MiB; 2048 MiB were requested.'),
            self._dry_run(server, **body))
        self.assertEqual(
            ('in_place', None, None),
            self._dry_run(server, force=True, **body))

    def test_policy(self):
        """Who may not adjust a server cannot look what would become of it."""
        server = self._boot()
        self.assertEqual(403, self._post(
            server, api=self._client('member'), current_vcpus=2, force=True,
            dry_run=True).status)
        self.assertEqual(404, self._post(
            {'id': server['id'].replace('-', '')[:8]}, current_vcpus=2,
            dry_run=True).status)

    @ddt.data({'dry_run': True}, {'current_vcpus': 2, 'dry_run': 'yes'},
              {'current_vcpus': 2, 'dry_run': 1},
              {'current_vcpus': 2, 'dry_run': None},
              {'current_vcpus': 10 ** 400, 'dry_run': True})
    def test_bad_body(self, body):
        response = self.api.api_request(
            '/os-xloud-adjust/%s' % self._boot()['id'], method='POST',
            body=jsonutils.dumps(body),
            headers={'Content-Type': 'application/json'})
        self.assertEqual(400, response.status_code, response.text)

    def test_host_down(self):
        server = self._boot()
        self._take_down('host1')
        response = self._post(server, current_vcpus=2, dry_run=True)
        self.assertEqual('xloud.host_down', response.body['dry_run']['code'])

    def test_host_of_before(self):
        """A host that cannot answer is not said to have room."""
        server = self._boot()

        class NoSuchMethod(rpcapi.messaging.MessagingException):
            pass

        self._break(rpcapi.ComputeAPI, 'xloud_adjust_check', NoSuchMethod())
        self.assertEqual(
            'xloud.not_supported', self._dry_run(server, current_vcpus=2)[1])

    def test_placement_down(self):
        server = self._boot()
        self._break(report.SchedulerReportClient, 'get_capacity',
                    exception.ResourceProviderRetrievalFailed(uuid='host1'))
        self.assertEqual(
            'xloud.placement_unavailable',
            self._dry_run(server, current_vcpus=2)[1])
        # What needs no capacity needs no answer of placement.
        self.assertEqual('in_place', self._dry_run(
            server, current_vcpus=1)[0])


class ElasticRoomTest(elastic_helpers.ElasticAdjustTestBase):
    """A host of 10 CPUs and 7680 MiB for servers."""

    def assertRoom(self, server, room):
        """A server could grow by this, and by no more."""
        status = self._status(server)
        self.assertEqual(
            room, (status['room_vcpus'], status['room_memory_mb']))
        size = elastic.size(self._instance(server))
        for name, amount, more, too_much in zip(
                ('current_vcpus', 'current_memory_mb'), size, room,
                # Memory near a bound is the bound.
                (1, 16)):
            self.assertEqual('in_place', self._try_to_have(
                server, **{name: amount + more}))
            self.assertEqual('refused', self._try_to_have(
                server, **{name: amount + more + too_much}))

    def _try_to_have(self, server, **body):
        return self._post(
            server, dry_run=True, **body).body['dry_run']['outcome']

    def test_host_has_room(self):
        """It ends at the maximum of the flavor."""
        server = self._boot()
        self.assertRoom(server, (3, 3072))
        self._adjust(server, START)
        self.assertRoom(server, (2, 2048))

    def test_host_is_full(self):
        """It ends at what the host has, and the reason has the numbers."""
        server = self._boot()
        for _ in range(2):
            self._adjust(self._boot(), elastic.Size(4, 3072))
        self.assertRoom(server, (1, 512))
        self.assertEqual({
            'outcome': 'refused', 'code': 'xloud.host_full',
            'reason': 'Its host has 1 vCPU available; the request needs 3 '
                      'more.'}, self._post(
            server, current_vcpus=4, dry_run=True).body['dry_run'])
        self.assertEqual(MINIMUM, elastic.size(self._instance(server)))

    def test_unknown(self):
        """A status never fails for what placement does not say."""
        server = self._boot()
        self._break(report.SchedulerReportClient, 'get_capacity',
                    exception.ResourceProviderRetrievalFailed(uuid='host1'))
        status = self._status(server)
        self.assertEqual(('hypervisor', 1, None, None), (
            status['source'], status['current_vcpus'], status['room_vcpus'],
            status['room_memory_mb']))

    def test_placement_hangs(self):
        """What the guest says is shown in time, without the room."""
        server = self._boot()
        self.flags(guest_query_timeout=1, group='xloud')
        self._patch(report.SchedulerReportClient, 'get_capacity',
                    lambda *args: time.sleep(3) or {})
        for _attempt in range(2):
            status = self._status(server)
            self.assertEqual(('hypervisor', True, None), (
                status['source'], status['balloon_driver_active'],
                status['room_vcpus']))

    def test_not_running(self):
        status = self._status(self._stop_server(self._boot()))
        self.assertEqual(('database', None, None), (
            status['source'], status['room_vcpus'],
            status['room_memory_mb']))
