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

"""Hosts with dedicated CPUs, and which server owns which of them."""

from lxml import etree

from nova import elastic
from nova.elastic import pinning
from nova import objects
from nova.tests.fixtures import libvirt as fakelibvirt
from nova.tests.functional.libvirt import elastic_base
from nova.virt import hardware


class PinnedServersTestBase(elastic_base.ElasticServersTestBase):
    """Hosts of 8 CPUs, of which 6 are dedicated."""

    HOSTS = ('host1',)
    ADDITIONAL_FILTERS = ['NUMATopologyFilter']
    CPUS = 8
    CELLS = 1
    THREADS = 1
    DEDICATED = '2-7'
    SHARED = '0-1'
    SPECS = {'hw:cpu_policy': 'dedicated'}

    def setUp(self):
        self.flags(cpu_dedicated_set=self.DEDICATED,
                   cpu_shared_set=self.SHARED, group='compute')
        self.flags(reserved_host_memory_mb=0)
        self.flags(vcpu_pin_set=None)
        super().setUp()
        self.flavor_id = self._pinned_flavor(**self.SPECS)

    def _start_host(self, host):
        self.start_compute(hostname=host, host_info=fakelibvirt.HostInfo(
            cpu_nodes=self.CELLS, cpu_sockets=1,
            cpu_cores=self.CPUS // self.CELLS // self.THREADS,
            cpu_threads=self.THREADS, kB_mem=16 * 1024 * 1024),
            **self.VERSIONS)
        self._set_cpus(host)

    def _pinned_flavor(self, minimum=1, vcpus=4, **specs):
        specs.setdefault('minimum_cpu', str(minimum))
        return self._create_flavor(
            vcpu=vcpus, memory_mb=1024, extra_spec=specs)

    def _set_vcpus(self, server, vcpus, **kwargs):
        self._adjust(server, elastic.Size(vcpus, 1024), **kwargs)

    # Who owns what

    def _owned(self, server):
        """The host CPU of each vCPU that owns one by the records."""
        instance = self._instance(server)
        owned = {}
        for cell in instance.numa_topology.cells:
            owned.update(pinning.owned_pins(cell, instance.vcpus))
        return owned

    def _pinned(self, host='host1'):
        """The CPUs of a host that are owned, as it reports."""
        node = objects.ComputeNode.get_by_host_and_nodename(
            self.ctxt, host, host)
        return set().union(*(
            cell.pinned_cpus for cell in objects.NUMATopology.obj_from_db_obj(
                node.numa_topology).cells))

    def _pins(self, server, host='host1', flags=0):
        """Where the vCPUs of a guest are, and the IDs of those it has."""
        root = etree.fromstring(self._domain(server, host).XMLDesc(flags))
        pins = {int(pin.get('vcpu')):
                hardware.parse_cpu_spec(pin.get('cpuset'))
                for pin in root.findall('./cputune/vcpupin')}
        emulator = root.find('./cputune/emulatorpin')
        pins[None] = hardware.parse_cpu_spec(emulator.get('cpuset'))
        listed = root.findall('./vcpus/vcpu')
        plugged = {int(vcpu.get('id')) for vcpu in listed
                   if vcpu.get('enabled') == 'yes'}
        return pins, plugged or set(range(int(root.findtext('vcpu'))))

    def assertPinned(self, server, vcpus, host='host1', shared=frozenset(),
                     pcpus=None, emulator=None):
        """A running server owns a host CPU for each of its dedicated vCPUs.

        :param shared: The vCPUs of the guest that are not dedicated
        :param pcpus: The PCPUs that it has allocated, if they are more
        """
        owned = self._owned(server)
        self.assertEqual(set(range(vcpus)) - shared, set(owned))
        cpus = set(owned.values())
        self.assertEqual(len(owned), len(cpus), owned)
        resources = self._get_allocations_by_server_uuid(
            server['id'])[self._provider_uuid(host)]['resources']
        self.assertEqual(
            (pcpus or len(owned), vcpus - len(owned)),
            (resources.get('PCPU', 0), resources.get('VCPU', 0)))
        for flags in (0, fakelibvirt.VIR_DOMAIN_XML_INACTIVE):
            pins, plugged = self._pins(server, host, flags)
            if not flags:
                self.assertEqual(set(range(vcpus)), plugged)
            for vcpu in plugged - shared:
                self.assertEqual({owned[vcpu]}, pins[vcpu])
            for vcpu in pins.keys() - plugged - shared - {None}:
                self.assertLessEqual(pins[vcpu], cpus)
                self.assertTrue(pins[vcpu])
            if not shared:
                self.assertLessEqual(pins[None], emulator or cpus)
        return owned

    def assertOwners(self, *servers, host='host1', more=0):
        """No CPU of a host has two owners, and each one is known there."""
        for _when in ('before', 'after'):
            cpus = [cpu for server in servers
                    for cpu in self._owned(server).values()]
            self.assertEqual(len(cpus), len(set(cpus)), cpus)
            self.assertLessEqual(set(cpus), self._pinned(host))
            self.assertEqual(len(cpus) + more, len(self._pinned(host)))
            self._run_periodics()
            self._reconcile()
