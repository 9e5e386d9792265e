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

"""Setting the extra specs that make a flavor elastic."""

import ddt

from nova.tests.functional.api import client as api_client
from nova.tests.functional import integrated_helpers


@ddt.ddt
class ElasticExtraSpecsTest(integrated_helpers._IntegratedTestBase):
    api_major_version = 'v2.1'
    microversion = '2.86'

    def setUp(self):
        super().setUp()
        self.flavor_id = self._create_flavor(vcpu=4, memory_mb=4096)

    def _assert_refused(self, method, *args):
        error = self.assertRaises(
            api_client.OpenStackApiException, method, self.flavor_id, *args)
        self.assertEqual(400, error.response.status_code)
        self.assertEqual({}, self.admin_api.get_extra_specs(self.flavor_id))

    def test_good_values(self):
        """Both minimums are set in one request, and each by itself."""
        specs = {'minimum_cpu': '1', 'minimum_memory': '1024'}
        self.admin_api.post_extra_spec(
            self.flavor_id, {'extra_specs': specs})
        self.assertEqual(
            specs, self.admin_api.get_extra_specs(self.flavor_id))

        self.admin_api.put_extra_spec(
            self.flavor_id, 'minimum_cpu', {'minimum_cpu': '4'})
        self.admin_api.put_extra_spec(
            self.flavor_id, 'minimum_memory', {'minimum_memory': '4096'})
        self.assertEqual(
            {'minimum_cpu': '4', 'minimum_memory': '4096'},
            self.admin_api.get_extra_specs(self.flavor_id))

    # JSON has numbers as well. What is stored are strings.
    @ddt.data('0', '-1', 'x', '1.5', '0x4', 'True', 0, 1.5, 2.0)
    def test_bad_value(self, value):
        """What is no positive integer is refused and nothing is saved."""
        for name in ('minimum_cpu', 'minimum_memory'):
            self._assert_refused(
                self.admin_api.post_extra_spec,
                {'extra_specs': {'hw:cpu_policy': 'shared', name: value}})
            self._assert_refused(
                self.admin_api.put_extra_spec, name, {name: value})


class ElasticExtraSpecsOldTest(ElasticExtraSpecsTest):
    """Values are checked before the microversion that knows them as well."""

    microversion = '2.1'
