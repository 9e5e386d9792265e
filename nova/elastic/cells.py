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

"""What an elastic server has of the cells of its NUMA topology.

The guest is made for its maximum, so that is what its topology describes and
what is recorded. What its size has of each cell follows from that:

* its vCPUs are those with the lowest IDs, whichever cells they are in. The
  guest boots with these, gets the next ones first and gives back the last;
* its memory is spread in proportion to that of the cells. A balloon takes what
  the guest gives, from any cell, so that is no more than the best estimate.

Dedicated CPUs are those of the vCPUs that the size has; pinning says which.
"""

import typing as ty

from oslo_utils import units

from nova.elastic import flavor as flavors
from nova.elastic import pinning
from nova import exception
from nova.objects import fields

# The errors for what a server has of a cell: if that has too little of it
# available, and if it has too little for a single server in all.
_SHORTAGES = {
    'memory_mb': (exception.ServerAdjustNUMACellLacksMemory,
                  exception.ServerAdjustMemoryAboveNUMACellLimit),
    'vcpus': (exception.ServerAdjustNUMACellLacksVCPUs,
              exception.ServerAdjustVCPUsAboveNUMACellLimit),
    'dedicated': (exception.ServerAdjustNUMACellLacksDedicatedCPUs,
                  exception.ServerAdjustDedicatedCPUsAboveNUMACellLimit),
}


class CellUsage(ty.NamedTuple):
    """A server on the NUMA cells of its host, and how those are used.

    :ivar host_topology: The NUMATopology of the host, with the usage of all
        servers there, or None
    :ivar cpu_ratio: How many vCPUs a CPU can have
    :ivar ram_ratio: How much memory servers can have of that of the host
    :ivar topology: The InstanceNUMATopology of the server, or None
    :ivar flavor: The flavor of the server
    :ivar size: The size with which the server is part of that usage
    """

    host_topology: ty.Any
    cpu_ratio: float
    ram_ratio: float
    topology: ty.Any
    flavor: ty.Any
    size: flavors.Size


def _follows_size(topology, flavor):
    return bool(topology and flavors.is_elastic(flavor))


def memory_shares(memory_mb, weights):
    """Spread memory in proportion, in whole MiB.

    Each MiB goes where there is least in proportion then. So what is added
    never takes any from a cell.

    :param weights: The memory of each cell at the maximum
    :returns: A list of what each of them has
    """
    shares = [memory_mb * weight // sum(weights) for weight in weights]
    for _rest in range(memory_mb - sum(shares)):
        index = max(range(len(weights)),
                    key=lambda i: weights[i] / (shares[i] + 1))
        shares[index] += 1
    return shares


def topology_at_size(topology, flavor, size):
    """Return a topology with what a server of this size has of its cells.

    :param topology: The InstanceNUMATopology of a server, or None
    :param flavor: The flavor of the server, or of a request for it
    """
    if not _follows_size(topology, flavor):
        return topology
    topology = topology.obj_clone()
    shares = memory_shares(
        size.memory_mb, [cell.memory for cell in topology.cells])
    for cell, memory_mb in zip(topology.cells, shares):
        if cell.cpu_pinning:
            cell.cpu_pinning = pinning.kept_pins(cell, size.vcpus)
        cell.cpuset, cell.pcpuset = (
            {cpu for cpu in cpus if cpu < size.vcpus}
            for cpus in (cell.cpuset, cell.pcpuset))
        cell.memory = memory_mb
    return topology


def topology_on_host(topology, flavor, fitted):
    """Return a topology on the cells of a host that were found for a size.

    :param fitted: The result of topology_at_size on a host, or None
    """
    if not (fitted and _follows_size(topology, flavor)):
        return fitted
    topology = topology.obj_clone()
    for cell, host_cell in zip(topology.cells, fitted.cells):
        cell.id, cell.pagesize = host_cell.id, host_cell.pagesize
        cell.cpuset_reserved = host_cell.cpuset_reserved
        if host_cell.pcpuset or cell.pcpuset:
            pinning.set_pins(cell, host_cell.cpu_pinning or {})
    return topology


def _dedicated_available(host_cell, cell):
    """Return how many vCPUs could get a CPU of their own in a cell."""
    if cell.cpu_thread_policy == fields.CPUThreadAllocationPolicy.ISOLATE:
        # Each takes a core of which nobody has a thread.
        threads = max(map(len, host_cell.siblings), default=1)
        return sum(len(core) == threads for core in host_cell.free_siblings)
    return host_cell.avail_pcpus


def _capacity(usage, host_cell, cell):
    """Return what a cell of a host has for a cell of a server.

    That is what Nova compares when it places a server.

    :returns: A dict of pairs: what is available, and what a single server can
        have there
    """
    is_pinned = pinning.has_pins(usage.topology)
    # Memory is not overcommitted for a server with dedicated CPUs.
    ram_ratio = min(usage.ram_ratio, 1.0) if is_pinned else usage.ram_ratio
    available_mb = int(host_cell.memory * ram_ratio) - host_cell.memory_usage
    allowed_mb = host_cell.memory
    pages = {page.size_kb: page for page in host_cell.mempages}
    if cell.pagesize in pages:
        # Pages of a size that was requested are never overcommitted.
        available_mb = min(
            available_mb, pages[cell.pagesize].free_kb // units.Ki)
    elif pages:
        allowed_mb = pages[min(pages)].total_kb // units.Ki
    capacity = {
        'memory_mb': (available_mb, allowed_mb),
        'vcpus': (
            int(len(host_cell.cpuset) * usage.cpu_ratio) - host_cell.cpu_usage,
            len(host_cell.cpuset))}
    if is_pinned:
        capacity['dedicated'] = (
            _dedicated_available(host_cell, cell),
            len(host_cell.pcpuset) - len(cell.cpuset_reserved or ()))
    return capacity


def _pairs_of_cells(usage, size):
    """Return the cells of a server at its size and at another, and the host's.
    """
    host_cells = {cell.id: cell for cell in usage.host_topology.cells}
    sized = (topology_at_size(usage.topology, usage.flavor, amounts).cells
             for amounts in (usage.size, size))
    return [(cell, before, after, host_cells[cell.id])
            for cell, before, after in zip(usage.topology.cells, *sized)
            if cell.id in host_cells]


def find_cell_shortage(usage, size):
    """Return the exception that says which cell of a host lacks what, or None.

    Only what the server grows by is looked at.

    :param usage: The CellUsage of the server
    :param size: The size that it grows to
    """
    if not (usage.host_topology and
            _follows_size(usage.topology, usage.flavor)):
        return None
    for cell, before, after, host_cell in _pairs_of_cells(usage, size):
        capacity = _capacity(usage, host_cell, after)
        growth = {
            'memory_mb': (after.memory, after.memory - before.memory),
            'vcpus': (len(after.cpuset),
                      len(after.cpuset) - len(before.cpuset)),
            'dedicated': (len(after.pcpuset), len(
                after.pcpuset - before.cpu_pinning.keys()
                if before.cpu_pinning else after.pcpuset))}
        for name, (available, allowed) in capacity.items():
            lacking, above_limit = _SHORTAGES[name]
            requested, more = growth[name]
            if more > 0 and requested > allowed:
                return above_limit(
                    cell=cell.id, allowed=allowed, requested=requested)
            if more > max(available, 0):
                return lacking(cell=cell.id, available=max(available, 0),
                               requested=more)


def check_cells(usage, size):
    """Raise what find_cell_shortage returns, if there is a shortage.

    :raises: ServerAdjustNUMACellFull or ServerAdjustAboveHostLimit
    """
    shortage = find_cell_shortage(usage, size)
    if shortage:
        raise shortage


def claim_pins(usage, size, choose):
    """Return the topology of a server whose new vCPUs own host CPUs.

    What the server owns at its size stays.

    :param usage: The CellUsage of the server
    :param size: The size that it grows to
    :param choose: A function of a cell of the host, one of the server, and
        vCPUs: it returns a dict with a host CPU for each, or None
    :raises: ServerAdjustNUMACellFull if a cell has none
    """
    if not (usage.host_topology and pinning.has_pins(usage.topology)):
        return usage.topology
    host_cells = {cell.id: cell for cell in usage.host_topology.cells}
    topology = usage.topology.obj_clone()
    for cell in topology.cells:
        owned = pinning.owned_pins(cell, usage.size.vcpus)
        lacking = {vcpu for vcpu in cell.pcpuset
                   if vcpu < size.vcpus} - owned.keys()
        if lacking:
            host_cell = host_cells[cell.id]
            chosen = choose(host_cell, cell, lacking)
            if not chosen:
                raise exception.ServerAdjustNUMACellLacksDedicatedCPUs(
                    cell=cell.id, requested=len(lacking),
                    available=_dedicated_available(host_cell, cell))
            owned.update(chosen)
        pinning.set_pins(cell, owned)
    return topology


def cell_room(usage):
    """Return how much more a server can get of each resource in its cells.

    :param usage: The CellUsage of the server
    :returns: A Size
    """
    return flavors.Size(*(
        _find_ceiling(usage, field) - current
        for field, current in usage.size._asdict().items()))


def _find_ceiling(usage, field):
    """Return the most of one resource that the server can have."""
    lowest = getattr(usage.size, field)
    highest = getattr(flavors.maximum(usage.flavor), field)
    while lowest < highest:
        middle = (lowest + highest + 1) // 2
        if find_cell_shortage(
                usage, usage.size._replace(**{field: middle})):
            highest = middle - 1
        else:
            lowest = middle
    return lowest
