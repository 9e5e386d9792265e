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


"""Find servers that can leave a full host, so that another one grows there."""

import datetime

import os_resource_classes as orc
from oslo_log import log as logging
from oslo_utils import timeutils

from nova.compute import task_states
from nova.compute import vm_states
import nova.conf
from nova import context as nova_context
from nova import elastic
from nova.network import model as network_model
from nova import objects
from nova.objects import fields
from nova.scheduler.client import report
from nova.virt import hardware

CONF = nova.conf.CONF

LOG = logging.getLogger(__name__)


def find(context, instance, build_search):
    """Find neighbours of a server whose leaving lets it grow on its host.

    There are none while others leave the host or wait for what is released
    there. Servers with a NUMA topology neither grow so nor leave: what they
    release may be in another cell.

    :param instance: A server that was to be moved, but cannot be
    :param build_search: A function that returns a HostSearch
    :returns: The UUIDs of neighbours for all of which others have room
    """
    if not CONF.xloud.max_moves or instance.numa_topology:
        return []
    # It is not for the user of the request to look at servers of others.
    cell = objects.InstanceMapping.get_by_instance_uuid(
        context, instance.uuid).cell_mapping
    with nova_context.target_cell(
            nova_context.get_admin_context(), cell) as context:
        shortage = _find_shortage(context, instance)
        others = [other for other in objects.InstanceList.get_by_host(
                      context, instance.host, expected_attrs=[
                          'flavor', 'info_cache', 'numa_topology',
                          'pci_requests', 'system_metadata'])
                  if other.uuid != instance.uuid]
        if not any(shortage) or any(map(_is_first, others)):
            return []
        recent = _get_recently_moved(context, instance.host)
        neighbours = {other.uuid: other for other in others
                      if other.uuid not in recent and _may_leave(other)}
        return [uuid for uuid, _host in elastic.choose_neighbours(
            shortage,
            {uuid: elastic.size(neighbour) for uuid, neighbour in
             neighbours.items()},
            lambda uuid: _find_hosts(context, neighbours[uuid], build_search),
            CONF.xloud.max_moves)]


def _find_hosts(context, neighbour, build_search):
    """Return what is available where a server can go, a Size by host."""
    try:
        return build_search(
            context, neighbour, None, None, None, None,
            request_spec=objects.RequestSpec.get_by_instance_uuid(
                context, neighbour.uuid)).execute()
    except Exception as error:
        LOG.info('The server is not moved for others: %s', error,
                 instance=neighbour)
        return {}


def _find_shortage(context, instance):
    """Return what the host of a server lacks for it, a Size.

    :returns: Nothing as well if the host would never allow it so much
    """
    node = objects.ComputeNode.get_by_host_and_nodename(
        context, instance.host, instance.node)
    capacity = report.report_client_singleton().get_capacity(
        context, node.uuid)
    lacks = []
    for rc, before, after in zip(
            (orc.VCPU, orc.MEMORY_MB), elastic.size(instance),
            elastic.size_at_destination(instance)):
        available, allowed = capacity.get(rc, (0, 0))
        if after > max(before, allowed):
            return elastic.Size(0, 0)
        lacks.append(max(after - before - available, 0) if after > before
                     else 0)
    return elastic.Size(*lacks)


def _is_first(other):
    """Whether a server is leaving, or waits for what others release."""
    return (other.task_state == task_states.MIGRATING or
            elastic.get_pending(other).waiting is not None)


def _may_leave(neighbour):
    """Whether a server may be live migrated, and Nova can do that."""
    flavor, image = neighbour.flavor, neighbour.image_meta
    return (
        elastic.is_movable(flavor) and
        neighbour.vm_state in (vm_states.ACTIVE, vm_states.PAUSED) and
        neighbour.task_state is None and
        not neighbour.locked and
        not neighbour.numa_topology and
        elastic.get_pending(neighbour) == elastic.Pending() and
        # Nobody's token may be sent to where its user says images are.
        not any('/' in (reference or '') for reference in (
            neighbour.image_ref, neighbour.kernel_id,
            neighbour.ramdisk_id)) and
        # Devices of the host stay there.
        not neighbour.pci_requests.requests and
        all(vif.get('vnic_type') in (None, network_model.VNIC_TYPE_NORMAL)
            for vif in neighbour.get_network_info()) and
        'accel:device_profile' not in flavor.extra_specs and
        not hardware.get_vtpm_constraint(flavor, image) and
        not hardware.get_mem_encryption_constraint(flavor, image))


def _get_recently_moved(context, host):
    """Return the UUIDs of servers that have left a host, or come, lately."""
    since = timeutils.utcnow(with_timezone=True) - datetime.timedelta(
        seconds=CONF.xloud.move_interval)
    return {migration.instance_uuid for migration in
            objects.MigrationList.get_by_filters(context, {
                'host': host, 'changes-since': since,
                'migration_type': fields.MigrationType.LIVE_MIGRATION})}
