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

"""Hosts with NUMA cells, and what their servers are accounted for there."""

from lxml import etree

from nova import elastic
from nova import objects
from nova.tests.fixtures import libvirt as fakelibvirt
from nova.tests.functional.libvirt import elastic_base
from nova.virt import hardware

# What the flavor form of a console sends.
CONSOLE_FORM = {
    'minimum_cpu': '1', 'minimum_memory': '1024', 'hw:numa_nodes': '1',
    'hw:mem_page_size': 'any', ':architecture': 'x86_architecture',
    ':category': 'general_purpose'}

EMPTY = (0, 0)


class NUMACellsTestBase(elastic_base.ElasticServersTestBase):
    """Hosts of one cell that has all 4 CPUs and 4096 MiB."""

    HOSTS = ('host1',)
    ADDITIONAL_FILTERS = ['NUMATopologyFilter']
    CELLS = 1
    MEMORY_MB = 4096
    MEMPAGES = None

    def setUp(self):
        self.flags(reserved_host_memory_mb=0)
        super().setUp()
        self.flavor_id = self._console_flavor()

    def _start_host(self, host):
        self.start_compute(hostname=host, host_info=fakelibvirt.HostInfo(
            cpu_nodes=self.CELLS, cpu_sockets=1,
            cpu_cores=self.CPUS // self.CELLS, cpu_threads=1,
            kB_mem=self.MEMORY_MB * 1024, mempages=self.MEMPAGES),
            **self.VERSIONS)
        self._set_cpus(host)

    def _console_flavor(self, vcpus=4, memory_mb=4096, **specs):
        flavor_id = self._create_flavor(vcpu=vcpus, memory_mb=memory_mb)
        self.admin_api.post_extra_spec(
            flavor_id, {'extra_specs': {**CONSOLE_FORM, **specs}})
        return flavor_id

    def _used(self, host):
        """What the cells of a host say that servers use of them."""
        node = objects.ComputeNode.get_by_host_and_nodename(
            self.ctxt, host, host)
        cells = objects.NUMATopology.obj_from_db_obj(node.numa_topology).cells
        for cell in cells:
            self.assertEqual(cell.memory_usage, sum(
                pages.used * pages.size_kb for pages in cell.mempages) // 1024)
        return [(cell.cpu_usage, cell.memory_usage) for cell in cells]

    def _described_vcpus(self, server, host):
        """How many vCPUs a guest has on each cell of its host."""
        root = etree.fromstring(self._domain(server, host).XMLDesc(0))
        has = [True] * int(root.findtext('vcpu'))
        for vcpu in root.iterfind('vcpus/vcpu'):
            has[int(vcpu.get('id'))] = vcpu.get('enabled') == 'yes'
        # The fake libvirt does not describe the cells of a guest.
        definition = next(
            root for root in map(etree.fromstring, reversed(self.written))
            if root.findtext('uuid') == server['id'])
        vcpus = [0] * self.CELLS
        for node in definition.iterfind('numatune/memnode'):
            cell = definition.find(
                "cpu/numa/cell[@id='%s']" % node.get('cellid'))
            vcpus[int(node.get('nodeset'))] = sum(
                has[cpu] for cpu in hardware.parse_cpu_spec(cell.get('cpus')))
        return vcpus

    def assertCells(self, *cells, host='host1', servers=None):
        """The cells of a host, and all else that accounts for its servers.

        :param cells: A tuple of vCPUs and MiB for each cell
        :param servers: The servers on the host, whose guests have that
        """
        for when in ('before', 'after'):
            self.assertEqual(
                list(cells), self._used(host), '%s its periodic task' % when)
            total = elastic.Size(*map(sum, zip(*cells)))
            self.assertEqual(
                (total, total), self._host_usage(host), when)
            tracked = self.computes[host].manager.rt.compute_nodes[host]
            self.assertEqual(list(cells), [
                (cell.cpu_usage, cell.memory_usage) for cell in
                objects.NUMATopology.obj_from_db_obj(
                    tracked.numa_topology).cells])
            self._run_periodics()
        if servers is not None:
            self.assertEqual(
                [vcpus for vcpus, _mb in cells],
                list(map(sum, zip(*(self._described_vcpus(server, host)
                                    for server in servers)))))

    def _refused_with(self, code, server, **body):
        """The sentence of a refusal, which a trial gives as well."""
        response = self._post(server, **body)
        self.assertEqual(409, response.status, response.body)
        error = response.body['conflictingRequest']
        self.assertEqual(code, error['error_code'])
        trial = self._post(server, dry_run=True, **body).body['dry_run']
        self.assertEqual(('refused', code, error['message']), (
            trial['outcome'], trial['code'], trial['reason']))
        return error['message']


class TwoNUMACellsTestBase(NUMACellsTestBase):
    """Hosts of two cells, each of 4 CPUs and 4096 MiB."""

    CELLS = 2
    CPUS = 8
    MEMORY_MB = 8192
