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

"""The size of an elastic server, its start size, and how they change."""

from nova.elastic import flavor as flavors
from nova import exception

# How far from a bound the requested memory can be, and mean the bound:
# dashboards send gigabytes, rounded.
MEMORY_TOLERANCE_MB = 8

# Keys of the instance's system metadata.
START = ('xloud_start_vcpus', 'xloud_start_memory_mb')
_EXCESS = ('xloud_excess_vcpus', 'xloud_excess_memory_mb')


def read_size(instance, keys):
    """Return a size from system metadata, or None if any of it is missing."""
    try:
        return flavors.Size(
            *(int(instance.system_metadata[key]) for key in keys))
    except (KeyError, TypeError, ValueError):
        return None


def write_size(instance, keys, value):
    for key, amount in zip(keys, value or (None, None)):
        if amount is None:
            instance.system_metadata.pop(key, None)
        else:
            instance.system_metadata[key] = str(amount)


def size(instance):
    """Return what this server is accounted for."""
    if not flavors.is_elastic(instance.flavor):
        return flavors.maximum(instance.flavor)
    return flavors.Size(instance.vcpus, instance.memory_mb)


def start_size(instance):
    """Return what this server comes back with at its next start."""
    if not flavors.is_elastic(instance.flavor):
        return flavors.maximum(instance.flavor)
    return read_size(instance, START) or size(instance)


def get_image_policy(instance):
    """Return the CPU policy that the image of a server asks for, if any."""
    return instance.system_metadata.get('image_hw_cpu_policy')


def accounted_size(instance, amounts):
    """Return what this server is accounted for if it has these amounts."""
    if not flavors.is_elastic(instance.flavor):
        # Nothing is read of plain servers that Nova would not read.
        return amounts
    return flavors.accounted_size(
        instance.flavor, get_image_policy(instance), amounts)


def due_size(instance, live=None):
    """Return what this server has to be accounted for.

    :param live: The Size its guest has, or None if it has no guest
    """
    start = start_size(instance)
    return accounted_size(
        instance, flavors.elementwise_max(live, start) if live else start)


def expected_sizes(instance):
    """Return what a server has to be accounted for and start with.

    That is what its records say, within the bounds of its flavor, and a size
    that covers the start size.

    :returns: Its size and its start size.
    """
    least, most = (flavors.minimum(instance.flavor),
                   flavors.maximum(instance.flavor))
    recorded, start = (
        flavors.Size(*map(min, most, flavors.elementwise_max(record, least)))
        for record in (size(instance), start_size(instance)))
    return accounted_size(
        instance, flavors.elementwise_max(recorded, start)), start


def with_live_memory(flavor, live, memory_mb):
    """Return the size of a guest, corrected by what was read of its memory.

    :param live: The Size that its hypervisor knows unasked
    :param memory_mb: What the guest has, in MiB, or None if that is unknown
    """
    if memory_mb is None or 'memory_mb' not in flavors.elastic_resources(
            flavor):
        return live
    return live._replace(memory_mb=memory_mb)


def excess(instance):
    """Return the size that the guest of this server was found to have, if its
    host has no capacity to account for that, or None.
    """
    return read_size(instance, _EXCESS)


def set_excess(instance, found):
    """Record such a size, or None. The caller saves the instance."""
    write_size(instance, _EXCESS, found)


def set_size(instance, accounted, start=None):
    """Record a server's size, and its start size where that differs.

    The caller saves the instance.
    """
    instance.vcpus, instance.memory_mb = accounted
    write_size(instance, START, None if start == accounted else start)


def to_start_size(instance):
    """Let the size follow the start size, as a start of the server does.

    The caller saves the instance.

    :returns: Whether the server is accounted for another size now.
    """
    before, due = size(instance), due_size(instance)
    if due == before:
        return False
    set_size(instance, due, start_size(instance))
    return True


def request_flavor(instance):
    """Return the flavor of a server as a request for its size has it."""
    return flavors.flavor_at_size(instance.flavor, size(instance))


def memory_floor(memory_mb, usable_mb, margin_mb):
    """Return the memory below which a guest would be killed, in MiB.

    :param memory_mb: What the guest has
    :param usable_mb: What it reports as usable of that, or None
    :param margin_mb: What it has to keep usable
    :returns: The floor, or None if the guest does not report what it needs
    """
    if usable_mb is None:
        return None
    return min(memory_mb, max(memory_mb - usable_mb, 0) + margin_mb)


def requested_size(flavor, vcpus=None, memory_mb=None):
    """Return the size that an adjustment requests.

    :param vcpus: How many vCPUs, or None to leave them as they are
    :param memory_mb: How much memory, in MiB, or None as well
    :returns: A Size, with None for what is to be left as it is.
    :raises: ServerAdjustInvalid if the flavor does not allow that
    """
    least, most = flavors.minimum(flavor), flavors.maximum(flavor)
    resources = flavors.elastic_resources(flavor)
    if memory_mb is not None:
        for bound in (least.memory_mb, most.memory_mb):
            if abs(memory_mb - bound) <= MEMORY_TOLERANCE_MB:
                memory_mb = bound

    requested = flavors.Size(vcpus, memory_mb)
    errors = flavors.Size(
        (exception.ServerAdjustVCPUsFixed,
         exception.ServerAdjustVCPUsOutOfRange),
        (exception.ServerAdjustMemoryFixed,
         exception.ServerAdjustMemoryOutOfRange))
    for field, value, low, high, (fixed, out_of_range) in zip(
            flavors.Size._fields, requested, least, most, errors):
        if value is None or low <= value <= high:
            continue
        if field not in resources:
            raise fixed(current=high)
        raise out_of_range(minimum=low, maximum=high, requested=value)
    return requested


def sizes_after(instance, requested, persist=True):
    """Return what a server is accounted for after an adjustment.

    :param requested: A Size, with None for what is to be left as it is
    :param persist: Whether the server is to start with that as well
    :returns: Its size and its start size.
    """
    before, start = size(instance), start_size(instance)
    after = flavors.Size(
        *(old if new is None else new if persist else max(new, least)
          for old, new, least in zip(before, requested, start)))
    if persist:
        start = flavors.Size(*(old if new is None else new
                               for old, new in zip(start, requested)))
    return accounted_size(instance, after), start


def ordered_changes(live, requested):
    """Return which resources of a guest to change, in which order.

    What can fail for want of the guest's help, to give something back, goes
    first; and what is hard to take back, a vCPU, goes last.

    :param live: The Size the guest has
    :param requested: A Size, with None for what is to be left as it is
    :returns: A list of fields of a Size.
    """
    changed = [field for field in ('memory_mb', 'vcpus')
               if getattr(requested, field) not in (
                   None, getattr(live, field))]
    return sorted(changed, key=lambda field: getattr(
        requested, field) > getattr(live, field))


def describe(instance):
    """Return what a server has and can have, as far as its records say."""
    return {'elastic': flavors.is_elastic(instance.flavor),
            'accounted': size(instance), 'start': start_size(instance),
            'minimum': flavors.minimum(instance.flavor),
            'maximum': flavors.maximum(instance.flavor)}
