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

"""Validators for the extra specs that make a flavor elastic."""

from nova.api.validation.extra_specs import base


_CPU = (
    'The number of vCPUs with which a server of this flavor boots. While it '
    "runs, it can grow up to the flavor's number of vCPUs and shrink back to "
    'this minimum. Without this extra spec the number of vCPUs is fixed.'
)
_MEMORY = (
    'The memory with which a server of this flavor boots, in MiB. While it '
    "runs, it can grow up to the flavor's memory and shrink to this minimum. "
    'Without this extra spec the memory is fixed. It cannot be combined with '
    'anything that pins the memory of the guest, such as locked memory, '
    'memory encryption, virtual GPUs or persistent memory, and only with '
    '``hw:mem_hotplug_virtio`` with explicit huge pages or PCI passthrough.'
)
_VIRTIO_MEM = (
    'Whether the memory of a server of this flavor is adjusted by virtio-mem '
    'instead of a balloon. Its guest then boots with ``minimum_memory``, and '
    'a device plugs what it has beyond that: it can use no more, unless its '
    'kernel is hostile. It needs a driver for virtio-mem, as in Linux 5.8 or '
    'later. The memory of the flavor can be at most 16 times '
    'its minimum and must differ from it by a multiple of 2 MiB, or of the '
    'size of its huge pages. Without this extra spec the image properties '
    '``hw_mem_hotplug_virtio`` and ``os_elastic_memory`` decide, and else '
    '``[xloud] memory_means``.'
)
_WHEN_FULL = (
    'What becomes of a request to adjust a server of this flavor if its host '
    'does not have enough capacity and the request does not say: ``refuse`` '
    'it, let it ``wait`` until the host has the capacity, or ``move`` the '
    'server to a host that has it by live migration. Without this extra spec '
    '``[xloud] when_full`` decides.'
)
_MOVABLE = (
    'Whether a server of this flavor may be live migrated so that another '
    'server on its host can grow, as ``[xloud] max_moves`` allows.'
)
_PRIORITY = (
    'The priority of servers of this flavor among those that wait for '
    'capacity on a host. Without this extra spec it is 0.'
)
_OTHER_NAME = '``%s`` is another name of this extra spec.'
_CPU_VALUE = 'A number of vCPUs, not above the vCPUs of the flavor.'
_MEMORY_VALUE = (
    'An amount of memory in MiB, not above the memory of the flavor.'
)

EXTRA_SPEC_VALIDATORS = [
    base.ExtraSpecValidator(
        name=name,
        description='%s %s' % (description, _OTHER_NAME % other),
        value={'type': int, 'min': 1, 'description': value},
    )
    for name, other, description, value in (
        ('minimum_cpu', 'hw:cpu_min', _CPU, _CPU_VALUE),
        ('hw:cpu_min', 'minimum_cpu', _CPU, _CPU_VALUE),
        ('minimum_memory', 'hw:mem_min', _MEMORY, _MEMORY_VALUE),
        ('hw:mem_min', 'minimum_memory', _MEMORY, _MEMORY_VALUE),
    )
] + [
    base.ExtraSpecValidator(
        name='hw:mem_hotplug_virtio',
        description=_VIRTIO_MEM,
        value={'type': bool,
               'description': 'Whether the memory is adjusted by virtio-mem.'},
    ),
    base.ExtraSpecValidator(
        name='xloud:when_full',
        description=_WHEN_FULL,
        value={'type': str, 'enum': ['refuse', 'wait', 'move'],
               'description': 'What to do if the host is full.'},
    ),
    base.ExtraSpecValidator(
        name='xloud:movable',
        description=_MOVABLE,
        value={'type': bool,
               'description': 'Whether it may be moved for others.'},
    ),
    base.ExtraSpecValidator(
        name='xloud:priority',
        description=_PRIORITY,
        value={'type': int, 'min': 0, 'max': 1000,
               'description': 'The priority; higher ones come first.'},
    ),
]


def register():
    return EXTRA_SPEC_VALIDATORS
