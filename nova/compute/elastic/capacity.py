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

"""What a host has available for its elastic servers to grow."""

from keystoneauth1 import exceptions as ks_exc
import os_resource_classes as orc
from oslo_log import log as logging

from nova import elastic
from nova import exception
from nova.scheduler import utils as scheduler_utils

LOG = logging.getLogger(__name__)

# The errors for each resource: if the host has too little of it available, and
# if the host does not allow one server to have so much.
_SHORTAGES = {
    orc.VCPU: (exception.ServerAdjustHostLacksVCPUs,
               exception.ServerAdjustVCPUsAboveHostLimit),
    orc.MEMORY_MB: (exception.ServerAdjustHostLacksMemory,
                    exception.ServerAdjustMemoryAboveHostLimit),
    orc.PCPU: (exception.ServerAdjustHostLacksDedicatedCPUs,
               exception.ServerAdjustDedicatedCPUsAboveHostLimit),
}


def _find_shortage(capacity, instance, size):
    """Return the exception that says what the host lacks, or None."""
    allocated, requested = (
        elastic.match_classes(
            scheduler_utils.resources_from_size(instance, amounts), capacity)
        for amounts in (elastic.size(instance), size))
    for rc in sorted(capacity.keys() & requested.keys()):
        lacking, above_limit = _SHORTAGES[rc]
        available, allowed = capacity[rc]
        more = requested[rc] - allocated.get(rc, 0)
        if requested[rc] > allowed:
            return above_limit(allowed=allowed, requested=requested[rc])
        if more > available:
            return lacking(available=available, requested=more)
    return None


def _get_dedicated_capacity(capacity, instance):
    """Return the capacity for vCPUs of which some or all are dedicated."""
    size, maximum = elastic.size(instance), elastic.maximum(instance.flavor)
    highest = size.vcpus
    while highest < maximum.vcpus and not _find_shortage(
            capacity, instance, size._replace(vcpus=highest + 1)):
        highest += 1
    return highest - size.vcpus, maximum.vcpus


class Capacity(object):
    """Knows what the host of an elastic server has available."""

    def __init__(self, tracker, reportclient, get_node):
        """:param get_node: A function that returns the ComputeNode of a server
        """
        self._tracker = tracker
        self._reportclient = reportclient
        self._get_node = get_node

    def check(self, context, instance, size):
        """Check whether a server could claim a size, without a claim.

        :raises: A ServerAdjustConflict or ServerAdjustUnavailable if not
        """
        if size == elastic.size(instance):
            return
        cell_usage = self._get_cell_usage(context, instance)
        if cell_usage:
            elastic.check_cells(cell_usage, size)
        capacity = self._get_capacity(context, instance)
        if not capacity:
            raise exception.ServerAdjustPlacementUnavailable()
        shortage = _find_shortage(capacity, instance, size)
        if shortage:
            raise shortage

    def get_room(self, context, instance, live):
        """Return how much more a running server can get on its host now.

        :param live: The Size that its guest has
        :returns: A Size, or None if that is unknown
        """
        maximum = elastic.maximum(instance.flavor)
        if live == maximum:
            return elastic.Size(0, 0)
        capacity = self._get_capacity(context, instance)
        if not capacity:
            return None
        vcpus = (_get_dedicated_capacity(capacity, instance)
                 if elastic.pins_vcpus(instance) else
                 capacity.get(orc.VCPU, (0, 0)))
        pairs = [vcpus, capacity.get(orc.MEMORY_MB, (0, 0))]
        cell_usage = self._get_cell_usage(context, instance)
        if cell_usage:
            pairs = [(min(available, room), allowed)
                     for (available, allowed), room in zip(
                         pairs, elastic.cell_room(cell_usage))]
        return elastic.room(instance, live, elastic.Size(*pairs))

    def _get_cell_usage(self, context, instance):
        """Return how the NUMA cells of a server are used, if it has any."""
        if not instance.numa_topology:
            return None
        return self._tracker.get_cell_usage(
            instance, self._get_node(context, instance).hypervisor_hostname)

    def find_shortage(self, context, instance, size):
        """Return the exception that says what the host lacks, or None.

        :param size: What the server cannot be allocated
        """
        return _find_shortage(
            self._get_capacity(context, instance), instance, size)

    def _get_capacity(self, context, instance):
        """Return what the host of a server has available, as placement says.

        :returns: What get_capacity of the report client returns; empty if
            placement does not respond
        """
        try:
            return self._reportclient.get_capacity(
                context, self._get_node(context, instance).uuid)
        except (exception.ResourceProviderRetrievalFailed,
                ks_exc.ClientException) as error:
            LOG.warning('The placement service is not responding: %s', error,
                        instance=instance)
            return {}
