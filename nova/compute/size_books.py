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

"""The books of what the elastic servers on a host have."""

from keystoneauth1 import exceptions as ks_exc
import os_resource_classes as orc
from oslo_log import log as logging

from nova import elastic
from nova import exception
from nova.i18n import _
from nova import objects
from nova.scheduler import utils as scheduler_utils

LOG = logging.getLogger(__name__)

_UNITS = {orc.VCPU: 'vCPUs', orc.MEMORY_MB: 'MiB of memory'}


class SizeBooks(object):
    """What placement and the scheduler know of the servers on this host."""

    def __init__(self, manager):
        self._manager = manager

    def _get_nodename(self, instance):
        return (instance.node if instance.host == self._manager.host else
                self._manager._get_nodename(instance))

    def _get_node(self, context, instance):
        nodename = self._get_nodename(instance)
        return self._manager.rt.compute_nodes.get(nodename) or (
            objects.ComputeNode.get_by_host_and_nodename(
                context, self._manager.host, nodename))

    def allocate(self, context, instance, size):
        """Let placement hold this for a server.

        :returns: Whether it does; what the host has may be counted anew all
            the while.
        """
        return self._manager.reportclient.set_instance_resources(
            context, instance.uuid, self._get_node(context, instance).uuid,
            scheduler_utils.resources_from_size(instance, size))

    def claim(self, context, instance, before, size):
        """Let placement hold what a server grows to, or say why it does not.

        :raises: ServerAdjustConflict or ServerAdjustUnavailable
        """
        if size == before:
            return
        try:
            if self.allocate(context, instance, size):
                return
        except exception.AllocationUpdateFailed as error:
            LOG.info('Placement refuses: %s', error, instance=instance)
            raise exception.ServerAdjustConflict(
                reason=self._get_lack(context, instance, before, size) or
                _('The host of the server cannot give it that.'))
        except (exception.ConsumerAllocationRetrievalFailed,
                ks_exc.ClientException) as error:
            LOG.warning('Placement does not answer: %s', error,
                        instance=instance)
            raise exception.ServerAdjustUnavailable(
                reason=_('Placement, which counts what is used, does not '
                         'answer.'))
        raise exception.ServerAdjustConflict(
            reason=_('What the host has is being counted anew again and '
                     'again. Try it later.'))

    def _get_lack(self, context, instance, before, size):
        """What the host lacks for a server to grow to this size."""
        capacity = self._manager.reportclient.get_capacity(
            context, self._get_node(context, instance).uuid)
        held, wanted = (
            scheduler_utils.resources_from_size(instance, each)
            for each in (before, size))
        for rc in sorted(capacity.keys() & wanted.keys()):
            free, most = capacity[rc]
            more = wanted[rc] - held[rc]
            if wanted[rc] > most:
                return _('On its host one server can have %(most)d %(unit)s, '
                         'and not %(wanted)d.') % {
                             'most': most, 'wanted': wanted[rc],
                             'unit': _UNITS[rc]}
            if more > free:
                return _('The host of the server has %(free)d %(unit)s left, '
                         'and not the %(more)d that were asked for.') % {
                             'free': free, 'more': more, 'unit': _UNITS[rc]}

    def release(self, context, instance):
        """Let placement hold no more than a server is counted for."""
        try:
            if self.allocate(context, instance, elastic.size(instance)):
                return
            LOG.warning('Cannot release what the server has given back; this '
                        'is tried again.', instance=instance)
        except Exception:
            LOG.exception('Failed to release what the server has given back; '
                          'this is tried again.', instance=instance)

    def tell(self, instance, before):
        """Tell the scheduler what a server is counted for."""
        try:
            self._manager.rt.change_size(
                instance, self._get_nodename(instance), before)
        except Exception:
            LOG.exception('Failed to tell what the server has.',
                          instance=instance)

    def get_held(self, context, instance, allocations):
        """What placement holds for a server here, of all that it told once."""
        node = self._get_node(context, instance)
        if node.uuid not in allocations:
            client = self._manager.reportclient
            allocations[node.uuid] = (
                client.get_allocations_for_resource_provider(
                    context, node.uuid).allocations)
        return allocations[node.uuid].get(
            instance.uuid, {}).get('resources', {})
