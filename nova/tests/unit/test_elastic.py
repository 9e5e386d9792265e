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

"""The arithmetic of elastic flavors and sizes, as tables."""

import ddt

from nova import elastic
from nova import exception
from nova import objects
from nova import test

FLAVOR = {'id': 1, 'flavorid': 'big', 'vcpus': 4, 'memory_mb': 4096}
BOTH = {'minimum_cpu': '1', 'minimum_memory': '1024'}


def _flavor(specs=None, **kwargs):
    flavor = objects.Flavor(**dict(FLAVOR, **kwargs))
    if specs is not None:
        flavor.extra_specs = specs
    return flavor


def _instance(size=(4, 4096), specs=None, **system_metadata):
    return objects.Instance(
        flavor=_flavor(BOTH if specs is None else specs), old_flavor=None,
        vm_state='active', task_state=None,
        vcpus=size[0], memory_mb=size[1], system_metadata=system_metadata)


def _image(**properties):
    return objects.ImageMeta(
        properties=objects.ImageMetaProps.from_dict(properties))


@ddt.ddt
class TestFlavors(test.NoDBTestCase):

    @ddt.data(
        (None, (4, 4096), []),
        ({}, (4, 4096), []),
        (BOTH, (1, 1024), ['vcpus', 'memory_mb']),
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
        flavor = _flavor(specs)
        self.assertEqual(minimum, elastic.minimum(flavor))
        self.assertEqual((4, 4096), elastic.maximum(flavor))
        self.assertEqual(resources, elastic.elastic_resources(flavor))
        self.assertEqual(bool(resources), elastic.is_elastic(flavor))

    def test_flavor_at_size(self):
        """A request for an existing server asks for what it has."""
        flavor = _flavor(BOTH)
        asked = elastic.flavor_at_size(flavor, elastic.Size(3, 2048))
        self.assertEqual((3, 2048), elastic.minimum(asked))
        self.assertEqual((4, 4096), elastic.maximum(asked))
        self.assertTrue(elastic.is_elastic(
            elastic.flavor_at_size(flavor, elastic.maximum(flavor))))
        self.assertEqual((1, 1024), elastic.minimum(flavor))

        only_cpu = _flavor({'minimum_cpu': '1', 'a': 'b'})
        self.assertEqual(
            {'minimum_cpu': '3', 'a': 'b'},
            elastic.flavor_at_size(only_cpu, (elastic.Size(3, 4096)))
            .extra_specs)
        plain = _flavor({})
        self.assertIs(
            plain, elastic.flavor_at_size(plain, elastic.Size(1, 1)))

    def test_quota_flavor(self):
        """Quota counts a server as one of a plain flavor of that size."""
        flavor = _flavor(BOTH)
        counted = elastic.quota_flavor(flavor)
        self.assertEqual((1, 1024), elastic.maximum(counted))
        self.assertEqual((1, 1024), elastic.minimum(counted))
        # Once more is the same as once.
        self.assertEqual(
            (1, 1024), elastic.maximum(elastic.quota_flavor(counted)))
        self.assertEqual((3, 2048), elastic.maximum(elastic.quota_flavor(
            elastic.flavor_at_size(flavor, elastic.Size(3, 2048)))))
        self.assertEqual((4, 4096), elastic.maximum(flavor))
        plain = _flavor({})
        self.assertIs(plain, elastic.quota_flavor(plain))

    @ddt.data(
        ({}, {}, False),
        ({'hw:cpu_policy': 'shared'}, {'hw_cpu_policy': 'shared'}, False),
        ({'hw:cpu_policy': 'dedicated'}, {}, True),
        ({'hw:cpu_policy': 'mixed'}, {}, True),
        ({}, {'hw_cpu_policy': 'dedicated'}, True),
        ({}, {'hw_cpu_policy': 'mixed'}, True),
        ({'resources:PCPU': '4'}, {}, True),
        ({'resources_CPU:PCPU': '4'}, {}, True),
        ({'resources:VGPU': '1', 'trait:PCPU': 'required'}, {}, False),
    )
    @ddt.unpack
    def test_pinned_cpus(self, specs, properties, pins):
        """A server that pins CPUs is accounted for all that it can have."""
        image = _image(**properties)
        flavor = _flavor(dict(BOTH, **specs))
        self.assertEqual(pins, elastic.pins_cpus(
            flavor, properties.get('hw_cpu_policy')))
        size = (4, 1024) if pins else (1, 1024)
        self.assertEqual(size, elastic.new_size(flavor, image))
        counted = elastic.quota_flavor(flavor, image)
        self.assertEqual(size, elastic.maximum(counted))
        # Also by those who do not know the image.
        self.assertEqual(
            size, elastic.maximum(elastic.quota_flavor(counted)))
        # A flavor that is not elastic has nothing else to be accounted for.
        self.assertEqual((4, 4096), elastic.new_size(_flavor(specs), image))

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
        flavor = _flavor(specs)
        self.assertEqual(minimum, elastic.minimum(flavor))
        at_size = elastic.flavor_at_size(flavor, elastic.Size(3, 2048))
        self.assertEqual(
            (3 if minimum[0] < 4 else 4, 2048 if minimum[1] < 4096 else 4096),
            elastic.minimum(at_size))
        for name in specs:
            self.assertTrue(elastic.is_elastic_extra_spec(name))


@ddt.ddt
class TestConflict(test.NoDBTestCase):

    @ddt.data(
        {}, BOTH, {'minimum_cpu': '4', 'minimum_memory': '4096'},
        # A balloon can give small pages back.
        dict(BOTH, **{'hw:mem_page_size': 'small'}),
        dict(BOTH, **{'hw:mem_page_size': 'any'}),
        dict(BOTH, **{'hw:cpu_min': '1', 'hw:mem_min': '1024'}),
        dict(BOTH, **{'hw:locked_memory': 'False'}),
        dict(BOTH, **{'hw:mem_encryption': 'false'}),
        dict(BOTH, **{'resources:DISK_GB': '1', 'resources:PCPU': '4'}),
        # Pinned memory does not matter if only the CPUs are elastic.
        {'minimum_cpu': '1', 'hw:mem_page_size': '1GB', 'hw:pmem': '1G',
         'resources:VGPU': '1', 'pci_passthrough:alias': 'a:1'},
        {'hw:locked_memory': 'true'},
    )
    def test_nothing_wrong(self, specs):
        self.assertIsNone(elastic.conflict(_flavor(specs)))
        elastic.check(_flavor(specs))

    @ddt.data(
        ({'minimum_cpu': 'x'}, "minimum_cpu must be an integer, not 'x'."),
        ({'minimum_cpu': '1.5'},
         "minimum_cpu must be an integer, not '1.5'."),
        ({'minimum_memory': ''},
         "minimum_memory must be an integer, not ''."),
        ({'minimum_cpu': '0'}, 'minimum_cpu must be at least 1, not 0.'),
        ({'minimum_memory': '-1'},
         'minimum_memory must be at least 1, not -1.'),
        ({'minimum_cpu': '5'},
         'minimum_cpu is 5, but the flavor has only 4 vCPUs.'),
        ({'minimum_memory': '4097'},
         'minimum_memory is 4097, but the flavor has only 4096 MiB.'),
        ({'hw:cpu_min': 'x'}, "hw:cpu_min must be an integer, not 'x'."),
        ({'hw:mem_min': '4097'},
         'hw:mem_min is 4097, but the flavor has only 4096 MiB.'),
        ({'minimum_cpu': '1', 'hw:cpu_min': '2'},
         'minimum_cpu and hw:cpu_min set different minimums.'),
        ({'minimum_memory': '1', 'hw:mem_min': '2'},
         'minimum_memory and hw:mem_min set different minimums.'),
        ({'hw:mem_min': '1', 'hw:pmem': '1G'},
         'hw:mem_min cannot be used with hw:pmem, which pins the memory of '
         'the guest.'),
        ({'minimum_cpu': '1', 'resources:VCPU': '0'},
         'minimum_cpu cannot be used with resources:VCPU, which fixes what '
         'is allocated.'),
        ({'minimum_memory': '1', 'resources2:MEMORY_MB': '1'},
         'minimum_memory cannot be used with resources:MEMORY_MB, which '
         'fixes what is allocated.'),
    )
    @ddt.unpack
    def test_wrong(self, specs, message):
        self.assertEqual(message, elastic.conflict(_flavor(specs)))
        error = self.assertRaises(
            exception.InvalidRequest, elastic.check, _flavor(specs))
        self.assertEqual(message, error.format_message())

    @ddt.data(
        ('hw:mem_page_size', 'large'),
        ('hw:mem_page_size', '2MB'), ('hw:mem_page_size', '1048576'),
        ('hw:locked_memory', 'true'), ('hw:mem_encryption', 'True'),
        ('pci_passthrough:alias', 'gpu:1'), ('accel:device_profile', 'fpga'),
        ('hw:pmem', '4GB'), ('resources:VGPU', '1'),
        ('resources:PCI_DEVICE', '1'),
        ('resources:MEM_ENCRYPTION_CONTEXT', '1'),
        ('resources:CUSTOM_PMEM_NAMESPACE_4GB', '1'),
    )
    @ddt.unpack
    def test_pinned_memory(self, name, value):
        """A balloon could not give back what is pinned."""
        self.assertEqual(
            'minimum_memory cannot be used with %s, which pins the memory of '
            'the guest.' % name,
            elastic.conflict(_flavor({'minimum_memory': '1', name: value})))

    @ddt.data(
        ('hw_mem_page_size', 'large'), ('hw_locked_memory', 'true'),
        ('hw_mem_encryption', 'true'),
    )
    @ddt.unpack
    def test_pinned_memory_of_image(self, name, value):
        self.assertEqual(
            'minimum_memory cannot be used with %s, which pins the memory of '
            'the guest.' % name,
            elastic.conflict(_flavor(BOTH), _image(**{name: value})))
        self.assertIsNone(
            elastic.conflict(_flavor({'minimum_cpu': '1'}),
                             _image(**{name: value})))

    @ddt.data('direct', 'direct-physical', 'macvtap', 'vdpa',
              'remote-managed', 'virtio-forwarder')
    def test_port_conflict(self, vnic_type):
        """What a port brings can pin the memory as well."""
        self.assertEqual(
            'A port of type %s cannot be attached to a server with elastic '
            'memory, since it pins the memory of the guest.' % vnic_type,
            elastic.port_conflict(_flavor(BOTH), vnic_type))
        self.assertIsNone(elastic.port_conflict(
            _flavor({'minimum_cpu': '1'}), vnic_type))

    @ddt.data('normal', None)
    def test_no_port_conflict(self, vnic_type):
        self.assertIsNone(elastic.port_conflict(_flavor(BOTH), vnic_type))

    @ddt.data('minimum_cpu', 'minimum_memory')
    def test_emulated_architecture(self, name):
        """Guests of some architectures cannot plug and unplug vCPUs."""
        flavor = _flavor({name: '1'})
        self.assertEqual(
            '%s cannot be used with hw_emulation_architecture aarch64.' % name,
            elastic.conflict(
                flavor, _image(hw_emulation_architecture='aarch64')))
        self.assertIsNone(elastic.conflict(
            flavor, _image(hw_emulation_architecture='x86_64')))
        self.assertIsNone(elastic.conflict(
            _flavor({}), _image(hw_emulation_architecture='aarch64')))

    def test_pci_requests(self):
        """A port can bring a device as well as a flavor."""
        requests = objects.InstancePCIRequests(
            requests=[objects.InstancePCIRequest(count=1)])
        self.assertEqual(
            'minimum_memory cannot be used with PCI passthrough, which pins '
            'the memory of the guest.',
            elastic.conflict(_flavor(BOTH), _image(), requests))
        self.assertIsNone(elastic.conflict(
            _flavor(BOTH), _image(), objects.InstancePCIRequests(requests=[])))

    def test_device_profile(self):
        """A port can also bring a device that Cyborg chooses."""
        port = objects.NetworkRequest(device_profile='fpga')
        self.assertEqual(
            'minimum_memory cannot be used with a port with a device profile, '
            'which pins the memory of the guest.',
            elastic.conflict(_flavor(BOTH), _image(), networks=[port]))
        port.device_profile = None
        self.assertIsNone(
            elastic.conflict(_flavor(BOTH), _image(), networks=[port]))


@ddt.ddt
class TestServers(test.NoDBTestCase):

    def test_plain(self):
        """A server that is not elastic has all that its flavor has."""
        instance = _instance(size=(2, 2), specs={}, xloud_start_vcpus='1',
                             xloud_start_memory_mb='1')
        self.assertEqual((4, 4096), elastic.size(instance))
        self.assertEqual((4, 4096), elastic.start_size(instance))
        self.assertFalse(elastic.to_start_size(instance))

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
        instance = _instance((3, 2048), **system_metadata)
        self.assertEqual((3, 2048), elastic.size(instance))
        self.assertEqual(start, elastic.start_size(instance))

    def test_set_size(self):
        """A start size is recorded only while it differs."""
        instance = _instance(other='1')
        size, start = elastic.Size(3, 2048), elastic.Size(1, 2048)
        elastic.set_size(instance, size, start)
        self.assertEqual((3, 2048), (instance.vcpus, instance.memory_mb))
        self.assertEqual(
            {'other': '1', 'xloud_start_vcpus': '1',
             'xloud_start_memory_mb': '2048'}, instance.system_metadata)
        elastic.set_size(instance, size, size)
        self.assertEqual({'other': '1'}, instance.system_metadata)

    def test_to_start_size(self):
        instance = _instance()
        elastic.set_size(
            instance, elastic.Size(3, 2048), elastic.Size(1, 1024))
        self.assertTrue(elastic.to_start_size(instance))
        self.assertEqual((1, 1024), elastic.size(instance))
        self.assertEqual({}, instance.system_metadata)
        self.assertFalse(elastic.to_start_size(instance))

    def test_pinned(self):
        """The size of a server that pins CPUs is not what it starts with."""
        instance = _instance(
            (4, 2048), dict(BOTH, **{'hw:cpu_policy': 'dedicated'}),
            xloud_start_vcpus='2', xloud_start_memory_mb='1024')
        self.assertEqual((4, 1024), elastic.due_size(instance))
        self.assertEqual(
            (4, 3072), elastic.due_size(instance, elastic.Size(3, 3072)))
        self.assertEqual(
            ((4, 3072), (3, 3072)),
            elastic.sizes_after(instance, elastic.Size(3, 3072)))
        self.assertEqual(
            ((4, 2048), (2, 1024)), elastic.expected_sizes(instance))
        self.assertTrue(elastic.to_start_size(instance))
        self.assertEqual((4, 1024), elastic.size(instance))
        self.assertEqual((2, 1024), elastic.start_size(instance))
        self.assertFalse(elastic.to_start_size(instance))

    def test_pinned_by_image(self):
        instance = _instance((3, 2048), image_hw_cpu_policy='dedicated')
        self.assertEqual((4, 2048), elastic.due_size(instance))
        self.assertEqual(
            ((4, 2048), (3, 2048)), elastic.expected_sizes(instance))

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
    def test_expected_sizes(self, size, start, settled, settled_start):
        """A server is accounted for what its flavor allows."""
        instance = _instance(size)
        elastic.set_size(instance, size, elastic.Size(*start or size))
        self.assertEqual((settled, settled_start),
                         elastic.expected_sizes(instance))


@ddt.ddt
class TestResize(test.NoDBTestCase):
    """From the old flavor to another one, and either stay or go back."""

    SIZE = elastic.Size(3, 2048)
    START = elastic.Size(2, 1024)

    def _resized(self, start, specs=None, new_specs=None):
        instance = _instance(specs=specs)
        elastic.set_size(instance, self.SIZE, start)
        instance.old_flavor = instance.flavor
        instance.task_state = 'resize_migrating'
        elastic.remember_size(instance)
        instance.flavor = _flavor(
            BOTH if new_specs is None else new_specs, id=2, vcpus=8)
        elastic.to_flavor(instance)
        instance.vm_state, instance.task_state = 'resized', None
        return instance

    @ddt.data(None, START)
    def test_confirm(self, start):
        instance = self._resized(start)
        self.assertEqual((1, 1024), elastic.size(instance))
        self.assertEqual((1, 1024), elastic.start_size(instance))
        self.assertEqual(self.SIZE, elastic.old_size(instance))
        instance.old_flavor = None
        elastic.forget_size(instance)
        self.assertEqual({}, instance.system_metadata)

    @ddt.data(None, START)
    def test_revert(self, start):
        """The guest is defined with its size; then its start size is back."""
        instance = self._resized(start)
        instance.flavor = instance.old_flavor
        elastic.to_flavor(instance)
        self.assertEqual(self.SIZE, elastic.size(instance))
        self.assertEqual(self.SIZE, elastic.start_size(instance))
        instance.old_flavor = None
        elastic.forget_size(instance)
        self.assertEqual(self.SIZE, elastic.size(instance))
        self.assertEqual(start or self.SIZE, elastic.start_size(instance))
        self.assertEqual(2 if start else 0, len(instance.system_metadata))

    @ddt.data(None, START)
    def test_pinned(self, start):
        """A server that pins CPUs comes back with the vCPUs it had."""
        pinned = dict(BOTH, **{'hw:cpu_policy': 'dedicated'})
        size = elastic.Size(4, 2048)
        instance = _instance(specs=pinned)
        elastic.set_size(instance, size, start)
        instance.old_flavor = instance.flavor
        instance.task_state = 'resize_migrating'
        elastic.remember_size(instance)
        instance.flavor = _flavor(pinned, id=2, vcpus=8)
        elastic.to_flavor(instance)
        self.assertEqual((8, 1024), elastic.size(instance))
        self.assertEqual((1, 1024), elastic.start_size(instance))

        instance.vm_state, instance.task_state = 'resized', None
        instance.flavor = instance.old_flavor
        elastic.to_flavor(instance)
        self.assertEqual(size, elastic.size(instance))
        self.assertEqual((start.vcpus if start else 4, 2048),
                         elastic.start_size(instance))
        instance.old_flavor = None
        elastic.forget_size(instance)
        self.assertEqual(size, elastic.size(instance))
        self.assertEqual(start or size, elastic.start_size(instance))

    def test_revert_to_a_host_with_stock_nova(self):
        """There the server had all of its flavor, and nothing was kept."""
        instance = _instance()
        instance.old_flavor = instance.flavor
        instance.flavor = _flavor(BOTH, id=2, vcpus=8)
        elastic.to_flavor(instance)
        self.assertEqual((1, 1024), elastic.size(instance))
        instance.flavor = instance.old_flavor
        elastic.to_flavor(instance)
        self.assertEqual((4, 4096), elastic.size(instance))

    def test_plain_flavors(self):
        """Nothing is remembered of a server that was not elastic."""
        instance = self._resized(None, specs={}, new_specs={})
        self.assertEqual({}, instance.system_metadata)
        self.assertIsNone(elastic.old_size(instance))
        self.assertEqual((8, 4096), (instance.vcpus, instance.memory_mb))
        instance.flavor = instance.old_flavor
        elastic.to_flavor(instance)
        self.assertEqual((4, 4096), (instance.vcpus, instance.memory_mb))

    def test_remembered_by_mistake(self):
        """What a failed resize has left behind is not what a server had."""
        instance = self._resized(self.START)
        instance.old_flavor = None
        self.assertIsNone(elastic.old_size(instance))
        instance.flavor = _flavor(BOTH)
        elastic.remember_size(instance)
        self.assertNotIn('xloud_old_start_vcpus', instance.system_metadata)

    def test_failed(self):
        """A server that Nova took back the new flavor of is in no resize."""
        instance = self._resized(self.START)
        instance.vm_state, instance.task_state = 'active', 'resize_finish'
        instance.flavor = instance.old_flavor
        elastic.to_flavor(instance)
        self.assertEqual(self.SIZE, elastic.size(instance))
        elastic.remember_size(instance)
        instance.vm_state, instance.task_state = 'error', None
        self.assertIsNone(elastic.old_size(instance))

        # And the next resize knows nothing of this one.
        instance.vm_state, instance.task_state = 'active', 'resize_migrating'
        elastic.set_size(instance, elastic.Size(4, 2048))
        elastic.remember_size(instance)
        self.assertEqual((4, 2048), elastic.old_size(instance))
        self.assertEqual((4, 2048), elastic.start_size(instance))

    def test_start_size_of_a_failed_one(self):
        """What was kept of it is not taken for a start size later."""
        instance = self._resized(self.START)
        instance.vm_state, instance.task_state = 'active', 'resize_finish'
        instance.flavor = instance.old_flavor
        elastic.to_flavor(instance)
        instance.old_flavor = instance.flavor
        elastic.remember_size(instance)
        self.assertEqual(self.SIZE, elastic.start_size(instance))
