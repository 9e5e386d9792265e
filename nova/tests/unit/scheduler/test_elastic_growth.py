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

"""The scheduler prefers hosts that have promised less to their servers."""

from nova import elastic
from nova import objects
from nova.scheduler import host_manager
from nova.scheduler import weights
from nova.scheduler.weights import elastic_growth
from nova import test
from nova.tests.unit.elastic import fakes


class ElasticGrowthWeigherTest(test.NoDBTestCase):

    def setUp(self):
        super().setUp()
        self.handler = weights.HostWeightHandler()
        self.weighers = [elastic_growth.ElasticGrowthWeigher()]

    def _host(self, name, *growth, vcpus=10, memory_mb=10240):
        host = host_manager.HostState(name, name, None)
        host.vcpus_total, host.total_usable_ram_mb = vcpus, memory_mb
        host.cpu_allocation_ratio = host.ram_allocation_ratio = 1.0
        host.elastic_growth = elastic.Size(*growth)
        return host

    def _weights(self, hosts, specs=fakes.BOTH):
        request = objects.RequestSpec(flavor=fakes.flavor(specs))
        return {entry.obj.host: round(entry.weight, 9) for entry in
                self.handler.get_weighed_objects(
                    self.weighers, hosts, request)}

    def test_least_promised(self):
        """Of the resources of a host the one counts that is promised most."""
        self.assertEqual(
            {'none': 1, 'memory': 0.5, 'vcpus': 0, 'large': 0.75},
            self._weights([
                self._host('none', 0, 0), self._host('vcpus', 8, 1024),
                self._host('memory', 1, 4096),
                self._host('large', 4, 1024, vcpus=20)]))

    def test_not_elastic(self):
        """Where a server goes that cannot grow does not depend on it."""
        self.assertEqual({'none': 0, 'vcpus': 0}, self._weights(
            [self._host('none', 0, 0), self._host('vcpus', 8, 0)], specs={}))

    def test_multiplier(self):
        """An operator turns it around, or off."""
        hosts = [self._host('none', 0, 0), self._host('vcpus', 8, 0)]
        for multiplier, weight in ((-2, {'none': -2, 'vcpus': 0}),
                                   (0, {'none': 0, 'vcpus': 0})):
            self.flags(growth_weight_multiplier=multiplier, group='xloud')
            self.assertEqual(weight, self._weights(hosts))

    def test_multiplier_of_aggregate(self):
        host = self._host('none', 0, 0)
        host.aggregates = [objects.Aggregate(
            metadata={'xloud_growth_weight_multiplier': '3'})]
        self.assertEqual({'none': 3, 'vcpus': 0}, self._weights(
            [host, self._host('vcpus', 8, 0)]))

    def test_host_without_capacity(self):
        """A host that has nothing is no error."""
        self.assertEqual({'none': 1, 'vcpus': 0}, self._weights([
            self._host('none', 1, 1, vcpus=0, memory_mb=0),
            self._host('vcpus', 8, 0)]))

    def test_all_weighers(self):
        """It is one of those that are used by default."""
        self.assertIn(elastic_growth.ElasticGrowthWeigher,
                      weights.all_weighers())
