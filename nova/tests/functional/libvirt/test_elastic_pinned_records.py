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

"""A guest is on the CPUs that its server owns, whatever was read before."""

from nova.compute import api as compute_api
from nova.compute.elastic import accounting
from nova.compute.elastic import reconcile
from nova.compute import resource_tracker
from nova import elastic
from nova.elastic import pinning
from nova import exception
from nova import objects
from nova.tests.functional.libvirt import elastic_pinned_base
from nova.virt.libvirt.cpu import api as cpu_api
from nova.virt.libvirt import driver


class ElasticPinnedRecordsTest(elastic_pinned_base.PinnedServersTestBase):
    HOSTS = ('host1', 'host2')

    def assertOwnCpus(self, server, *others, host='host1'):
        """A guest is nowhere but on the CPUs that its server owns."""
        pins, plugged = self._pins(server, host)
        owned = self._owned(server)
        self.assertEqual({vcpu: {owned[vcpu]} for vcpu in plugged},
                         {vcpu: pins[vcpu] for vcpu in plugged})
        for other in others:
            self.assertFalse(
                set().union(*pins.values()) & set(self._owned(other).values()))

    def test_evacuate(self):
        """The CPUs of the host that is down are of another server there."""
        neighbour = self._boot(host='host2')
        server = self._boot()
        self._set_vcpus(server, 3)
        self._set_vcpus(server, 4, persist=False)
        self._take_down('host1')
        self._evacuate_server(server, expected_host='host2',
                              expected_state='ACTIVE')
        self.assertOwnCpus(server, neighbour, host='host2')
        self.assertOwnCpus(neighbour, server, host='host2')
        self.assertPinned(server, 3, 'host2')

    def test_cold_migrate(self):
        """Those of its last host may be of another server on the new one."""
        server = self._boot()
        self._set_vcpus(server, 2)
        self._set_vcpus(server, 4, persist=False)
        released = set()
        self._patch(cpu_api.API, 'power_down_released',
                    lambda method, api, cpus: released.update(cpus))
        self._migrate_server(server)
        self.assertEqual(set(), released)

    def test_reconcile_with_old_record(self):
        """It was read before the server and another one were adjusted."""
        first, second = self._boot(), self._boot()
        self._set_vcpus(first, 2)
        read = [self._instance(server) for server in (first, second)]
        self.assertTrue(all(instance.numa_topology for instance in read))
        self._set_vcpus(first, 1)
        self._set_vcpus(second, 2)
        self._set_vcpus(first, 2)
        self._patch(reconcile.Reconciler, '_get_servers', lambda *_args: read)
        self._reconcile()
        self.assertOwnCpus(first, second)
        self.assertOwnCpus(second, first)

    def test_adjust_with_old_record(self):
        """Two requests were read at once, and the second one is refused."""
        server, other = self._boot(), self._boot()
        read = self._instance(server)
        self._set_vcpus(server, 2)
        owned = self._owned(server)
        self._break(accounting.Accounting, 'claim_allocation',
                    exception.ServerAdjustHostFull(), times=1)
        self.assertRaises(
            exception.ServerAdjustHostFull, compute_api.API().xloud_adjust,
            read._context, read, 3, None, True)
        self._wait_until_adjusted(server)
        self.assertEqual(owned, self._owned(server))
        self._set_vcpus(other, 4)
        self.assertOwnCpus(server, other)
        self.assertOwnCpus(other, server)

    def test_host_that_has_just_started(self):
        """It does not know yet which of its CPUs are owned."""
        server = self._boot()
        owned = self._owned(server)
        self._patch(resource_tracker.ResourceTracker, 'disabled',
                    lambda *_args: True)
        read = self._instance(server)
        self.assertRaises(
            exception.ServerAdjustUnavailable, compute_api.API().xloud_adjust,
            read._context, read, 2, None, True)
        self._wait_until_adjusted(server)
        self.assertEqual(owned, self._owned(server))
        self.assertPinned(server, 1)

    def test_more_than_the_size(self):
        """What a record has beyond the size belongs to nobody."""
        server = self._boot()
        self._set_vcpus(server, 2)
        instance = self._instance(server)
        topology = instance.numa_topology.obj_clone()
        owned = self._owned(server)
        beyond = min(set(range(2, 8)) - set(owned.values()))
        pinning.set_pins(topology.cells[0], {**owned, 2: beyond})
        instance.numa_topology = topology
        instance.save()
        self._guest(server).set_vcpus(3, live=True)
        other = self._boot(self._pinned_flavor(3, **self.SPECS))
        for _check in range(3):
            self._run_periodics()
            self._reconcile()
        self.assertPinned(server, 3)
        self.assertOwners(server, other)

    def test_shrink_is_undone(self):
        """A shrink that cannot be recorded gives the CPUs back."""
        server = self._boot()
        self._set_vcpus(server, 3)
        owned = self._owned(server)
        self._break(driver.LibvirtDriver, 'set_start_size',
                    exception.ServerAdjustHypervisorError(), times=1)
        self._set_vcpus(server, 1)
        self.assertEqual(owned, self._owned(server))
        self.assertPinned(server, 3)
        self.assertOwners(server)

    def test_cell_of_before(self):
        """A cell keeps a CPU for vCPUs that are not plugged."""
        topology = objects.InstanceNUMATopology(cells=[
            objects.InstanceNUMACell(
                id=cell, cpuset=set(), pcpuset=set(pins), memory=512,
                cpu_policy='dedicated', cpu_pinning=pins)
            for cell, pins in enumerate(({0: 2, 1: 3}, {2: 4, 3: 5}))])
        self.assertEqual(
            [{0: 2, 1: 2}, {2: 4, 3: 4}],
            [cell.cpu_pinning for cell in
             pinning.topology_with_pins(topology, 1).cells])

    def test_computes_of_before(self):
        """They would pin what is not accounted for, so they get no server."""
        url = '/resource_providers/%s/traits' % self._provider_uuid('host1')
        traits = self.placement.get(url, version='1.6').body
        traits['traits'].remove(elastic.PINS_TRAIT)
        self.placement.put(url, traits, version='1.6')
        self._boot(expected_state='ERROR')
        self._boot(self._create_flavor(vcpu=4, memory_mb=1024, extra_spec={
            'minimum_cpu': '1'}))
