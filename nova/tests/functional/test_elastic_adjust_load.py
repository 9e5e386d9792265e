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

"""Many adjustments at once, and what a single one costs."""

import collections
import re
import time

import eventlet  # noqa: H905
import fixtures
from oslo_messaging.rpc import client as rpc_client
import sqlalchemy

from nova.compute.elastic import adjust
from nova.compute.elastic import background
from nova.conductor import rpcapi as conductor_rpcapi
from nova import elastic
from nova.objects import base as objects_base
from nova.scheduler.client import report
from nova.tests.functional import elastic_helpers
from nova.tests.functional.elastic_helpers import GROWN
from nova.tests.functional.elastic_helpers import MINIMUM
from nova.virt import fake


class ElasticAdjustLoadTest(elastic_helpers.ElasticAdjustTestBase):

    def setUp(self):
        for name, value in (('vcpus', 27), ('memory_mb', 10 ** 6),
                            ('local_gb', 10 ** 6)):
            self.useFixture(fixtures.MockPatchObject(
                fake.MediumFakeDriver, name, value))
        super().setUp()
        # The database of placement knows no transactions here, so that one
        # request, each in a greenlet, has to end before the next begins.
        lock = eventlet.semaphore.Semaphore()  # noqa: N373

        def one_at_a_time(method, *args, **kwargs):
            with lock:
                return method(*args, **kwargs)

        for name in ('get', 'put'):
            self._patch(report.SchedulerReportClient, name, one_at_a_time)

    def _at_once(self, requests):
        """Send all of these requests at the same time.

        :param requests: Pairs of a server and a body
        :returns: How often which status was answered.
        """
        pool = eventlet.GreenPool(len(requests))
        statuses = pool.starmap(
            lambda server, body: self._post(server, **body).status, requests)
        return collections.Counter(statuses)

    def test_one_server(self):
        """One runs at a time; the others are refused for that."""
        self.flags(cores=-1, ram=-1, group='quota')
        server = self._boot()
        running, most = [], []

        def watch(method, *args, **kwargs):
            running.append(1)
            most.append(len(running))
            time.sleep(0.2)
            method(*args, **kwargs)
            running.pop()

        self._patch(fake.FakeDriver, 'set_current_vcpus', watch)
        statuses = self._at_once([
            (server, {'current_vcpus': 2 + number % 3,
                      'current_memory_mb': 2048})
            for number in range(50)])
        self._wait_until_adjusted(server)

        self.assertEqual({202, 409}, set(statuses))
        self.assertEqual(50, statuses.total())
        self.assertEqual({1}, set(most))
        live = self._live(server)
        self.assertNotEqual(MINIMUM, live)
        self.assertSize(server, live)

    def test_full_host(self):
        """As many servers grow as there is room for, and no more."""
        self.flags(cores=-1, ram=-1, instances=-1, group='quota')
        servers = [self._boot() for _ in range(20)]

        statuses = self._at_once([
            (server, {'current_vcpus': 2}) for server in servers])
        for server in servers:
            self._wait_until_adjusted(server)

        self.assertEqual({202: 7, 409: 13}, statuses)
        self.assertEqual(elastic.Size(27, 20 * 1024),
                         self._host_usage('host1')[1])
        self.assertEqual(
            {MINIMUM: 13, elastic.Size(2, 1024): 7},
            collections.Counter(
                elastic.size(self._instance(server)) for server in servers))


class RemoteObjects(object):
    """Where objects are remote, as on a compute: in threads of its own."""

    def __init__(self):
        self.threads = set()
        self._conductor = conductor_rpcapi.ConductorAPI()

    def __get__(self, _instance, _owner):
        if eventlet.getcurrent() in self.threads:
            return self._conductor


class ElasticAdjustCostTest(elastic_helpers.ElasticAdjustTestBase):

    def setUp(self):
        super().setUp()
        self.costs = collections.Counter()
        # Statements about the action log, in which the history is.
        self.actions = []

        for name in ('call', 'cast'):
            self._patch(rpc_client._BaseCallContext, name, self._count_rpc)
        for name in ('get', 'put', 'post', 'delete'):
            self._patch(report.SchedulerReportClient, name,
                        self._count_placement(name))

        remote = RemoteObjects()
        self.useFixture(fixtures.MockPatchObject(
            objects_base.NovaObject, 'indirection_api', remote))

        def as_on_compute(function, *args, **kwargs):
            thread = eventlet.getcurrent()
            remote.threads.add(thread)
            try:
                function(*args, **kwargs)
            finally:
                remote.threads.remove(thread)

        self._patch(adjust.Adjustments, 'start', as_on_compute)
        self._patch(background, 'start',
                    lambda method, context, *args: method(
                        context, as_on_compute, *args))
        sqlalchemy.event.listen(
            sqlalchemy.engine.Engine, 'before_cursor_execute',
            self._count_statement)
        self.addCleanup(
            sqlalchemy.event.remove, sqlalchemy.engine.Engine,
            'before_cursor_execute', self._count_statement)

    def _count_rpc(self, method, client, context, name, *args, **kwargs):
        if name.startswith('object_'):
            self.costs['conductor'] += 1
        elif client.target.topic == 'compute':
            self.costs['rpc'] += 1
        return method(client, context, name, *args, **kwargs)

    def _count_placement(self, name):
        def count(method, client, *args, **kwargs):
            self.costs['placement_' + name] += 1
            return method(client, *args, **kwargs)
        return count

    def _count_statement(self, _conn, _cursor, statement, *_args):
        # Placement has its own database, in the same process here.
        if re.match(r'(INSERT INTO|UPDATE|DELETE FROM) '
                    r'(instance|compute_nodes)', statement):
            self.costs['writes'] += 1
        if 'instance_actions' in statement:
            self.actions.append(statement)

    def assertCosts(self, server, size, **bounds):
        """An adjustment costs no more than this."""
        self.costs.clear()
        self._adjust(server, size)
        costs = dict(self.costs)
        self.assertAdjusted(server, size)
        self.assertEqual(set(bounds), set(costs))
        for name, bound in bounds.items():
            self.assertLessEqual(costs[name], bound, costs)

    # Of the writes of an instance every other one is of its flavor, which
    # Nova writes along with it.

    def test_grow(self):
        """A change of both takes one call and one claim."""
        self.assertCosts(self._boot(), GROWN, rpc=1, placement_get=1,
                         placement_put=1, conductor=7, writes=18)

    def test_shrink(self):
        server = self._boot()
        self._adjust(server, GROWN)
        self.assertCosts(server, MINIMUM, rpc=1, placement_get=1,
                         placement_put=1, conductor=6, writes=15)

    def test_nothing_to_do(self):
        self.assertCosts(
            self._boot(), MINIMUM, rpc=1, conductor=4, writes=11)

    def _count(self, function, *args, **kwargs):
        self.costs.clear()
        result = function(*args, **kwargs)
        return result, dict(self.costs)

    def test_status(self):
        """It takes one call, and asks placement what the host has left."""
        server = self._boot()
        status, costs = self._count(self._status, server)
        self.assertEqual((3, 3072), (
            status['room_vcpus'], status['room_memory_mb']))
        self.assertEqual({'rpc': 1, 'placement_get': 2}, costs)
        # The next answer is the same one, for two seconds.
        again, costs = self._count(self._status, server)
        self.assertEqual(status, again)
        self.assertEqual({'rpc': 1}, costs)

    def test_status_of_plain_servers(self):
        """What can never grow costs placement nothing."""
        server = self._boot(self._create_flavor(vcpu=4, memory_mb=4096))
        status, costs = self._count(self._status, server)
        self.assertEqual((0, 0), (
            status['room_vcpus'], status['room_memory_mb']))
        self.assertEqual({'rpc': 1}, costs)

    def test_dry_run(self):
        """It takes one call, and writes nothing."""
        server = self._boot()
        response, costs = self._count(
            self._post, server, current_vcpus=3, dry_run=True)
        self.assertEqual(200, response.status)
        self.assertEqual({'rpc': 1, 'placement_get': 2}, costs)

    def _count_action_log(self, server, size):
        """Count the statements of an adjustment about the action log."""
        self.actions.clear()
        self._adjust(server, size)
        for _attempt in range(100):
            if any(statement.startswith('UPDATE instance_actions_events')
                   for statement in self.actions):
                break
            time.sleep(0.1)
        return collections.Counter(
            statement.split()[0] for statement in self.actions)

    def test_history(self):
        """To record a change costs one write, and one read of its action."""
        server = self._boot()
        sizes = (GROWN, MINIMUM)
        with_history = [self._count_action_log(server, size)
                        for size in sizes]
        self.useFixture(fixtures.MockPatchObject(
            elastic, 'is_recorded', return_value=False))
        for size, counts in zip(sizes, with_history):
            counts.subtract(self._count_action_log(server, size))
            self.assertEqual({'INSERT': 1, 'SELECT': 1, 'UPDATE': 0}, counts)
