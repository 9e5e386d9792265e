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

"""Servers move between hosts with NUMA cells."""

from nova import elastic
from nova.tests.functional.api import client as api_client
from nova.tests.functional.libvirt import elastic_numa_base
from nova.tests.functional.libvirt.elastic_numa_base import EMPTY


class ElasticNUMAMovesTest(elastic_numa_base.TwoNUMACellsTestBase):

    HOSTS = ('host1', 'host2')

    def setUp(self):
        super().setUp()
        self.flavor_id = self._console_flavor(
            8, 8192, **{'hw:numa_nodes': '2'})
        self.other_flavor_id = self._console_flavor(
            4, 4096, minimum_cpu='2', minimum_memory='2048')
        self.server = self._boot()
        self._adjust(self.server, elastic.Size(5, 4096))
        self.assertCells((4, 2048), (1, 2048), servers=[self.server])

    def assertHost(self, host, *cells, old=None):
        """The server is on this host, and what is kept on the other one."""
        self.assertCells(*cells, host=host, servers=[self.server])
        other, = set(self.HOSTS) - {host}
        self.assertCells(*(old or (EMPTY, EMPTY)), host=other)

    def test_live_migrate(self):
        self._live_migrate_to(self.server, 'host2')
        self.assertHost('host2', (4, 2048), (1, 2048))
        # Stock Nova finds the topology that it would have recorded.
        self.assertEqual(
            [({0, 1, 2, 3}, 4096), ({4, 5, 6, 7}, 4096)],
            [(cell.cpuset, cell.memory) for cell in
             self._instance(self.server).numa_topology.cells])
        self._adjust(self.server, elastic.Size(6, 8192))
        self.assertHost('host2', (4, 4096), (2, 4096))

    def test_live_migrate_without_room(self):
        """The cells of a host have to have room for the size."""
        plain = self._boot(self._create_flavor(
            vcpu=2, memory_mb=512, extra_spec={'hw:numa_nodes': '2'}),
            host='host2')
        self.assertCells((1, 256), (1, 256), host='host2', servers=[plain])
        self.assertRaises(
            api_client.OpenStackApiException,
            self._live_migrate_to, self.server, 'host2')
        self.assertCells((4, 2048), (1, 2048), servers=[self.server])
        self.assertCells((1, 256), (1, 256), host='host2', servers=[plain])

        self._adjust(self.server, elastic.Size(3, 4096))
        self._live_migrate_to(self.server, 'host2')
        self.assertCells((4, 2304), (1, 2304), host='host2',
                         servers=[self.server, plain])
        self.assertCells(EMPTY, EMPTY)

    def test_cold_migrate(self):
        self._migrate_server(self.server)
        self.assertHost('host2', (4, 2048), (1, 2048),
                        old=((4, 2048), (1, 2048)))
        self._revert_resize(self.server)
        self.assertHost('host1', (4, 2048), (1, 2048))
        self._migrate_server(self.server)
        self._confirm_resize(self.server)
        self.assertHost('host2', (4, 2048), (1, 2048))

    def test_cold_migrate_to_start_size(self):
        """A server that starts there has its start size there."""
        self._adjust(self.server, elastic.Size(6, 8192), persist=False)
        self._migrate_server(self.server)
        self._confirm_resize(self.server)
        self.assertHost('host2', (4, 2048), (1, 2048))

    def test_resize(self):
        self._resize_server(self.server, self.other_flavor_id)
        self.assertHost('host2', (2, 2048), EMPTY, old=((4, 2048), (1, 2048)))
        self._revert_resize(self.server)
        self.assertHost('host1', (4, 2048), (1, 2048))
        self._resize_server(self.server, self.other_flavor_id)
        self._confirm_resize(self.server)
        self.assertHost('host2', (2, 2048), EMPTY)

    def test_evacuate(self):
        """Its old host has nothing of it when it comes back."""
        self._adjust(self.server, elastic.Size(6, 8192), persist=False)
        self._take_down('host1')
        self._evacuate_server(self.server, expected_host='host2',
                              expected_state='ACTIVE')
        self.assertCells(
            (4, 2048), (1, 2048), host='host2', servers=[self.server])
        service, = self.admin_api.get_services(
            host='host1', binary='nova-compute')
        self._restart_host('host1')
        self.admin_api.put_service_force_down(service['id'], False)
        self.assertHost('host2', (4, 2048), (1, 2048))

    def test_unshelve(self):
        self.flags(shelved_offload_time=0)
        self._shelve_server(self.server)
        self.assertCells(EMPTY, EMPTY)
        self._unshelve_server(self.server)
        host = self._instance(self.server).host
        self.assertHost(host, (4, 2048), (1, 2048))
