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
from nova.elastic import memory
from nova.elastic import pinning
from nova import exception

# Requested memory that is as near to a bound as this means the bound, since
# dashboards send rounded gigabytes.
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
    """Write a size to system metadata, or remove it if the value is None."""
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
    """Return what this server has after its next start."""
    if not flavors.is_elastic(instance.flavor):
        return flavors.maximum(instance.flavor)
    return read_size(instance, START) or size(instance)


def get_image_policy(instance):
    """Return the CPU policy of the image of a server, if it has one."""
    return instance.system_metadata.get('image_hw_cpu_policy')


def pins_vcpus(instance):
    """Return whether the dedicated CPUs of this server follow its size."""
    flavor = instance.flavor
    # The system metadata of plain servers may not be loaded.
    return 'vcpus' in flavors.elastic_resources(flavor) and flavors.pins_cpus(
        flavor, get_image_policy(instance))


def topology_at_pins(instance, accounted):
    """Return the topology that a server records at a size.

    :returns: An InstanceNUMATopology or None; that of the server, if nothing
        has to change
    """
    return pinning.topology_with_pins(
        instance.numa_topology, accounted.vcpus)


def release_pins(instance, accounted):
    """Let a server own no more host CPUs than a size has.

    The caller saves the instance.
    """
    if pins_vcpus(instance):
        topology = topology_at_pins(instance, accounted)
        if topology is not instance.numa_topology:
            instance.numa_topology = topology


def is_pinned_by_size(instance):
    """Return whether a server owns the host CPUs that its size has.

    With stock Nova it may have got vCPUs without a claim. It may own more
    since something else began when they were recorded or released.
    """
    accounted = size(instance)
    return not pins_vcpus(instance) or not (
        pinning.lacks_pins(instance.numa_topology, accounted.vcpus) or
        topology_at_pins(instance, accounted) is not instance.numa_topology)


def restore_pins(instance, topology):
    """Let a server own the host CPUs again that it has not been rid of.

    :param topology: Its InstanceNUMATopology before they were released
    """
    if pins_vcpus(instance):
        instance.numa_topology = topology


def reconciled_size(instance, live=None):
    """Return what this server should be accounted for.

    :param live: The Size that its guest has, or None if it has no guest
    """
    start = start_size(instance)
    return flavors.elementwise_max(live, start) if live else start


def expected_sizes(instance):
    """Return the size and the start size that a server should have.

    Those are the recorded ones, within the bounds of its flavor. The size is
    also not below the start size.
    """
    minimum, maximum = (flavors.minimum(instance.flavor),
                        flavors.maximum(instance.flavor))
    recorded, start = (
        flavors.Size(*map(
            min, maximum, flavors.elementwise_max(record, minimum)))
        for record in (size(instance), start_size(instance)))
    return flavors.elementwise_max(recorded, start), start


def with_live_memory(flavor, live, memory_mb):
    """Return the size of a guest with the memory that was read since.

    :param live: The Size that was read first
    :param memory_mb: The memory in MiB, or None if it could not be read
    """
    if memory_mb is None or 'memory_mb' not in flavors.elastic_resources(
            flavor):
        return live
    return live._replace(memory_mb=memory_mb)


def excess(instance):
    """Return the size of a guest for which its host has no capacity.

    :returns: A Size, or None if the server is accounted for what its guest
        has
    """
    return read_size(instance, _EXCESS)


def set_excess(instance, live):
    """Record such a size, or None. The caller saves the instance."""
    write_size(instance, _EXCESS, live)


def set_size(instance, accounted, start=None):
    """Record a server's size, and its start size where that differs.

    Dedicated CPUs that the size does not have are released. The caller saves
    the instance.
    """
    instance.vcpus, instance.memory_mb = accounted
    release_pins(instance, accounted)
    write_size(instance, START, None if start == accounted else start)


def request_flavor(instance):
    """Return the flavor that a request for this server has."""
    return flavors.flavor_at_size(instance.flavor, size(instance))


def memory_floor(memory_mb, usable_mb, margin_mb):
    """Return the memory below which a guest would be killed, in MiB.

    :param memory_mb: The memory that the guest has
    :param usable_mb: How much of that it reports as usable, or None
    :param margin_mb: How much of that has to stay usable
    :returns: The floor, or None if the guest does not report what it needs
    """
    if usable_mb is None:
        return None
    return min(memory_mb, max(memory_mb - usable_mb, 0) + margin_mb)


def requested_size(flavor, vcpus=None, memory_mb=None):
    """Return the size that an adjustment requests.

    :param vcpus: How many vCPUs, or None to leave them as they are
    :param memory_mb: How much memory in MiB, or None to leave it as it is
    :returns: A Size, with None for what is to be left as it is.
    :raises: ServerAdjustInvalid if the flavor does not allow that
    """
    minimums, maximums = flavors.minimum(flavor), flavors.maximum(flavor)
    resources = flavors.elastic_resources(flavor)
    if memory_mb is not None:
        for bound in (minimums.memory_mb, maximums.memory_mb):
            if abs(memory_mb - bound) <= MEMORY_TOLERANCE_MB:
                memory_mb = bound
        device = memory.virtio_mem(flavor)
        if device and minimums.memory_mb < memory_mb < maximums.memory_mb:
            # It has whole blocks, and what it has is accounted for.
            memory_mb = device.round_up(memory_mb)

    requested = flavors.Size(vcpus, memory_mb)
    errors = flavors.Size(
        (exception.ServerAdjustVCPUsFixed,
         exception.ServerAdjustVCPUsOutOfRange),
        (exception.ServerAdjustMemoryFixed,
         exception.ServerAdjustMemoryOutOfRange))
    for field, value, minimum, maximum, (fixed, out_of_range) in zip(
            flavors.Size._fields, requested, minimums, maximums, errors):
        if value is None or minimum <= value <= maximum:
            continue
        if field not in resources:
            raise fixed(current=maximum)
        raise out_of_range(minimum=minimum, maximum=maximum, requested=value)
    return requested


def sizes_after(instance, requested, persist=True):
    """Return what a server is accounted for after an adjustment.

    :param requested: A Size, with None for what is to be left as it is
    :param persist: Whether the server also starts with that from now on
    :returns: Its size and its start size.
    """
    before, start = size(instance), start_size(instance)
    after = flavors.Size(
        *(old if new is None else new if persist else max(new, at_start)
          for old, new, at_start in zip(before, requested, start)))
    if persist:
        start = flavors.Size(*(old if new is None else new
                               for old, new in zip(start, requested)))
    return after, start


def room(instance, live, capacity):
    """Return how much more a running server can get on its host.

    :param live: The Size that its guest has
    :param capacity: A Size of pairs: what is available on its host, and what
        a single server can have there
    :returns: A Size
    """
    ceilings = flavors.Size(*(
        # What it is accounted for already needs no capacity.
        min(maximum, max(accounted, min(accounted + available, allowed)))
        for maximum, accounted, (available, allowed) in zip(
            flavors.maximum(instance.flavor), size(instance), capacity)))
    device = memory.virtio_mem(instance.flavor)
    if device:
        ceilings = ceilings._replace(
            memory_mb=device.round_down(ceilings.memory_mb))
    return flavors.Size(*(
        max(ceiling - amount, 0) for ceiling, amount in zip(ceilings, live)))


def ordered_changes(live, requested):
    """Return which resources of a guest to change, in which order.

    A decrease goes first, since it fails if the guest does not comply. An
    increase of vCPUs goes last, since it is the hardest to undo.

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
    """Return what a server has and can have, from its records."""
    return {'elastic': flavors.is_elastic(instance.flavor),
            'accounted': size(instance), 'start': start_size(instance),
            'minimum': flavors.minimum(instance.flavor),
            'maximum': flavors.maximum(instance.flavor)}
