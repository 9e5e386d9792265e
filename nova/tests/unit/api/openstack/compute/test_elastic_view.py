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

"""What the API shows of an elastic server."""

import datetime

import ddt

from nova.api.openstack.compute.views import elastic as view
from nova import elastic
from nova import test
from nova.tests.unit.elastic import fakes


@ddt.ddt
class TestView(test.NoDBTestCase):

    SINCE = datetime.datetime(2026, 1, 2, 3, 4, 5)

    @ddt.data(
        (fakes.BOTH, (3, 3072), (2, 2048), True, (3, 3072), (2, 2048),
         (1, 1024)),
        (fakes.BOTH, (3, 3072), None, True, (3, 3072), (3, 3072), (1, 1024)),
        (fakes.CPU, (3, 4096), None, True, (3, 4096), (3, 4096), (1, 4096)),
        # A server of a plain flavor has what that has.
        ({}, (3, 3072), None, False, (4, 4096), (4, 4096), (4, 4096)),
    )
    @ddt.unpack
    def test_status(self, specs, size, start, is_elastic, current, starts,
                    minimum):
        """Without its host, a server is shown as the records have it."""
        server = elastic.describe(fakes.instance(size, start, specs))
        self.assertEqual({'xloud_status': {
            'elastic': is_elastic, 'source': 'database',
            'current_vcpus': current[0], 'current_memory_mb': current[1],
            'accounted_vcpus': current[0],
            'accounted_memory_mb': current[1],
            'start_vcpus': starts[0], 'start_memory_mb': starts[1],
            'min_vcpus': minimum[0], 'min_memory_mb': minimum[1],
            'max_vcpus': 4, 'max_memory_mb': 4096,
            'guest_vcpus': None, 'balloon_driver_active': None,
            'attached_dimms_mb': 0, 'has_virtiomem': False,
            'floor_memory_mb': None, 'room_vcpus': None,
            'room_memory_mb': None, 'returns_at': None,
            'return_vcpus': None, 'return_memory_mb': None,
            'adjust': None}},
            view.status({**server, 'live': None, 'adjust': None,
                         'pending': elastic.Pending()}))

    def test_live(self):
        """What the host says goes before the records."""
        server = elastic.describe(fakes.instance((3, 3072)))
        status = view.status({
            **server, 'live': {
                'source': 'hypervisor', 'requested': {'current_vcpus': 2},
                'current_vcpus': 4, 'current_memory_mb': 2048,
                'floor_memory_mb': 512},
            'adjust': {'state': 'failed', 'code': 'xloud.interrupted',
                       'reason': 'Because.', 'since': self.SINCE,
                       'requested': None, 'expires_at': None},
            'pending': elastic.Pending(elastic.Return(
                1767323045, elastic.Size(1, 1024), elastic.Size(1, 1024), 1)),
        })['xloud_status']
        self.assertEqual(
            ('2026-01-02T03:04:05Z', 1, 1024),
            tuple(status[key] for key in (
                'returns_at', 'return_vcpus', 'return_memory_mb')))
        self.assertEqual(
            ('hypervisor', 4, 2048, 512, 3, 3072),
            tuple(status[key] for key in (
                'source', 'current_vcpus', 'current_memory_mb',
                'floor_memory_mb', 'accounted_vcpus',
                'accounted_memory_mb')))
        self.assertEqual({
            'state': 'failed', 'code': 'xloud.interrupted',
            'reason': 'Because.', 'since': '2026-01-02T03:04:05Z',
            'requested': {'current_vcpus': 2}, 'expires_at': None},
            status['adjust'])
