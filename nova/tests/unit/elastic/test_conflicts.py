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

"""What an elastic flavor is refused for, as tables."""

import ddt

from nova import elastic
from nova import exception
from nova import objects
from nova import test
from nova.tests.unit.elastic import fakes


@ddt.ddt
class TestConflict(test.NoDBTestCase):

    @ddt.data(
        {}, fakes.BOTH, {'minimum_cpu': '4', 'minimum_memory': '4096'},
        # A balloon can give small pages back.
        dict(fakes.BOTH, **{'hw:mem_page_size': 'small'}),
        dict(fakes.BOTH, **{'hw:mem_page_size': 'any'}),
        dict(fakes.BOTH, **{'hw:cpu_min': '1', 'hw:mem_min': '1024'}),
        dict(fakes.BOTH, **{'hw:locked_memory': 'False'}),
        dict(fakes.BOTH, **{'hw:mem_encryption': 'false'}),
        dict(fakes.BOTH, **{'resources:DISK_GB': '1'}),
        {'minimum_memory': '1024', 'resources:PCPU': '4'},
        # Pinned memory does not matter if only the CPUs are elastic.
        {'minimum_cpu': '1', 'hw:mem_page_size': '1GB', 'hw:pmem': '1G',
         'resources:VGPU': '1', 'pci_passthrough:alias': 'a:1'},
        {'hw:locked_memory': 'true'},
    )
    def test_nothing_wrong(self, specs):
        self.assertIsNone(elastic.conflict(fakes.flavor(specs)))
        elastic.check(fakes.flavor(specs))

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
        self.assertEqual(message, elastic.conflict(fakes.flavor(specs)))
        error = self.assertRaises(
            exception.InvalidRequest, elastic.check, fakes.flavor(specs))
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
            elastic.conflict(
                fakes.flavor({'minimum_memory': '1', name: value})))

    @ddt.data(
        ('hw_mem_page_size', 'large'), ('hw_locked_memory', 'true'),
        ('hw_mem_encryption', 'true'),
    )
    @ddt.unpack
    def test_pinned_memory_of_image(self, name, value):
        self.assertEqual(
            'minimum_memory cannot be used with %s, which pins the memory of '
            'the guest.' % name,
            elastic.conflict(
                fakes.flavor(fakes.BOTH), fakes.image(**{name: value})))
        self.assertIsNone(
            elastic.conflict(fakes.flavor(fakes.CPU),
                             fakes.image(**{name: value})))

    @ddt.data('direct', 'direct-physical', 'macvtap', 'vdpa',
              'remote-managed', 'virtio-forwarder')
    def test_port_conflict(self, vnic_type):
        """What a port brings can pin the memory as well."""
        self.assertEqual(
            'A port of type %s cannot be attached to a server with elastic '
            'memory, since it pins the memory of the guest.' % vnic_type,
            elastic.port_conflict(fakes.flavor(fakes.BOTH), vnic_type))
        self.assertIsNone(elastic.port_conflict(
            fakes.flavor({'minimum_cpu': '1'}), vnic_type))

    @ddt.data('normal', None)
    def test_no_port_conflict(self, vnic_type):
        self.assertIsNone(
            elastic.port_conflict(fakes.flavor(fakes.BOTH), vnic_type))

    @ddt.data('minimum_cpu', 'minimum_memory')
    def test_emulated_architecture(self, name):
        """Guests of some architectures cannot plug and unplug vCPUs."""
        flavor = fakes.flavor({name: '1'})
        self.assertEqual(
            '%s cannot be used with hw_emulation_architecture aarch64.' % name,
            elastic.conflict(
                flavor, fakes.image(hw_emulation_architecture='aarch64')))
        self.assertIsNone(elastic.conflict(
            flavor, fakes.image(hw_emulation_architecture='x86_64')))
        self.assertIsNone(elastic.conflict(
            fakes.flavor({}),
            fakes.image(hw_emulation_architecture='aarch64')))

    def test_pci_requests(self):
        """A port can bring a device as well as a flavor."""
        requests = objects.InstancePCIRequests(
            requests=[objects.InstancePCIRequest(count=1)])
        self.assertEqual(
            'minimum_memory cannot be used with PCI passthrough, which pins '
            'the memory of the guest.',
            elastic.conflict(
                fakes.flavor(fakes.BOTH), fakes.image(), requests))
        self.assertIsNone(elastic.conflict(
            fakes.flavor(fakes.BOTH), fakes.image(),
            objects.InstancePCIRequests(requests=[])))

    def test_device_profile(self):
        """A port can also bring a device that Cyborg chooses."""
        port = objects.NetworkRequest(device_profile='fpga')
        self.assertEqual(
            'minimum_memory cannot be used with a port with a device profile, '
            'which pins the memory of the guest.',
            elastic.conflict(
                fakes.flavor(fakes.BOTH), fakes.image(), networks=[port]))
        port.device_profile = None
        self.assertIsNone(
            elastic.conflict(
                fakes.flavor(fakes.BOTH), fakes.image(), networks=[port]))
