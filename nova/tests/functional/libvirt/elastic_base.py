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
"""What functional tests of elastic servers with libvirt share."""

import fixtures
from lxml import etree

import nova.conf
from nova import context as nova_context
from nova import elastic
from nova import objects
from nova.scheduler import utils as scheduler_utils
from nova.tests.fixtures import libvirt as fakelibvirt
from nova.tests.functional.libvirt import base
from nova.virt.libvirt import guest as libvirt_guest

CONF = nova.conf.CONF

MINIMUM = elastic.Size(1, 1024)
MAXIMUM = elastic.Size(4, 4096)
GROWN = elastic.Size(3, 3072)
START = elastic.Size(2, 2048)
NOTHING = elastic.Size(0, 0)


class ElasticServersTestBase(
        base.LibvirtMigrationMixin, base.ServersTestBase):
    """Computes of 4 CPUs, and a look at all that says what a server has."""

    # The last one in which os-hypervisors has what is used.
    microversion = '2.87'
    ADMIN_API = True
    HOSTS = ('host1', 'host2')
    CPUS = 4

    def setUp(self):
        # A host has what it says and not more.
        self.flags(initial_cpu_allocation_ratio=1.0,
                   initial_ram_allocation_ratio=1.0)
        super().setUp()

        self.useFixture(fixtures.MockPatch(
            'nova.virt.libvirt.driver.LibvirtDriver'
            '.migrate_disk_and_power_off', self._migrate_disk_and_power_off))
        # What the driver has written of its guests.
        self.written = []
        create = libvirt_guest.Guest.create

        def record(xml, host):
            self.written.append(xml)
            return create(xml, host)

        self.useFixture(fixtures.MockPatch(
            'nova.virt.libvirt.guest.Guest.create', record))

        self.ctxt = nova_context.get_admin_context()
        for host in self.HOSTS:
            self._start_host(host)
        self.flavor_id = self._elastic_flavor()

    @staticmethod
    def _migrate_disk_and_power_off(driver, context, instance, dest, flavor,
                                    network_info, block_device_info=None,
                                    timeout=0, retry_interval=0):
        driver.power_off(instance, timeout, retry_interval)
        return '{}'

    def _start_host(self, host):
        self.start_compute(hostname=host, host_info=fakelibvirt.HostInfo(
            cpu_nodes=1, cpu_sockets=1, cpu_cores=self.CPUS, cpu_threads=1,
            kB_mem=16 * 1024 * 1024))
        self._set_cpus(host)

    def _restart_host(self, host):
        self.restart_compute_service(host)
        self._set_cpus(host)

    def _set_cpus(self, host):
        # Otherwise each host has the same 16 CPUs in these tests.
        self.computes[host].driver._host.get_online_cpus = (
            lambda: set(range(self.CPUS)))
        self._run_periodics()

    # Live migration as libvirt does it: what runs here goes on there, and is
    # defined there as it is told.
    def _migrate_stub(self, domain, destination, params, flags):
        connection = self._connection(self.dest_host)
        connection.createXML(params['destination_xml'], 0)
        connection.defineXML(params['persistent_xml'])
        domain.complete_job()
        self.migrate_stub_ran = True

    def _live_migrate_to(self, server, host):
        self.dest_host = host
        return self._live_migrate(server)

    # Flavors and servers

    def _elastic_flavor(self, minimum=MINIMUM, maximum=MAXIMUM, **specs):
        extra_spec = {elastic.MINIMUM_CPU: str(minimum.vcpus),
                      elastic.MINIMUM_MEMORY: str(minimum.memory_mb)}
        extra_spec.update(specs)
        return self._create_flavor(
            vcpu=maximum.vcpus, memory_mb=maximum.memory_mb,
            extra_spec=extra_spec)

    def _boot(self, flavor_id=None, host='host1', **kwargs):
        return self._create_server(
            flavor_id=flavor_id or self.flavor_id, networks='none',
            host=host, **kwargs)

    def _instance(self, server):
        mapping = objects.InstanceMapping.get_by_instance_uuid(
            self.ctxt, server['id'])
        with nova_context.target_cell(
                self.ctxt, mapping.cell_mapping) as cctxt:
            return objects.Instance.get_by_uuid(
                cctxt, server['id'],
                expected_attrs=['flavor', 'system_metadata'])

    def _connection(self, host):
        return self.computes[host].driver._host.get_connection()

    def _domain(self, server, host='host1'):
        return self._connection(host).lookupByUUIDString(server['id'])

    def _guest(self, server, host='host1'):
        return self.computes[host].driver._host.get_guest(
            self._instance(server))

    def _set_size(self, server, size, start=None):
        """Give a running server another size, in all the books and for real.

        :param start: What it is to come back with at its next start, if that
            is something else.
        """
        instance = self._instance(server)
        manager = self.computes[instance.host].manager
        elastic.set_size(instance, size, start)
        instance.save()
        self.assertTrue(manager.reportclient.set_instance_resources(
            self.ctxt, instance.uuid, self.compute_rp_uuids[instance.host],
            scheduler_utils.resources_from_size(instance, size)))

        guest = self._guest(server, instance.host)
        for at_start in (False, True):
            vcpus, memory_mb = (start or size) if at_start else size
            guest.set_vcpus(vcpus, persistent=at_start, live=not at_start)
            guest.set_memory(
                memory_mb * 1024, persistent=at_start, live=not at_start)
        self._run_periodics()

    def _grown(self, **kwargs):
        """A server with a size above its minimum, at its next start too."""
        server = self._boot(**kwargs)
        self._set_size(server, GROWN)
        self.assertCounted(server, GROWN)
        return server

    def _grown_for_now(self):
        """A server that has more than it is to come back with."""
        server = self._boot()
        self._set_size(server, GROWN, start=START)
        self.assertCounted(server, GROWN, start=START)
        return server

    # What a domain has

    @staticmethod
    def _described(domain, flags=0):
        """The size that a description of a domain tells of."""
        root = etree.fromstring(domain.XMLDesc(flags))
        vcpu = root.find('vcpu')
        return elastic.Size(
            int(vcpu.get('current') or vcpu.text),
            int(root.findtext('currentMemory')) // 1024)

    def _live(self, server, host='host1'):
        return self._described(self._domain(server, host))

    def _defined(self, server, host='host1'):
        return self._described(
            self._domain(server, host), fakelibvirt.VIR_DOMAIN_XML_INACTIVE)

    # The books

    def _host_usage(self, host):
        """What os-hypervisors and placement say is used on a host."""
        rp_uuid = self.compute_rp_uuids[host]
        hypervisor = self.api.api_get(
            '/os-hypervisors/%s' % rp_uuid).body['hypervisor']
        usages = self._get_provider_usages(rp_uuid)
        return (
            elastic.Size(hypervisor['vcpus_used'],
                         hypervisor['memory_mb_used'] -
                         CONF.reserved_host_memory_mb),
            elastic.Size(usages.get('VCPU', 0), usages.get('MEMORY_MB', 0)))

    def _quota_usage(self):
        limits = self.api.api_get('/limits').body['limits']['absolute']
        return elastic.Size(limits['totalCoresUsed'], limits['totalRAMUsed'])

    def _allocated(self, server, host):
        allocations = self._get_allocations_by_server_uuid(server['id'])
        resources = allocations[self.compute_rp_uuids[host]]['resources']
        return elastic.Size(resources.get('VCPU', 0), resources['MEMORY_MB'])

    def assertBooks(self, server, size, host='host1', start=None, held=None,
                    quota=None):
        """A server, the only one there is, has this size in every book.

        :param start: Its start size, where that differs
        :param held: A dict of host to what its resize holds there, besides
        :param quota: What the project uses, where that is not the size
        """
        instance = self._instance(server)
        self.assertEqual(size, elastic.size(instance), 'instance')
        self.assertEqual(
            start or size, elastic.start_size(instance), 'start size')
        self.assertEqual(host, instance.host)
        self.assertEqual(size, self._allocated(server, host), 'allocation')
        self.assertEqual(quota or size, self._quota_usage(), 'quota')
        for name in self.computes:
            used = [size] if name == host else []
            if name in (held or {}):
                used.append(held[name])
            self.assertHostUsage(
                name, elastic.Size(sum(one.vcpus for one in used),
                                   sum(one.memory_mb for one in used)))

    def assertHostUsage(self, host, size):
        for periodics in ('before', 'after'):
            hypervisor, provider = self._host_usage(host)
            self.assertEqual(size, provider, '%s in placement' % host)
            self.assertEqual(
                size, hypervisor,
                '%s %s its periodic task' % (host, periodics))
            self._run_periodics()

    def assertCounted(self, server, size, host='host1', start=None,
                      **kwargs):
        """A running server has this size, and every book says so."""
        self.assertEqual(size, self._live(server, host), 'domain')
        self.assertEqual(
            start or size, self._defined(server, host), 'definition')
        self.assertBooks(server, size, host=host, start=start, **kwargs)

    def assertNothingUsed(self):
        for host in self.computes:
            self.assertHostUsage(host, NOTHING)
        self.assertEqual(NOTHING, self._quota_usage())
