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

"""Elastic servers and mediated devices of a class that only a host knows."""

import nova.conf
from nova.tests.fixtures import libvirt as fakelibvirt
from nova.tests.functional import elastic_helpers
from nova.tests.functional.libvirt import test_vgpu

CONF = nova.conf.CONF


class ElasticMediatedDevicesTest(
        elastic_helpers.ElasticServersMixin, test_vgpu.VGPUTestBase):

    def setUp(self):
        super().setUp()
        self.flags(enabled_mdev_types=[fakelibvirt.MLX5_CORE_TYPE],
                   group='devices')
        nova.conf.devices.register_dynamic_opts(CONF)
        self.flags(mdev_class='CUSTOM_NOTVGPU',
                   device_addresses=[self.libvirt2pci_address(
                       fakelibvirt.MDEVCAP_DEV1_PCI_ADDR)],
                   group='mdev_mlx5_core')
        self.start_compute_with_vgpu(
            'host1', pci_info=fakelibvirt.HostPCIDevicesInfo(
                num_pci=0, num_pfs=0, num_vfs=0, num_mdevcap=2,
                generic_types=True))

    def _boot_with_device(self, expected_state, **specs):
        flavor = self._create_flavor(
            extra_spec={'resources:CUSTOM_NOTVGPU': '1', **specs})
        return self._boot(flavor, expected_state=expected_state)

    def test_memory(self):
        """They pin the memory, so a server with both does not boot."""
        server = self._boot_with_device('ERROR', minimum_memory='1024')
        self.assertIn('minimum_memory cannot be used with a mediated device, '
                      'which pins the memory of the guest.',
                      server['fault']['message'])
        self.assertEqual(
            [], self.computes['host1'].driver._host.list_guests())

    def test_vcpus(self):
        """They are nothing to vCPUs."""
        self._boot_with_device('ACTIVE', minimum_cpu='1')
