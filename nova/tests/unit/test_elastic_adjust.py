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

"""The arithmetic of adjusting servers, as tables."""

import datetime

import ddt

from nova.api.openstack.compute.views import elastic as view
from nova import elastic
from nova import exception
from nova import objects
from nova import test

BOTH = {'minimum_cpu': '1', 'minimum_memory': '1024'}
CPU = {'minimum_cpu': '1'}
MEMORY = {'minimum_memory': '1024'}


def _flavor(specs=None, **kwargs):
    return objects.Flavor(**{
        'id': 1, 'flavorid': 'big', 'vcpus': 4, 'memory_mb': 4096,
        'extra_specs': BOTH if specs is None else specs, **kwargs})


def _instance(size, start=None, specs=None):
    instance = objects.Instance(
        flavor=_flavor(specs), old_flavor=None, system_metadata={})
    elastic.set_size(
        instance, elastic.Size(*size), start and elastic.Size(*start))
    return instance


@ddt.ddt
class TestRequested(test.NoDBTestCase):

    @ddt.data(
        (BOTH, (None, None), (None, None)),
        (BOTH, (1, 1024), (1, 1024)),
        (BOTH, (4, 4096), (4, 4096)),
        (BOTH, (3, None), (3, None)),
        (BOTH, (None, 1033), (None, 1033)),
        # Within what dashboards round, a bound is meant.
        (BOTH, (None, 1016), (None, 1024)),
        (BOTH, (None, 1032), (None, 1024)),
        (BOTH, (None, 4088), (None, 4096)),
        (BOTH, (None, 4104), (None, 4096)),
        (BOTH, (None, 4087), (None, 4087)),
        # What is fixed can be sent along.
        (CPU, (2, 4096), (2, 4096)),
        (CPU, (2, 4090), (2, 4096)),
        (MEMORY, (4, 2048), (4, 2048)),
        ({}, (4, 4096), (4, 4096)),
    )
    @ddt.unpack
    def test_allowed(self, specs, asked, expected):
        self.assertEqual(
            expected, elastic.requested_size(_flavor(specs), *asked))

    @ddt.data(
        (BOTH, (0, None),
         'This server can have 1 to 4 vCPUs; 0 were requested.'),
        (BOTH, (5, 1024),
         'This server can have 1 to 4 vCPUs; 5 were requested.'),
        (BOTH, (1, 1015),
         'This server can have 1024 to 4096 MiB of memory; 1015 MiB were '
         'requested.'),
        (BOTH, (1, 4105),
         'This server can have 1024 to 4096 MiB of memory; 4105 MiB were '
         'requested.'),
        (MEMORY, (3, None),
         'The number of vCPUs of this server is fixed at 4: its flavor does '
         'not set minimum_cpu.'),
        (MEMORY, (5, None),
         'The number of vCPUs of this server is fixed at 4: its flavor does '
         'not set minimum_cpu.'),
        (CPU, (2, 2048),
         'The memory of this server is fixed at 4096 MiB: its flavor does not '
         'set minimum_memory.'),
        ({}, (1, None),
         'The number of vCPUs of this server is fixed at 4: its flavor does '
         'not set minimum_cpu.'),
    )
    @ddt.unpack
    def test_refused(self, specs, asked, message):
        error = self.assertRaises(
            exception.ServerAdjustInvalid, elastic.requested_size,
            _flavor(specs), *asked)
        self.assertEqual(message, error.format_message())

    def test_bounds_nearer_than_what_is_rounded(self):
        """Memory that is both bounds, as rounded, stays within them."""
        flavor = _flavor({'minimum_memory': '4090'})
        for memory_mb in range(4082, 4105):
            asked = elastic.requested_size(flavor, memory_mb=memory_mb)
            self.assertIn(asked.memory_mb, (4090, 4096))


@ddt.ddt
class TestAdjusted(test.NoDBTestCase):

    # What the server has and starts with, what is asked for; then, what it
    # has and starts with afterwards.
    @ddt.data(
        ((2, 2048), (2, 2048), (3, 3072), (3, 3072), (3, 3072)),
        ((2, 2048), (2, 2048), (1, 1024), (1, 1024), (1, 1024)),
        ((2, 2048), (2, 2048), (3, None), (3, 2048), (3, 2048)),
        ((2, 2048), (2, 2048), (None, 1024), (2, 1024), (2, 1024)),
        # The start size of what is not asked for stays.
        ((3, 3072), (2, 2048), (4, None), (4, 3072), (4, 2048)),
        ((3, 3072), (2, 2048), (3, 3072), (3, 3072), (3, 3072)),
        ((3, 3072), (2, 2048), (2, 2048), (2, 2048), (2, 2048)),
        ((2, 2048), (2, 2048), (None, None), (2, 2048), (2, 2048)),
    )
    @ddt.unpack
    def test_permanently(self, size, start, asked, expected, expected_start):
        self.assertEqual(
            (expected, expected_start), elastic.sizes_after(
                _instance(size, start), elastic.Size(*asked)))

    @ddt.data(
        ((2, 2048), (2, 2048), (3, 3072), (3, 3072)),
        ((3, 3072), (2, 2048), (4, None), (4, 3072)),
        # It is accounted for its start size, even when it has less.
        ((2, 2048), (2, 2048), (1, 1024), (2, 2048)),
        ((3, 3072), (2, 2048), (1, 2560), (2, 2560)),
    )
    @ddt.unpack
    def test_until_next_start(self, size, start, asked, expected):
        """What it starts with stays as it is."""
        self.assertEqual(
            (expected, start), elastic.sizes_after(
                _instance(size, start), elastic.Size(*asked), persist=False))


@ddt.ddt
class TestDueSize(test.NoDBTestCase):

    @ddt.data(
        ((3, 3072), (2, 2048), None, (2, 2048)),
        ((3, 3072), (2, 2048), (1, 1024), (2, 2048)),
        ((3, 3072), (2, 2048), (1, 4096), (2, 4096)),
        ((3, 3072), None, None, (3, 3072)),
        ((3, 3072), None, (4, 1024), (4, 3072)),
    )
    @ddt.unpack
    def test_due_size(self, size, start, live, due):
        """What the guest has now, and what it has after its next start."""
        self.assertEqual(due, elastic.due_size(
            _instance(size, start), live and elastic.Size(*live)))

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
class TestOrder(test.NoDBTestCase):

    @ddt.data(
        ((1, 1024), (2, 2048), (2, 2048)),
        ((2, 1024), (1, 2048), (2, 2048)),
        ((1, 2048), (2, 1024), (2, 2048)),
        ((2, 2048), (2, 2048), (2, 2048)),
    )
    @ddt.unpack
    def test_elementwise_max(self, one, other, expected):
        self.assertEqual(
            expected, elastic.elementwise_max(elastic.Size(*one),
                                     elastic.Size(*other)))

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
    def test_ordered_changes(self, asked, expected):
        self.assertEqual(expected, elastic.ordered_changes(
            elastic.Size(2, 2048), elastic.Size(*asked)))


@ddt.ddt
class TestView(test.NoDBTestCase):

    SINCE = datetime.datetime(2026, 1, 2, 3, 4, 5)

    @ddt.data(
        (BOTH, (3, 3072), (2, 2048), True, (3, 3072), (2, 2048), (1, 1024)),
        (BOTH, (3, 3072), None, True, (3, 3072), (3, 3072), (1, 1024)),
        (CPU, (3, 4096), None, True, (3, 4096), (3, 4096), (1, 4096)),
        # A server of a plain flavor has what that has.
        ({}, (3, 3072), None, False, (4, 4096), (4, 4096), (4, 4096)),
    )
    @ddt.unpack
    def test_status(self, specs, size, start, is_elastic, current, starts,
                    least):
        """Without its host, a server is shown as the records have it."""
        server = elastic.describe(_instance(size, start, specs))
        self.assertEqual({'xloud_status': {
            'elastic': is_elastic, 'source': 'database',
            'current_vcpus': current[0], 'current_memory_mb': current[1],
            'accounted_vcpus': current[0],
            'accounted_memory_mb': current[1],
            'start_vcpus': starts[0], 'start_memory_mb': starts[1],
            'min_vcpus': least[0], 'min_memory_mb': least[1],
            'max_vcpus': 4, 'max_memory_mb': 4096,
            'guest_vcpus': None, 'balloon_driver_active': None,
            'attached_dimms_mb': 0, 'has_virtiomem': False,
            'floor_memory_mb': None, 'adjust': None}},
            view.status({**server, 'live': None, 'adjust': None}))

    def test_live(self):
        """What the host says goes before the records."""
        server = elastic.describe(_instance((3, 3072)))
        status = view.status({
            **server, 'live': {
                'source': 'hypervisor', 'requested': {'current_vcpus': 2},
                'current_vcpus': 4, 'current_memory_mb': 2048,
                'floor_memory_mb': 512},
            'adjust': {'state': 'failed', 'code': 'xloud.interrupted',
                       'reason': 'Because.', 'since': self.SINCE},
        })['xloud_status']
        self.assertEqual(
            ('hypervisor', 4, 2048, 512, 3, 3072),
            tuple(status[key] for key in (
                'source', 'current_vcpus', 'current_memory_mb',
                'floor_memory_mb', 'accounted_vcpus',
                'accounted_memory_mb')))
        self.assertEqual({
            'state': 'failed', 'code': 'xloud.interrupted',
            'reason': 'Because.', 'since': '2026-01-02T03:04:05Z',
            'requested': {'current_vcpus': 2}}, status['adjust'])
