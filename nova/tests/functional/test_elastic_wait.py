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

"""Adjustments that wait until their host has the capacity for them."""

import random
import time

import ddt
import fixtures

from nova.compute import task_states
from nova import elastic
from nova import exception
from nova.tests.functional import elastic_helpers
from nova.tests.functional.elastic_helpers import MINIMUM
from nova.virt import fake

WAITING = {'adjust': {'state': 'waiting'}}
BIG = elastic.Size(8, 1024)


class WaitMixin:

    def setUp(self):
        super().setUp()
        self.flags(cores=-1, ram=-1, instances=-1, group='quota')

    def _plain(self, vcpus, host='host1'):
        """A server that just occupies CPUs of a host."""
        return self._boot(
            self._create_flavor(vcpu=vcpus, memory_mb=256), host=host)

    def _wait(self, server, vcpus, **body):
        """Request vCPUs that the host does not have; return the action."""
        response = self._post(
            server, current_vcpus=vcpus, when_full='wait', **body)
        self.assertEqual((202, WAITING), (response.status, response.body))
        return self._actions(server)[0]['request_id']

    def _actions(self, server):
        return self.admin_api.api_get(
            '/servers/%s/os-instance-actions' % server['id']).body[
                'instanceActions']

    def _events(self, server, request_id):
        """How the events of an action ended, but for its sizes."""
        events = self.admin_api.api_get(
            '/servers/%s/os-instance-actions/%s' % (
                server['id'], request_id)).body['instanceAction']['events']
        return [(event['result'], event.get('details')) for event in events
                if event['event'] != elastic.SIZE_EVENT]

    def _waiting(self, server):
        return elastic.get_pending(self._instance(server)).waiting

    def assertWaits(self, server):
        self.assertEqual('waiting', self._status(server)['adjust']['state'])
        self.assertIsNotNone(self._waiting(server))

    def assertWithin(self, seconds, condition):
        deadline = time.monotonic() + seconds + elastic_helpers.BUSY
        while not condition():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)

    def assertHas(self, server, vcpus, within=2):
        """A server has so many vCPUs within some seconds."""
        self.assertWithin(within, lambda: self._instance(
            server).vcpus == vcpus)
        self._wait_until_adjusted(server)
        self.assertEqual(vcpus, self._live(server).vcpus)
        self.assertIsNone(self._waiting(server))

    def assertEnds(self, server, request_id, result, details=None):
        self.assertWithin(5, lambda: self._events(server, request_id)[0][0])
        self.assertEqual(
            [(result, details)], self._events(server, request_id))


class ElasticWaitTest(WaitMixin, elastic_helpers.ElasticAdjustTestBase):
    """A host of 10 CPUs."""

    def test_order(self):
        """A higher priority comes before one that waits for longer."""
        low = self._boot()
        high = self._boot(self._elastic_flavor(**{'xloud:priority': '10'}))
        other = self._plain(2)
        self._plain(6)
        first = self._wait(low, 3)
        second = self._wait(high, 3)
        self.assertWaits(low)
        adjust = self._status(high)['adjust']
        self.assertEqual(
            ('waiting', None, None, {'current_vcpus': 3}),
            tuple(adjust[name] for name in (
                'state', 'code', 'reason', 'requested')))
        self.assertLess(adjust['since'], adjust['expires_at'])
        self.assertEqual([(None, None)], self._events(high, second))

        self._delete_server(other)
        self.assertHas(high, 3)
        self.assertEnds(high, second, 'Success')
        self.assertWaits(low)
        self.assertEqual(10, self._host_usage('host1')[1].vcpus)

        self._adjust(high, MINIMUM)
        self.assertHas(low, 3)
        self.assertEnds(low, first, 'Success')
        self.assertEqual('succeeded', self._status(low)['adjust']['state'])

    def test_nobody_gets_ahead(self):
        """What would fit waits as well if another one comes first."""
        server, other, third = (self._boot() for _ in range(3))
        big = self._plain(6)
        self._wait(server, 4)
        self.assertEqual(
            'Other servers have been waiting for the capacity of the host '
            'for longer.', self._refused(409, other, current_vcpus=2))
        self._wait(other, 2)
        # They do not wait for memory.
        self._adjust(third, elastic.Size(1, 2048))
        self.assertEqual(2048, self._live(third).memory_mb)
        self.assertWaits(other)
        self._delete_server(big)
        self.assertHas(server, 4)
        self.assertHas(other, 2)

    def test_long_wait(self):
        """One that has waited for long comes before a higher priority."""
        low = self._boot()
        high = self._boot(self._elastic_flavor(**{'xloud:priority': '1'}))
        other = self._plain(2)
        self._plain(6)
        self._wait(low, 3)
        self._wait(high, 3)
        grants = self.computes['host1'].manager.elastic.grants
        instance = self._instance(low)
        pending = elastic.get_pending(instance)
        elastic.set_pending(instance, pending._replace(
            waiting=pending.waiting._replace(
                since=pending.waiting.since - 1200)))
        instance.save()
        grants.wake()
        self._delete_server(other)
        self.assertHas(low, 3)
        self.assertWaits(high)


@ddt.ddt
class ElasticWaitEndTest(WaitMixin, elastic_helpers.ElasticAdjustTestBase):
    """How a wait ends without a grant."""

    @ddt.data({'current_vcpus': 3}, {'current_vcpus': 3, 'for_seconds': 600})
    def test_cancel(self, body):
        server = self._boot()
        self._plain(8)
        request_id = self._wait(server, body.pop('current_vcpus'), **body)
        response = self._post(server, cancel=True)
        self.assertEqual((202, {}), (response.status, response.body))
        self.assertEnds(
            server, request_id, 'Error',
            'xloud.wait_cancelled: The adjustment was cancelled while it '
            'waited.')
        self.assertEqual('failed', self._status(server)['adjust']['state'])
        self.assertIsNone(self._waiting(server))
        self.assertEqual(
            'No adjustment of this server waits for capacity.',
            self._refused(409, server, cancel=True))

    @ddt.data({'cancel': False}, {'cancel': 'true'},
              {'cancel': True, 'current_vcpus': 2},
              {'cancel': True, 'dry_run': True}, {'when_full': 'wait'},
              {'when_full': 'later', 'current_vcpus': 2},
              {'when_full': None, 'current_vcpus': 2})
    def test_bad_body(self, body):
        self.assertEqual(400, self._post(self._boot(), **body).status)

    def test_expires(self):
        self.flags(wait_timeout=1, group='xloud')
        server = self._boot()
        self._plain(8)
        request_id = self._wait(server, 3)
        self.assertEnds(
            server, request_id, 'Error',
            'xloud.wait_expired: The host did not have enough capacity in '
            'time.')
        adjust = self._status(server)['adjust']
        self.assertEqual(('failed', 'xloud.wait_expired'),
                         (adjust['state'], adjust['code']))
        self.assertIsNone(self._waiting(server))
        self.notifier.wait_for_versioned_notifications(
            'instance.xloud_adjust.error')

    def test_newer(self):
        """A later request replaces an older one, whether it waits or not."""
        server = self._boot()
        other = self._plain(8)
        first = self._wait(server, 3)
        second = self._wait(server, 4)
        replaced = ('xloud.replaced: A later adjustment has replaced this '
                    'one, which waited for capacity.')
        self.assertEnds(server, first, 'Error', replaced)
        self.assertEqual(second, self._waiting(server).request_id)
        self._adjust(server, elastic.Size(2, 1024))
        self.assertEnds(server, second, 'Error', replaced)
        self._delete_server(other)
        time.sleep(0.5)
        self.assertHas(server, 2)

    def test_refused_later(self):
        """A request that is refused replaces nothing."""
        server = self._boot()
        other = self._plain(8)
        request_id = self._wait(server, 3)
        self._refused(409, server, current_vcpus=4)
        self._refused(400, server, current_vcpus=5)
        self.assertWaits(server)
        self._delete_server(other)
        self.assertHas(server, 3)
        self.assertEnds(server, request_id, 'Success')


class ElasticWaitEventsTest(
        WaitMixin, elastic_helpers.ElasticAdjustTestBase):
    """What happens in the meantime."""

    def test_compute_restarts(self):
        """Nothing is forgotten, and nothing is granted twice."""
        server = self._boot()
        other = self._plain(8)
        request_id = self._wait(server, 3)
        self._restart('host1')
        self.assertWaits(server)
        self._delete_server(other)
        self.assertHas(server, 3)
        self.assertEnds(server, request_id, 'Success')
        self._restart('host1')
        self._adjust(server, MINIMUM)
        time.sleep(0.5)
        self.assertHas(server, 1)

    def test_compute_dies_while_it_grants(self):
        """An adjustment that was not yet claimed still waits."""
        server = self._boot()
        other = self._plain(8)
        request_id = self._wait(server, 3)
        instance = self._instance(server)
        instance.task_state = task_states.XLOUD_ADJUSTING
        instance.save()
        self._restart('host1')
        self._wait_until_adjusted(server)
        self.assertWaits(server)
        self.assertEqual([(None, None)], self._events(server, request_id))
        self._delete_server(other)
        self.assertHas(server, 3)
        self.assertEnds(server, request_id, 'Success')

    def test_wakes_without_an_event(self):
        """The periodic task finds what nobody has said."""
        server = self._boot()
        other = self._plain(8)
        self._wait(server, 3)
        with fixtures.MockPatchObject(
                self.computes['host1'].manager.elastic.grants, 'wake'):
            self._delete_server(other)
        self.assertWaits(server)
        self._reconcile()
        self.assertHas(server, 3)

    def test_deleted(self):
        """A server that is deleted keeps nobody from growing."""
        server, other = self._boot(), self._boot()
        big = self._plain(7)
        request_id = self._wait(server, 4)
        self._wait(other, 3)
        self._delete_server(server)
        self._delete_server(big)
        self.assertHas(other, 3)
        self.assertEnds(
            server, request_id, 'Error',
            'xloud.server_changed: The server was deleted or its state was '
            'reset during the adjustment.')

    def test_stopped(self):
        """A stopped server gets what it is to start with."""
        server = self._boot()
        other = self._plain(8)
        self._wait(server, 3)
        self._stop_server(server)
        self.assertWaits(server)
        self._delete_server(other)
        self.assertWithin(2, lambda: self._instance(server).vcpus == 3)
        self._wait_until_adjusted(server)
        self._start_server(server)
        self.assertHas(server, 3)

    def test_stopped_until_restart(self):
        """What was for the guest that ran is over."""
        server = self._boot()
        other = self._plain(8)
        request_id = self._wait(server, 3, persist=False)
        self._stop_server(server)
        self._delete_server(other)
        self.assertEnds(
            server, request_id, 'Error', 'xloud.stopped: A stopped server '
            'can be adjusted only with persist=true.')
        self.assertEqual(1, self._instance(server).vcpus)

    def test_quota(self):
        """What the quota does not allow any more is not granted."""
        server = self._boot()
        other = self._plain(8)
        request_id = self._wait(server, 3)
        self.flags(cores=2, group='quota')
        self._delete_server(other)
        self.assertEnds(
            server, request_id, 'Error',
            'xloud.over_quota: Quota exceeded for cores: Requested 2, but '
            'already used 1 of 2 cores')
        self.assertEqual(1, self._instance(server).vcpus)
        self.assertEqual(1, self._host_usage('host1')[1].vcpus)

    def test_over_quota_at_once(self):
        """What the quota does not allow now does not wait."""
        server = self._boot()
        self._plain(8)
        self.flags(cores=10, group='quota')
        self.assertEqual(403, self._post(
            server, current_vcpus=3, when_full='wait').status)

    def test_guest_does_not_comply(self):
        """What was granted fails as any other adjustment, and is over."""
        server = self._boot()
        other = self._plain(8)
        request_id = self._wait(server, 3)
        self._break(fake.FakeDriver, 'set_current_vcpus',
                    exception.ServerAdjustFailed('No.'), times=1)
        self._delete_server(other)
        self.assertEnds(server, request_id, 'Error', 'xloud.host_error: No.')
        self.assertIsNone(self._waiting(server))
        self.assertEqual(1, self._instance(server).vcpus)


@ddt.ddt
class ElasticWaitRequestTest(
        WaitMixin, elastic_helpers.ElasticAdjustTestBase):
    """What is accepted, and what it means."""

    def test_timed(self):
        """A limited time begins when the server has the size."""
        server = self._boot()
        other = self._plain(8)
        self._wait(server, 3, for_seconds=8)
        time.sleep(8)
        self.assertIsNone(self._status(server)['returns_at'])
        self._delete_server(other)
        self.assertHas(server, 3)
        self.assertHas(server, 1, within=8 + 5)

    @ddt.data(('wait', 'refuse', None, 202), ('refuse', 'wait', None, 409),
              (None, 'wait', None, 202), (None, 'refuse', None, 409),
              ('wait', 'wait', 'refuse', 409))
    @ddt.unpack
    def test_default(self, of_flavor, of_operator, requested, status):
        """The request decides, else the flavor, else the operator."""
        self.flags(when_full=of_operator, group='xloud')
        specs = {'xloud:when_full': of_flavor} if of_flavor else {}
        server = self._boot(self._elastic_flavor(**specs))
        self._plain(8)
        body = {'when_full': requested} if requested else {}
        self.assertEqual(status, self._post(
            server, current_vcpus=3, **body).status)

    def test_above_host_limit(self):
        """What the host can never give is refused at once."""
        server = self._boot(self._elastic_flavor(
            maximum=elastic.Size(20, 4096)))
        self.assertEqual(
            'Its host allows at most 10 vCPUs per server; 20 were requested.',
            self._refused(409, server, current_vcpus=20, when_full='wait'))
        self.assertIsNone(self._waiting(server))

    def test_dry_run(self):
        server = self._boot()
        self._plain(8)
        answers = [self._post(
            server, current_vcpus=3, dry_run=True, when_full=when_full
            ).body['dry_run'] for when_full in ('wait', 'refuse')]
        reason = 'Its host has 1 vCPU available; the request needs 2 more.'
        self.assertEqual(
            [{'outcome': outcome, 'code': 'xloud.host_full', 'reason': reason}
             for outcome in ('wait', 'refused')], answers)
        self.assertIsNone(self._waiting(server))

    def test_compute_of_before(self):
        """A compute without this says so, and nothing has changed."""
        server = self._boot()
        self._use_compute_of_before()
        self.assertEqual(
            'The host runs a version of Nova that cannot adjust servers.',
            self._refused(409, server, current_vcpus=2, when_full='wait'))

    def test_random_requests(self):
        """At each time one generation at most waits: the last one."""
        choice = random.Random(21).choice
        server = self._boot()
        other = self._boot(
            self._elastic_flavor(maximum=elastic.Size(9, 4096)))
        self._post(other, current_vcpus=9)
        self._wait_until_adjusted(other)
        expected = {}
        for _request in range(100):
            body = choice((
                {'current_vcpus': choice((2, 3, 4)), 'when_full': 'wait'},
                {'current_vcpus': choice((2, 3, 4)), 'when_full': 'refuse'},
                {'current_vcpus': 1, 'when_full': 'wait'},
                {'cancel': True}))
            waited = self._waiting(server)
            response = self._post(server, **body)
            self.assertIn(response.status, (202, 409))
            self._wait_until_adjusted(server)
            waiting = self._waiting(server)
            if response.body == WAITING:
                last = self._actions(server)[0]['request_id']
                self.assertEqual(last, waiting.request_id)
                self.assertEqual(body['current_vcpus'], waiting.size.vcpus)
            elif response.status == 202:
                self.assertIsNone(waiting)
            else:
                self.assertEqual(waited, waiting)
            if waited and waiting != waited:
                expected[waited.request_id] = (
                    'xloud.wait_cancelled' if 'cancel' in body else
                    'xloud.replaced')
            self.assertEqual(10, self._host_usage('host1')[1].vcpus)
        for request_id, code in expected.items():
            (result, details), = self._events(server, request_id)
            self.assertEqual(('Error', code),
                             (result, details.partition(':')[0]))
        self._wait(server, 4)
        self._adjust(other, MINIMUM)
        self.assertHas(server, 4)


class ElasticWaitMoveTest(WaitMixin, elastic_helpers.ElasticServersTestBase):

    def test_other_moves_away(self):
        server = self._boot()
        other = self._plain(8)
        self._wait(server, 3)
        self._live_migrate(other)
        self.assertHas(server, 3)

    def test_moved(self):
        """It waits on the host where it is."""
        server = self._boot()
        self._plain(8)
        there = self._plain(8, host='host2')
        request_id = self._wait(server, 4)
        self._live_migrate(server)
        self.assertWaits(server)
        self._run_periodics()
        self._reconcile()
        self.assertWaits(server)
        self._delete_server(there)
        self.assertHas(server, 4)
        self.assertEnds(server, request_id, 'Success')
