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

"""The scheduler places servers in NUMA cells by their size."""

from oslo_utils.fixture import uuidsentinel as uuids

from nova import elastic
from nova import objects
from nova.objects import fields
from nova.scheduler.filters import numa_topology_filter
from nova.scheduler import host_manager
from nova import test
from nova.tests.unit.elastic import fakes

POLICY = fields.CPUAllocationPolicy


class TestElasticHostState(test.NoDBTestCase):
    """A host of two cells, each of 2 CPUs and 2048 MiB."""

    def setUp(self):
        super().setUp()
        self.host = host_manager.HostState('host', 'node', None)
        self.host.cpu_allocation_ratio = self.host.ram_allocation_ratio = 1.0
        self.host.allocation_candidates = [{'mappings': {}}]
        self.host.numa_topology = objects.NUMATopology(cells=[
            objects.NUMACell(
                id=number, cpuset={2 * number, 2 * number + 1},
                pcpuset={2 * number, 2 * number + 1}, memory=2048,
                cpu_usage=0, memory_usage=0, pinned_cpus=set(), socket=0,
                siblings=[{2 * number}, {2 * number + 1}],
                mempages=[objects.NUMAPagesTopology(
                    size_kb=4, total=2048 * 256, used=0, reserved=0)])
            for number in (0, 1)])
        self.filter = numa_topology_filter.NUMATopologyFilter()

    def _request(self, size, policy=POLICY.SHARED):
        """A request for a server of up to 4 vCPUs on one cell each."""
        flavor = elastic.flavor_at_size(fakes.flavor(
            fakes.BOTH, root_gb=0, ephemeral_gb=0, swap=0), size)
        is_shared = policy == POLICY.SHARED
        return objects.RequestSpec(
            flavor=flavor, image=fakes.image(), pci_requests=None,
            instance_uuid=uuids.server, requested_resources=[],
            numa_topology=objects.InstanceNUMATopology(cells=[
                objects.InstanceNUMACell(
                    id=number, cpuset=cpus if is_shared else set(),
                    pcpuset=set() if is_shared else cpus, memory=2048,
                    pagesize=-1, cpu_policy=policy)
                for number, cpus in enumerate(({0, 1}, {2, 3}))]))

    def _used(self):
        return [(cell.cpu_usage, cell.memory_usage)
                for cell in self.host.numa_topology.cells]

    def test_several(self):
        """Each server of a request has the size, and not a part of it."""
        request = self._request(elastic.Size(1, 1024))
        for number in (1, 2):
            self.assertTrue(self.filter.host_passes(self.host, request))
            self.host.consume_from_request(request)
            self.assertEqual([(number, number * 512), (0, number * 512)],
                             self._used())
            self.assertEqual(
                [(0, {0, 1}, 2048, 4), (1, {2, 3}, 2048, 4)],
                [(cell.id, cell.cpuset, cell.memory, cell.pagesize)
                 for cell in request.numa_topology.cells])
        # The vCPU of a third one has no place in the second cell: the other
        # half of its memory fits, so the cells of the guest change places.
        self.assertTrue(self.filter.host_passes(self.host, request))
        self.host.consume_from_request(request)
        self.assertEqual([(2, 1536), (1, 1536)], self._used())

    def test_size(self):
        """A host needs room for what an existing server has."""
        self.host.consume_from_request(self._request(elastic.Size(1, 1024)))
        for size, passes in (((3, 3072), True), ((4, 3072), False),
                             ((3, 3073), False)):
            self.assertEqual(passes, self.filter.host_passes(
                self.host, self._request(elastic.Size(*size))), size)

    def test_dedicated(self):
        """A server has as many CPUs of its own as its size."""
        request = self._request(elastic.Size(3, 1024), POLICY.DEDICATED)
        self.assertTrue(self.filter.host_passes(self.host, request))
        self.host.consume_from_request(request)
        self.assertEqual([2, 1], [len(cell.pinned_cpus) for cell in
                                  self.host.numa_topology.cells])
        self.assertFalse(self.filter.host_passes(self.host, request))
