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

"""What an elastic flavor sets: its minimum and its maximum."""

import typing as ty

MINIMUM_CPU = 'minimum_cpu'
MINIMUM_MEMORY = 'minimum_memory'

# The extra specs that set a minimum, by the field of a size. Each has a second
# name, which some dashboards use.
MINIMUM_NAMES = {'vcpus': (MINIMUM_CPU, 'hw:cpu_min'),
                 'memory_mb': (MINIMUM_MEMORY, 'hw:mem_min')}

EXTRA_SPECS = tuple(name for names in MINIMUM_NAMES.values() for name in names)

# Elastic servers run only on computes that report this trait.
TRAIT = 'CUSTOM_XLOUD_ELASTIC'

# Servers that move in order to grow go only to computes that report this one
# as well.
MOVE_TRAIT = 'CUSTOM_XLOUD_GROW_BY_MOVE'

# Servers whose dedicated CPUs follow their size run only on computes that
# report this one as well: those of before pin all CPUs of the maximum.
PINS_TRAIT = 'CUSTOM_XLOUD_ELASTIC_PINS'

_PINNING_POLICIES = ('dedicated', 'mixed')


class Size(ty.NamedTuple):
    """vCPUs and memory, under the names that a server has for them."""

    vcpus: int
    memory_mb: int


def elementwise_max(one, other):
    """Return the smallest size that covers both of these."""
    return Size(*map(max, one, other))


def get_extra_specs(flavor):
    """Return the extra specs of a Flavor object or of a dict."""
    return flavor.get('extra_specs', {}) or {}


def _minimum_of(flavor, field):
    """Return the minimum of a resource, or None if it has no valid one."""
    specs = get_extra_specs(flavor)
    try:
        # Two names that set different minimums set none.
        value, = {int(str(specs[name])) for name in MINIMUM_NAMES[field]
                  if name in specs}
    except ValueError:
        return None
    return value if 1 <= value <= flavor[field] else None


def maximum(flavor):
    """Return the most that a server of this flavor can have."""
    return Size(flavor['vcpus'], flavor['memory_mb'])


def minimum(flavor):
    """Return the least that a server of this flavor can have.

    A new server boots with that.
    """
    return Size(*(_minimum_of(flavor, field) or flavor[field]
                  for field in Size._fields))


def elastic_resources(flavor):
    """Return the fields of a size that can be adjusted with this flavor."""
    return [field for field in Size._fields
            if _minimum_of(flavor, field) is not None]


def is_elastic(flavor):
    """Return whether the flavor sets a minimum for any resource."""
    return bool(elastic_resources(flavor))


def pins_cpus(flavor, image_policy=None):
    """Return whether servers of this flavor have dedicated CPUs.

    :param image_policy: The CPU policy that the image sets, if any
    """
    specs = get_extra_specs(flavor)
    return (specs.get('hw:cpu_policy') in _PINNING_POLICIES or
            image_policy in _PINNING_POLICIES)


def flavor_at_size(flavor, size):
    """Return a copy of a flavor whose minimum is this size.

    A request for an existing server has such a flavor, so that it requests
    what the server has.
    """
    if not is_elastic(flavor):
        return flavor
    specs = {name: value for name, value in get_extra_specs(flavor).items()
             if not is_elastic_extra_spec(name)}
    for field in elastic_resources(flavor):
        specs[MINIMUM_NAMES[field][0]] = str(getattr(size, field))
    flavor = flavor.obj_clone()
    flavor.extra_specs = specs
    return flavor


def is_elastic_extra_spec(name):
    """Return whether an extra spec is one that makes a flavor elastic."""
    return name in EXTRA_SPECS
