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

"""What becomes of a server when a service stops during its adjustment."""

import datetime
from unittest import mock

import ddt
import eventlet  # noqa: H905
import fixtures
from oslo_utils import fixture as utils_fixture
from oslo_utils import timeutils

from nova.compute import manager
from nova.compute import task_states
from nova import exception
from nova import objects
from nova.tests.functional import elastic_helpers
from nova.tests.functional.elastic_helpers import GROWN
from nova.tests.functional.elastic_helpers import MINIMUM
from nova.tests.functional.elastic_helpers import START
from nova.virt import fake

NO_ANSWER = 'The host did not respond.'


@ddt.ddt
class ElasticAdjustInterruptedTest(elastic_helpers.ElasticAdjustTestBase):

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
        self._break(manager.ComputeManager, 'xloud_adjust',
                    exception.ServerAdjustFailed('No.'))
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
