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
"""Elastic servers whose CPUs Nova places: what their guests are like."""

import ddt
from lxml import etree

from nova import elastic
from nova.tests.fixtures import libvirt as fakelibvirt
from nova.tests.functional import elastic_helpers
from nova.tests.functional.libvirt import elastic_base

# The extra specs of a flavor of 4 vCPUs and 4096 MB with the minimum 1 and
# 1024, and what it has in placement, and which of its vCPUs are on CPUs of the
# server alone, at the minimum and at 3 and 3072.
FLAVORS = {
    'dedicated': ({'hw:cpu_policy': 'dedicated'},
                  {'PCPU': 1}, {'PCPU': 3}, {0, 1, 2, 3}, {0, 1, 2, 3}),
    'mixed': ({'hw:cpu_policy': 'mixed', 'hw:cpu_dedicated_mask': '2-3'},
              {'VCPU': 1}, {'PCPU': 1, 'VCPU': 2}, set(), {2, 3}),
    'numa': ({'hw:numa_nodes': '2'}, {'VCPU': 1}, {'VCPU': 3}, set(), set()),
}


@ddt.ddt
class ElasticNUMATest(elastic_base.ElasticServersTestBase):

    HOSTS = ('host1',)
    ADDITIONAL_FILTERS = ['NUMATopologyFilter']

    def setUp(self):
        self.flags(cpu_dedicated_set='0-3,7-8',
                   cpu_shared_set='4-6,9-13', group='compute')
        self.flags(vcpu_pin_set=None)
        super().setUp()

    def _start_host(self, host):
        self.start_compute(hostname=host, host_info=fakelibvirt.HostInfo(
            cpu_nodes=2, cpu_sockets=1, cpu_cores=7, cpu_threads=1,
            kB_mem=16 * 1024 * 1024))

    def _resources(self, server):
        resources = self._get_allocations_by_server_uuid(server['id'])[
            self.compute_rp_uuids['host1']]['resources']
        del resources['DISK_GB']
        return resources

    def assertGuest(self, size, pinned):
        """The guest is made for its maximum, and starts with a size."""
        root = etree.fromstring(self.written[-1])
        self.assertEqual('4', root.findtext('vcpu'))
        self.assertEqual(str(size.vcpus), root.find('vcpu').get('current'))
        self.assertEqual(str(4096 * 1024), root.findtext('memory'))
        self.assertEqual(
            str(size.memory_mb * 1024), root.findtext('currentMemory'))
        # What is placed is the maximum, so that growing never fails of it.
        self.assertEqual(4096 * 1024, sum(
            int(cell.get('memory'))
            for cell in root.iterfind('cpu/numa/cell')))
        self.assertEqual(
            {'0', '1', '2', '3'},
            {pin.get('vcpu') for pin in root.iterfind('cputune/vcpupin')})
        self.assertEqual(pinned, {
            int(pin.get('vcpu')) for pin in root.iterfind('cputune/vcpupin')
            if pin.get('cpuset').isdigit()})

    @ddt.data(*sorted(FLAVORS))
    def test_boot_and_grow(self, name):
        specs, at_minimum, grown, pinned, then_pinned = FLAVORS[name]
        server = self._boot(self._elastic_flavor(**specs))
        self.assertGuest(elastic_helpers.MINIMUM, pinned)
        self.assertEqual(elastic_helpers.MINIMUM, self._live(server))
        self.assertEqual(
            dict(at_minimum, MEMORY_MB=1024), self._resources(server))
        instance = self._instance(server)
        self.assertEqual(elastic_helpers.MINIMUM, elastic.start_size(instance))
        self.assertEqual(elastic_helpers.MINIMUM, elastic.size(instance))

        self._set_size(server, elastic_helpers.GROWN)
        self.assertEqual(elastic_helpers.GROWN, self._live(server))
        self.assertEqual(
            dict(grown, MEMORY_MB=3072), self._resources(server))

        self._reboot_server(server, hard=True)
        self.assertGuest(elastic_helpers.GROWN, then_pinned)
        self.assertEqual(elastic_helpers.GROWN, self._live(server))
        self.assertEqual(
            dict(grown, MEMORY_MB=3072), self._resources(server))
