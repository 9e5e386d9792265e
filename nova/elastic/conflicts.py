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

"""What a flavor cannot have if its servers are elastic."""

import re

import os_resource_classes as orc
from oslo_utils import strutils

from nova.elastic import flavor as flavors
from nova.elastic import memory
from nova.elastic import pinning
from nova import exception
from nova.i18n import _
from nova.network import model as network_model
from nova.objects import fields

# Of the architectures that a host can emulate, those whose guests can plug and
# unplug vCPUs. Without emulation the hosts report whether theirs can.
_ARCHITECTURES = (None, fields.Architecture.X86_64, fields.Architecture.I686)

_RESOURCE = re.compile(r'resources(?:[a-zA-Z0-9_-]{1,64})?:(.+)')


def conflict(flavor, image_meta=None, pci_requests=None, networks=None):
    """Return why servers of this flavor cannot be elastic.

    :param flavor: A Flavor object or dict with its extra specs.
    :param image_meta: The ImageMeta the server is to boot from, if known.
    :param pci_requests: The InstancePCIRequests of the server, if known.
    :param networks: The NetworkRequestList of the server, if known.
    :returns: One sentence, or None if nothing is wrong.
    """
    specs = flavors.get_extra_specs(flavor)
    names = {}
    for field, unit in (('vcpus', 'vCPUs'), ('memory_mb', 'MiB')):
        names[field] = [name for name in flavors.MINIMUM_NAMES[field]
                        if name in specs]
        sentence = _bad_minimum(specs, names[field], flavor[field], unit)
        if sentence:
            return sentence

    architecture = image_meta and image_meta.properties.get(
        'hw_emulation_architecture')
    if any(names.values()) and architecture not in _ARCHITECTURES:
        return _("%(name)s cannot be used with hw_emulation_architecture "
                 "%(architecture)s.") % {
                     'name': (names['vcpus'] + names['memory_mb'])[0],
                     'architecture': architecture}

    sentence = memory.virtio_mem_conflict(flavor, image_meta)
    if sentence:
        return sentence

    resources = {
        match.group(1) for match in map(_RESOURCE.fullmatch, specs) if match}
    for field, other in (('vcpus', orc.VCPU), ('vcpus', orc.PCPU),
                         ('memory_mb', orc.MEMORY_MB)):
        if names[field] and other in resources:
            return _("%(name)s cannot be used with resources:%(other)s, which "
                     "fixes what is allocated.") % {
                         'name': names[field][0], 'other': other}
    if names['vcpus']:
        sentence = pinning.pinning_conflict(
            flavor, image_meta, names['vcpus'][0])
        if sentence:
            return sentence
    if not names['memory_mb']:
        return None
    cause = _what_pins_memory(
        flavor, resources, image_meta, pci_requests, networks)
    return cause and pinned_memory(cause, names['memory_mb'][0])


def check(flavor, image_meta=None, pci_requests=None, networks=None):
    """Refuse a flavor whose servers cannot be elastic.

    :raises: InvalidRequest with the sentence that ``conflict`` returns.
    """
    reason = conflict(flavor, image_meta, pci_requests, networks)
    if reason:
        raise exception.InvalidRequest(reason)


def pinned_memory(cause, name=flavors.MINIMUM_MEMORY):
    """Return why memory that is pinned cannot be elastic.

    :param cause: The extra spec, image property or device that pins it
    :param name: The extra spec that makes the memory elastic
    """
    return _("%(name)s cannot be used with %(cause)s, which pins the memory "
             "of the guest.") % {'name': name, 'cause': cause}


def port_conflict(flavor, vnic_type):
    """Return why a port cannot be attached to a server of this flavor.

    :returns: One sentence, or None if it can be.
    """
    if (vnic_type in network_model.VNIC_TYPES_SRIOV and
            'memory_mb' in flavors.elastic_resources(flavor) and
            not memory.uses_virtio_mem(flavor)):
        return _("A port of type %s cannot be attached to a server with "
                 "elastic memory, since it pins the memory of the "
                 "guest.") % vnic_type


def _bad_minimum(specs, names, maximum, unit):
    values = set()
    for name in names:
        try:
            # In the database every value is a string.
            value = int(str(specs[name]))
        except ValueError:
            return _("%(name)s must be an integer, not '%(value)s'.") % {
                'name': name, 'value': specs[name]}
        if value < 1:
            return _("%(name)s must be at least 1, not %(value)d.") % {
                'name': name, 'value': value}
        if value > maximum:
            return _("%(name)s is %(value)d, but the flavor has only "
                     "%(maximum)d %(unit)s.") % {
                         'name': name, 'value': value,
                         'maximum': maximum, 'unit': unit}
        values.add(value)
    if len(values) > 1:
        return _("%(name)s and %(other)s set different minimums.") % {
            'name': names[0], 'other': names[1]}


def _what_pins_memory(flavor, resources, image_meta, pci_requests, networks):
    """Return the extra spec, image property or device that pins memory.

    What virtio-mem plugs is pinned and unpinned block by block.
    """
    specs = flavors.get_extra_specs(flavor)
    properties = image_meta.properties if image_meta else {}
    is_virtio_mem = memory.uses_virtio_mem(flavor)

    # nova.virt.hardware takes "any" for "small" if memory is elastic.
    if (specs.get('hw:mem_page_size', 'any') not in ('small', 'any') and
            not is_virtio_mem):
        return 'hw:mem_page_size'
    # The size of its blocks depends on that of the pages, so with virtio-mem
    # the flavor has to name it.
    if properties.get('hw_mem_page_size', 'any') not in ('small', 'any'):
        return 'hw_mem_page_size'

    for name in ('locked_memory', 'mem_encryption'):
        for source, key in ((specs, 'hw:' + name), (properties, 'hw_' + name)):
            if strutils.bool_from_string(source.get(key)):
                return key

    if strutils.bool_from_string(specs.get('hw:cpu_realtime')):
        return 'hw:cpu_realtime'

    for key in ('accel:device_profile', 'hw:pmem'):
        if specs.get(key):
            return key

    for name in sorted(resources):
        if name in (orc.VGPU, orc.MEM_ENCRYPTION_CONTEXT):
            return 'resources:' + name
        if name.startswith('CUSTOM_PMEM_NAMESPACE_'):
            return 'resources:' + name

    if any(network.device_profile for network in networks or ()):
        return _('a port with a device profile')

    if is_virtio_mem:
        return None
    if specs.get('pci_passthrough:alias'):
        return 'pci_passthrough:alias'
    if orc.PCI_DEVICE in resources:
        return 'resources:' + orc.PCI_DEVICE
    if pci_requests and pci_requests.requests:
        return _('PCI passthrough')
