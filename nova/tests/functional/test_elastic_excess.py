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

"""What becomes of a guest that takes more than its host has."""

import ddt

from nova import elastic
from nova.tests.functional import elastic_helpers
from nova.tests.functional.elastic_helpers import MAXIMUM
from nova.tests.functional.elastic_helpers import MINIMUM


@ddt.ddt
class ElasticExcessTest(elastic_helpers.ElasticAdjustTestBase):

    def setUp(self):
        super().setUp()
        self.server = self._boot()
        # The host has 10 CPUs and 8 GiB.
        self.other = self._boot(self._elastic_flavor(
            maximum=elastic.Size(9, 6144)))
        self._adjust(self.other, elastic.Size(9, 6144))

    def _take_everything(self):
        self._let_guest_have(self.server, MAXIMUM)
        for _look in range(2):
            self._reconcile()

    def _actions(self):
        actions = self.admin_api.api_get(
            '/servers/%s/os-instance-actions' % self.server['id']).body
        return [action['action'] for action in actions['instanceActions']]

    def _get(self, state):
        return self._wait_for_state_change(self.server, state)

    def test_log(self):
        self._take_everything()
        self._get('ACTIVE')
        self.assertEqual(['create'], self._actions())
        self.assertEqual(MAXIMUM, elastic.excess(self._instance(self.server)))

    @ddt.data(('pause', 'PAUSED'), ('stop', 'SHUTOFF'))
    @ddt.unpack
    def test_restrain(self, action, state):
        """The server is held, its user can see why, and nobody else is."""
        self.flags(on_excess=action, group='xloud')
        self.notifier.reset()
        self._let_guest_have(self.server, MAXIMUM)
        self._reconcile()
        self._get('ACTIVE')
        self._reconcile()
        self._get(state)
        self.assertEqual([action, 'create'], self._actions())
        self.notifier.wait_for_versioned_notifications(
            'instance.xloud_adjust.error')
        self.assertEqual(MINIMUM, elastic.size(self._instance(self.server)))
        self._reconcile()
        self.assertEqual('ACTIVE', self.api.get_server(
            self.other['id'])['status'])

    def test_again(self):
        """A server that still takes too much is paused once more."""
        self.flags(on_excess='pause', group='xloud')
        self._take_everything()
        self._get('PAUSED')
        self.api.post_server_action(self.server['id'], {'unpause': None})
        self._get('ACTIVE')
        self._take_everything()
        self._get('PAUSED')
        self.assertEqual(
            ['pause', 'unpause', 'pause', 'create'], self._actions())

    def test_room_for_it(self):
        """What the host has is accounted for, and nobody is held."""
        self.flags(on_excess='stop', group='xloud')
        self._adjust(self.other, elastic.Size(6, 1024))
        self._take_everything()
        self._get('ACTIVE')
        self.assertEqual(MAXIMUM, elastic.size(self._instance(self.server)))

    def test_locked_server(self):
        """Its user's lock does not protect a server from that."""
        self.flags(on_excess='pause', group='xloud')
        self.api.post_server_action(self.server['id'], {'lock': None})
        self._take_everything()
        self._get('PAUSED')

    def test_failure(self):
        """What could not be done is tried again."""
        self.flags(on_excess='pause', group='xloud')
        self._break(type(self.computes['host1'].manager.compute_api), 'pause',
                    RuntimeError('no'), times=1)
        self._take_everything()
        self._get('ACTIVE')
        self._reconcile()
        self._get('PAUSED')
