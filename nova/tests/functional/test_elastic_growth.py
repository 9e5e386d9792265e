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

"""Hosts that have promised less to their servers are preferred."""

from nova import context as nova_context
from nova import elastic
from nova import objects
from nova.tests.functional import elastic_helpers
from nova.tests.functional.elastic_helpers import GROWN
from nova.tests.functional.elastic_helpers import MINIMUM
from nova.tests.functional.elastic_helpers import NOTHING


class ElasticGrowthTest(elastic_helpers.ElasticServersTestBase):

    def _growth(self, host):
        """What the scheduler knows of how much the servers may grow."""
        mapping = objects.HostMapping.get_by_host(self.ctxt, host)
        with nova_context.target_cell(
                self.ctxt, mapping.cell_mapping) as cctxt:
            node, = objects.ComputeNodeList.get_all_by_host(cctxt, host)
        return elastic.published_growth(node.stats)

    def assertGrowth(self, *growths):
        """It is known at once, and the periodic task agrees."""
        for _when in ('before', 'after'):
            self.assertEqual(
                list(growths), [self._growth(host) for host in self.HOSTS])
            self._run_periodics()

    def test_published(self):
        """It follows the size of a server, and the server."""
        flavor = self._create_flavor(vcpu=1, memory_mb=1024)
        plain = self._boot(flavor)
        self.assertGrowth(NOTHING, NOTHING)
        server = self._boot()
        self.assertGrowth(elastic.Size(3, 3072), NOTHING)
        self._adjust(server, GROWN)
        self.assertGrowth(elastic.Size(1, 1024), NOTHING)
        self._live_migrate(server, 'completed')
        self._run_periodics()
        self.assertGrowth(NOTHING, elastic.Size(1, 1024))
        self._adjust(server, MINIMUM)
        other = self._boot(host='host2')
        self.assertGrowth(NOTHING, elastic.Size(6, 6144))
        for doomed in (server, other, plain):
            self._delete_server(doomed)
        self.assertGrowth(NOTHING, NOTHING)

    def test_spread(self):
        """Of two hosts that are used alike, the one with less is chosen."""
        plain = self._create_flavor(vcpu=1, memory_mb=1024)
        for promising, other in (('host1', 'host2'), ('host2', 'host1')):
            servers = [self._boot(host=promising), self._boot(plain, other),
                       self._boot(host=None)]
            self.assertEqual(other, servers[-1]['OS-EXT-SRV-ATTR:host'])
            for server in servers:
                self._delete_server(server)
