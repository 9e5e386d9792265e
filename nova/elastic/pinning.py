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

"""Which host CPUs the vCPUs of an elastic server have of their own.

Dedicated vCPUs follow the size: those with the lowest IDs, as many as the size
has, own one host CPU each. The others are unplugged, but they are part of the
guest and have to be somewhere: they share the host CPUs that the server owns
in their cell, so they never are on a CPU of another server.

A record of a topology has both, and says nothing else. So what a server owns
is what its first vCPUs have, and any Nova that reads the record finds exactly
that pinned, and a place for each vCPU.
"""

import itertools
import typing as ty

import os_resource_classes as orc

from nova.elastic import flavor as flavors
from nova.i18n import _
from nova.objects import fields

_PINNING_POLICIES = (fields.CPUAllocationPolicy.DEDICATED,
                     fields.CPUAllocationPolicy.MIXED)


def _get_property(image_meta, name):
    return image_meta.properties.get(name) if image_meta else None


def cpu_policy(flavor, image_meta=None):
    """Return the CPU policy that a flavor or else the image sets, or None."""
    return (flavors.get_extra_specs(flavor).get('hw:cpu_policy') or
            _get_property(image_meta, 'hw_cpu_policy'))


def parse_cpus(spec, count):
    """Return the vCPUs that a list such as "0-3,^2" names.

    :param count: How many there are: a list of exclusions excludes from these
    """
    chosen, excluded = set(), set()
    tokens = [token.strip() for token in spec.split(',') if token.strip()]
    for token in tokens:
        first, _dash, last = token.lstrip('^').partition('-')
        cpus = range(int(first), int(last or first) + 1)
        (excluded if token.startswith('^') else chosen).update(cpus)
    if tokens and tokens[0].startswith('^'):
        chosen.update(range(count))
    return chosen - excluded


def dedicated_vcpus(flavor, image_meta=None):
    """Return the vCPUs that are dedicated if a server has its maximum.

    Of a size those count that are among its first vCPUs.
    """
    policy = cpu_policy(flavor, image_meta)
    vcpus = set(range(flavor['vcpus']))
    if policy == fields.CPUAllocationPolicy.DEDICATED:
        return vcpus
    mask = flavors.get_extra_specs(flavor).get('hw:cpu_dedicated_mask')
    if policy == fields.CPUAllocationPolicy.MIXED and mask:
        return parse_cpus(mask, len(vcpus)) & vcpus
    return set()


def quota_flavor(flavor, image_meta=None):
    """Return the plain flavor that quota uses in place of an elastic one.

    :param flavor: The flavor of a new server, or what ``flavor_at_size``
        returns for an existing one
    :param image_meta: The ImageMeta of the server, if known
    """
    if not flavors.is_elastic(flavor):
        return flavor
    size = flavors.minimum(flavor)
    dedicated = len([vcpu for vcpu in dedicated_vcpus(flavor, image_meta)
                     if vcpu < size.vcpus])
    flavor = flavors.flavor_at_size(flavor, size)
    flavor.vcpus, flavor.memory_mb = size
    if cpu_policy(flavor, image_meta) in _PINNING_POLICIES:
        # A mask is for the maximum, and an image is not in the flavor.
        specs = flavor.extra_specs
        emulator = specs.pop('hw:emulator_threads_policy', None)
        for name in ('hw:cpu_policy', 'hw:cpu_dedicated_mask',
                     'hw:cpu_thread_policy'):
            specs.pop(name, None)
        specs['resources:' + orc.PCPU] = str(
            dedicated + (emulator == 'isolate'))
        specs['resources:' + orc.VCPU] = str(size.vcpus - dedicated)
    return flavor


def _get_cells(flavor, image_meta):
    """Return the vCPUs of each NUMA node that the guest has at its maximum.

    What is wrong with them is for Nova to say.
    """
    specs = flavors.get_extra_specs(flavor)
    nodes = int(specs.get('hw:numa_nodes') or
                _get_property(image_meta, 'hw_numa_nodes') or 1)
    listed = _get_property(image_meta, 'hw_numa_cpus')
    if 'hw:numa_cpus.0' in specs:
        listed = [parse_cpus(specs.get('hw:numa_cpus.%d' % node, ''), 0)
                  for node in range(nodes)]
    if listed:
        return listed
    count = flavor['vcpus'] // nodes
    return [set(range(node * count, (node + 1) * count))
            for node in range(nodes)]


def pinning_conflict(flavor, image_meta, name):
    """Return why the dedicated CPUs of a server cannot follow its size.

    :param name: The extra spec that makes its vCPUs elastic
    :returns: One sentence, or None if they can
    """
    specs = flavors.get_extra_specs(flavor)
    policy = cpu_policy(flavor, image_meta)
    if policy not in _PINNING_POLICIES:
        return None
    if str(specs.get('hw:cpu_realtime')).lower() in (
            '1', 't', 'true', 'on', 'y', 'yes'):
        return _("%(name)s cannot be used with hw:cpu_realtime, whose CPUs "
                 "are set up when the guest starts.") % {'name': name}
    for key, value, setting in (
            ('hw:cpu_thread_policy', specs.get('hw:cpu_thread_policy'),
             'require'),
            ('hw_cpu_thread_policy',
             _get_property(image_meta, 'hw_cpu_thread_policy'), 'require'),
            ('trait:HW_CPU_HYPERTHREADING',
             specs.get('trait:HW_CPU_HYPERTHREADING'), 'required')):
        if value == setting:
            return _("%(name)s cannot be used with %(key)s=%(value)s, since "
                     "vCPUs are added one at a time.") % {
                         'name': name, 'key': key, 'value': value}
    try:
        return _cells_conflict(flavor, image_meta, name, policy)
    except (ValueError, ZeroDivisionError):
        return None


def _cells_conflict(flavor, image_meta, name, policy):
    specs = flavors.get_extra_specs(flavor)
    minimum = flavors.minimum(flavor).vcpus
    dedicated = dedicated_vcpus(flavor, image_meta)
    # Whole cores, and those of the emulator, go to a cell with vCPUs that own
    # CPUs there.
    is_isolated = 'isolate' in (
        specs.get('hw:cpu_thread_policy'),
        _get_property(image_meta, 'hw_cpu_thread_policy'),
        specs.get('hw:emulator_threads_policy'))
    for node, cpus in enumerate(_get_cells(flavor, image_meta)):
        if cpus and min(cpus) >= minimum:
            return _("%(name)s is %(minimum)d, but with hw:cpu_policy="
                     "%(policy)s each NUMA node needs a vCPU at the minimum, "
                     "and node %(node)d begins with vCPU %(first)d.") % {
                         'name': name, 'minimum': minimum, 'policy': policy,
                         'node': node, 'first': min(cpus)}
        owned = cpus & dedicated
        if is_isolated and owned and min(owned) >= minimum:
            return _("%(name)s is %(minimum)d, but with isolated threads each "
                     "NUMA node needs a dedicated CPU at the minimum, and the "
                     "first of node %(node)d is that of vCPU %(first)d.") % {
                         'name': name, 'minimum': minimum,
                         'node': node, 'first': min(owned)}


# Topologies


def has_pins(topology):
    """Return whether a topology has dedicated CPUs."""
    return bool(topology) and any(
        cell.cpu_policy in _PINNING_POLICIES for cell in topology.cells)


def owned_pins(cell, vcpus):
    """Return the host CPU that each dedicated vCPU of a size owns.

    :param cell: An InstanceNUMACell
    :param vcpus: How many vCPUs the size has
    :returns: A dict. It lacks a vCPU without a host CPU of its own.
    """
    owned: ty.Dict[int, int] = {}
    for vcpu, cpu in sorted((cell.cpu_pinning or {}).items()):
        if vcpu < vcpus and cpu not in owned.values():
            owned[vcpu] = cpu
    return owned


def kept_pins(cell, vcpus):
    """Return what each dedicated vCPU owns that keeps its host CPU.

    That of the first vCPU stays if nothing else is left in the cell, since the
    unplugged vCPUs have to be somewhere. Flavors for which it would be so are
    refused, but a server may be older than that.
    """
    owned = owned_pins(cell, vcpus)
    if owned or cell.cpuset or not cell.pcpuset:
        return owned
    return owned_pins(cell, min(cell.pcpuset) + 1)


def lacking_pins(cell, vcpus):
    """Return the dedicated vCPUs of a size that own no host CPU."""
    return {vcpu for vcpu in cell.pcpuset
            if vcpu < vcpus} - owned_pins(cell, vcpus).keys()


def lacks_pins(topology, vcpus):
    """Return whether a dedicated vCPU of a size owns no host CPU."""
    return has_pins(topology) and any(
        lacking_pins(cell, vcpus) for cell in topology.cells)


def set_pins(cell, owned):
    """Let some vCPUs of a cell own host CPUs, and the others share these."""
    pins = dict(owned)
    shared = [cpu for _vcpu, cpu in sorted(owned.items())]
    if shared:
        pins.update(zip(sorted(cell.pcpuset - owned.keys()),
                        itertools.cycle(shared)))
    cell.cpu_pinning = pins


def topology_with_pins(topology, vcpus):
    """Return a topology in which only the vCPUs of a size own host CPUs.

    :param topology: The InstanceNUMATopology of a server, or None
    :param vcpus: How many vCPUs the size has
    :returns: A topology; the same one if nothing has to change
    """
    if not has_pins(topology):
        return topology
    changed = topology.obj_clone()
    for cell in changed.cells:
        if cell.cpu_pinning:
            set_pins(cell, kept_pins(cell, vcpus))
    is_same = all(old.cpu_pinning == new.cpu_pinning for old, new in zip(
        topology.cells, changed.cells))
    return topology if is_same else changed


# Placement


def match_classes(resources, held):
    """Return resources in the classes that a host has.

    One that still has vcpu_pin_set has no PCPU, and dedicated CPUs are VCPUs
    there.

    :param resources: A dict of resource class to amount
    :param held: The resource classes that the server has or could have there
    """
    if not resources.get(orc.PCPU) or resources.get(orc.VCPU) or (
            orc.PCPU in held or orc.VCPU not in held):
        return resources
    resources = dict(resources)
    resources[orc.VCPU] = resources.pop(orc.PCPU)
    return resources
