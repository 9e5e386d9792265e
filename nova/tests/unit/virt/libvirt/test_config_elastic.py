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
"""How the config of a guest says what it starts with."""

from unittest import mock

from lxml import etree
from oslo_utils import units

from nova import test
from nova.virt.libvirt import config


class LibvirtConfigGuestCurrentTest(test.NoDBTestCase):

    def _guest(self, vcpus_current=None, vcpus_minimum=None,
               current_memory=None):
        guest = config.LibvirtConfigGuest()
        guest.virt_type = 'kvm'
        guest.name = 'growing'
        guest.uuid = 'f01cf68d-515c-4daf-b85f-ef1424d93bfc'
        guest.os_type = 'hvm'
        guest.vcpus = 4
        guest.memory = 4 * units.Mi
        guest.vcpus_current = vcpus_current
        guest.vcpus_minimum = vcpus_minimum
        guest.current_memory = current_memory
        return guest

    @staticmethod
    def _vcpus(root):
        return [dict(vcpu.attrib) for vcpu in root.find('vcpus')]

    def test_plain(self):
        """A guest that has all it can have is described as ever."""
        guest = self._guest()
        described = guest.to_xml()
        with mock.patch.object(config.LibvirtConfigGuest, 'format_current'):
            self.assertEqual(guest.to_xml(), described)
        self.assertIn('<vcpu>4</vcpu>', described)
        self.assertNotIn('currentMemory', described)

    def test_vcpus(self):
        root = self._guest(vcpus_current=3, vcpus_minimum=2).format_dom()
        self.assertEqual('4', root.findtext('vcpu'))
        self.assertEqual({'current': '3'}, dict(root.find('vcpu').attrib))
        self.assertEqual([
            {'id': '0', 'enabled': 'yes', 'hotpluggable': 'no', 'order': '1'},
            {'id': '1', 'enabled': 'yes', 'hotpluggable': 'no', 'order': '2'},
            {'id': '2', 'enabled': 'yes', 'hotpluggable': 'yes', 'order': '3'},
            {'id': '3', 'enabled': 'no', 'hotpluggable': 'yes'},
        ], self._vcpus(root))
        self.assertIsNone(root.find('currentMemory'))

    def test_first_vcpu_stays(self):
        """libvirt refuses a first vCPU that can be taken away."""
        for minimum in (None, 0, 1):
            root = self._guest(vcpus_current=1,
                               vcpus_minimum=minimum).format_dom()
            self.assertEqual(
                ['no', 'yes', 'yes', 'yes'],
                [vcpu['hotpluggable'] for vcpu in self._vcpus(root)])

    def test_vcpus_with_cpuset(self):
        guest = self._guest(vcpus_current=1, vcpus_minimum=1)
        guest.cpuset = {0, 1, 2}
        self.assertEqual({'cpuset': '0-2', 'current': '1'},
                         dict(guest.format_dom().find('vcpu').attrib))

    def test_memory(self):
        root = self._guest(current_memory=units.Mi).format_dom()
        self.assertEqual(str(4 * units.Mi), root.findtext('memory'))
        self.assertEqual(str(units.Mi), root.findtext('currentMemory'))
        self.assertIsNone(root.find('vcpus'))

    def test_order_of_elements(self):
        root = self._guest(1, 1, units.Mi).format_dom()
        self.assertEqual(
            ['uuid', 'name', 'memory', 'currentMemory', 'vcpu', 'vcpus', 'os'],
            [element.tag for element in root])

    def test_parse(self):
        guest = config.LibvirtConfigGuest()
        guest.parse_str(self._guest(3, 2, units.Mi).to_xml())
        self.assertEqual(
            (4, 3, 2), (guest.vcpus, guest.vcpus_current, guest.vcpus_minimum))
        self.assertEqual(
            (4 * units.Mi, units.Mi), (guest.memory, guest.current_memory))

    def test_parse_full(self):
        """libvirt does not say how many there are when it is all of them."""
        guest = config.LibvirtConfigGuest()
        xml = self._guest(4, 2).to_xml().replace(' current="4"', '')
        guest.parse_str(xml)
        self.assertEqual(
            (4, 4, 2), (guest.vcpus, guest.vcpus_current, guest.vcpus_minimum))

    def test_parse_plain(self):
        guest = config.LibvirtConfigGuest()
        guest.parse_str(self._guest().to_xml())
        self.assertEqual(
            (None, None, None), (guest.vcpus_current, guest.vcpus_minimum,
                                 guest.current_memory))

    def test_format_current(self):
        """What a description of an existing guest says is replaced."""
        root = etree.fromstring("""
            <domain>
              <memory unit='KiB'>4194304</memory>
              <currentMemory unit='KiB'>3145728</currentMemory>
              <vcpu placement='static' current='3'>4</vcpu>
              <vcpus>
                <vcpu id='0' enabled='yes' hotpluggable='no' order='1'/>
                <vcpu id='1' enabled='yes' hotpluggable='yes' order='2'/>
                <vcpu id='2' enabled='yes' hotpluggable='yes' order='3'/>
                <vcpu id='3' enabled='no' hotpluggable='yes'/>
              </vcpus>
              <devices/>
            </domain>""")
        size = config.LibvirtConfigGuest()
        size.vcpus_current, size.vcpus_minimum = 1, 1
        size.current_memory = units.Mi
        size.format_current(root)

        self.assertEqual(
            ['memory', 'currentMemory', 'vcpu', 'vcpus', 'devices'],
            [element.tag for element in root])
        self.assertEqual(str(units.Mi), root.findtext('currentMemory'))
        self.assertEqual({'placement': 'static', 'current': '1'},
                         dict(root.find('vcpu').attrib))
        self.assertEqual(
            ['yes', 'no', 'no', 'no'],
            [vcpu['enabled'] for vcpu in self._vcpus(root)])

    def test_balloon_autodeflate(self):
        """A guest does not take memory back by itself, in any release."""
        balloon = config.LibvirtConfigMemoryBalloon()
        balloon.model = 'virtio'
        self.assertNotEqual('off', balloon.format_dom().get('autodeflate'))
        balloon.autodeflate = False
        self.assertEqual('off', balloon.format_dom().get('autodeflate'))
        balloon.autodeflate = True
        self.assertEqual('on', balloon.format_dom().get('autodeflate'))
