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

"""What the image of an elastic server says about its guest."""

from oslo_utils import strutils

from nova.elastic import flavor as flavors
from nova.elastic import memory
from nova import exception
from nova.i18n import _

VIRTIO_MEM_PROPERTY = 'hw_mem_hotplug_virtio'


def with_memory_means(flavor, image_properties, default):
    """Return a flavor as a server gets it, with its means of memory.

    The flavor decides, else the image, else the configuration.

    :param flavor: The Flavor that was chosen for the server
    :param image_properties: A dict of the properties of the image
    :param default: What ``[xloud] memory_means`` says
    """
    specs = flavors.get_extra_specs(flavor)
    if (memory.VIRTIO_MEM_EXTRA_SPEC in specs or
            'memory_mb' not in flavors.elastic_resources(flavor) or
            flavors.minimum(flavor).memory_mb == flavor.memory_mb):
        return flavor
    if not strutils.bool_from_string(
            image_properties.get(VIRTIO_MEM_PROPERTY),
            default=default == memory.VIRTIO_MEM):
        return flavor
    flavor = flavor.obj_clone()
    flavor.extra_specs = dict(specs, **{memory.VIRTIO_MEM_EXTRA_SPEC: 'true'})
    return flavor


def check_image(flavor, image_properties):
    """Refuse an image that says that its guests cannot have virtio-mem.

    :raises: InvalidRequest
    """
    if memory.uses_virtio_mem(flavor) and not strutils.bool_from_string(
            image_properties.get(VIRTIO_MEM_PROPERTY), default=True):
        raise exception.InvalidRequest(
            _("%(spec)s cannot be used with an image whose %(name)s is "
              "false.") % {'spec': memory.VIRTIO_MEM_EXTRA_SPEC,
                           'name': VIRTIO_MEM_PROPERTY})
