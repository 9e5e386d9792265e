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

"""A size for a limited time: the server goes back by itself."""

import time

import ddt
import fixtures
from oslo_utils import timeutils

from nova.compute.elastic import returns
from nova import elastic
from nova import exception
from nova.tests.functional import elastic_helpers
from nova.tests.functional.elastic_helpers import GROWN
from nova.tests.functional.elastic_helpers import MINIMUM
from nova.tests.functional.elastic_helpers import START
from nova.virt import driver
from nova.virt import fake


def _seconds(text):
    return timeutils.parse_isotime(text).timestamp()


class TimedMixin:

    def _adjust_for(self, server, seconds, size=GROWN, **body):
        response = self._post(
            server, current_vcpus=size.vcpus, current_memory_mb=size.memory_mb,
            for_seconds=seconds, **body)
        self.assertEqual(202, response.status, response.body)
        self._wait_until_adjusted(server)

    def _return_of(self, server):
        """When a server goes back, and to which size."""
        status = self._status(server)
        return (status['returns_at'], status['return_vcpus'],
                status['return_memory_mb'])

    def assertStays(self, server):
        self.assertEqual((None, None, None), self._return_of(server))
        self.assertEqual(
            elastic.Pending(), elastic.get_pending(self._instance(server)))

    def assertGoesBack(self, server, size, within, **kwargs):
        """A server has this size within so many seconds."""
        deadline = time.monotonic() + within + elastic_helpers.BUSY
        while elastic.get_pending(self._instance(server)).returning:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)
        self._wait_until_adjusted(server)
        self.assertSize(server, size, **kwargs)
        self.assertStays(server)


@ddt.ddt
class ElasticTimedTest(TimedMixin, elastic_helpers.ElasticAdjustTestBase):

    def test_goes_back(self):
        """It has the size for that time, and then the one before it."""
        server = self._boot()
        begin = time.time()
        self._adjust_for(server, 6)
        at, *size = self._return_of(server)
        self.assertEqual(list(MINIMUM), size)
        self.assertTrue(begin + 5 <= _seconds(at) <= begin + 11, at)
        self.assertEqual(GROWN, self._live(server))
        self.assertGoesBack(server, MINIMUM, 6 + 5)
        self.assertGreater(time.time(), begin + 5)
        # Each way is an action of its own, and both have succeeded.
        self.assertAdjusted(server, MINIMUM)
        self.assertEqual('succeeded', self._status(server)['adjust']['state'])
        actions = self.admin_api.api_get(
            '/servers/%s/os-instance-actions' % server['id']).body
        self.assertEqual(
            ['xloud_adjust', 'xloud_adjust', 'create'],
            [action['action'] for action in actions['instanceActions']])

    @ddt.data(GROWN, START, MINIMUM)
    def test_later_adjustment(self, size):
        """It ends the time, also if it requests what the server has."""
        server = self._boot()
        self._adjust_for(server, 600)
        self._adjust(server, size)
        self.assertAdjusted(server, size)
        self.assertStays(server)

    def test_later_adjustment_fails(self):
        """What it has not replaced is still in force."""
        server = self._boot()
        self._adjust_for(server, 600, START)
        before = self._return_of(server)
        self._break(fake.FakeDriver, 'set_current_vcpus',
                    exception.ServerAdjustFailed('No.'), times=1)
        self._adjust(server, GROWN)
        self.assertNotAdjusted('xloud.host_error: No.', server, START)
        self.assertEqual(before, self._return_of(server))

    def test_fails(self):
        """Nothing goes back from what it did not get."""
        server = self._boot()
        self._break(fake.FakeDriver, 'set_current_vcpus',
                    exception.ServerAdjustFailed('No.'), times=1)
        self._adjust_for(server, 600)
        self.assertNotAdjusted('xloud.host_error: No.', server, MINIMUM)
        self.assertStays(server)

    def test_longer(self):
        """The time can be extended; the way back stays the same."""
        server = self._boot()
        self._adjust_for(server, 8, START)
        self._adjust_for(server, 600)
        self._adjust_for(server, 600)
        self.assertEqual(list(MINIMUM), list(self._return_of(server))[1:])
        time.sleep(8)
        self.assertSize(server, GROWN)
        self._adjust_for(server, 1)
        self.assertGoesBack(server, MINIMUM, 1 + 5)

    @ddt.data(True, False)
    def test_reboot(self, persist):
        """As long as it has the size permanently, it starts with it."""
        server = self._boot()
        self._adjust_for(server, 600, persist=persist)
        self._reboot_server(server, hard=True)
        size = GROWN if persist else MINIMUM
        self.assertSize(server, size)
        self._adjust_for(server, 1, persist=persist)
        self.assertGoesBack(server, MINIMUM, 1 + 5)

    def test_stopped(self):
        server = self._boot()
        self._adjust_for(server, 4)
        self._stop_server(server)
        self.assertGoesBack(server, MINIMUM, 4 + 5)
        self._start_server(server)
        self.assertSize(server, MINIMUM)

    def test_host_full(self):
        """The way back needs no capacity, only the way there does."""
        server = self._boot()
        self._adjust_for(server, 6)
        for _ in range(2):
            self._adjust(self._boot(), elastic.Size(3, 2048))
        self.assertEqual(409, self._post(
            server, current_vcpus=4, current_memory_mb=4096,
            for_seconds=60).status)
        deadline = time.monotonic() + 6 + 5
        while elastic.size(self._instance(server)) != MINIMUM:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)

    # The second floor is near the minimum of the flavor.
    @ddt.data(1000, 3072 - 1030 + 64)
    def test_memory_is_in_use(self, usable_mb):
        """It keeps what its guest needs, and says so."""
        server = self._boot()
        self._adjust_for(server, 2)
        self._patch(
            fake.FakeDriver, 'get_memory_usage',
            lambda method, *args: driver.MemoryUsage(
                actual_mb=3072, usable_mb=usable_mb, host_mb=None))
        kept = elastic.Size(1, 3072 - usable_mb + 64)
        self.assertGoesBack(server, kept, 2 + 5, start=MINIMUM, quota=kept)
        reason = ('The time of the requested size is over. The server keeps '
                  '%d MiB instead of 1024 MiB, since its guest needs that '
                  'much.' % kept.memory_mb)
        self.assertNotAdjusted(
            'xloud.stopped_at_floor: ' + reason, server, kept, start=MINIMUM)
        adjust = self._status(server)['adjust']
        self.assertEqual(
            ('failed', 'xloud.stopped_at_floor', reason),
            (adjust['state'], adjust['code'], adjust['reason']))

    def test_guest_does_not_comply(self):
        """It is put back to what it has, and asked again later."""
        self.useFixture(fixtures.MockPatchObject(
            returns, '_FIRST_DELAY', 10))
        server = self._boot()
        self._adjust_for(server, 3)
        self._break(fake.FakeDriver, 'set_current_vcpus',
                    exception.ServerAdjustFailed('No.'), times=1)
        for _attempt in range(200):
            adjust = self._status(server)['adjust']
            if adjust['state'] == 'failed':
                break
            time.sleep(0.1)
        self.assertEqual('No.', adjust['reason'])
        self.assertSize(server, GROWN)
        self.assertGoesBack(server, MINIMUM, 10 + 5)

    @ddt.data({'current_vcpus': 1}, {'current_memory_mb': 1024},
              {'current_vcpus': 1, 'current_memory_mb': 4096})
    def test_shrink(self, body):
        server = self._boot()
        self._adjust(server, START)
        self.assertEqual(
            'A size for a limited time cannot be below the size that the '
            'server goes back to.',
            self._refused(400, server, for_seconds=60, **body))
        self.assertEqual('xloud.timed_shrink', self._post(
            server, dry_run=True, for_seconds=60,
            **body).body['dry_run']['code'])

    @ddt.data(0, -1, 31 * 24 * 3600 + 1, '60', 1.5, True, None)
    def test_bad_time(self, seconds):
        self.assertEqual(400, self._post(
            self._boot(), current_vcpus=2, for_seconds=seconds).status)

    def test_compute_was_down(self):
        """What should have happened in the meantime does when it is back."""
        server = self._boot()
        self._adjust_for(server, 6)
        self.computes['host1'].stop()
        time.sleep(7)
        self.assertEqual(GROWN, elastic.size(self._instance(server)))
        self._restart('host1')
        self.assertGoesBack(server, MINIMUM, 10)

    def test_compute_of_before(self):
        """A compute without this says so, and nothing has changed."""
        server = self._boot()
        self._use_compute_of_before()
        self.assertEqual(
            'The host runs a version of Nova that cannot adjust servers.',
            self._refused(409, server, current_vcpus=2, for_seconds=60))
        self.assertSize(server, MINIMUM)


class ElasticTimedMoveTest(TimedMixin, elastic_helpers.ElasticServersTestBase):

    def test_moved(self):
        """It goes back on the host where it is then."""
        server = self._boot()
        self._adjust_for(server, 600)
        self._live_migrate(server)
        self._run_periodics()
        self._reconcile()
        self._adjust_for(server, 1)
        self.assertGoesBack(server, MINIMUM, 1 + 5, host='host2')

    def test_resized(self):
        """A server with another flavor has nothing to go back to."""
        server = self._boot()
        self._adjust_for(server, 600)
        self._resize_server(server, self._elastic_flavor(START))
        self._confirm_resize(server)
        self.assertSize(server, START, host='host2')
        self.assertStays(server)
        self.assertNotIn(
            'xloud_return', self._instance(server).system_metadata)
