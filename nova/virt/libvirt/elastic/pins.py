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

from nova import elastic
from nova import exception
from nova.virt import hardware
from nova.virt.libvirt.elastic import common


def set_pins(guest, instance, tune, persistent=False):
    """Pin what is not pinned so yet.

    libvirt keeps for a vCPU that is not plugged where it is to be.

    :param guest: The nova.virt.libvirt.guest.Guest
    :param instance: The nova.objects.Instance it is of
    :param tune: A LibvirtConfigGuestCPUTune with all pins
    :param persistent: Whether that is for its next start alone
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


class PinnedGuests(object):
    """What a driver of libvirt has to pin its guests.

    It has the host, its CPUs, and what makes pins of a topology.
    """

    def _get_pins(self, instance, topology):
        """Return where the threads of a guest are pinned by a topology.

        :returns: A LibvirtConfigGuestCPUTune, or None if that is fixed
        """
        if not (self._supports_elastic() and elastic.has_pins(topology)):
            return None
        return self._get_guest_numa_config(
            topology, instance.flavor, instance.image_meta).cputune

    def _get_start_pins(self, instance, topology=None):
        """Return where they are pinned when the guest is started."""
        if not elastic.pins_vcpus(instance):
            return None
        return self._get_pins(instance, elastic.topology_with_pins(
            topology or instance.numa_topology,
            elastic.start_size(instance).vcpus))

    def _set_start_pins(self, guest, instance):
        """Pin the vCPUs with which a guest starts as those of its start size.

        :param guest: The LibvirtConfigGuest, pinned for its size
        """
        tune = self._get_start_pins(instance)
        if tune is not None:
            guest.cputune.vcpupin = tune.vcpupin
            guest.cputune.emulatorpin = tune.emulatorpin

    def _update_start_pins(self, root, instance):
        """Do the same in a description of the guest."""
        tune = self._get_start_pins(instance)
        if tune is not None:
            update_pins(root, tune)

    def _write_start_pins(self, guest, instance, topology=None):
        """Do the same in the definition of the guest."""
        tune = self._get_start_pins(instance, topology)
        if tune is not None and guest.has_persistent_configuration():
            set_pins(guest, instance, tune, persistent=True)

    def _pin_guest(self, instance, topology):
        """Pin a guest, and power its host CPUs, as set_pins of a driver says.
        """
        tune = self._get_pins(instance, topology)
        if tune is None:
            return
        try:
            guest = self._host.get_guest(instance)
        except exception.InstanceNotFound:
            guest = None
        if guest and guest.is_active():
            self.cpu_api.power_up(
                topology.cpu_pinning | topology.cpuset_reserved)
            set_pins(guest, instance, tune)
        if guest:
            self._write_start_pins(guest, instance, topology)
        self.cpu_api.power_down_released(
            instance.numa_topology.cpu_pinning - topology.cpu_pinning)
