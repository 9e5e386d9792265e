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

"""Elastic servers some of whose CPUs Nova pins.

Such a server is accounted for all its CPUs, everywhere, since those that are
pinned are its own as long as it runs.
"""

from io import StringIO

import ddt
import fixtures

from nova.cmd import manage
from nova import context as nova_context
from nova import elastic
from nova.tests.fixtures import libvirt as fakelibvirt
from nova.tests.functional.api import client as api_client
from nova.tests.functional import elastic_helpers
from nova.tests.functional.elastic_helpers import GROWN
from nova.tests.functional.elastic_helpers import MINIMUM
from nova.tests.functional.libvirt import base

# The extra specs of a flavor of 4 vCPUs with minimum_cpu=1, its PCPUs, its
# VCPUs at 1 and at 3 vCPUs.
FLAVORS = {
    'dedicated': ({'hw:cpu_policy': 'dedicated'}, 4, 0, 0),
    'isolated_emulator': ({'hw:cpu_policy': 'dedicated',
                           'hw:emulator_threads_policy': 'isolate'}, 5, 0, 0),
    'realtime': ({'hw:cpu_policy': 'dedicated', 'hw:cpu_realtime': 'yes',
                  'hw:cpu_realtime_mask': '^0'}, 4, 0, 0),
    'mixed_last': ({'hw:cpu_policy': 'mixed',
                    'hw:cpu_dedicated_mask': '2-3'}, 2, 2, 2),
    'mixed_first': ({'hw:cpu_policy': 'mixed',
                     'hw:cpu_dedicated_mask': '0-1'}, 2, 2, 2),
    'mixed_realtime': ({'hw:cpu_policy': 'mixed', 'hw:cpu_realtime': 'yes',
                        'hw:cpu_realtime_mask': '^1'}, 3, 1, 1),
    'numa': ({'hw:numa_nodes': '2'}, 0, 1, 3),
}


class ElasticPinnedTestBase(
        elastic_helpers.ElasticServersMixin, base.ServersTestBase):
    microversion = 'latest'
    ADMIN_API = True
    ADDITIONAL_FILTERS = ['NUMATopologyFilter']

    def setUp(self):
        super().setUp()

        self.flags(cpu_dedicated_set='0-4,7-9',
                   cpu_shared_set='5-6,10-13', group='compute')
        self.flags(vcpu_pin_set=None)
        self.useFixture(fixtures.MockPatch(
            'nova.virt.libvirt.driver.LibvirtDriver'
            '.migrate_disk_and_power_off', return_value='{}'))
        self.ctxt = nova_context.get_admin_context()
        for hostname in ('host1', 'host2'):
            self.start_compute(
                hostname=hostname, host_info=fakelibvirt.HostInfo(
                    cpu_nodes=2, cpu_sockets=1, cpu_cores=7, cpu_threads=1,
                    kB_mem=16 * 1024 * 1024))

    def _assert_placement(self, server, host, pcpus, vcpus, memory_mb):
        """What the server has, and that there is nothing to fix."""
        manager = self.computes[host].manager
        for _attempt in range(2):
            manager.elastic.reconciler.reconcile(self.ctxt)
        allocations = self._get_allocations_by_server_uuid(server['id'])
        resources = allocations[self.compute_rp_uuids[host]]['resources']
        self.assertEqual(
            (pcpus, vcpus, memory_mb),
            tuple(resources.get(rc, 0)
                  for rc in ('PCPU', 'VCPU', 'MEMORY_MB')))
        cli = manage.PlacementCommands()
        with fixtures.MonkeyPatch('sys.stdout', StringIO()):
            self.assertEqual(4, cli.heal_allocations())
            self.assertEqual(0, cli.audit())

    def _adjust(self, *args, **kwargs):
        super()._adjust(*args, **kwargs)
        self._run_periodics()


@ddt.ddt
class ElasticPinnedTest(ElasticPinnedTestBase):

    @ddt.data(*sorted(FLAVORS))
    def test_boot_grow_and_move(self, name):
        specs, pcpus, at_minimum, grown = FLAVORS[name]
        specs = dict(specs, minimum_cpu='1')
        minimum, full = elastic.Size(1, 4096), elastic.Size(3, 4096)
        if 'realtime' not in name:
            # That pins the memory.
            specs['minimum_memory'] = '1024'
            minimum, full = MINIMUM, GROWN
        flavor_id = self._create_flavor(
            vcpu=4, memory_mb=4096, extra_spec=specs)
        server = self._create_server(
            flavor_id=flavor_id, host='host1', networks='none')
        self._assert_placement(
            server, 'host1', pcpus, at_minimum, minimum.memory_mb)
        self._assert_sizes(server, name, minimum)

        self._adjust(server, full)
        self._assert_sizes(server, name, full)
        self._assert_placement(
            server, 'host1', pcpus, grown, full.memory_mb)

        self._migrate_server(server)
        self._assert_placement(
            server, 'host2', pcpus, grown, full.memory_mb)
        self._confirm_resize(server)
        self._assert_placement(
            server, 'host2', pcpus, grown, full.memory_mb)

        self._migrate_server(server)
        self._revert_resize(server)
        self._assert_placement(
            server, 'host2', pcpus, grown, full.memory_mb)
        self._assert_sizes(server, name, full)

        # Back to the minimum with the next start.
        self._adjust(server, minimum)
        self._adjust(server, full, persist=False)
        self._reboot_server(server, hard=True)
        self._assert_placement(
            server, 'host2', pcpus, at_minimum, minimum.memory_mb)

        self._delete_server(server)
        self.assertEqual(
            {}, self._get_allocations_by_server_uuid(server['id']))

    def _assert_sizes(self, server, name, start):
        """What it is accounted for, and what its guest is started with."""
        instance = self._instance(server)
        self.assertEqual(start, elastic.start_size(instance))
        size = start if name == 'numa' else start._replace(vcpus=4)
        self.assertEqual(size, elastic.size(instance))
        self.assertEqual(size, self._quota_usage())

    def test_image_policy(self):
        """An image can request dedicated CPUs as well."""
        image_id = self._create_image({'hw_cpu_policy': 'dedicated'})['id']
        flavor_id = self._create_flavor(
            vcpu=4, memory_mb=4096,
            extra_spec={'minimum_cpu': '1', 'minimum_memory': '1024'})
        server = self._create_server(
            flavor_id=flavor_id, image_uuid=image_id, host='host1',
            networks='none')
        self._assert_placement(server, 'host1', 4, 0, 1024)
        self._adjust(server, GROWN)
        self._assert_placement(server, 'host1', 4, 0, 3072)
        self.assertEqual(elastic.Size(4, 3072), self._quota_usage())

    def test_quota_of_image_policy(self):
        """A tenant's image does not get more CPUs than the quota has."""
        self.flags(cores=6, group='quota')
        image_id = self._create_image({'hw_cpu_policy': 'dedicated'})['id']
        flavor_id = self._create_flavor(
            vcpu=4, memory_mb=4096, extra_spec={'minimum_cpu': '1'})
        server = self._create_server(
            flavor_id=flavor_id, image_uuid=image_id, host='host1',
            networks='none')
        self.assertEqual(elastic.Size(4, 4096), self._quota_usage())
        self._assert_placement(server, 'host1', 4, 0, 4096)
        error = self.assertRaises(
            api_client.OpenStackApiException, self.api.post_server,
            {'server': self._build_server(
                flavor_id=flavor_id, image_uuid=image_id, networks='none')})
        self.assertEqual(403, error.response.status_code)


class ElasticPinSetTest(ElasticPinnedTestBase):
    """A host that says in the old way which CPUs are for pinning."""

    def setUp(self):
        super().setUp()
        self.flags(cpu_dedicated_set=None, cpu_shared_set=None,
                   group='compute')
        self.flags(vcpu_pin_set='0-9')
        self.start_compute(hostname='host3')

    def test_all_are_allocated(self):
        """A server that pins its CPUs has all of them allocated, as VCPUs."""
        server = self._create_server(
            flavor_id=self._create_flavor(
                vcpu=4, memory_mb=4096, extra_spec={
                    'hw:cpu_policy': 'dedicated',
                    'minimum_cpu': '1', 'minimum_memory': '1024'}),
            host='host3', networks='none')
        self._assert_allocated(server, 1024)
        self._adjust(server, GROWN)
        self._assert_allocated(server, 3072)
        self._adjust(server, MINIMUM)
        self._assert_allocated(server, 1024)

    def _assert_allocated(self, server, memory_mb):
        for _attempt in range(2):
            self.computes['host3'].manager.elastic.reconciler.reconcile(
                self.ctxt)
        resources = self._get_allocations_by_server_uuid(
            server['id'])[self.compute_rp_uuids['host3']]['resources']
        self.assertEqual((4, memory_mb),
                         (resources['VCPU'], resources['MEMORY_MB']))
