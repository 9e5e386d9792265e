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

"""What images declare about their guests, and what follows from that."""

import ddt

from nova import elastic
from nova import exception
from nova import test
from nova.tests.unit.elastic import fakes

SPEC = elastic.VIRTIO_MEM_EXTRA_SPEC
VIRTIO_MEM = {'minimum_memory': '1024', SPEC: 'true'}
BALLOON = {'minimum_memory': '1024', SPEC: 'false'}


@ddt.ddt
class TestMeans(test.NoDBTestCase):

    @ddt.data(
        # What the image declares and prefers, and the configuration says.
        ('balloon', None, 'virtio-mem', False),
        ('virtio-mem', None, 'balloon', True),
        ('Virtio-Mem', None, 'balloon', True),
        ('balloon,virtio-mem', None, 'balloon', False),
        ('balloon,virtio-mem', None, 'virtio-mem', True),
        ('virtio-mem, balloon', 'true', 'balloon', True),
        ('virtio-mem,balloon', 'false', 'virtio-mem', False),
        # These are refused then.
        ('no', None, 'virtio-mem', True),
        ('everything', None, 'balloon', False),
        ('balloon', 'true', 'balloon', True),
    )
    @ddt.unpack
    def test_choice(self, declared, preferred, default, is_virtio_mem):
        """Where nobody else chooses, the only declared means is chosen."""
        image = {'os_elastic_memory': declared}
        if preferred:
            image['hw_mem_hotplug_virtio'] = preferred
        self.assertEqual(is_virtio_mem, elastic.uses_virtio_mem(
            elastic.with_memory_means(
                fakes.flavor(fakes.MEMORY), image, default)))

    @ddt.data(VIRTIO_MEM, BALLOON)
    def test_flavor_that_chooses(self, specs):
        flavor = fakes.flavor(specs)
        for declared in ('balloon', 'virtio-mem'):
            self.assertIs(flavor, elastic.with_memory_means(
                flavor, {'os_elastic_memory': declared}, 'balloon'))


@ddt.ddt
class TestCheckImage(test.NoDBTestCase):

    @ddt.data(
        (fakes.BOTH, {}),
        (fakes.BOTH, {'os_elastic_tested': 'by nobody'}),
        (fakes.BOTH, {'os_elastic_vcpus': 'yes'}),
        (fakes.BOTH, {'os_elastic_vcpus': ' Grow'}),
        (fakes.BOTH, {'os_elastic_memory': 'balloon'}),
        (fakes.BOTH, {'os_elastic_memory': 'virtio-mem, balloon'}),
        (fakes.MEMORY, {'os_elastic_vcpus': 'no'}),
        (fakes.CPU, {'os_elastic_memory': 'no'}),
        (VIRTIO_MEM, {'os_elastic_memory': 'virtio-mem'}),
        (VIRTIO_MEM, {'os_elastic_memory': 'balloon,virtio-mem'}),
        (BALLOON, {'os_elastic_memory': 'balloon'}),
        # Nothing changes in a server without a range.
        ({}, {'os_elastic_vcpus': 'no', 'os_elastic_memory': 'no'}),
        ({}, {'os_elastic_vcpus': 'perhaps'}),
        ({'minimum_cpu': '4', 'minimum_memory': '4096'},
         {'os_elastic_vcpus': 'no', 'os_elastic_memory': 'no'}),
    )
    @ddt.unpack
    def test_allowed(self, specs, properties):
        elastic.check_image(fakes.flavor(specs), properties)

    @ddt.data(
        (fakes.CPU, {'os_elastic_vcpus': 'no'},
         'minimum_cpu cannot be used with an image whose os_elastic_vcpus is '
         'no.'),
        (fakes.MEMORY, {'os_elastic_memory': 'No'},
         'minimum_memory cannot be used with an image whose '
         'os_elastic_memory is no.'),
        (VIRTIO_MEM, {'os_elastic_memory': 'balloon'},
         'Elastic memory by virtio-mem cannot be used with an image whose '
         'os_elastic_memory is balloon.'),
        (BALLOON, {'os_elastic_memory': 'virtio-mem'},
         'Elastic memory by balloon cannot be used with an image whose '
         'os_elastic_memory is virtio-mem.'),
        # An image that contradicts itself.
        (VIRTIO_MEM, {'os_elastic_memory': 'virtio-mem',
                      'hw_mem_hotplug_virtio': 'false'},
         'hw:mem_hotplug_virtio cannot be used with an image whose '
         'hw_mem_hotplug_virtio is false.'),
        (fakes.MEMORY, {'os_elastic_vcpus': 'true'},
         "The image property os_elastic_vcpus is 'true'. It can be: "
         "yes | grow | no."),
        (fakes.CPU, {'os_elastic_vcpus': 'yes,grow'},
         "The image property os_elastic_vcpus is 'yes,grow'. It can be: "
         "yes | grow | no."),
        (fakes.CPU, {'os_elastic_vcpus': ''},
         "The image property os_elastic_vcpus is ''. It can be: "
         "yes | grow | no."),
        (fakes.CPU, {'os_elastic_memory': 'balloon,no'},
         "The image property os_elastic_memory is 'balloon,no'. It can be: "
         "balloon | virtio-mem | balloon,virtio-mem | no."),
        (fakes.CPU, {'os_elastic_memory': 'balloon,'},
         "The image property os_elastic_memory is 'balloon,'. It can be: "
         "balloon | virtio-mem | balloon,virtio-mem | no."),
    )
    @ddt.unpack
    def test_refused(self, specs, properties, message):
        error = self.assertRaises(
            exception.InvalidRequest, elastic.check_image,
            fakes.flavor(specs), properties)
        self.assertEqual(message, error.format_message())


@ddt.ddt
class TestCheckChange(test.NoDBTestCase):

    LIVE = elastic.Size(2, 2048)

    def _check(self, specs, properties, vcpus, memory_mb, for_seconds=None):
        elastic.check_change(
            fakes.instance(specs=specs, **{
                'image_' + name: value for name, value in properties.items()}),
            self.LIVE, elastic.Request(
                elastic.Size(vcpus, memory_mb), for_seconds=for_seconds))

    @ddt.data(
        ({}, 1, 1024),
        ({'os_elastic_vcpus': 'yes'}, 1, 1024),
        ({'os_elastic_vcpus': 'grow'}, 3, 1024),
        ({'os_elastic_vcpus': 'grow'}, 2, 1024),
        ({'os_elastic_vcpus': 'no'}, None, 1024),
        ({'os_elastic_vcpus': 'no'}, 2, 1024),
        ({'os_elastic_memory': 'balloon'}, 1, 1024),
        ({'os_elastic_memory': 'no'}, 1, 2048),
        ({'os_elastic_memory': 'no'}, 1, None),
        # Servers that were created before such a value was refused.
        ({'os_elastic_vcpus': 'none', 'os_elastic_memory': 'none'}, 1, 1024),
    )
    @ddt.unpack
    def test_allowed(self, properties, vcpus, memory_mb):
        self._check(fakes.BOTH, properties, vcpus, memory_mb)

    @ddt.data(
        ({'os_elastic_vcpus': 'no'}, 3, None,
         exception.ServerAdjustVCPUsFixedByImage),
        ({'os_elastic_vcpus': 'no'}, 1, 1024,
         exception.ServerAdjustVCPUsFixedByImage),
        ({'os_elastic_vcpus': 'grow'}, 1, 4096,
         exception.ServerAdjustVCPUsOnlyGrow),
        ({'os_elastic_memory': 'no'}, None, 4096,
         exception.ServerAdjustMemoryFixedByImage),
        ({'os_elastic_memory': 'virtio-mem'}, None, 1024,
         exception.ServerAdjustMemoryFixedByImage),
    )
    @ddt.unpack
    def test_refused(self, properties, vcpus, memory_mb, error):
        self.assertRaises(
            error, self._check, fakes.BOTH, properties, vcpus, memory_mb)

    def test_limited_time(self):
        """What cannot be given back is not lent."""
        self._check(fakes.BOTH, {'os_elastic_vcpus': 'grow'}, None, 4096, 60)
        self._check(fakes.BOTH, {'os_elastic_vcpus': 'yes'}, 3, None, 60)
        self.assertRaises(
            exception.ServerAdjustVCPUsOnlyGrow, self._check, fakes.BOTH,
            {'os_elastic_vcpus': 'grow'}, 3, None, 60)

    def test_virtio_mem(self):
        self._check(dict(fakes.BOTH, **{SPEC: 'true'}),
                    {'os_elastic_memory': 'virtio-mem'}, None, 4096)
