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

"""Which means adjusts the memory of a server, and what goes with it."""

import ddt
from oslo_serialization import jsonutils

from nova import elastic
from nova import exception
from nova import objects
from nova import test

SPEC = elastic.VIRTIO_MEM_EXTRA_SPEC
VIRTIO = {'minimum_memory': '1024', SPEC: 'true'}


def _flavor(specs, memory_mb=4096):
    return objects.Flavor(id=1, flavorid='big', vcpus=4, memory_mb=memory_mb,
                          extra_specs=specs)


def _image(**properties):
    return objects.ImageMeta(
        properties=objects.ImageMetaProps.from_dict(properties))


@ddt.ddt
class TestChoice(test.NoDBTestCase):

    @ddt.data(
        # What the flavor, the image and the configuration say.
        (None, None, 'balloon', False),
        (None, None, 'virtio-mem', True),
        (None, 'true', 'balloon', True),
        (None, 'false', 'virtio-mem', False),
        ('true', None, 'balloon', True),
        ('false', 'true', 'virtio-mem', False),
        ('false', None, 'virtio-mem', False),
    )
    @ddt.unpack
    def test_choice(self, in_flavor, in_image, default, is_virtio_mem):
        """The flavor decides, else the image, else the configuration."""
        specs = {'minimum_memory': '1024'}
        if in_flavor:
            specs[SPEC] = in_flavor
        image = {'hw_mem_hotplug_virtio': in_image} if in_image else {}
        flavor = _flavor(specs)
        chosen = elastic.with_memory_means(flavor, image, default)
        self.assertEqual(is_virtio_mem, elastic.uses_virtio_mem(chosen))
        # It stays with the server, whatever the choice was by.
        self.assertEqual(is_virtio_mem, elastic.uses_virtio_mem(
            elastic.with_memory_means(chosen, {}, 'balloon')))
        self.assertEqual(specs, flavor.extra_specs)
        jsonutils.dumps(chosen.obj_to_primitive())

    @ddt.data({}, {'minimum_cpu': '1'}, {'minimum_memory': '4096'})
    def test_nothing_to_choose(self, specs):
        """Nothing is chosen for memory that is never adjusted."""
        flavor = _flavor(specs)
        self.assertIs(flavor, elastic.with_memory_means(
            flavor, {'hw_mem_hotplug_virtio': 'true'}, 'virtio-mem'))

    @ddt.data(('true', {'hw_mem_hotplug_virtio': 'no'}, False),
              ('true', {'hw_mem_hotplug_virtio': 'yes'}, True),
              ('true', {}, True),
              ('false', {'hw_mem_hotplug_virtio': 'no'}, True))
    @ddt.unpack
    def test_image_that_cannot(self, in_flavor, image, is_allowed):
        flavor = _flavor(dict(VIRTIO, **{SPEC: in_flavor}))
        if is_allowed:
            elastic.check_image(flavor, image)
            return
        error = self.assertRaises(
            exception.InvalidRequest, elastic.check_image, flavor, image)
        self.assertEqual(
            'hw:mem_hotplug_virtio cannot be used with an image whose '
            'hw_mem_hotplug_virtio is false.', error.format_message())

    @ddt.data(
        ({}, []),
        ({SPEC: 'true'}, []),
        ({'minimum_cpu': '1', SPEC: 'true'}, [elastic.TRAIT]),
        ({'minimum_memory': '1024'}, [elastic.TRAIT]),
        (VIRTIO, [elastic.TRAIT, elastic.VIRTIO_MEM_TRAIT]),
    )
    @ddt.unpack
    def test_traits(self, specs, traits):
        self.assertEqual(traits, elastic.required_traits(_flavor(specs)))

    def test_traits_of_server_at_its_maximum(self):
        """The flavor of a request has the size for its minimum."""
        flavor = elastic.flavor_at_size(
            _flavor(VIRTIO), elastic.Size(4, 4096))
        self.assertIn(
            elastic.VIRTIO_MEM_TRAIT, elastic.required_traits(flavor))


@ddt.ddt
class TestDevice(test.NoDBTestCase):

    @ddt.data(
        ({}, None),
        ({SPEC: 'true'}, None),
        ({'minimum_memory': '1024'}, None),
        ({'minimum_memory': '4096', SPEC: 'true'}, None),
        (VIRTIO, (1024, 3072, 2, None)),
        (dict(VIRTIO, **{'hw:mem_page_size': 'any'}), (1024, 3072, 2, None)),
        (dict(VIRTIO, **{'hw:mem_page_size': '4'}), (1024, 3072, 2, None)),
        (dict(VIRTIO, **{'hw:mem_page_size': '2048'}),
         (1024, 3072, 2, 2048)),
        (dict(VIRTIO, **{'hw:mem_page_size': '2MB'}), (1024, 3072, 2, 2048)),
        (dict(VIRTIO, **{'hw:mem_page_size': '1GB'}),
         (1024, 3072, 1024, 1024 * 1024)),
    )
    @ddt.unpack
    def test_device(self, specs, device):
        self.assertEqual(device, elastic.virtio_mem(_flavor(specs)))

    @ddt.data((1024, 0), (1023, 0), (1025, 2), (1026, 2), (1027, 4),
              (4095, 3072), (4096, 3072), (5000, 3072))
    @ddt.unpack
    def test_requested(self, memory_mb, requested_mb):
        """It plugs whole blocks, and no more than it has."""
        device = elastic.virtio_mem(_flavor(VIRTIO))
        self.assertEqual(requested_mb, device.requested_mb(memory_mb))
        self.assertEqual(1024 + requested_mb, device.round_up(memory_mb))

    @ddt.data(({}, 2001, 2001), ({}, 1034, 1034), ({SPEC: 'true'}, 2001, 2002),
              ({SPEC: 'true'}, 2002, 2002), ({SPEC: 'true'}, 1031, 1024),
              ({SPEC: 'true'}, 4089, 4096),
              ({SPEC: 'true', 'hw:mem_page_size': '1GB'}, 1100, 2048))
    @ddt.unpack
    def test_requested_size(self, specs, memory_mb, expected):
        """A server with virtio-mem is accounted for whole blocks."""
        self.assertEqual((None, expected), elastic.requested_size(
            _flavor(dict(specs, minimum_memory='1024')),
            memory_mb=memory_mb))

    @ddt.data(1023, 4105)
    def test_out_of_range(self, memory_mb):
        """No rounding brings what is out of range into it."""
        self.assertRaises(
            exception.ServerAdjustMemoryOutOfRange, elastic.requested_size,
            _flavor(dict(VIRTIO, minimum_memory='1040')), memory_mb=memory_mb)


@ddt.ddt
class TestConflict(test.NoDBTestCase):

    @ddt.data(
        {SPEC: 'true'}, {SPEC: 'no'}, VIRTIO,
        {'minimum_memory': '256', SPEC: 'true'},
        {'minimum_memory': '1', SPEC: 'false'},
        dict(VIRTIO, **{'hw:mem_page_size': '2MB'}),
        dict(VIRTIO, **{'hw:mem_page_size': 'any', 'hw:numa_nodes': '1'}),
        dict(VIRTIO, **{'pci_passthrough:alias': 'gpu:1'}),
        dict(VIRTIO, **{'resources:PCI_DEVICE': '1'}),
    )
    def test_nothing_wrong(self, specs):
        self.assertIsNone(elastic.conflict(_flavor(specs)))

    @ddt.data(
        ({SPEC: 'maybe'},
         "hw:mem_hotplug_virtio must be a boolean, not 'maybe'."),
        ({'minimum_memory': '4096', SPEC: 'true'},
         'hw:mem_hotplug_virtio needs a minimum below the memory of the '
         'flavor.'),
        ({'minimum_memory': '255', SPEC: 'true'},
         'With hw:mem_hotplug_virtio the memory of the flavor can be at most '
         '16 times its minimum, 4080 MiB.'),
        ({'minimum_memory': '1023', SPEC: 'true'},
         'With hw:mem_hotplug_virtio the memory of the flavor and its minimum '
         'must differ by a multiple of 2 MiB.'),
        ({'minimum_memory': '2000', SPEC: 'true', 'hw:mem_page_size': '1GB'},
         'With hw:mem_hotplug_virtio the memory of the flavor and its minimum '
         'must differ by a multiple of 1024 MiB.'),
        (dict(VIRTIO, **{'hw:mem_page_size': 'large'}),
         "hw:mem_hotplug_virtio needs a number for hw:mem_page_size, instead "
         "of 'large'."),
        (dict(VIRTIO, **{'hw:numa_nodes': '2'}),
         'hw:mem_hotplug_virtio cannot be used with more than one NUMA node '
         '(hw:numa_nodes).'),
    )
    @ddt.unpack
    def test_wrong(self, specs, message):
        self.assertEqual(message, elastic.conflict(_flavor(specs)))

    @ddt.data(
        ('hw:locked_memory', 'true'), ('hw:mem_encryption', 'true'),
        ('hw:cpu_realtime', 'yes'), ('hw:pmem', '4GB'),
        ('accel:device_profile', 'fpga'), ('resources:VGPU', '1'),
        ('resources:MEM_ENCRYPTION_CONTEXT', '1'),
    )
    @ddt.unpack
    def test_pinned_memory(self, name, value):
        """What pins all of the memory leaves nothing to unplug."""
        self.assertEqual(
            'minimum_memory cannot be used with %s, which pins the memory of '
            'the guest.' % name,
            elastic.conflict(_flavor(dict(VIRTIO, **{name: value}))))

    @ddt.data(
        ({'hw_locked_memory': 'true'},
         'minimum_memory cannot be used with hw_locked_memory, which pins the '
         'memory of the guest.'),
        ({'hw_mem_page_size': '2MB'},
         'minimum_memory cannot be used with hw_mem_page_size, which pins the '
         'memory of the guest.'),
        ({'hw_numa_nodes': '2'},
         'hw:mem_hotplug_virtio cannot be used with more than one NUMA node '
         '(hw_numa_nodes).'),
        ({'hw_numa_nodes': '1', 'hw_mem_page_size': 'any'}, None),
    )
    @ddt.unpack
    def test_image(self, properties, message):
        self.assertEqual(message, elastic.conflict(
            _flavor(VIRTIO), _image(**properties)))

    def test_pci_requests(self):
        """A device of the host maps and unmaps what is plugged."""
        requests = objects.InstancePCIRequests(
            requests=[objects.InstancePCIRequest(count=1)])
        self.assertIsNone(
            elastic.conflict(_flavor(VIRTIO), _image(), requests))
        self.assertIsNone(elastic.port_conflict(_flavor(VIRTIO), 'direct'))

    @ddt.data((1024, None), (1022, 'A guest that boots with 1022 MiB may not '
                             'be able to use all of 4096 MiB: what it is '
                             'given beyond 4 times its minimum can hold '
                             'nothing of its kernel.'))
    @ddt.unpack
    def test_warning(self, minimum, message):
        """A maximum far above the minimum is warned of."""
        specs = dict(VIRTIO, minimum_memory=str(minimum))
        self.assertEqual(message, elastic.memory_warning(_flavor(specs)))
        specs[SPEC] = 'false'
        self.assertIsNone(elastic.memory_warning(_flavor(specs)))
