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

"""The NUMA cells of a host have what the sizes of its servers have."""

import time
from unittest import mock

import ddt
from lxml import etree

from nova import elastic
from nova import exception
from nova import objects
from nova.scheduler.client import report
from nova.tests.fixtures import libvirt as fakelibvirt
from nova.tests.functional import elastic_helpers
from nova.tests.functional.elastic_helpers import GROWN
from nova.tests.functional.elastic_helpers import MAXIMUM
from nova.tests.functional.elastic_helpers import MINIMUM
from nova.tests.functional.elastic_helpers import START
from nova.tests.functional.libvirt import elastic_base
from nova.tests.functional.libvirt import elastic_numa_base
from nova.tests.functional.libvirt.elastic_numa_base import EMPTY


class ElasticNUMACellTest(elastic_numa_base.NUMACellsTestBase):

    def _boot_in_vain(self, flavor_id=None):
        server = self._create_server(
            flavor_id=flavor_id or self.flavor_id, networks='none',
            expected_state='ERROR')
        self.assertIn('No valid host', server['fault']['message'])
        self._delete_server(server)

    def test_density(self):
        """Four servers run where there was one, and each can grow."""
        servers = []
        for number in range(1, 5):
            servers.append(self._create_server(
                flavor_id=self.flavor_id, networks='none'))
            self.assertCells((number, number * 1024), servers=servers)
        self._boot_in_vain()

        first, second, *others = servers
        self.assertEqual(
            'NUMA cell 0 of its host has 0 MiB of memory available; the '
            'request needs 1024 MiB more there.', self._refused_with(
                'xloud.numa_cell_full', first, current_memory_mb=2048))
        for server in others:
            self._delete_server(server)
        self.assertCells((2, 2048), servers=[first, second])
        self._adjust(first, GROWN)
        self.assertCells((4, 4096), servers=[first, second])
        self.assertEqual(GROWN, self._live(first))
        self.assertEqual(
            'NUMA cell 0 of its host has 0 vCPUs available; the request '
            'needs 1 more there.', self._refused_with(
                'xloud.numa_cell_full', second, current_vcpus=2))
        self._adjust(first, MINIMUM)
        self.assertCells((2, 2048), servers=[first, second])
        self._adjust(second, GROWN)
        self.assertCells((4, 4096), servers=[first, second])

        self._delete_server(first)
        self._adjust(second, MAXIMUM)
        self.assertCells((4, 4096), servers=[second])
        self._delete_server(second)
        self.assertCells(EMPTY)

    def test_plain(self):
        """One server without minimums has the whole host, as ever."""
        flavor_id = self._create_flavor(vcpu=4, memory_mb=4096, extra_spec={
            'hw:numa_nodes': '1', 'hw:mem_page_size': 'any'})
        server = self._boot(flavor_id)
        self.assertCells((4, 4096), servers=[server])
        self._boot_in_vain(flavor_id)
        self._boot_in_vain()

    def test_at_once(self):
        """Servers of one request are each placed at the minimum."""
        self.api.post_server({'server': {
            **self._build_server(
                flavor_id=self.flavor_id, networks='none'),
            'min_count': 4, 'max_count': 4}})
        servers = [self._wait_for_state_change(server, 'ACTIVE')
                   for server in self.api.get_servers(detail=False)]
        self.assertCells((4, 4096), servers=servers)

    def test_starts(self):
        """The cells follow what a server has after a stop or start."""
        server = self._boot()
        self._set_size(server, GROWN, start=START)
        self.assertCells((3, 3072), servers=[server])
        self._reboot_server(server, hard=True)
        self.assertCells((2, 2048), servers=[server])
        self._set_size(server, MINIMUM)
        self._set_size(server, GROWN, start=START)
        self._stop_server(server)
        self.assertCells((2, 2048))
        self._start_server(server)
        self.assertCells((2, 2048), servers=[server])

    def test_restart(self):
        """A compute that restarts finds the same usage."""
        server = self._boot()
        self._adjust(server, GROWN)
        self._restart_host('host1')
        self.assertCells((3, 3072), servers=[server])

    def test_drift(self):
        """What a guest takes by itself is accounted for in its cell."""
        server = self._boot()
        self._guest(server).set_vcpus(2, live=True)
        self._set_live_memory(self._guest(server), 1536)
        for _check in range(2):
            self._reconcile()
        self.assertCells((2, 1536), servers=[server])

    def test_refused_by_placement(self):
        """What cannot be claimed is not accounted for in the cell, either."""
        server = self._boot()
        self._break(
            report.SchedulerReportClient, 'set_instance_resources',
            exception.AllocationUpdateFailed(
                consumer_uuid=server['id'], error='full'), times=1)
        self._refused(409, server, current_vcpus=3)
        self.assertCells((1, 1024), servers=[server])
        self._adjust(server, GROWN)
        self.assertCells((3, 3072), servers=[server])

    def test_not_recorded(self):
        """A claim that cannot be recorded is released again."""
        server = self._boot()
        save, saves = objects.Instance.save, []

        def fail_second(instance, *args, **kwargs):
            saves.append(instance)
            if len(saves) == 2:
                raise exception.InstanceNotFound(instance_id=instance.uuid)
            return save(instance, *args, **kwargs)

        with mock.patch.object(objects.Instance, 'save', fail_second):
            self._post(server, current_vcpus=3)
        self.assertGreater(len(saves), 1)
        self._wait_until_adjusted(server)
        self.assertCells((1, 1024), servers=[server])

    def test_claim_is_kept(self):
        """The periodic task keeps a claim that is not recorded yet."""
        server = self._boot()
        used = []

        def look(method, *args):
            self._run_periodics()
            used.extend(self._used('host1'))
            return method(*args)

        self._patch(
            report.SchedulerReportClient, 'set_instance_resources', look)
        self._adjust(server, GROWN)
        self.assertEqual((3, 3072), used[0])
        self.assertCells((3, 3072), servers=[server])
        self.assertEqual(
            {}, self.computes['host1'].manager.rt.elastic_claims)

    def test_wait(self):
        """What the cell lacks now can be waited for."""
        server, other = self._boot(), self._boot()
        self._adjust(other, GROWN)
        response = self._post(server, current_vcpus=3, current_memory_mb=3072,
                              when_full='wait')
        self.assertEqual(202, response.status, response.body)
        self.assertEqual('waiting', self._status(server)['adjust']['state'])
        self.assertCells((4, 4096), servers=[server, other])

        self._adjust(other, MINIMUM)
        deadline = time.monotonic() + elastic_helpers.BUSY
        while elastic.size(self._instance(server)) != GROWN:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)
        self._wait_until_adjusted(server)
        self.assertCells((4, 4096), servers=[server, other])

    def test_pinned(self):
        """Dedicated CPUs and the memory beside them follow the size."""
        self.flags(cpu_dedicated_set='0-3', group='compute')
        self._restart_host('host1')
        server = self._boot(self._console_flavor(
            **{'hw:cpu_policy': 'dedicated', 'hw:mem_page_size': 'small'}))
        for size in (MINIMUM, GROWN):
            self._adjust(server, size)
            self.assertEqual([(0, size.memory_mb)], self._used('host1'))
            node = self.computes['host1'].manager.rt.compute_nodes['host1']
            cell, = objects.NUMATopology.obj_from_db_obj(
                node.numa_topology).cells
            self.assertEqual(size.vcpus, len(cell.pinned_cpus))


@ddt.ddt
class ElasticTwoNUMACellsTest(elastic_numa_base.TwoNUMACellsTestBase):

    def test_wrong_cell(self):
        """A server cannot grow into another cell than its own."""
        first, second = self._boot(), self._boot()
        self.assertCells((1, 1024), (1, 1024), servers=[first, second])
        plain = self._boot(self._create_flavor(
            vcpu=3, memory_mb=2560, extra_spec={'hw:numa_nodes': '1'}))
        self.assertCells((4, 3584), (1, 1024), servers=[first, second, plain])

        self.assertEqual(
            'NUMA cell 0 of its host has 0 vCPUs available; the request '
            'needs 2 more there.', self._refused_with(
                'xloud.numa_cell_full', first, current_vcpus=3))
        self.assertEqual(
            'NUMA cell 0 of its host has 512 MiB of memory available; the '
            'request needs 1024 MiB more there.', self._refused_with(
                'xloud.numa_cell_full', first, current_memory_mb=2048))
        self.assertCells((4, 3584), (1, 1024), servers=[first, second, plain])
        for server, room in ((first, (0, 512)), (second, (3, 3072))):
            status = self._status(server)
            self.assertEqual(
                room, (status['room_vcpus'], status['room_memory_mb']))

        self._adjust(second, MAXIMUM)
        self.assertCells((4, 3584), (4, 4096), servers=[first, second, plain])
        self._delete_server(plain)
        self._adjust(first, GROWN)
        self.assertCells((3, 3072), (4, 4096), servers=[first, second])

    def test_two_at_once(self):
        """Only one of two gets what a cell has, whatever the host has."""
        first, other = self._boot(), self._boot()
        second = self._boot()
        self.assertCells((2, 2048), (1, 1024), servers=[first, other, second])
        claims = []

        def claim(method, *args):
            claims.append(args)
            if len(claims) == 1:
                self.assertEqual(
                    'NUMA cell 0 of its host has 0 vCPUs available; the '
                    'request needs 2 more there.', self._refused_with(
                        'xloud.numa_cell_full', second, current_vcpus=3))
            return method(*args)

        self._patch(
            report.SchedulerReportClient, 'set_instance_resources', claim)
        self._adjust(first, GROWN._replace(memory_mb=1024))
        self.assertCells((4, 2048), (1, 1024), servers=[first, other, second])
        self.assertEqual(1, len(claims))

    def test_limit(self):
        """No server can have more of a cell than there is, however little is
        used.
        """
        self.flags(initial_cpu_allocation_ratio=4.0)
        for host in self.HOSTS:
            self._restart_host(host)
        server = self._boot(self._console_flavor(8, 8192))
        self.assertEqual(
            'NUMA cell 0 of its host allows at most 4096 MiB of memory per '
            'server; 5120 MiB were requested there.', self._refused_with(
                'xloud.above_host_limit', server, current_memory_mb=5120))

    @ddt.data(
        ({'hw:numa_nodes': '2'}, [
            (1, 1024, (1, 512), (0, 512)),
            (3, 3072, (3, 1536), (0, 1536)),
            (5, 3073, (4, 1537), (1, 1536)),
            (8, 8192, (4, 4096), (4, 4096)),
            (2, 2048, (2, 1024), (0, 1024))]),
        ({'hw:numa_nodes': '2', 'hw:numa_cpus.0': '0,2,4,6',
          'hw:numa_mem.0': '4096', 'hw:numa_cpus.1': '1,3,5,7',
          'hw:numa_mem.1': '4096'}, [
            (1, 1024, (1, 512), (0, 512)),
            (5, 3072, (3, 1536), (2, 1536))]),
        ({'hw:numa_nodes': '2', 'hw:numa_cpus.0': '4-7',
          'hw:numa_mem.0': '4096', 'hw:numa_cpus.1': '0-3',
          'hw:numa_mem.1': '4096', 'hw:mem_page_size': 'small'}, [
            (1, 1024, (0, 512), (1, 512)),
            (5, 3072, (1, 1536), (4, 1536))]),
    )
    @ddt.unpack
    def test_cells_of_guest(self, specs, steps):
        """The first vCPUs are accounted for where they are, and so is memory
        in proportion.
        """
        server = self._boot(self._console_flavor(8, 8192, **specs))
        for vcpus, memory_mb, *cells in steps:
            self._adjust(server, elastic.Size(vcpus, memory_mb))
            self.assertEqual((vcpus, memory_mb), self._live(server))
            self.assertCells(*cells, servers=[server])
        # The guest is made for its maximum, on both cells.
        root = etree.fromstring(self.written[-1])
        self.assertEqual(
            ['4194304'] * 2,
            [cell.get('memory') for cell in root.iterfind('cpu/numa/cell')])

    def test_uneven(self):
        """Cells that are not alike share as they do at the maximum."""
        server = self._boot(self._console_flavor(4, 4096, **{
            'hw:numa_nodes': '2', 'hw:numa_cpus.0': '0-2',
            'hw:numa_mem.0': '1024', 'hw:numa_cpus.1': '3',
            'hw:numa_mem.1': '3072'}))
        self.assertCells((1, 256), (0, 768), servers=[server])
        self._adjust(server, MAXIMUM)
        self.assertCells((3, 1024), (1, 3072), servers=[server])

    def test_virtio_mem(self):
        """Memory that is plugged is accounted for in the cell of the guest."""
        self.VERSIONS = elastic_base.VirtioMemMixin.VERSIONS
        self._start_host('host3')
        server = self._boot(self._console_flavor(
            **{elastic.VIRTIO_MEM_EXTRA_SPEC: 'true'}), host='host3')
        self.assertCells((1, 1024), EMPTY, host='host3', servers=[server])
        self._adjust(server, GROWN)
        self.assertCells((3, 3072), EMPTY, host='host3', servers=[server])

    def test_huge_pages(self):
        """Plugged memory takes the huge pages of the cell."""
        self.VERSIONS = elastic_base.VirtioMemMixin.VERSIONS
        # 2048 MiB of each cell are huge pages.
        self.MEMPAGES = {
            cell: fakelibvirt.create_mempages([(4, 2048 * 256), (2048, 1024)])
            for cell in (0, 1)}
        self._start_host('host3')
        server = self._boot(self._console_flavor(**{
            elastic.VIRTIO_MEM_EXTRA_SPEC: 'true',
            'hw:mem_page_size': '2048'}), host='host3')
        self.assertCells((1, 1024), EMPTY, host='host3', servers=[server])
        self._adjust(server, elastic.Size(1, 2048))
        self.assertCells((1, 2048), EMPTY, host='host3', servers=[server])
        self.assertEqual(
            'NUMA cell 0 of its host has 0 MiB of memory available; the '
            'request needs 1024 MiB more there.', self._refused_with(
                'xloud.numa_cell_full', server, current_memory_mb=3072))
