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

"""Flavors and servers for the tables of the tests beside this."""

from nova import elastic
from nova import objects

BOTH = {'minimum_cpu': '1', 'minimum_memory': '1024'}
CPU = {'minimum_cpu': '1'}
MEMORY = {'minimum_memory': '1024'}


def flavor(specs=None, **kwargs):
    """Return a flavor of 4 vCPUs and 4096 MiB.

    :param specs: Its extra specs, which are not set if this is None
    """
    flavor = objects.Flavor(**{
        'id': 1, 'flavorid': 'big', 'vcpus': 4, 'memory_mb': 4096, **kwargs})
    if specs is not None:
        flavor.extra_specs = specs
    return flavor


def instance(size=(4, 4096), start=None, specs=None, **system_metadata):
    """Return a server of this size and start size.

    :param specs: The extra specs of its flavor; without this, both of its
        resources have a minimum
    """
    instance = objects.Instance(
        flavor=flavor(BOTH if specs is None else specs), old_flavor=None,
        vm_state='active', task_state=None, system_metadata=system_metadata)
    instance.vcpus, instance.memory_mb = size
    if start is not None:
        elastic.set_size(instance, elastic.Size(*size), elastic.Size(*start))
    return instance


def image(**properties):
    return objects.ImageMeta(
        properties=objects.ImageMetaProps.from_dict(properties))
