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

from nova import context as nova_context
from nova import elastic
from nova.tests.fixtures import libvirt as fakelibvirt
from nova.tests.functional import elastic_helpers
from nova.tests.functional.libvirt import base
from nova.virt.libvirt import guest as libvirt_guest


class VirtioMemMixin:
    """Servers whose memory is adjusted by virtio-mem."""

    VERSIONS = {'libvirt_version': 8009000, 'qemu_version': 6002000}

    def _elastic_flavor(self, *args, **specs):
        specs.setdefault(elastic.VIRTIO_MEM_EXTRA_SPEC, 'true')
        return super()._elastic_flavor(*args, **specs)


class ElasticServersTestBase(
        elastic_helpers.ElasticServersMixin, base.LibvirtMigrationMixin,
        base.ServersTestBase):
    """Computes of 4 CPUs with libvirt, and what their domains have."""

    microversion = '2.87'
    ADMIN_API = True
    HOSTS = ('host1', 'host2')
    CPUS = 4

    # Versions of libvirt and QEMU, where they matter.
    VERSIONS = {}

    def setUp(self):
        # A host has what it says and not more.
        self.flags(initial_cpu_allocation_ratio=1.0,
                   initial_ram_allocation_ratio=1.0)
        super().setUp()

        self.useFixture(fixtures.MockPatch(
            'nova.virt.libvirt.driver.LibvirtDriver'
            '.migrate_disk_and_power_off', self._migrate_disk_and_power_off))
        # The definitions that the driver has written.
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
            kB_mem=16 * 1024 * 1024), **self.VERSIONS)
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
    # defined there as it is requested.
    def _migrate_stub(self, domain, destination, params, flags):
        connection = self._connection(self.dest_host)
        arrived = connection.createXML(params['destination_xml'], 0)
        arrived.size.arrive(domain.size)
        connection.defineXML(params['persistent_xml'])
        domain.complete_job()
        self.migrate_stub_ran = True

    def _live_migrate_to(self, server, host):
        self.dest_host = host
        server = self._live_migrate(server)
        # Its new host reports its usage only then.
        self._run_periodics()
        return server

    # Servers

    def _provider_uuid(self, host):
        return self.compute_rp_uuids[host]

    def _connection(self, host):
        return self.computes[host].driver._host.get_connection()

    def _domain(self, server, host='host1'):
        return self._connection(host).lookupByUUIDString(server['id'])

    def _guest(self, server, host='host1'):
        return self.computes[host].driver._host.get_guest(
            self._instance(server))

    @staticmethod
    def _set_live_memory(guest, memory_mb):
        """Have a guest use so much memory, whatever its server is to have."""
        device = guest.get_virtio_mem()
        if device:
            guest.set_virtio_mem(memory_mb * 1024 - device.boot, live=True)
        else:
            guest.set_memory(memory_mb * 1024, live=True)

    # What a domain has

    @staticmethod
    def _described(domain, flags=0):
        """Return the size in a description of a domain."""
        root = etree.fromstring(domain.XMLDesc(flags))
        vcpu = root.find('vcpu')
        memory = int(root.findtext('currentMemory'))
        target = root.find("./devices/memory[@model='virtio-mem']/target")
        if target is not None:
            memory = int(root.findtext('memory')) - int(
                target.findtext('size')) + int(
                    target.findtext('current') or target.findtext('requested'))
        return elastic.Size(
            int(vcpu.get('current') or vcpu.text), memory // 1024)

    def _live(self, server, host='host1'):
        return self._described(self._domain(server, host))

    def _defined(self, server, host='host1'):
        return self._described(
            self._domain(server, host), fakelibvirt.VIR_DOMAIN_XML_INACTIVE)

    def assertSize(self, server, size, host='host1', start=None,
                      **kwargs):
        """A running server has this size, and every record says so."""
        self.assertEqual(size, self._live(server, host), 'domain')
        self.assertEqual(
            start or size, self._defined(server, host), 'definition')
        self.assertRecords(server, size, host=host, start=start, **kwargs)
