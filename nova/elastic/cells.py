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

Dedicated CPUs are the server's own as long as it runs. A server that has any
is accounted for all of its topology.
"""

import typing as ty

from oslo_utils import units

from nova.elastic import flavor as flavors
from nova import exception
from nova.objects import fields

# The errors for each resource: if a cell has too little of it available, and
# if it has too little for a single server in all.
_SHORTAGES = {
    'memory_mb': (exception.ServerAdjustNUMACellLacksMemory,
                  exception.ServerAdjustMemoryAboveNUMACellLimit),
    'vcpus': (exception.ServerAdjustNUMACellLacksVCPUs,
              exception.ServerAdjustVCPUsAboveNUMACellLimit),
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
    return bool(
        topology and flavors.is_elastic(flavor) and
        topology.cpu_policy in (None, fields.CPUAllocationPolicy.SHARED))


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
        cell.cpuset = {cpu for cpu in cell.cpuset if cpu < size.vcpus}
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
    return topology


def _capacity(usage, host_cell, cell):
    """Return what a cell of a host has for a cell of a server.

    That is what Nova compares when it places a server.

    :returns: A Size of pairs: what is available, and what a single server can
        have there
    """
    available_mb = (int(host_cell.memory * usage.ram_ratio) -
                    host_cell.memory_usage)
    allowed_mb = host_cell.memory
    pages = {page.size_kb: page for page in host_cell.mempages}
    if cell.pagesize in pages:
        # Pages of a size that was requested are never overcommitted.
        available_mb = min(
            available_mb, pages[cell.pagesize].free_kb // units.Ki)
    elif pages:
        allowed_mb = pages[min(pages)].total_kb // units.Ki
    return flavors.Size(
        (int(len(host_cell.cpuset) * usage.cpu_ratio) - host_cell.cpu_usage,
         len(host_cell.cpuset)), (available_mb, allowed_mb))


def find_cell_shortage(usage, size):
    """Return the exception that says which cell of a host lacks what, or None.

    Only what the server grows by is looked at.

    :param usage: The CellUsage of the server
    :param size: The size that it grows to
    """
    if not (usage.host_topology and
            _follows_size(usage.topology, usage.flavor)):
        return None
    host_cells = {cell.id: cell for cell in usage.host_topology.cells}
    cells_before, cells = (
        topology_at_size(usage.topology, usage.flavor, amounts).cells
        for amounts in (usage.size, size))
    for before, cell in zip(cells_before, cells):
        if cell.id not in host_cells:
            continue
        capacity = _capacity(usage, host_cells[cell.id], cell)
        old, new = (flavors.Size(len(amounts.cpuset), amounts.memory)
                    for amounts in (before, cell))
        for field, (lacking, above_limit) in _SHORTAGES.items():
            requested = getattr(new, field)
            more = requested - getattr(old, field)
            available, allowed = getattr(capacity, field)
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
