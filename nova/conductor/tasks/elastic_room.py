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

from nova.compute import vm_states
import nova.conf
from nova import elastic
from nova import objects
from nova.objects import fields

CONF = nova.conf.CONF

LOG = logging.getLogger(__name__)


def find(context, instance, build_search):
    """Find neighbours of a server whose leaving lets it grow on its host.

    Servers with a NUMA topology neither grow so nor leave: what they release
    may be in another cell.

    :param instance: A server that was to be moved, but cannot be
    :param build_search: A function that returns a HostSearch
    :returns: Pairs of the UUID of a neighbour and the host to which it can go;
        none if there are none
    """
    if not CONF.xloud.max_moves or instance.numa_topology:
        return []
    search = _build(context, instance, build_search)
    shortage = _find_shortage(context, instance, search.report_client)
    if shortage is None:
        return []
    neighbours = {neighbour.uuid: neighbour for neighbour in
                  _get_neighbours(context, instance)}
    return elastic.choose_neighbours(
        shortage,
        {uuid: elastic.size(neighbour) for uuid, neighbour in
         neighbours.items()},
        lambda uuid: _build(
            context, neighbours[uuid], build_search).execute(),
        CONF.xloud.max_moves)


def _build(context, instance, build_search):
    return build_search(
        context, instance, None, None, None, None,
        request_spec=objects.RequestSpec.get_by_instance_uuid(
            context, instance.uuid))


def _find_shortage(context, instance, report_client):
    """Return what the host of a server lacks for it, a Size.

    :returns: None if the host would never allow it so much
    """
    node = objects.ComputeNode.get_by_host_and_nodename(
        context, instance.host, instance.node)
    capacity = report_client.get_capacity(context, node.uuid)
    lacks = []
    for rc, before, after in zip(
            (orc.VCPU, orc.MEMORY_MB), elastic.size(instance),
            elastic.size_at_destination(instance)):
        available, allowed = capacity.get(rc, (0, 0))
        if after > max(before, allowed):
            return None
        lacks.append(max(after - before - available, 0) if after > before
                     else 0)
    return elastic.Size(*lacks)


def _get_neighbours(context, instance):
    """Return the servers on the host of another one that may leave it."""
    recent = _get_recently_moved(context, instance.host)
    return [
        neighbour for neighbour in objects.InstanceList.get_by_host(
            context, instance.host, expected_attrs=[
                'flavor', 'numa_topology', 'system_metadata'])
        if neighbour.uuid != instance.uuid and
        neighbour.uuid not in recent and
        neighbour.vm_state in (vm_states.ACTIVE, vm_states.PAUSED) and
        neighbour.task_state is None and
        not neighbour.locked and
        not neighbour.numa_topology and
        elastic.get_pending(neighbour) == elastic.Pending() and
        elastic.is_movable(neighbour.flavor)]


def _get_recently_moved(context, host):
    """Return the UUIDs of servers that have left a host, or come, lately."""
    since = timeutils.utcnow(with_timezone=True) - datetime.timedelta(
        seconds=CONF.xloud.move_interval)
    return {migration.instance_uuid for migration in
            objects.MigrationList.get_by_filters(context, {
                'host': host, 'changes-since': since,
                'migration_type': fields.MigrationType.LIVE_MIGRATION})}
