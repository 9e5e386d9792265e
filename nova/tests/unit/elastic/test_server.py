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

"""The arithmetic of the sizes of a server, as tables."""

import ddt

from nova import elastic
from nova import exception
from nova import test
from nova.tests.unit.elastic import fakes


@ddt.ddt
class TestServers(test.NoDBTestCase):

    def test_plain(self):
        """A server that is not elastic has all that its flavor has."""
        instance = fakes.instance(size=(2, 2), specs={}, xloud_start_vcpus='1',
                             xloud_start_memory_mb='1')
        self.assertEqual((4, 4096), elastic.size(instance))
        self.assertEqual((4, 4096), elastic.start_size(instance))
        self.assertEqual((4, 4096), elastic.reconciled_size(instance))

    @ddt.data(
        ({}, (3, 2048)),
        ({'xloud_start_vcpus': '2', 'xloud_start_memory_mb': '1024'},
         (2, 1024)),
        ({'xloud_start_vcpus': '2'}, (3, 2048)),
        ({'xloud_start_vcpus': 'x', 'xloud_start_memory_mb': '1'},
         (3, 2048)),
    )
    @ddt.unpack
    def test_start_size(self, system_metadata, start):
        """The size, unless there is all of a start size."""
        instance = fakes.instance((3, 2048), **system_metadata)
        self.assertEqual((3, 2048), elastic.size(instance))
        self.assertEqual(start, elastic.start_size(instance))

    def test_set_size(self):
        """A start size is recorded only while it differs."""
        instance = fakes.instance(other='1')
        size, start = elastic.Size(3, 2048), elastic.Size(1, 2048)
        elastic.set_size(instance, size, start)
        self.assertEqual((3, 2048), (instance.vcpus, instance.memory_mb))
        self.assertEqual(
            {'other': '1', 'xloud_start_vcpus': '1',
             'xloud_start_memory_mb': '2048'}, instance.system_metadata)
        elastic.set_size(instance, size, size)
        self.assertEqual({'other': '1'}, instance.system_metadata)

    def test_start_size_becomes_the_size(self):
        instance = fakes.instance()
        elastic.set_size(
            instance, elastic.Size(3, 2048), elastic.Size(1, 1024))
        self.assertEqual((1, 1024), elastic.reconciled_size(instance))
        elastic.set_size(instance, elastic.reconciled_size(instance),
                         elastic.start_size(instance))
        self.assertEqual((1, 1024), elastic.size(instance))
        self.assertEqual({}, instance.system_metadata)
        self.assertEqual((1, 1024), elastic.reconciled_size(instance))

    @ddt.data(
        ((2, 2048), None, (2, 2048), (2, 2048)),
        ((3, 3072), (2, 2048), (3, 3072), (2, 2048)),
        # The size is out of the bounds of the flavor.
        ((0, 9999), None, (1, 4096), (1, 4096)),
        ((5, 512), (2, 2048), (4, 2048), (2, 2048)),
        # The size does not cover the start size, or only in part.
        ((1, 1024), (2, 2048), (2, 2048), (2, 2048)),
        ((3, 1024), (2, 2048), (3, 2048), (2, 2048)),
        # The start size is out of bounds.
        ((1, 1024), (9, 512), (4, 1024), (4, 1024)),
    )
    @ddt.unpack
    def test_expected_sizes(self, size, start, expected, expected_start):
        """A server is accounted for what its flavor allows."""
        instance = fakes.instance(size)
        elastic.set_size(instance, size, elastic.Size(*start or size))
        self.assertEqual((expected, expected_start),
                         elastic.expected_sizes(instance))


@ddt.ddt
class TestRequested(test.NoDBTestCase):

    @ddt.data(
        (fakes.BOTH, (None, None), (None, None)),
        (fakes.BOTH, (1, 1024), (1, 1024)),
        (fakes.BOTH, (4, 4096), (4, 4096)),
        (fakes.BOTH, (3, None), (3, None)),
        (fakes.BOTH, (None, 1033), (None, 1033)),
        # Within what dashboards round, a bound is meant.
        (fakes.BOTH, (None, 1016), (None, 1024)),
        (fakes.BOTH, (None, 1032), (None, 1024)),
        (fakes.BOTH, (None, 4088), (None, 4096)),
        (fakes.BOTH, (None, 4104), (None, 4096)),
        (fakes.BOTH, (None, 4087), (None, 4087)),
        # What is fixed can be sent along.
        (fakes.CPU, (2, 4096), (2, 4096)),
        (fakes.CPU, (2, 4090), (2, 4096)),
        (fakes.MEMORY, (4, 2048), (4, 2048)),
        ({}, (4, 4096), (4, 4096)),
    )
    @ddt.unpack
    def test_allowed(self, specs, requested, expected):
        self.assertEqual(
            expected, elastic.requested_size(fakes.flavor(specs), *requested))

    @ddt.data(
        (fakes.BOTH, (0, None),
         'This server can have 1 to 4 vCPUs; 0 were requested.'),
        (fakes.BOTH, (5, 1024),
         'This server can have 1 to 4 vCPUs; 5 were requested.'),
        (fakes.BOTH, (1, 1015),
         'This server can have 1024 to 4096 MiB of memory; 1015 MiB were '
         'requested.'),
        (fakes.BOTH, (1, 4105),
         'This server can have 1024 to 4096 MiB of memory; 4105 MiB were '
         'requested.'),
        (fakes.MEMORY, (3, None),
         'The number of vCPUs of this server is fixed at 4: its flavor does '
         'not set minimum_cpu.'),
        (fakes.MEMORY, (5, None),
         'The number of vCPUs of this server is fixed at 4: its flavor does '
         'not set minimum_cpu.'),
        (fakes.CPU, (2, 2048),
         'The memory of this server is fixed at 4096 MiB: its flavor does not '
         'set minimum_memory.'),
        ({}, (1, None),
         'The number of vCPUs of this server is fixed at 4: its flavor does '
         'not set minimum_cpu.'),
    )
    @ddt.unpack
    def test_refused(self, specs, requested, message):
        error = self.assertRaises(
            exception.ServerAdjustInvalid, elastic.requested_size,
            fakes.flavor(specs), *requested)
        self.assertEqual(message, error.format_message())

    def test_bounds_nearer_than_what_is_rounded(self):
        """Memory that is both bounds, as rounded, stays within them."""
        flavor = fakes.flavor({'minimum_memory': '4090'})
        for memory_mb in range(4082, 4105):
            requested = elastic.requested_size(flavor, memory_mb=memory_mb)
            self.assertIn(requested.memory_mb, (4090, 4096))


@ddt.ddt
class TestAdjusted(test.NoDBTestCase):

    # What the server has and starts with, what is requested; then, what it
    # has and starts with afterwards.
    @ddt.data(
        ((2, 2048), (2, 2048), (3, 3072), (3, 3072), (3, 3072)),
        ((2, 2048), (2, 2048), (1, 1024), (1, 1024), (1, 1024)),
        ((2, 2048), (2, 2048), (3, None), (3, 2048), (3, 2048)),
        ((2, 2048), (2, 2048), (None, 1024), (2, 1024), (2, 1024)),
        # The start size of what is not requested stays.
        ((3, 3072), (2, 2048), (4, None), (4, 3072), (4, 2048)),
        ((3, 3072), (2, 2048), (3, 3072), (3, 3072), (3, 3072)),
        ((3, 3072), (2, 2048), (2, 2048), (2, 2048), (2, 2048)),
        ((2, 2048), (2, 2048), (None, None), (2, 2048), (2, 2048)),
    )
    @ddt.unpack
    def test_permanently(self, size, start, requested, expected,
                         expected_start):
        self.assertEqual(
            (expected, expected_start), elastic.sizes_after(
                fakes.instance(size, start), elastic.Size(*requested)))

    @ddt.data(
        ((2, 2048), (2, 2048), (3, 3072), (3, 3072)),
        ((3, 3072), (2, 2048), (4, None), (4, 3072)),
        # It is accounted for its start size, even when it has less.
        ((2, 2048), (2, 2048), (1, 1024), (2, 2048)),
        ((3, 3072), (2, 2048), (1, 2560), (2, 2560)),
    )
    @ddt.unpack
    def test_until_next_start(self, size, start, requested, expected):
        """What it starts with stays as it is."""
        self.assertEqual(
            (expected, start), elastic.sizes_after(
                fakes.instance(size, start), elastic.Size(*requested),
                persist=False))


@ddt.ddt
class TestReconciledSize(test.NoDBTestCase):

    @ddt.data(
        ((3, 3072), (2, 2048), None, (2, 2048)),
        ((3, 3072), (2, 2048), (1, 1024), (2, 2048)),
        ((3, 3072), (2, 2048), (1, 4096), (2, 4096)),
        ((3, 3072), None, None, (3, 3072)),
        ((3, 3072), None, (4, 1024), (4, 3072)),
    )
    @ddt.unpack
    def test_reconciled_size(self, size, start, live, expected):
        """What the guest has now, and what it has after its next start."""
        self.assertEqual(expected, elastic.reconciled_size(
            fakes.instance(size, start), live and elastic.Size(*live)))

    @ddt.data(
        (4096, 3000, 256, 1352),
        (4096, 0, 256, 4096),
        (4096, 100, 256, 4096),
        (4096, 4096, 0, 0),
        # Statistics can be older than the last change of the memory.
        (1024, 2048, 256, 256),
    )
    @ddt.unpack
    def test_memory_floor(self, memory_mb, usable_mb, margin_mb, floor):
        """A guest keeps what it uses and a margin, or all that it has."""
        self.assertEqual(
            floor, elastic.memory_floor(memory_mb, usable_mb, margin_mb))


@ddt.ddt
class TestRoom(test.NoDBTestCase):

    # A server that has (2, 2048) and can have (4, 4096).
    @ddt.data(
        # Its maximum, what is available, and what one server can have
        ((10, 10), (8192, 8192), (2, 2048), (2, 2048)),
        ((1, 10), (512, 8192), (2, 2048), (1, 512)),
        ((0, 10), (-9, 8192), (2, 2048), (0, 0)),
        ((10, 3), (8192, 2048), (2, 2048), (1, 0)),
        ((10, 1), (8192, 1024), (2, 2048), (0, 0)),
        # What it is accounted for already is its own.
        ((0, 10), (0, 8192), (1, 1024), (1, 1024)),
        ((1, 10), (512, 8192), (1, 1024), (2, 1536)),
        # Its guest has more than it is accounted for.
        ((0, 10), (0, 8192), (3, 3072), (0, 0)),
    )
    @ddt.unpack
    def test_room(self, vcpus, memory_mb, live, room):
        instance = fakes.instance((2, 2048))
        self.assertEqual(room, elastic.room(
            instance, elastic.Size(*live), elastic.Size(vcpus, memory_mb)))

    def test_fixed(self):
        """What the flavor fixes never grows."""
        instance = fakes.instance((2, 4096), specs=fakes.CPU)
        self.assertEqual((2, 0), elastic.room(
            instance, elastic.Size(2, 4096),
            elastic.Size((10, 10), (8192, 8192))))

    @ddt.data((512, 512), (513, 512), (2047, 2046), (2048, 2048),
              (9000, 2048))
    @ddt.unpack
    def test_virtio_mem(self, available, room):
        """Only whole blocks can be plugged."""
        instance = fakes.instance((2, 2048), specs={
            **fakes.BOTH, elastic.VIRTIO_MEM_EXTRA_SPEC: 'true'})
        self.assertEqual((0, room), elastic.room(
            instance, elastic.Size(2, 2048),
            elastic.Size((0, 10), (available, 8192))))


@ddt.ddt
class TestOrder(test.NoDBTestCase):

    @ddt.data(
        ((2, 2048), []),
        ((None, None), []),
        ((3, None), ['vcpus']),
        ((3, 2048), ['vcpus']),
        ((1, 2048), ['vcpus']),
        ((None, 1024), ['memory_mb']),
        ((2, 3072), ['memory_mb']),
        # What is given back goes first; a vCPU is given last.
        ((3, 3072), ['memory_mb', 'vcpus']),
        ((1, 1024), ['memory_mb', 'vcpus']),
        ((1, 3072), ['vcpus', 'memory_mb']),
        ((3, 1024), ['memory_mb', 'vcpus']),
    )
    @ddt.unpack
    def test_ordered_changes(self, requested, expected):
        self.assertEqual(expected, elastic.ordered_changes(
            elastic.Size(2, 2048), elastic.Size(*requested)))
