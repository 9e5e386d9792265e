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

"""Dedicated CPUs follow the size, one host CPU for each vCPU."""

import random

import ddt

from nova import elastic
from nova.elastic import pinning
from nova import exception
from nova import objects
from nova import test
from nova.tests.unit.elastic import fakes
from nova.virt import hardware

CPU = {'minimum_cpu': '1'}
DEDICATED = dict(CPU, **{'hw:cpu_policy': 'dedicated'})
MIXED = dict(CPU, **{'hw:cpu_policy': 'mixed', 'hw:cpu_dedicated_mask': '2-3'})

# How often the properties are tried, each time with other hosts and servers.
EXAMPLES = 30


def _host_cell(number, cpus, threads=1, shared=()):
    cpus = sorted(cpus)
    return objects.NUMACell(
        id=number, cpuset=set(shared), pcpuset=set(cpus), memory=100000,
        cpu_usage=0, memory_usage=0, pinned_cpus=set(), socket=0,
        siblings=[set(cpus[at:at + threads])
                  for at in range(0, len(cpus), threads)],
        mempages=[objects.NUMAPagesTopology(
            size_kb=4, used=0, reserved=0, total=100000 * 256)])


def _cell(number, pcpus, cpus=(), policy='dedicated', memory_mb=1024,
          pins=None, thread_policy=None):
    cell = objects.InstanceNUMACell(
        id=number, cpuset=set(cpus), pcpuset=set(pcpus), memory=memory_mb,
        cpu_policy=policy, cpu_thread_policy=thread_policy)
    if pins is not None:
        cell.cpu_pinning = pins
    return cell


def _topology(*cells):
    return objects.InstanceNUMATopology(
        cells=list(cells), emulator_threads_policy=None)


@ddt.ddt
class TestConflicts(test.NoDBTestCase):

    @ddt.data(
        {}, {'hw:cpu_thread_policy': 'isolate'},
        {'hw:cpu_thread_policy': 'prefer'},
        {'hw:emulator_threads_policy': 'isolate'},
        {'hw:cpu_realtime': 'no'},
        {'hw:numa_nodes': '2', 'minimum_cpu': '3'},
        {'hw:numa_nodes': '2', 'hw:numa_cpus.0': '0,2',
         'hw:numa_cpus.1': '1,3', 'minimum_cpu': '2'},
        # Nova says what is wrong with these.
        {'hw:numa_nodes': 'x'}, {'hw:numa_nodes': '0'},
    )
    def test_accepted(self, specs):
        self.assertIsNone(
            elastic.conflict(fakes.flavor(dict(DEDICATED, **specs))))

    @ddt.data(
        ({'hw:cpu_thread_policy': 'require'}, {},
         'minimum_cpu cannot be used with hw:cpu_thread_policy=require, since '
         'vCPUs are added one at a time.'),
        ({}, {'hw_cpu_thread_policy': 'require'},
         'minimum_cpu cannot be used with hw_cpu_thread_policy=require, since '
         'vCPUs are added one at a time.'),
        ({'trait:HW_CPU_HYPERTHREADING': 'required'}, {},
         'minimum_cpu cannot be used with trait:HW_CPU_HYPERTHREADING='
         'required, since vCPUs are added one at a time.'),
        ({'hw:cpu_realtime': 'yes', 'hw:cpu_realtime_mask': '^0'}, {},
         'minimum_cpu cannot be used with hw:cpu_realtime, whose CPUs are set '
         'up when the guest starts.'),
        ({'resources:PCPU': '4'}, {},
         'minimum_cpu cannot be used with resources:PCPU, which fixes what is '
         'allocated.'),
        ({'hw:numa_nodes': '2', 'minimum_cpu': '2'}, {},
         'minimum_cpu is 2, but with hw:cpu_policy=dedicated each NUMA node '
         'needs a vCPU at the minimum, and node 1 begins with vCPU 2.'),
        ({}, {'hw_numa_nodes': 2},
         'minimum_cpu is 1, but with hw:cpu_policy=dedicated each NUMA node '
         'needs a vCPU at the minimum, and node 1 begins with vCPU 2.'),
        (dict(MIXED, **{'hw:cpu_thread_policy': 'isolate'}), {},
         'minimum_cpu is 1, but with isolated threads each NUMA node needs a '
         'dedicated CPU at the minimum, and the first of node 0 is that of '
         'vCPU 2.'),
    )
    @ddt.unpack
    def test_refused(self, specs, properties, sentence):
        flavor = fakes.flavor(dict(DEDICATED, **specs))
        self.assertEqual(sentence, elastic.conflict(
            flavor, fakes.image(**properties)))
        # Before it is a flavor it is a dict.
        as_dict = {'vcpus': 4, 'memory_mb': 4096,
                   'extra_specs': flavor.extra_specs}
        if not properties:
            self.assertEqual(sentence, elastic.conflict(as_dict))

    def test_image(self):
        """What an image requests is refused when a server is created."""
        image = fakes.image(hw_cpu_policy='dedicated', hw_numa_nodes=2)
        flavor = fakes.flavor(CPU)
        self.assertIsNone(elastic.conflict(flavor))
        self.assertRaises(
            exception.InvalidRequest, elastic.check, flavor, image)


@ddt.ddt
class TestFlavors(test.NoDBTestCase):

    @ddt.data(
        (CPU, {}, set()),
        (DEDICATED, {}, {0, 1, 2, 3}),
        (CPU, {'hw_cpu_policy': 'dedicated'}, {0, 1, 2, 3}),
        (MIXED, {}, {2, 3}),
        (dict(MIXED, **{'hw:cpu_dedicated_mask': '^0'}), {}, {1, 2, 3}),
        (dict(MIXED, **{'hw:cpu_dedicated_mask': '0-3,^1'}), {}, {0, 2, 3}),
        (dict(MIXED, **{'hw:cpu_dedicated_mask': '1, 3'}), {}, {1, 3}),
    )
    @ddt.unpack
    def test_dedicated_vcpus(self, specs, properties, expected):
        """Those of Nova."""
        flavor, image = fakes.flavor(specs), fakes.image(**properties)
        self.assertEqual(expected, pinning.dedicated_vcpus(flavor, image))
        flavor.memory_mb = 4096
        topology = hardware.numa_get_constraints(flavor, image)
        self.assertEqual(expected, set().union(*(
            cell.pcpuset for cell in (topology.cells if topology else []))))

    @ddt.data(
        # Size, PCPUs and VCPUs of the quota.
        (DEDICATED, {}, 3, '3', '0'),
        (CPU, {'hw_cpu_policy': 'dedicated'}, 2, '2', '0'),
        (dict(DEDICATED, **{'hw:emulator_threads_policy': 'isolate'}), {}, 1,
         '2', '0'),
        (MIXED, {}, 1, '0', '1'),
        (MIXED, {}, 3, '1', '2'),
        (MIXED, {}, 4, '2', '2'),
    )
    @ddt.unpack
    def test_quota_flavor(self, specs, properties, vcpus, pcpus, shared):
        """Unified limits are for resources, and know no image."""
        flavor = elastic.flavor_at_size(
            fakes.flavor(specs), elastic.Size(vcpus, 4096))
        plain = elastic.quota_flavor(flavor, fakes.image(**properties))
        self.assertEqual((vcpus, 4096), elastic.maximum(plain))
        self.assertEqual(
            (pcpus, shared), (plain.extra_specs['resources:PCPU'],
                              plain.extra_specs['resources:VCPU']))
        self.assertNotIn('hw:cpu_policy', plain.extra_specs)
        again = elastic.quota_flavor(plain)
        self.assertEqual(plain.extra_specs, again.extra_specs)

    def test_quota_flavor_without_pins(self):
        plain = elastic.quota_flavor(fakes.flavor(CPU))
        self.assertEqual({'minimum_cpu': '1'}, plain.extra_specs)


class TestPins(test.NoDBTestCase):

    def test_release(self):
        """What is released is shared with what the server keeps."""
        topology = _topology(
            _cell(0, {0, 1, 2}, pins={0: 5, 1: 7, 2: 9}),
            _cell(1, {3, 4, 5}, pins={3: 20, 4: 21, 5: 22}))
        released = elastic.topology_with_pins(topology, 5)
        self.assertEqual([{0: 5, 1: 7, 2: 9}, {3: 20, 4: 21, 5: 20}],
                         [cell.cpu_pinning for cell in released.cells])
        self.assertEqual({5, 7, 9, 20, 21}, released.cpu_pinning)
        self.assertIs(released, elastic.topology_with_pins(released, 5))
        self.assertIs(released, elastic.topology_with_pins(released, 6))
        self.assertTrue(elastic.lacks_pins(released, 6))
        self.assertFalse(elastic.lacks_pins(released, 5))
        # The record that it was made of is as it was.
        self.assertEqual({3: 20, 4: 21, 5: 22}, topology.cells[1].cpu_pinning)

    def test_mixed_with_nothing_of_its_own(self):
        """vCPUs that share nothing of the server float on shared CPUs."""
        topology = _topology(_cell(
            0, {2, 3}, {0, 1}, policy='mixed', pins={2: 5, 3: 6}))
        released = elastic.topology_with_pins(topology, 2)
        self.assertEqual({}, released.cells[0].cpu_pinning)

    def test_plain(self):
        topology = _topology(_cell(0, (), {0, 1}, policy=None))
        self.assertIs(topology, elastic.topology_with_pins(topology, 1))
        self.assertIsNone(elastic.topology_with_pins(None, 1))

    def test_isolate(self):
        """Each vCPU gets a core of its own."""
        host = objects.NUMATopology(
            cells=[_host_cell(0, range(8), threads=2, shared=range(8))])
        flavor = fakes.flavor(DEDICATED, memory_mb=1024)
        fitted = elastic.topology_at_size(
            _topology(_cell(-1, range(4), thread_policy='isolate')), flavor,
            elastic.Size(1, 1024))
        fitted = hardware.numa_fit_instance_to_host(host, fitted, {})
        topology = elastic.topology_on_host(
            _topology(_cell(-1, range(4), thread_policy='isolate')), flavor,
            fitted)
        host = hardware.numa_usage_from_instance_numa(
            host, elastic.topology_at_size(
                topology, flavor, elastic.Size(1, 1024)))
        self.assertEqual(2, len(host.cells[0].pinned_cpus))
        host.cells[0].pin_cpus({2, 6})
        usage = elastic.CellUsage(
            host, 1.0, 1.0, topology, flavor, elastic.Size(1, 1024))
        self.assertEqual((1, 0), elastic.cell_room(usage))
        shortage = elastic.find_cell_shortage(usage, elastic.Size(3, 1024))
        self.assertIsInstance(
            shortage, exception.ServerAdjustNUMACellLacksDedicatedCPUs)
        self.assertEqual({'cell': 0, 'available': 1, 'requested': 2,
                          'code': 409}, shortage.kwargs)
        grown = elastic.claim_pins(
            usage, elastic.Size(2, 1024), hardware.choose_pins)
        self.assertEqual(4, grown.cells[0].cpu_pinning[1])


class TestProperties(test.NoDBTestCase):
    """What holds for every host, all its servers and every adjustment."""

    def setUp(self):
        super().setUp()
        self.random = random.Random(0)

    def _draw_host(self):
        draw = self.random
        first, cells = 0, []
        threads = draw.choice((1, 2))
        for number in range(draw.randint(1, 4)):
            cpus = range(first, first + threads * draw.randint(2, 12))
            # Hosts with vcpu_pin_set have the same CPUs for both.
            shared = cpus if threads == 2 else ()
            cells.append(_host_cell(number, cpus, threads, shared))
            first = cpus[-1] + 1
        return objects.NUMATopology(cells=cells)

    def _draw_server(self, cells):
        """A server whose NUMA nodes have their vCPUs in any order."""
        draw = self.random
        nodes = draw.randint(1, cells)
        vcpus = list(range(draw.randint(nodes, 12)))
        policy = draw.choice(('dedicated', 'dedicated', 'mixed'))
        thread_policy = draw.choice((None, 'prefer', 'isolate'))
        chosen = [{vcpus[node]} for node in range(nodes)]
        for vcpu in vcpus[nodes:]:
            draw.choice(chosen).add(vcpu)
        mask = set(vcpus)
        if policy == 'mixed':
            mask = set(range(nodes)) | {
                vcpu for vcpu in vcpus if draw.random() < 0.5}
        topology = _topology(*(
            _cell(-1, ids & mask, ids - mask, policy, draw.randint(20, 900),
                  thread_policy=thread_policy) for ids in chosen))
        flavor = fakes.flavor(
            {'minimum_cpu': str(nodes), 'minimum_memory': '10'},
            vcpus=len(vcpus),
            memory_mb=sum(cell.memory for cell in topology.cells))
        return topology, flavor, nodes

    def _draw_size(self, flavor, minimum):
        return elastic.Size(
            self.random.randint(minimum, flavor.vcpus),
            self.random.randint(10, flavor.memory_mb))

    @staticmethod
    def _use(host, server, sign=1):
        topology, flavor, size = server
        return hardware.numa_usage_from_instance_numa(
            host, elastic.topology_at_size(topology, flavor, size),
            free=sign < 0)

    def test_adjustments(self):
        """The sums of each cell are those of the sizes; nothing is lost."""
        outcomes = set()
        for _example in range(EXAMPLES):
            empty = host = self._draw_host()
            servers, minimums = [], []
            for _server in range(4):
                request, flavor, minimum = self._draw_server(len(host.cells))
                size = elastic.Size(minimum, 10)
                fitted = hardware.numa_fit_instance_to_host(
                    host, elastic.topology_at_size(request, flavor, size), {})
                placed = elastic.topology_on_host(request, flavor, fitted)
                if placed:
                    servers.append((placed, flavor, size))
                    minimums.append(minimum)
                    host = self._use(host, servers[-1])
            for _adjustment in range(15 if servers else 0):
                number = self.random.randrange(len(servers))
                topology, flavor, size = servers[number]
                new = self._draw_size(flavor, minimums[number])
                grown = elastic.elementwise_max(size, new)
                usage = elastic.CellUsage(
                    host, 4.0, 1.0, topology, flavor, size)
                try:
                    elastic.check_cells(usage, grown)
                except exception.ServerAdjustConflict as error:
                    outcomes.add(type(error).__name__)
                    new = elastic.Size(*map(min, size, new))
                else:
                    outcomes.add('fits')
                    topology = elastic.claim_pins(
                        usage, grown, hardware.choose_pins)
                host = self._use(host, servers[number], -1)
                kept = [pinning.owned_pins(cell, min(new.vcpus, size.vcpus))
                        for cell in servers[number][0].cells]
                topology = elastic.topology_with_pins(topology, new.vcpus)
                self.assertEqual(kept, [
                    pinning.owned_pins(cell, min(new.vcpus, size.vcpus))
                    for cell in topology.cells])
                servers[number] = topology, flavor, new
                host = self._use(host, servers[number])
                self._check(host, servers)
            for server in servers:
                host = self._use(host, server, -1)
            self.assertEqual(
                [(0, 0, set()) for _cell in empty.cells],
                [(cell.cpu_usage, cell.memory_usage, cell.pinned_cpus)
                 for cell in host.cells])
        self.assertIn('fits', outcomes)
        self.assertIn('ServerAdjustNUMACellLacksDedicatedCPUs', outcomes)

    def _check(self, host, servers):
        cells = {cell.id: [0, 0, []] for cell in host.cells}
        for topology, flavor, size in servers:
            sized = elastic.topology_at_size(topology, flavor, size)
            self.assertEqual(size, (
                sum(len(cell.cpuset) + len(cell.pcpuset)
                    for cell in sized.cells),
                sum(cell.memory for cell in sized.cells)))
            for cell, whole in zip(sized.cells, topology.cells):
                self.assertEqual(cell.pcpuset, set(cell.cpu_pinning or ()))
                # A stock Nova that reads the record finds the same.
                self.assertEqual(set((cell.cpu_pinning or {}).values()),
                                 set((whole.cpu_pinning or {}).values()))
                self.assertEqual(
                    whole.pcpuset if cell.pcpuset else set(),
                    set(whole.cpu_pinning or ()))
                used = cells[cell.id]
                used[0] += len(cell.cpuset)
                used[1] += cell.memory
                used[2] += (cell.cpu_pinning or {}).values()
        for cell in host.cells:
            vcpus, memory_mb, pins = cells[cell.id]
            self.assertEqual((vcpus, memory_mb),
                             (cell.cpu_usage, cell.memory_usage))
            self.assertEqual(len(pins), len(set(pins)), pins)
            self.assertLessEqual(set(pins), cell.pinned_cpus)
            self.assertLessEqual(cell.pinned_cpus, cell.pcpuset)
