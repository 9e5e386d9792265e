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

"""What a size has of the NUMA cells of a server."""

import random

import ddt

from nova import elastic
from nova.elastic import cells
from nova import exception
from nova import objects
from nova.objects import fields
from nova import test
from nova.tests.unit.elastic import fakes
from nova.virt import hardware

SHARED = fields.CPUAllocationPolicy.SHARED

# How often the properties are tried, each time with another topology.
EXAMPLES = 50


def _cell(cpus, memory_mb, pagesize=None, cell_id=-1, policy=None):
    return objects.InstanceNUMACell(
        id=cell_id, cpuset=set(cpus), pcpuset=set(), memory=memory_mb,
        pagesize=pagesize, cpu_policy=policy)


def _topology(*arguments, **kwargs):
    return objects.InstanceNUMATopology(
        cells=[_cell(cpus, memory_mb, cell_id=number, **kwargs)
               for number, (cpus, memory_mb) in enumerate(arguments)],
        emulator_threads_policy=None)


def _shares(topology):
    return [(cell.cpuset, cell.memory) for cell in topology.cells]


def _host_cell(number, cpus, memory_mb, cpu_usage=0, memory_usage=0,
               pages=((4, None, 0),)):
    """:param pages: Tuples of their size, their number and what is used"""
    return objects.NUMACell(
        id=number, cpuset=set(range(cpus)), pcpuset=set(), memory=memory_mb,
        cpu_usage=cpu_usage, memory_usage=memory_usage, pinned_cpus=set(),
        siblings=[], socket=0, mempages=[
            objects.NUMAPagesTopology(
                size_kb=size_kb, used=used, reserved=0,
                total=memory_mb * 1024 // size_kb if total is None else total)
            for size_kb, total, used in pages])


@ddt.ddt
class TestTopologyAtSize(test.NoDBTestCase):

    def _at(self, vcpus, memory_mb, *arguments, **kwargs):
        flavor = fakes.flavor(
            fakes.BOTH, vcpus=sum(len(cpus) for cpus, _mb in arguments),
            memory_mb=sum(mb for _cpus, mb in arguments))
        return _shares(elastic.topology_at_size(
            _topology(*arguments, **kwargs), flavor,
            elastic.Size(vcpus, memory_mb)))

    @ddt.data(
        # One cell has all of it.
        (1, 1024, [({0, 1, 2, 3}, 4096)], [({0}, 1024)]),
        (4, 4096, [({0, 1, 2, 3}, 4096)], [({0, 1, 2, 3}, 4096)]),
        # The first vCPUs, whichever cells they are in.
        (1, 1024, [({0, 1}, 2048), ({2, 3}, 2048)],
         [({0}, 512), (set(), 512)]),
        (3, 3072, [({0, 1}, 2048), ({2, 3}, 2048)],
         [({0, 1}, 1536), ({2}, 1536)]),
        (1, 1024, [({2, 3}, 2048), ({0, 1}, 2048)],
         [(set(), 512), ({0}, 512)]),
        (2, 1024, [({0, 2}, 2048), ({1, 3}, 2048)],
         [({0}, 512), ({1}, 512)]),
        # Memory in proportion to that of the cells.
        (2, 2048, [({0, 1, 2}, 1024), ({3}, 3072)],
         [({0, 1}, 512), (set(), 1536)]),
        # What cannot be divided is not lost.
        (1, 1025, [({0, 1}, 2048), ({2, 3}, 2048)],
         [({0}, 513), (set(), 512)]),
    )
    @ddt.unpack
    def test_shares(self, vcpus, memory_mb, topology, expected):
        """The vCPUs with the lowest IDs, and memory in proportion."""
        self.assertEqual(expected, self._at(vcpus, memory_mb, *topology))
        self.assertEqual(expected, self._at(
            vcpus, memory_mb, *topology, policy=SHARED))

    def test_not_elastic(self):
        """A plain server keeps the very topology that it has."""
        topology = _topology(({0, 1}, 2048))
        for flavor in (fakes.flavor({}), fakes.flavor(None)):
            self.assertIs(topology, elastic.topology_at_size(
                topology, flavor, elastic.Size(1, 1024)))
        self.assertIsNone(elastic.topology_at_size(
            None, fakes.flavor(fakes.BOTH), elastic.Size(1, 1024)))

    def test_on_host(self):
        """The maximum is on the cells that were found for the size."""
        flavor = fakes.flavor(fakes.BOTH)
        maximum = _topology(({0, 1}, 2048), ({2, 3}, 2048), pagesize=-1)
        fitted = elastic.topology_at_size(
            maximum, flavor, elastic.Size(1, 1024))
        for cell, number in zip(fitted.cells, (1, 0)):
            cell.id, cell.pagesize = number, 4
        placed = elastic.topology_on_host(maximum, flavor, fitted)
        self.assertEqual([(1, 4, {0, 1}, 2048), (0, 4, {2, 3}, 2048)],
                         [(cell.id, cell.pagesize, cell.cpuset, cell.memory)
                          for cell in placed.cells])
        # What was requested can be placed again.
        self.assertEqual([0, 1], [cell.id for cell in maximum.cells])
        self.assertIsNone(elastic.topology_on_host(maximum, flavor, None))
        self.assertIs(fitted, elastic.topology_on_host(
            maximum, fakes.flavor({}), fitted))


class TestProperties(test.NoDBTestCase):
    """What holds for every topology and every size."""

    def setUp(self):
        super().setUp()
        self.random = random.Random(0)

    def _draw_topology(self, max_cells=8):
        """Return a topology of cells that need not be alike."""
        draw = self.random
        number = draw.randint(1, max_cells)
        cpus = list(range(draw.randint(number, 64)))
        if draw.random() < 0.5:
            draw.shuffle(cpus)
        ends = sorted(draw.sample(range(1, len(cpus)), number - 1))
        return _topology(*(
            (cpus[start:end], draw.randint(1, 5000))
            for start, end in zip([0] + ends, ends + [len(cpus)])))

    def _draw_flavor(self, topology):
        return fakes.flavor(
            {elastic.MINIMUM_CPU: '1', elastic.MINIMUM_MEMORY: '1'},
            vcpus=sum(len(cell.cpuset) for cell in topology.cells),
            memory_mb=sum(cell.memory for cell in topology.cells))

    def _draw_size(self, maximum):
        return elastic.Size(*(self.random.randint(1, value)
                              for value in maximum))

    def test_shares(self):
        """They add up to the size, and growing takes nothing from a cell."""
        for _example in range(EXAMPLES):
            topology = self._draw_topology()
            flavor = self._draw_flavor(topology)
            maximum = elastic.maximum(flavor)
            self.assertEqual(_shares(topology), _shares(
                elastic.topology_at_size(topology, flavor, maximum)))

            size = self._draw_size(maximum)
            grown = elastic.elementwise_max(
                elastic.Size(size.vcpus, min(
                    size.memory_mb + 20, maximum.memory_mb)),
                self._draw_size(maximum))
            # A cell could lose some of its memory at any step.
            steps = [size._replace(memory_mb=memory_mb) for memory_mb in
                     range(size.memory_mb, min(
                         size.memory_mb + 20, grown.memory_mb))]
            before = [(set(), 0)] * len(topology.cells)
            for step in [*steps, grown, maximum]:
                shares = _shares(
                    elastic.topology_at_size(topology, flavor, step))
                self.assertEqual(step, (
                    sum(len(cpus) for cpus, _mb in shares),
                    sum(memory_mb for _cpus, memory_mb in shares)))
                for (old_cpus, old_mb), (cpus, memory_mb) in zip(
                        before, shares):
                    self.assertLessEqual(old_cpus, cpus)
                    self.assertLessEqual(old_mb, memory_mb)
                before = shares

    def test_usage(self):
        """Adjustments leave no trace in the usage of a host."""
        for _example in range(EXAMPLES // 4):
            host = objects.NUMATopology(cells=[
                _host_cell(number, 64, 100000) for number in range(8)])
            servers = []
            for _server in range(self.random.randint(1, 4)):
                topology = self._draw_topology()
                for number, cell in zip(
                        self.random.sample(range(8), len(topology.cells)),
                        topology.cells):
                    cell.id = number
                servers.append((topology, self._draw_flavor(topology)))

            sizes = {}
            for _adjustment in range(12):
                number = self.random.randrange(len(servers))
                topology, flavor = servers[number]
                if number in sizes:
                    host = hardware.numa_usage_from_instance_numa(
                        host, elastic.topology_at_size(
                            topology, flavor, sizes[number]), free=True)
                sizes[number] = self._draw_size(elastic.maximum(flavor))
                host = hardware.numa_usage_from_instance_numa(
                    host, elastic.topology_at_size(
                        topology, flavor, sizes[number]))
                used = [(cell.cpu_usage, cell.memory_usage,
                         cell.mempages[0].used // 256) for cell in host.cells]
                vcpus, memory_mb, pages_mb = map(sum, zip(*used))
                expected = tuple(map(sum, zip(*sizes.values())))
                self.assertEqual(expected, (vcpus, memory_mb))
                self.assertEqual(memory_mb, pages_mb)

    def _draw_host_cell(self, number, cpus, memory_mb):
        """Return a cell that has this, and what other servers use, or more."""
        used = elastic.Size(
            self.random.randint(0, 20), self.random.randint(0, 3000))
        return _host_cell(
            number, max(1, cpus + used.vcpus + self.random.randint(0, 20)),
            memory_mb + used.memory_mb + self.random.randint(0, 3000),
            *used, pages=((4, None, used.memory_mb * 256),))

    def test_shortage(self):
        """A server can grow where Nova would place it with what it grows to.
        """
        outcomes = set()
        for _example in range(EXAMPLES * 5):
            topology = self._draw_topology(max_cells=2)
            for cell in topology.cells:
                cell.pagesize = self.random.choice((None, 4))
            flavor = self._draw_flavor(topology)
            size = self._draw_size(elastic.maximum(flavor))
            grown = elastic.elementwise_max(
                size, self._draw_size(elastic.maximum(flavor)))
            host = objects.NUMATopology(cells=[
                self._draw_host_cell(number, len(cpus), memory_mb)
                for number, (cpus, memory_mb) in enumerate(_shares(
                    elastic.topology_at_size(topology, flavor, size)))])
            ratios = [self.random.choice((1.0, 1.5, 4.0)) for _ in 'cr']
            limits = objects.NUMATopologyLimits(
                cpu_allocation_ratio=ratios[0], ram_allocation_ratio=ratios[1])
            fits = all(
                hardware.numa_fit_instance_to_host(
                    objects.NUMATopology(cells=[host_cell]),
                    objects.InstanceNUMATopology(cells=[cell]), {}, limits)
                for host_cell, cell in zip(
                    host.cells, elastic.topology_at_size(
                        topology, flavor, grown).cells))
            host = hardware.numa_usage_from_instance_numa(
                host, elastic.topology_at_size(topology, flavor, size))
            shortage = elastic.find_cell_shortage(
                elastic.CellUsage(host, *ratios, topology, flavor, size),
                grown)
            self.assertEqual(fits, shortage is None, shortage)
            outcomes.add(type(shortage))
        # All that can happen has happened.
        self.assertEqual(5, len(outcomes), outcomes)


@ddt.ddt
class TestShortage(test.NoDBTestCase):
    """A server of 1 to 8 vCPUs and 1024 to 8192 MiB on two cells."""

    SIZE = elastic.Size(2, 2048)

    def setUp(self):
        super().setUp()
        self.topology = _topology(({0, 2, 4, 6}, 4096), ({1, 3, 5, 7}, 4096))
        self.flavor = fakes.flavor(fakes.BOTH, vcpus=8, memory_mb=8192)

    def _usage(self, cpu_ratio=1.0, ram_ratio=1.0, **other):
        """How cells of 4 CPUs and 4096 MiB are used, the second one more."""
        return elastic.CellUsage(
            objects.NUMATopology(cells=[
                _host_cell(0, 4, 4096, 1, 1024),
                _host_cell(1, 4, 4096, **{
                    'cpu_usage': 3, 'memory_usage': 3072, **other})]),
            cpu_ratio, ram_ratio, self.topology, self.flavor, self.SIZE)

    def _find(self, vcpus, memory_mb, usage=None):
        error = elastic.find_cell_shortage(
            usage or self._usage(), elastic.Size(vcpus, memory_mb))
        return error and (error.error_code, error.format_message())

    @ddt.data(
        (4, 4096, None),
        (3, 2048, None),
        (5, 4096, None),
        (6, 2048, (
            'xloud.numa_cell_full', 'NUMA cell 1 of its host has 1 vCPU '
            'available; the request needs 2 more there.')),
        (2, 4100, (
            'xloud.numa_cell_full', 'NUMA cell 1 of its host has 1024 MiB of '
            'memory available; the request needs 1026 MiB more there.')),
    )
    @ddt.unpack
    def test_available(self, vcpus, memory_mb, expected):
        self.assertEqual(expected, self._find(vcpus, memory_mb))

    def test_ratio(self):
        """A cell can be overcommitted as its host can be."""
        self.assertIsNone(self._find(8, 8192, self._usage(4.0, 1.5)))

    def test_requested_pages(self):
        """Pages of a size that was requested are not overcommitted."""
        usage = self._usage(ram_ratio=2.0, pages=((4, None, 3072 * 256),))
        self.assertIsNone(self._find(2, 6144, usage))
        for cell in self.topology.cells:
            cell.pagesize = 4
        self.assertEqual(
            'NUMA cell 1 of its host has 1024 MiB of memory available; the '
            'request needs 2048 MiB more there.', self._find(
                2, 6144, usage)[1])

    def test_limit(self):
        """No server is overcommitted against itself."""
        self.topology = _topology((set(range(8)), 8192))
        usage = self._usage(8.0, 8.0)
        self.assertEqual(
            ('xloud.above_host_limit',
             'NUMA cell 0 of its host allows at most 4 vCPUs per server; 5 '
             'were requested there.'), self._find(5, 2048, usage))
        self.assertEqual(
            ('xloud.above_host_limit',
             'NUMA cell 0 of its host allows at most 4096 MiB of memory per '
             'server; 4100 MiB were requested there.'),
            self._find(2, 4100, usage))

    def test_overcommitted(self):
        """What a server does not grow in is not looked at."""
        usage = self._usage(memory_usage=9999)
        self.assertIsNone(self._find(4, 2048, usage))
        self.assertIn('has 0 MiB', self._find(4, 2052, usage)[1])

    def test_wait(self):
        """What a cell lacks now can be waited for."""
        self.assertTrue(issubclass(exception.ServerAdjustNUMACellFull,
                                   exception.ServerAdjustHostFull))
        self.assertFalse(issubclass(
            exception.ServerAdjustVCPUsAboveNUMACellLimit,
            exception.ServerAdjustHostFull))

    def test_unknown(self):
        """Without cells there is nothing to look at."""
        usage = self._usage()
        self.assertIsNone(self._find(
            8, 8192, usage._replace(host_topology=None)))
        self.assertIsNone(self._find(8, 8192, usage._replace(topology=None)))
        for cell in self.topology.cells:
            cell.id += 2
        self.assertIsNone(self._find(8, 8192, usage))

    def test_room(self):
        """As much as each resource alone can grow."""
        self.assertEqual((3, 2048 + 1), elastic.cell_room(self._usage()))
        self.assertEqual((6, 6144), elastic.cell_room(
            self._usage()._replace(host_topology=None)))
        self.assertEqual((0, 0), elastic.cell_room(
            self._usage()._replace(size=elastic.Size(8, 8192))))

    def test_memory_of_equal_cells(self):
        """Equal cells get the rest one after another, the first one first."""
        self.assertEqual([[2, 1, 1], [2, 2, 1], [2, 2, 2]], [
            cells.memory_shares(memory_mb, [2, 2, 2])
            for memory_mb in (4, 5, 6)])
