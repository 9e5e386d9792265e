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

"""The memory device of a guest, as libvirt has it."""

from oslo_utils import units

from nova import test
from nova.virt.libvirt import config

# As libvirt 9.0 describes the device of a running guest.
DESCRIBED = """
<domain type='qemu'>
  <maxMemory slots='1' unit='KiB'>1048576</maxMemory>
  <memory unit='KiB'>1048576</memory>
  <currentMemory unit='KiB'>786432</currentMemory>
  <devices>
    <memory model='virtio-mem'>
      <target>
        <size unit='KiB'>786432</size>
        <node>0</node>
        <block unit='KiB'>4096</block>
        <requested unit='KiB'>524288</requested>
        <current unit='KiB'>262144</current>
      </target>
      <alias name='ua-elastic'/>
      <address type='pci' domain='0x0000' bus='0x00' slot='0x03'/>
    </memory>
  </devices>
</domain>"""


class LibvirtConfigGuestVirtioMemTest(test.NoDBTestCase):

    def _device(self, **attributes):
        device = config.LibvirtConfigGuestVirtioMem()
        device.target_size = 768 * units.Ki
        device.requested_size = 256 * units.Ki
        for name, value in attributes.items():
            setattr(device, name, value)
        return device

    def test_format(self):
        self.assertXmlEqual("""
            <memory model="virtio-mem">
              <target>
                <size unit="KiB">786432</size>
                <node>0</node>
                <block unit="KiB">2048</block>
                <requested unit="KiB">262144</requested>
              </target>
              <alias name="ua-elastic"/>
            </memory>""", self._device().to_xml())

    def test_format_huge_pages(self):
        """The pages behind the device are those of its node."""
        device = self._device(page_size=2048, target_node=1, current_size=1)
        self.assertXmlEqual("""
            <memory model="virtio-mem">
              <source><pagesize unit="KiB">2048</pagesize></source>
              <target>
                <size unit="KiB">786432</size>
                <node>1</node>
                <block unit="KiB">2048</block>
                <requested unit="KiB">262144</requested>
              </target>
              <alias name="ua-elastic"/>
            </memory>""", device.to_xml())

    def test_parse(self):
        guest = config.LibvirtConfigGuest()
        guest.parse_str(DESCRIBED)
        device, = guest.devices
        self.assertIsInstance(device, config.LibvirtConfigGuestVirtioMem)
        self.assertEqual(
            (None, 786432, 0, 4096, 524288, 262144),
            (device.page_size, device.target_size, device.target_node,
             device.block_size, device.requested_size, device.current_size))
        self.assertEqual((1048576, 1), (
            guest.max_memory_size, guest.max_memory_slots))

    def test_parse_what_was_formatted(self):
        device = config.LibvirtConfigGuestVirtioMem()
        device.parse_str(self._device(page_size=2048).to_xml())
        self.assertEqual(
            (2048, 786432, 0, 2048, 262144, None),
            (device.page_size, device.target_size, device.target_node,
             device.block_size, device.requested_size, device.current_size))

    def test_other_memory_devices(self):
        """Persistent memory is what it was."""
        guest = config.LibvirtConfigGuest()
        guest.parse_str(DESCRIBED.replace('virtio-mem', 'nvdimm'))
        device, = guest.devices
        self.assertIsInstance(device, config.LibvirtConfigGuestVPMEM)
        guest = config.LibvirtConfigGuest()
        guest.parse_str(DESCRIBED.replace('virtio-mem', 'dimm'))
        self.assertEqual([], guest.devices)
