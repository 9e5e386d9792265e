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

"""Servers that move in order to grow, while others move or limit them, too."""

from unittest import mock

import eventlet  # noqa: H905

from nova.compute.elastic import plan
from nova import elastic
from nova import exception
from nova.scheduler.client import query
from nova.scheduler.client import report
from nova.tests.functional.elastic_helpers import GROWN
from nova.tests.functional.elastic_helpers import MINIMUM
from nova.tests.functional import elastic_move_base


class ElasticMoveOthersTest(elastic_move_base.MoveTestBase):

    def setUp(self):
        super().setUp()
        self._fill('host2')

    def _settle(self):
        self._run_periodics()
        self._reconcile()

    def assertEnded(self, host, size=MINIMUM):
        """The server has this size on one host, and nothing elsewhere."""
        self._settle()
        self._wait_until(lambda: self._adjust_state(self.server) == 'failed')
        self._settle()
        instance = self._instance(self.server)
        self.assertEqual(
            (host, size, None, elastic.Pending()),
            (instance.host, elastic.size(instance), instance.task_state,
             elastic.get_pending(instance)))
        self.assertEqual([{host: size}], [
            each for each in self._allocations() if each])

    def _evacuate(self, host):
        self.admin_api.post_server_action(
            self.server['id'], {'evacuate': {'host': host}})
        self._wait_for_server_parameter(
            self.server, {'OS-EXT-SRV-ATTR:host': host,
                          'OS-EXT-STS:task_state': None})

    def _die_in_the_migration(self):
        with self._migration_held() as reached:
            self._move()
            eventlet.kill(reached.wait())
            self._take_down('host1')
            self.admin_api.post_server_action(
                self.server['id'], {'os-resetState': {'state': 'active'}})

    def test_migrated_by_an_operator(self):
        """A record that is left does not disturb another live migration."""
        self._break(query.SchedulerQueryClient, 'select_destinations',
                    exception.NoValidHost(reason='x'), times=1)

        def keep(method, client, context, source, target):
            if target == self.server['id']:
                raise exception.AllocationMoveFailed(
                    source_consumer=source, target_consumer=target,
                    error='No.')
            return method(client, context, source, target)

        patch = self._patch(
            report.SchedulerReportClient, 'move_allocations', keep)
        self.assertIn(self._post(
            self.server, current_vcpus=3, when_full='move').status, (409, 503))
        patch.stop()
        # The task of the move stays until its claim is restored.
        self._reconcile()
        self._wait_until(
            lambda: self._instance(self.server).task_state is None)
        self._live_migrate(self.server, server_expected_state='ACTIVE')
        self.assertEnded('host3')

    def test_comes_back(self):
        """It is not announced to a host that it has left again."""
        with self._arrived_unnoticed():
            self._wait_for_migration_status(self.server, ['completed'])
            self._leave('host1')
            self._take_down('host3')
        self._delete_server(self.neighbour)
        self._evacuate('host1')
        self._settle()
        self._restart('host3')
        self.assertEnded('host1')

    def test_evacuated(self):
        """It has its old size, wherever it comes to, and nothing is left."""
        self._die_in_the_migration()
        self._delete_server(next(
            server for server in self.admin_api.get_servers()
            if server['OS-EXT-SRV-ATTR:host'] == 'host2'))
        self._evacuate('host2')
        self._settle()
        self._restart('host1')
        self.assertEnded('host2')

    def test_evacuated_where_it_could_not_grow(self):
        """An evacuation is for what the server has, and not for more."""
        self._die_in_the_migration()
        self._boot(self._create_flavor(vcpu=7, memory_mb=256), host='host3')
        self._evacuate('host2')

    def test_unexpected_error(self):
        """What the new host cannot do is not tried again and again."""
        attempts = []

        def fail(_plan):
            attempts.append(1)
            raise ValueError('odd')

        with mock.patch.object(
                plan.MovedPlan, 'make', fail, create=True):
            self._move()
            self.assertEnded('host3')
        self.assertEqual(1, len(attempts))

    def test_quota_is_used_in_the_meantime(self):
        """It is checked before the growth, whatever is checked after it."""
        self.flags(recheck_quota=False, cores=24, group='quota')
        with self._migration_held() as reached:
            self._move()
            reached.wait()
            self.flags(cores=20, group='quota')
        self.assertEnded('host3')
        self.assertIn('xloud.over_quota', self._last_adjust(self.server)[2])
        self.assertNotEqual(GROWN, self._live(self.server))
