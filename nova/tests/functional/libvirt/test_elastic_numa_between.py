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

"""NUMA cells between the periodic tasks of their host, and while those run."""

import time
from unittest import mock

import oslo_messaging as messaging

from nova.compute.elastic import adjust
from nova import elastic
from nova import exception
from nova import objects
from nova.tests.functional import elastic_helpers
from nova.tests.functional.elastic_helpers import MAXIMUM
from nova.tests.functional.libvirt import elastic_numa_base


class ElasticNUMAClaimTest(elastic_numa_base.NUMACellsTestBase):

    def test_record_fails(self):
        """A claim that is not recorded leaves nothing in the cell."""
        server = self._boot()
        used = self._used('host1')
        self._break(objects.ComputeNode, 'save', messaging.MessagingTimeout(),
                    times=1)
        self.assertEqual(503, self._post(server, current_vcpus=3).status)
        self.assertEqual({}, self.computes['host1'].manager.rt.elastic_claims)
        self.assertEqual(used, self._used('host1'))
        self._run_periodics()
        self.assertEqual(used, self._used('host1'))


class ElasticNUMAMoveTest(elastic_numa_base.TwoNUMACellsTestBase):

    HOSTS = ('host1', 'host2')

    def setUp(self):
        super().setUp()
        self.flags(packing_host_numa_cells_allocation_strategy=True,
                   group='compute')

    def test_grows_as_soon_as_it_has_moved(self):
        """What it grows to is claimed in its cell like that of any other."""
        server = self._boot(host='host1')
        neighbour = self._boot(host='host2')
        # Until the next periodic task.
        with mock.patch.object(self.computes['host2'].manager.rt,
                               '_update_available_resource'):
            self._live_migrate_to(server, 'host2')
            self.assertEqual([(2, 2048), (0, 0)], self._used('host2'))
            self._adjust(server, elastic.Size(3, 1024))
            self.assertEqual([(4, 2048), (0, 0)], self._used('host2'))
            self._refused(409, neighbour, current_vcpus=2)
        self._run_periodics()
        self.assertEqual([(4, 2048), (0, 0)], self._used('host2'))

    def _move(self):
        """Have a server move in order to grow; return it and a neighbour."""
        server = self._boot(host='host1')
        self._boot(self._create_flavor(vcpu=7, memory_mb=1024), host='host1')
        neighbour = self._boot(host='host2')
        self.dest_host = 'host2'
        self.assertEqual(202, self._post(
            server, current_vcpus=3, when_full='move').status)
        self._wait_for_server_parameter(server, {
            'OS-EXT-SRV-ATTR:host': 'host2', 'OS-EXT-STS:task_state': None})
        return server, neighbour

    def _wait_until_grown(self, server):
        self._wait_for_action_event(server, 'compute_xloud_adjust')
        self._wait_until_adjusted(server)
        self.assertEqual(elastic.Size(3, 1024), self._live(server, 'host2'))
        self.assertEqual([(4, 2048), (0, 0)], self._used('host2'))

    def _wait_for_action_event(self, server, name):
        deadline = time.monotonic() + 10 + elastic_helpers.BUSY
        while self._last_adjust(server) != (name, 'Success', None):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)

    def test_has_moved_in_order_to_grow(self):
        """Its cell keeps what it grows to, though it cannot grow yet."""
        busy = self._break(adjust.Adjustments, 'start_moved',
                           exception.ServerAdjustHostBusy())
        server, neighbour = self._move()
        for _time in range(2):
            self.assertEqual([(4, 2048), (0, 0)], self._used('host2'))
            self._refused(409, neighbour, current_vcpus=2)
            self._run_periodics()
        busy.stop()
        self._wait_until_grown(server)
        self._adjust(server, elastic.Size(1, 1024))
        self.assertEqual([(2, 2048), (0, 0)], self._used('host2'))

    def test_grows_between_periodic_tasks(self):
        """What its move has accounted for is not added once more."""
        with mock.patch.object(self.computes['host2'].manager.rt,
                               '_update_available_resource'):
            server, _neighbour = self._move()
            self._wait_until_grown(server)
        self._run_periodics()
        self.assertEqual([(4, 2048), (0, 0)], self._used('host2'))

    def _in_the_middle_of_a_resize(self, look):
        manager = self.computes['host2'].manager
        self._patch(manager, '_finish_resize', lambda finish, *args, **kwargs:
                    (look(), finish(*args, **kwargs))[-1])

    def _resize_with_periodic_task(self, flavor, expected):
        """Resize a server to host2, where there is another one."""
        server = self._boot(host='host1')
        self._boot(self._create_flavor(vcpu=2, memory_mb=2048, extra_spec={
            'hw:numa_nodes': '2'}), host='host2')
        alone = self._used('host2')
        seen = []

        def look():
            seen.append(self._used('host2'))
            self._run_periodics()
            seen.append(self._used('host2'))

        self._in_the_middle_of_a_resize(look)
        self._resize_server(server, flavor)
        self.assertEqual([expected] * 2, seen)
        self.assertEqual(expected, self._used('host2'))
        self._revert_resize(server)
        self.assertEqual(alone, self._used('host2'))

    def test_resize_to_plain(self):
        """It has all of a flavor that is not elastic on its way already."""
        self._resize_with_periodic_task(
            self._create_flavor(vcpu=3, memory_mb=3072, extra_spec={
                'hw:numa_nodes': '1'}),
            [(4, 4096), (1, 1024)])

    def test_resize_to_a_larger_minimum(self):
        """It has the minimum of its new flavor on its way already."""
        self._resize_with_periodic_task(
            self._create_flavor(vcpu=3, memory_mb=3072, extra_spec={
                'hw:numa_nodes': '1', 'minimum_cpu': '2',
                'minimum_memory': '2048'}),
            [(3, 3072), (1, 1024)])


class ElasticNUMASameHostTest(elastic_numa_base.TwoNUMACellsTestBase):

    HOSTS = ('host1',)

    def test_resize_on_the_same_host(self):
        """Growth is compared with what it has of its new flavor."""
        self.flags(allow_resize_to_same_host=True)
        server = self._boot()
        self._adjust(server, MAXIMUM)
        self._resize_server(server, self._console_flavor(4, 2048))
        self._confirm_resize(server)
        fixed = {'hw:numa_nodes': '1'}
        filler = self._boot(self._create_flavor(
            vcpu=4, memory_mb=256, extra_spec=fixed))
        self._boot(self._create_flavor(
            vcpu=3, memory_mb=256, extra_spec=fixed))
        self._delete_server(filler)
        self._refused(409, server, current_vcpus=3)
