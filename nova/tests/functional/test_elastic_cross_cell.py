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

"""What an elastic server has when it is resized to a host of another cell."""

from nova import context as nova_context
from nova import elastic
from nova.policies import base as base_policies
from nova.policies import servers as servers_policies
from nova.tests.functional.api import client as api_client
from nova.tests.functional import elastic_helpers
from nova.tests.functional.elastic_helpers import GROWN
from nova.tests.functional import integrated_helpers


class ElasticCrossCellTest(elastic_helpers.ElasticServersMixin,
                           integrated_helpers.ProviderUsageBaseTestCase):

    NUMBER_OF_CELLS = 2
    compute_driver = 'fake.MediumFakeDriver'
    OTHER = elastic.Size(2, 1536)

    def setUp(self):
        self.flags(initial_cpu_allocation_ratio=1.0)
        super().setUp()
        self.policy.set_rules(
            {servers_policies.CROSS_CELL_RESIZE: base_policies.RULE_ADMIN_API},
            overwrite=False)
        self.ctxt = nova_context.get_admin_context()
        for number in (1, 2):
            self._start_compute(
                'host%d' % number, cell_name='cell%d' % number)
        self.flavor_id = self._elastic_flavor()

    def assertSize(self, server, size, host):
        """Its records and placement agree; nothing else is kept of it."""
        instance = self._instance(server)
        self.assertEqual(size, elastic.size(instance))
        self.assertEqual(size, self._allocated(server['id'], host))
        self.assertEqual(host, instance.host)
        self.assertFalse([key for key in instance.system_metadata
                          if key.startswith('xloud')])

    def _resized(self):
        server = self._boot()
        self._adjust(server, GROWN)
        self._resize_server(server, self._elastic_flavor(
            minimum=self.OTHER, maximum=elastic.Size(6, 6144)))
        self.assertEqual(self.OTHER, self._allocated(server['id'], 'host2'))
        return server

    def test_confirm(self):
        server = self._resized()
        self._confirm_resize(server, cross_cell=True)
        self.assertSize(server, self.OTHER, 'host2')

    def test_revert(self):
        """It needs quota for the size that the server had, and gets that."""
        self.flags(cores=4, group='quota')
        server = self._resized()
        others = [self._boot(), self._boot()]
        error = self.assertRaises(
            api_client.OpenStackApiException, self.api.post_server_action,
            server['id'], {'revertResize': None})
        self.assertEqual(403, error.response.status_code)
        self._delete_server(others[0])
        self._revert_resize(server)
        self.assertSize(server, GROWN, 'host1')
