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

"""The means by which the memory of a server is adjusted.

By default that is a balloon: the guest has its maximum, and its driver gives
back what is above its size. With virtio-mem the guest has its minimum, and a
device that plugs more, block by block.

The flavor of a server says which one it has. A choice by its image or by the
configuration is made once, when it gets that flavor, and recorded there.
"""

import typing as ty

from oslo_utils import strutils
from oslo_utils import units

from nova.elastic import flavor as flavors
from nova.i18n import _

BALLOON = 'balloon'
VIRTIO_MEM = 'virtio-mem'

VIRTIO_MEM_EXTRA_SPEC = 'hw:mem_hotplug_virtio'

# What a compute must also report to be given such a server.
VIRTIO_MEM_TRAIT = 'CUSTOM_XLOUD_VIRTIO_MEM'

# The smallest block, in MiB: that of a transparent huge page on x86.
_BLOCK_MB = 2

# How many times its minimum a guest can have. The records of its pages come
# out of the memory that it boots with, 1/64 of what it gets.
_MAXIMUM_RATIO = 16

# Up to this a Linux guest uses all of it for anything; it lets its kernel have
# no more than a quarter of what can go again.
_USUAL_RATIO = 4


class VirtioMem(ty.NamedTuple):
    """The device of a guest, in MiB.

    :ivar boot_mb: What the guest has without it
    :ivar size_mb: What it can plug at most
    :ivar block_mb: What it plugs and unplugs at once
    :ivar page_kb: The size of the huge pages behind it, in KiB, or None
    """

    boot_mb: int
    size_mb: int
    block_mb: int
    page_kb: ty.Optional[int]

    def requested_mb(self, memory_mb):
        """Return how much it has to plug for a guest to have this memory."""
        blocks = -(-(memory_mb - self.boot_mb) // self.block_mb)
        return min(max(blocks * self.block_mb, 0), self.size_mb)

    def round_up(self, memory_mb):
        """Return this memory, rounded up to what a guest can have."""
        return self.boot_mb + self.requested_mb(memory_mb)

    def round_down(self, memory_mb):
        """Return what a guest can have that may have at most this."""
        maximum = self.boot_mb + self.size_mb
        if memory_mb >= maximum:
            return maximum
        return memory_mb - (memory_mb - self.boot_mb) % self.block_mb


def uses_virtio_mem(flavor):
    """Whether servers of this flavor have their memory by virtio-mem.

    This is also called with the flavors of requests, whose minimum may be
    their maximum.
    """
    return ('memory_mb' in flavors.elastic_resources(flavor) and
            strutils.bool_from_string(
                flavors.get_extra_specs(flavor).get(VIRTIO_MEM_EXTRA_SPEC)))


def get_means(flavor):
    """Return the means by which the memory of a server is adjusted."""
    return VIRTIO_MEM if uses_virtio_mem(flavor) else BALLOON


def virtio_mem(flavor):
    """Return the device of a server, or None if it has none.

    :param flavor: The flavor of the server, and not of a request for it
    """
    minimum_mb, maximum_mb = (flavors.minimum(flavor).memory_mb,
                              flavors.maximum(flavor).memory_mb)
    if minimum_mb == maximum_mb or not uses_virtio_mem(flavor):
        return None
    page_kb = _huge_page_kb(flavor)
    return VirtioMem(minimum_mb, maximum_mb - minimum_mb,
                     max(_BLOCK_MB, (page_kb or 0) // units.Ki), page_kb)


def required_traits(flavor, image_policy=None):
    """Return what a compute must report to have servers of this flavor.

    :param image_policy: The CPU policy of their image, if it has one
    """
    if not flavors.is_elastic(flavor):
        return []
    traits = [flavors.TRAIT]
    if uses_virtio_mem(flavor):
        traits.append(VIRTIO_MEM_TRAIT)
    if 'vcpus' in flavors.elastic_resources(flavor) and flavors.pins_cpus(
            flavor, image_policy):
        traits.append(flavors.PINS_TRAIT)
    return traits


def memory_warning(flavor):
    """Why guests of this flavor may not be able to use all their memory.

    :returns: One sentence, or None.
    """
    device = virtio_mem(flavor)
    if device is None or flavor['memory_mb'] <= _USUAL_RATIO * device.boot_mb:
        return None
    return _("A guest that boots with %(minimum)d MiB may not be able to use "
             "all of %(maximum)d MiB: what it is given beyond %(ratio)d times "
             "its minimum can hold nothing of its kernel.") % {
                 'minimum': device.boot_mb, 'maximum': flavor['memory_mb'],
                 'ratio': _USUAL_RATIO}


def virtio_mem_conflict(flavor, image_meta=None):
    """Why servers of this flavor cannot have virtio-mem.

    :param image_meta: The ImageMeta of the server, if known.
    :returns: One sentence, or None if they can, or are not to.
    """
    specs = flavors.get_extra_specs(flavor)
    name = VIRTIO_MEM_EXTRA_SPEC
    try:
        strutils.bool_from_string(specs.get(name), strict=name in specs)
    except ValueError:
        return _("%(name)s must be a boolean, not '%(value)s'.") % {
            'name': name, 'value': specs[name]}
    if not uses_virtio_mem(flavor):
        return None
    device = virtio_mem(flavor)
    if device is None:
        return _("%s needs a minimum below the memory of the flavor.") % name
    if flavor['memory_mb'] > _MAXIMUM_RATIO * device.boot_mb:
        return _("With %(name)s the memory of the flavor can be at most "
                 "%(ratio)d times its minimum, %(allowed)d MiB.") % {
                     'name': name, 'ratio': _MAXIMUM_RATIO,
                     'allowed': _MAXIMUM_RATIO * device.boot_mb}
    page_size = specs.get('hw:mem_page_size')
    if page_size == 'large':
        return _("%s needs a number for hw:mem_page_size, instead of "
                 "'large'.") % name
    if device.size_mb % device.block_mb:
        return _("With %(name)s the memory of the flavor and its minimum must "
                 "differ by a multiple of %(block)d MiB.") % {
                     'name': name, 'block': device.block_mb}
    properties = image_meta.properties if image_meta else {}
    for source, key in ((specs, 'hw:numa_nodes'),
                        (properties, 'hw_numa_nodes')):
        if str(source.get(key) or 1) != '1':
            return _("%(name)s cannot be used with more than one NUMA node "
                     "(%(key)s).") % {'name': name, 'key': key}


def _huge_page_kb(flavor):
    """Return the size of the huge pages that a flavor names, or None."""
    value = str(flavors.get_extra_specs(flavor).get('hw:mem_page_size'))
    try:
        size_kb = (int(value) if value.isdigit() else
                   strutils.string_to_bytes(value, return_int=True) //
                   units.Ki)
    except ValueError:
        return None
    return size_kb if size_kb >= 2 * units.Ki else None
