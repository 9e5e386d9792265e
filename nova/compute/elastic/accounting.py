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

"""What the elastic servers on a host are accounted for.

A server is accounted for what its guest has or, where that is more, for what
it starts with: in placement, in its own record, and in the usage of its host.
Placement is updated first when a server grows and last when it shrinks. So
whatever fails in between, a server is never allocated less than it has.
"""

from keystoneauth1 import exceptions as ks_exc
from oslo_log import log as logging
from oslo_utils import excutils

from nova.compute.elastic import capacity
from nova.compute.elastic import pins
from nova.compute import vm_states
from nova import elastic
from nova import exception
from nova import objects
from nova.scheduler import utils as scheduler_utils

LOG = logging.getLogger(__name__)

# Why the allocation of a server cannot be changed now.
PLACEMENT_ERRORS = (
    exception.AllocationUpdateFailed,
    exception.ConsumerAllocationRetrievalFailed, ks_exc.ClientException)


class Accounting(object):
    """Accounts for the elastic servers on one host."""

    def __init__(self, host, driver, tracker, reportclient):
        self._host = host
        self._driver = driver
        self._tracker = tracker
        self._reportclient = reportclient
        self.capacity = capacity.Capacity(
            tracker, reportclient, self._get_node)
        self.pins = pins.Pins(driver)
        # Called when the allocation of a server has been changed.
        self.on_change = lambda: None

    def _get_nodename(self, instance):
        if instance.host == self._host:
            return instance.node
        # It is on its way to this host, which has one node.
        return self._driver.get_available_nodes()[0]

    def _get_node(self, context, instance):
        nodename = self._get_nodename(instance)
        return self._tracker.compute_nodes.get(nodename) or (
            objects.ComputeNode.get_by_host_and_nodename(
                context, self._host, nodename))

    # Guests

    def get_live_size(self, instance):
        """Return what a guest has, without a question to its monitor.

        :returns: A Size, or None if the server is stopped
        :raises: InstanceNotFound if a server that is not stopped has no guest
        """
        try:
            return self._driver.get_live_size(instance)
        except exception.InstanceNotFound:
            if instance.vm_state == vm_states.STOPPED:
                return None
            raise

    # Placement

    def allocate(self, context, instance, size):
        """Change the allocation of a server to what this size needs.

        :returns: Whether it has that now; False if there were concurrent
            updates at each attempt
        :raises: One of PLACEMENT_ERRORS
        """
        is_allocated = self._reportclient.set_instance_resources(
            context, instance.uuid, self._get_node(context, instance).uuid,
            scheduler_utils.resources_from_size(instance, size))
        if is_allocated:
            self.on_change()
        return is_allocated

    def claim(self, context, instance, size):
        """Claim what a server grows to, in its NUMA cells and in placement.

        :raises: A ServerAdjustConflict or ServerAdjustUnavailable
        """
        if size != elastic.size(instance):
            self._claim(context, instance, size)

    def _claim(self, context, instance, size):
        try:
            if instance.numa_topology:
                self._tracker.claim_size(
                    instance, self._get_nodename(instance), size)
            self.claim_allocation(context, instance, size)
        except Exception:
            with excutils.save_and_reraise_exception():
                if instance.numa_topology:
                    elastic.release_pins(instance, elastic.size(instance))
                    self.update_usage(instance)

    def claim_drift(self, context, instance, size):
        """Claim what a guest has in excess of what its server has.

        Dedicated CPUs have to be free. What else it has of NUMA cells it has
        already.

        :raises: A ServerAdjustConflict or ServerAdjustUnavailable
        """
        # What it owned beyond its size it has not claimed.
        elastic.release_pins(instance, elastic.size(instance))
        if elastic.pins_vcpus(instance) and elastic.lacks_pins(
                instance.numa_topology, size.vcpus):
            self._claim(context, instance, size)
        else:
            self.claim_allocation(context, instance, size)

    def claim_allocation(self, context, instance, size):
        """Claim in placement what a server grows to, or has grown to.

        :raises: A ServerAdjustConflict or ServerAdjustUnavailable
        """
        if size == elastic.size(instance):
            return
        try:
            if self.allocate(context, instance, size):
                return
        except exception.AllocationUpdateFailed as error:
            LOG.info('Placement refuses the claim: %s', error,
                     instance=instance)
            raise (self.capacity.find_shortage(context, instance, size) or
                   exception.ServerAdjustHostFull())
        except PLACEMENT_ERRORS as error:
            LOG.warning('The placement service is not responding: %s', error,
                        instance=instance)
            raise exception.ServerAdjustPlacementUnavailable()
        raise exception.ServerAdjustConcurrentUpdate()

    def sync_allocation(self, context, instance):
        """Change the allocation of a server to what its size needs.

        If that cannot be done now, it is left to reconciliation.
        """
        try:
            if self.allocate(context, instance, elastic.size(instance)):
                return
            LOG.warning('Too many concurrent updates of the allocation of the '
                        'server. It will be tried again.', instance=instance)
        except Exception:
            LOG.exception('Failed to change the allocation of the server to '
                          'its size. It will be tried again.',
                          instance=instance)

    def get_allocated(self, context, instance, allocations):
        """Return the allocation of a server on its node.

        :param allocations: The allocations on the nodes that have been read,
            by the UUID of the node; a node that is missing is added.
        """
        node = self._get_node(context, instance)
        if node.uuid not in allocations:
            allocations[node.uuid] = (
                self._reportclient.get_allocations_for_resource_provider(
                    context, node.uuid).allocations)
        return allocations[node.uuid].get(
            instance.uuid, {}).get('resources', {})

    # The usage of the host

    def update_usage(self, instance, size_before=None):
        """Update the usage of the host to the new size of a server.

        :param size_before: The size before, if the server is still on its way
            to this host
        """
        try:
            self._tracker.update_size(
                instance, self._get_nodename(instance), size_before)
        except Exception:
            LOG.exception('Failed to update the usage of the host.',
                          instance=instance)

    def limit_memory(self, instance):
        """Have the host limit what the guest of a server can have.

        If that cannot be done now, it is left to reconciliation.
        """
        try:
            self._driver.set_memory_limit(
                instance, elastic.size(instance).memory_mb)
        except Exception as error:
            LOG.warning('The memory of the guest was not limited: %s', error,
                        instance=instance)

    # Records

    @staticmethod
    def set_size(instance, size, start, pending=None):
        """Set the size of a server that may have changed since it was read.

        The caller saves the instance.

        :param pending: What is to be done to it later, if that changes
        """
        def write():
            elastic.set_size(instance, size, start)
            if pending:
                elastic.set_pending(instance, pending)

        write()
        if 'system_metadata' in instance.obj_what_changed():
            # All of the metadata is saved, so what others have written since
            # it was read would be lost.
            instance.refresh()
            write()

    def follow_guest(self, context, instance, size, pending=None):
        """Account for what the guest of a server has.

        If that cannot be done now, the server keeps its size and is
        reconciled later. The caller saves the instance.

        :param pending: What is to be done to it later, if that changes
        """
        start = elastic.start_size(instance)
        try:
            if not (self.pins.try_to_set(instance, size) and
                    self.allocate(context, instance, size)):
                size = elastic.size(instance)
        except PLACEMENT_ERRORS as error:
            LOG.warning('Cannot account for the %(vcpus)d vCPUs and '
                        '%(memory_mb)d MiB that the server has: %(error)s',
                        {**size._asdict(), 'error': error}, instance=instance)
            size = elastic.size(instance)
        self.set_size(instance, size, start, pending)

    def follow_start_size(self, context, instance):
        """Account for a server whose guest has been stopped or started.

        If its allocation cannot be changed now, the server keeps its size,
        and the next stop or start tries again. The caller saves the instance.

        :returns: Whether the size has changed.
        """
        size_before = elastic.size(instance)
        size = elastic.reconciled_size(instance)
        if size == size_before:
            return False
        try:
            self.pins.set_started(instance, size)
            if not self.allocate(context, instance, size):
                return False
        except Exception:
            LOG.exception('Failed to release what a stop or start has freed.',
                          instance=instance)
            return False
        elastic.set_size(instance, size, elastic.start_size(instance))
        if elastic.pins_vcpus(instance):
            # Nobody else may get the host CPUs while the record has them.
            instance.save()
        self.update_usage(instance, size_before)
        # Its NUMA cells have room only now.
        self.on_change()
        LOG.info('The server has %(vcpus)d vCPUs and %(memory_mb)d MiB now.',
                 size._asdict(), instance=instance)
        return True
