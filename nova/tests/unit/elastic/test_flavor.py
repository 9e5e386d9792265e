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

"""What an elastic flavor says, as tables."""

import ddt

from nova import elastic
from nova import test
from nova.tests.unit.elastic import fakes


@ddt.ddt
class TestFlavors(test.NoDBTestCase):

    @ddt.data(
        (None, (4, 4096), []),
        ({}, (4, 4096), []),
        (fakes.BOTH, (1, 1024), ['vcpus', 'memory_mb']),
        ({'minimum_cpu': '3'}, (3, 4096), ['vcpus']),
        ({'minimum_memory': '512'}, (4, 512), ['memory_mb']),
        ({'minimum_cpu': '4'}, (4, 4096), ['vcpus']),
        # What can only be there since before the fork has no meaning.
        ({'minimum_cpu': '5'}, (4, 4096), []),
        ({'minimum_cpu': '0', 'minimum_memory': '-1'}, (4, 4096), []),
        ({'minimum_cpu': 'x', 'minimum_memory': '512'}, (4, 512),
         ['memory_mb']),
    )
    @ddt.unpack
    def test_minimum(self, specs, minimum, resources):
        """A minimum that is missing or impossible is the maximum."""
        flavor = fakes.flavor(specs)
        self.assertEqual(minimum, elastic.minimum(flavor))
        self.assertEqual((4, 4096), elastic.maximum(flavor))
        self.assertEqual(resources, elastic.elastic_resources(flavor))
        self.assertEqual(bool(resources), elastic.is_elastic(flavor))

    def test_flavor_at_size(self):
        """A request for an existing server requests its size."""
        flavor = fakes.flavor(fakes.BOTH)
        requested = elastic.flavor_at_size(flavor, elastic.Size(3, 2048))
        self.assertEqual((3, 2048), elastic.minimum(requested))
        self.assertEqual((4, 4096), elastic.maximum(requested))
        self.assertTrue(elastic.is_elastic(
            elastic.flavor_at_size(flavor, elastic.maximum(flavor))))
        self.assertEqual((1, 1024), elastic.minimum(flavor))

        only_cpu = fakes.flavor({'minimum_cpu': '1', 'a': 'b'})
        self.assertEqual(
            {'minimum_cpu': '3', 'a': 'b'},
            elastic.flavor_at_size(
                only_cpu, elastic.Size(3, 4096)).extra_specs)
        plain = fakes.flavor({})
        self.assertIs(
            plain, elastic.flavor_at_size(plain, elastic.Size(1, 1)))

    def test_quota_flavor(self):
        """Quota counts a server as one of a plain flavor of that size."""
        flavor = fakes.flavor(fakes.BOTH)
        counted = elastic.quota_flavor(flavor)
        self.assertEqual((1, 1024), elastic.maximum(counted))
        self.assertEqual((1, 1024), elastic.minimum(counted))
        # Once more is the same as once.
        self.assertEqual(
            (1, 1024), elastic.maximum(elastic.quota_flavor(counted)))
        self.assertEqual((3, 2048), elastic.maximum(elastic.quota_flavor(
            elastic.flavor_at_size(flavor, elastic.Size(3, 2048)))))
        self.assertEqual((4, 4096), elastic.maximum(flavor))
        plain = fakes.flavor({})
        self.assertIs(plain, elastic.quota_flavor(plain))

    @ddt.data(
        ({}, {}, False),
        ({'hw:cpu_policy': 'shared'}, {'hw_cpu_policy': 'shared'}, False),
        ({'hw:cpu_policy': 'dedicated'}, {}, True),
        ({'hw:cpu_policy': 'mixed'}, {}, True),
        ({}, {'hw_cpu_policy': 'dedicated'}, True),
        ({}, {'hw_cpu_policy': 'mixed'}, True),
        ({'resources:VGPU': '1', 'trait:PCPU': 'required'}, {}, False),
    )
    @ddt.unpack
    def test_dedicated_cpus(self, specs, properties, pins):
        """An image can request dedicated CPUs as well."""
        self.assertEqual(pins, elastic.pins_cpus(
            fakes.flavor(specs), properties.get('hw_cpu_policy')))

    @ddt.data(
        ({'hw:cpu_min': '1', 'hw:mem_min': '1024'}, (1, 1024)),
        ({'hw:cpu_min': '1'}, (1, 4096)),
        ({'minimum_cpu': '2', 'hw:mem_min': '512'}, (2, 512)),
        ({'minimum_cpu': '2', 'hw:cpu_min': '2'}, (2, 4096)),
        # What is refused today can be there from before.
        ({'minimum_cpu': '2', 'hw:cpu_min': '1', 'hw:mem_min': '512'},
         (4, 512)),
    )
    @ddt.unpack
    def test_other_names(self, specs, minimum):
        """Other clients have other names for the minimums."""
        flavor = fakes.flavor(specs)
        self.assertEqual(minimum, elastic.minimum(flavor))
        at_size = elastic.flavor_at_size(flavor, elastic.Size(3, 2048))
        self.assertEqual(
            (3 if minimum[0] < 4 else 4, 2048 if minimum[1] < 4096 else 4096),
            elastic.minimum(at_size))
        for name in specs:
            self.assertTrue(elastic.is_elastic_extra_spec(name))


@ddt.ddt
class TestElementwiseMax(test.NoDBTestCase):

    @ddt.data(
        ((1, 1024), (2, 2048), (2, 2048)),
        ((2, 1024), (1, 2048), (2, 2048)),
        ((1, 2048), (2, 1024), (2, 2048)),
        ((2, 2048), (2, 2048), (2, 2048)),
    )
    @ddt.unpack
    def test_elementwise_max(self, one, other, expected):
        self.assertEqual(
            expected, elastic.elementwise_max(
                elastic.Size(*one), elastic.Size(*other)))
