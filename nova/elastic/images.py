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

"""What the image of an elastic server declares about its guest.

An image can declare how the vCPUs and the memory of its guests can change
while they run. What it does not declare is not restricted. A server keeps the
properties of its image in its system metadata, and its snapshots have them. A
rebuild replaces them.
"""

from oslo_utils import strutils

from nova.elastic import flavor as flavors
from nova.elastic import memory
from nova import exception
from nova.i18n import _

VCPUS_PROPERTY = 'os_elastic_vcpus'
MEMORY_PROPERTY = 'os_elastic_memory'

# The properties by the field of a size that they are about.
IMAGE_PROPERTIES = {'vcpus': VCPUS_PROPERTY, 'memory_mb': MEMORY_PROPERTY}

VIRTIO_MEM_PROPERTY = 'hw_mem_hotplug_virtio'

# Guests with GROW do not give back vCPUs.
YES, GROW, NO = 'yes', 'grow', 'no'

_VALUES = {
    VCPUS_PROPERTY: (YES, GROW, NO),
    MEMORY_PROPERTY: (
        memory.BALLOON, memory.VIRTIO_MEM,
        '%s,%s' % (memory.BALLOON, memory.VIRTIO_MEM), NO),
}


def _declared(image_properties, name):
    """Return the valid value that a property of an image has, or None."""
    value = image_properties.get(name)
    if value is None:
        return None
    # A list of means may be in any order.
    words = sorted(word.strip() for word in str(value).lower().split(','))
    value = ','.join(words)
    return value if value in _VALUES[name] else None


def _allows_means(declared, means):
    return declared is None or means in declared.split(',')


def with_memory_means(flavor, image_properties, default):
    """Return a flavor as a server gets it, with its means of memory.

    The flavor decides, else the image, else the configuration.

    :param flavor: The Flavor that was chosen for the server
    :param image_properties: A dict of the properties of the image
    :param default: What ``[xloud] memory_means`` says
    """
    specs = flavors.get_extra_specs(flavor)
    if (memory.VIRTIO_MEM_EXTRA_SPEC in specs or
            flavors.minimum(flavor).memory_mb == flavor.memory_mb):
        return flavor
    declared = _declared(image_properties, MEMORY_PROPERTY)
    if declared in (memory.BALLOON, memory.VIRTIO_MEM):
        default = declared
    if not strutils.bool_from_string(
            image_properties.get(VIRTIO_MEM_PROPERTY),
            default=default == memory.VIRTIO_MEM):
        return flavor
    flavor = flavor.obj_clone()
    flavor.extra_specs = dict(specs, **{memory.VIRTIO_MEM_EXTRA_SPEC: 'true'})
    return flavor


def check_image(flavor, image_properties):
    """Refuse an image whose guests cannot be elastic as the flavor has it.

    :param flavor: The flavor of a server, with its means of memory
    :raises: InvalidRequest
    """
    reason = _image_conflict(flavor, image_properties)
    if reason:
        raise exception.InvalidRequest(reason)


def _image_conflict(flavor, image_properties):
    if not flavors.is_elastic(flavor):
        return None
    for name, allowed in _VALUES.items():
        if (image_properties.get(name) is not None and
                not _declared(image_properties, name)):
            return _("The image property %(name)s is '%(value)s'. It can be: "
                     "%(allowed)s.") % {
                         'name': name, 'value': image_properties[name],
                         'allowed': ' | '.join(allowed)}

    minimum, maximum = flavors.minimum(flavor), flavors.maximum(flavor)
    vcpus, means = (_declared(image_properties, name)
                    for name in (VCPUS_PROPERTY, MEMORY_PROPERTY))
    if vcpus == NO and minimum.vcpus < maximum.vcpus:
        return _("%(spec)s cannot be used with an image whose %(name)s is "
                 "no.") % {'spec': flavors.MINIMUM_CPU,
                           'name': VCPUS_PROPERTY}
    if minimum.memory_mb < maximum.memory_mb:
        if means == NO:
            return _("%(spec)s cannot be used with an image whose %(name)s is "
                     "no.") % {'spec': flavors.MINIMUM_MEMORY,
                               'name': MEMORY_PROPERTY}
        if not _allows_means(means, memory.get_means(flavor)):
            return _("Elastic memory by %(means)s cannot be used with an "
                     "image whose %(name)s is %(value)s.") % {
                         'means': memory.get_means(flavor),
                         'name': MEMORY_PROPERTY, 'value': means}
    if memory.uses_virtio_mem(flavor) and not strutils.bool_from_string(
            image_properties.get(VIRTIO_MEM_PROPERTY), default=True):
        return _("%(spec)s cannot be used with an image whose %(name)s is "
                 "false.") % {'spec': memory.VIRTIO_MEM_EXTRA_SPEC,
                              'name': VIRTIO_MEM_PROPERTY}


def check_change(instance, live, request):
    """Refuse to change a guest as its image declares that it cannot.

    :param live: The Size that the guest has
    :param request: A Request
    :raises: ServerAdjustConflict
    """
    vcpus, means = (
        _declared({name: instance.system_metadata.get('image_' + name)}, name)
        for name in (VCPUS_PROPERTY, MEMORY_PROPERTY))
    requested = request.size
    if requested.vcpus not in (None, live.vcpus):
        if vcpus == NO:
            raise exception.ServerAdjustVCPUsFixedByImage()
        # At the end of a limited time it would have to give them back.
        if vcpus == GROW and (requested.vcpus < live.vcpus or
                              request.for_seconds is not None):
            raise exception.ServerAdjustVCPUsOnlyGrow()
    if requested.memory_mb not in (None, live.memory_mb) and not _allows_means(
            means, memory.get_means(instance.flavor)):
        raise exception.ServerAdjustMemoryFixedByImage()
