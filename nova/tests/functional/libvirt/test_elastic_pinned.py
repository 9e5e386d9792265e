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

"""What placement and quota account for of servers with dedicated CPUs."""

from io import StringIO

import ddt
import fixtures
from oslo_limit import fixture as limit_fixture

from nova.cmd import manage
from nova import context as nova_context
from nova import elastic
from nova.limit import local as local_limit
from nova.tests.fixtures import libvirt as fakelibvirt
from nova.tests.functional.api import client as api_client
from nova.tests.functional import elastic_helpers
from nova.tests.functional.elastic_helpers import GROWN
from nova.tests.functional.elastic_helpers import MINIMUM
from nova.tests.functional.libvirt import base

# The extra specs of a flavor of 4 vCPUs with minimum_cpu=1, and its PCPUs and
# VCPUs at 1 and at 3 vCPUs.
FLAVORS = {
    'dedicated': ({'hw:cpu_policy': 'dedicated'}, (1, 0), (3, 0)),
    'isolated_emulator': ({'hw:cpu_policy': 'dedicated',
                           'hw:emulator_threads_policy': 'isolate'},
                          (2, 0), (4, 0)),
    'isolated_threads': ({'hw:cpu_policy': 'dedicated',
                          'hw:cpu_thread_policy': 'isolate'}, (1, 0), (3, 0)),
    'mixed_last': ({'hw:cpu_policy': 'mixed',
                    'hw:cpu_dedicated_mask': '2-3'}, (0, 1), (1, 2)),
    'mixed_first': ({'hw:cpu_policy': 'mixed',
                     'hw:cpu_dedicated_mask': '0-1'}, (1, 0), (2, 1)),
    'numa': ({'hw:numa_nodes': '2'}, (0, 1), (0, 3)),
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
        specs, at_minimum, grown = FLAVORS[name]
        specs = dict(specs, minimum_cpu='1', minimum_memory='1024')
        minimum, full = MINIMUM, GROWN
        flavor_id = self._create_flavor(
            vcpu=4, memory_mb=4096, extra_spec=specs)
        server = self._create_server(
            flavor_id=flavor_id, host='host1', networks='none')
        self._assert_placement(
            server, 'host1', *at_minimum, minimum.memory_mb)
        self._assert_sizes(server, minimum)

        self._adjust(server, full)
        self._assert_sizes(server, full)
        self._assert_placement(
            server, 'host1', *grown, full.memory_mb)

        self._migrate_server(server)
        self._assert_placement(
            server, 'host2', *grown, full.memory_mb)
        self._confirm_resize(server)
        self._assert_placement(
            server, 'host2', *grown, full.memory_mb)

        self._migrate_server(server)
        self._revert_resize(server)
        self._assert_placement(
            server, 'host2', *grown, full.memory_mb)
        self._assert_sizes(server, full)

        # Back to the minimum with the next start.
        self._adjust(server, minimum)
        self._adjust(server, full, persist=False)
        self._reboot_server(server, hard=True)
        self._assert_placement(
            server, 'host2', *at_minimum, minimum.memory_mb)

        self._delete_server(server)
        self.assertEqual(
            {}, self._get_allocations_by_server_uuid(server['id']))

    def _assert_sizes(self, server, size):
        """What it is accounted for, and what its guest is started with."""
        instance = self._instance(server)
        self.assertEqual(size, elastic.start_size(instance))
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
        self._assert_placement(server, 'host1', 1, 0, 1024)
        self._adjust(server, GROWN)
        self._assert_placement(server, 'host1', 3, 0, 3072)
        self.assertEqual(GROWN, self._quota_usage())

    def test_realtime(self):
        """The threads of real-time CPUs are set up when a guest starts."""
        flavor_id = self._create_flavor(vcpu=4, memory_mb=4096)
        error = self.assertRaises(
            api_client.OpenStackApiException, self.admin_api.post_extra_spec,
            flavor_id, {'extra_specs': {
                'hw:cpu_policy': 'dedicated', 'hw:cpu_realtime': 'yes',
                'hw:cpu_realtime_mask': '^0', 'minimum_cpu': '1'}})
        self.assertEqual(400, error.response.status_code)
        self.assertIn('minimum_cpu cannot be used with hw:cpu_realtime',
                      str(error))


class ElasticPinnedQuotaTest(ElasticPinnedTestBase):
    """No more CPUs than the quota has, however usage is counted."""

    CORES = 4

    def setUp(self):
        super().setUp()
        self._set_quota()
        image_id = self._create_image({'hw_cpu_policy': 'dedicated'})['id']
        by_image = self._create_flavor(
            vcpu=4, memory_mb=1024, extra_spec={'minimum_cpu': '1'})
        by_flavor = self._create_flavor(
            vcpu=4, memory_mb=1024, extra_spec={
                'minimum_cpu': '1', 'hw:cpu_policy': 'dedicated'})
        self.requests = [{'flavor_id': by_image, 'image_uuid': image_id},
                         {'flavor_id': by_flavor}]

    def _set_quota(self):
        self.flags(cores=self.CORES, group='quota')

    def _allocated_pcpus(self, servers):
        return [self._get_allocations_by_server_uuid(server['id'])[
            self.compute_rp_uuids['host1']]['resources']['PCPU']
            for server in servers]

    def test_quota(self):
        servers = [self._create_server(
            host='host1', networks='none', **request)
            for request in self.requests]
        self.assertEqual([1, 1], self._allocated_pcpus(servers))
        self._adjust(servers[0], elastic.Size(3, 1024))
        self.assertEqual([3, 1], self._allocated_pcpus(servers))
        for server in servers:
            self._refused(403, server, current_vcpus=4)
        for request in self.requests:
            error = self.assertRaises(
                api_client.OpenStackApiException, self.api.post_server,
                {'server': self._build_server(networks='none', **request)})
            self.assertEqual(403, error.response.status_code)
        self.assertEqual([3, 1], self._allocated_pcpus(servers))
        self._adjust(servers[0], elastic.Size(1, 1024))
        self._adjust(servers[1], elastic.Size(2, 1024))
        self._create_server(
            host='host1', networks='none', **self.requests[0])


class ElasticPinnedPlacementQuotaTest(ElasticPinnedQuotaTest):

    def _set_quota(self):
        super()._set_quota()
        self.flags(count_usage_from_placement=True, group='quota')


class ElasticPinnedUnifiedLimitsTest(ElasticPinnedQuotaTest):

    def _set_quota(self):
        self.flags(driver='nova.quota.UnifiedLimitsDriver', group='quota')
        limits = dict.fromkeys(
            local_limit.API_LIMITS | local_limit.DB_LIMITS, 10000)
        # There is nothing for what is not dedicated.
        limits.update({'servers': 10, 'class:PCPU': self.CORES,
                       'class:VCPU': 0, 'class:MEMORY_MB': 100000,
                       'class:DISK_GB': 1000})
        self.useFixture(limit_fixture.LimitFixture(limits, {}))


class ElasticPinSetTest(ElasticPinnedTestBase):
    """A host that says in the old way which CPUs are for pinning."""

    def setUp(self):
        super().setUp()
        self.flags(cpu_dedicated_set=None, cpu_shared_set=None,
                   group='compute')
        self.flags(vcpu_pin_set='0-9')
        self.start_compute(hostname='host3')

    def test_allocated(self):
        """A server has its dedicated CPUs allocated as VCPUs."""
        server = self._create_server(
            flavor_id=self._create_flavor(
                vcpu=4, memory_mb=4096, extra_spec={
                    'hw:cpu_policy': 'dedicated',
                    'minimum_cpu': '1', 'minimum_memory': '1024'}),
            host='host3', networks='none')
        self._assert_allocated(server, MINIMUM)
        self._adjust(server, GROWN)
        self._assert_allocated(server, GROWN)
        self._adjust(server, MINIMUM)
        self._assert_allocated(server, MINIMUM)

    def _assert_allocated(self, server, size):
        for _attempt in range(2):
            self.computes['host3'].manager.elastic.reconciler.reconcile(
                self.ctxt)
        resources = self._get_allocations_by_server_uuid(
            server['id'])[self.compute_rp_uuids['host3']]['resources']
        self.assertEqual(size, (resources['VCPU'], resources['MEMORY_MB']))
        self.assertNotIn('PCPU', resources)
