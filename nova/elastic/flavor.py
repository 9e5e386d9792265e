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

"""What an elastic flavor says: its minimum and its maximum."""

import typing as ty

MINIMUM_CPU = 'minimum_cpu'
MINIMUM_MEMORY = 'minimum_memory'

# What a compute must report before it is given an elastic server.
TRAIT = 'CUSTOM_XLOUD_ELASTIC'


class Size(ty.NamedTuple):
    """What a server is accounted for, under the names Nova has for it."""

    vcpus: int
    memory_mb: int


def elementwise_max(one, other):
    """Return the smallest size that covers both of these."""
    return Size(*map(max, one, other))


def get_extra_specs(flavor):
    """Return the extra specs of a Flavor object or of a dict."""
    return flavor.get('extra_specs', {}) or {}


def _limit(flavor, name, most):
    """The minimum a flavor asks for, or None if it is not a usable one."""
    try:
        value = int(str(get_extra_specs(flavor)[name]))
        return value if 1 <= value <= most else None
    except (KeyError, ValueError):
        return None


def maximum(flavor):
    """The most that a server of this flavor can have."""
    return Size(flavor['vcpus'], flavor['memory_mb'])


def minimum(flavor):
    """What a new server of this flavor boots with."""
    most = maximum(flavor)
    return Size(_limit(flavor, MINIMUM_CPU, most.vcpus) or most.vcpus,
                _limit(flavor, MINIMUM_MEMORY, most.memory_mb) or
                most.memory_mb)


def elastic_resources(flavor):
    """Which fields of its size a server of this flavor can change."""
    specs = get_extra_specs(flavor)
    return [
        field for field, name in (('vcpus', MINIMUM_CPU),
                                  ('memory_mb', MINIMUM_MEMORY))
        if name in specs and _limit(flavor, name, flavor[field]) is not None]


def is_elastic(flavor):
    """Whether the flavor names a minimum for anything."""
    return bool(elastic_resources(flavor))


def flavor_at_size(flavor, size):
    """Return the flavor as a request for an existing server has it.

    It is a copy whose minimum is what the server has, so that the request
    asks for that.
    """
    if not is_elastic(flavor):
        return flavor
    specs = dict(get_extra_specs(flavor))
    for field, name in (('vcpus', MINIMUM_CPU), ('memory_mb', MINIMUM_MEMORY)):
        if field in elastic_resources(flavor):
            specs[name] = str(getattr(size, field))
    flavor = flavor.obj_clone()
    flavor.extra_specs = specs
    return flavor


def quota_flavor(flavor, size=None):
    """Return the flavor as quota and usage count it: at a size.

    :param size: The size of an existing server; without it, that of a new
        one.
    """
    if not is_elastic(flavor):
        return flavor
    size = size or minimum(flavor)
    flavor = flavor.obj_clone()
    flavor.vcpus, flavor.memory_mb = size
    return flavor


def shared_vcpus(vcpus, pinned):
    """How many of a server's first vCPUs are not among the pinned ones."""
    return len(set(range(vcpus)) - set(pinned))


def is_elastic_extra_spec(name):
    """Whether an extra spec is one of those that make a flavor elastic."""
    return name in (MINIMUM_CPU, MINIMUM_MEMORY)
