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

"""Pinning the threads of a guest to host CPUs."""

from lxml import etree

from nova.virt import hardware
from nova.virt.libvirt.elastic import common


def set_pins(guest, instance, tune, persistent=False):
    """Pin what is not pinned so yet.

    libvirt keeps for a vCPU that is not plugged where it is to be.

    :param guest: The nova.virt.libvirt.guest.Guest
    :param instance: The nova.objects.Instance it is of
    :param tune: A LibvirtConfigGuestCPUTune with all pins
    :param persistent: Whether that is for the next start, and not for now
    """
    with common.hypervisor_errors(instance):
        root = etree.fromstring(guest.get_xml_desc(dump_inactive=persistent))
        present = {
            int(pin.get('vcpu')): hardware.parse_cpu_spec(pin.get('cpuset'))
            for pin in root.findall('./cputune/vcpupin')}
        for pin in tune.vcpupin:
            if present.get(pin.id) != pin.cpuset:
                guest.pin_vcpu(pin.id, pin.cpuset, persistent)
        emulator = root.find('./cputune/emulatorpin')
        cpuset = tune.emulatorpin and tune.emulatorpin.cpuset
        if cpuset and (emulator is None or cpuset !=
                       hardware.parse_cpu_spec(emulator.get('cpuset'))):
            guest.pin_emulator(cpuset, persistent)


def update_pins(root, tune):
    """Update the pins in the description of a guest.

    :param root: Its domain element
    :param tune: A LibvirtConfigGuestCPUTune with all pins
    """
    for pin in tune.vcpupin:
        element = root.find('./cputune/vcpupin[@vcpu="%d"]' % pin.id)
        if element is not None:
            element.set('cpuset', hardware.format_cpu_spec(pin.cpuset))
    element = root.find('./cputune/emulatorpin')
    if element is not None and tune.emulatorpin and tune.emulatorpin.cpuset:
        element.set('cpuset', hardware.format_cpu_spec(
            tune.emulatorpin.cpuset))
