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

"""What nova-manage reports of the capacity that servers have and may have."""

import collections

from nova import context as nova_context
from nova import elastic
from nova import objects

# Of vCPUs and of MiB of memory: what servers may have, what they are accounted
# for, and what placement says is available.
Capacity = collections.namedtuple('Capacity', (
    'promised_vcpus', 'promised_memory_mb', 'accounted_vcpus',
    'accounted_memory_mb', 'available_vcpus', 'available_memory_mb'))

NOTHING = Capacity(*[0] * len(Capacity._fields))


def collect(ctxt, reportclient):
    """Return the capacity by scope: host, cell and aggregate.

    :returns: A list of tuples of a scope, a name and a Capacity
    :raises: ResourceProviderRetrievalFailed or
        keystoneauth1.exceptions.base.ClientException if placement does not
        respond
    """
    hosts, cells = {}, []
    for cell in objects.CellMappingList.get_all(ctxt):
        if cell.is_cell0():
            continue
        with nova_context.target_cell(ctxt, cell) as cctxt:
            in_cell = _get_hosts(cctxt, reportclient)
        hosts.update(in_cell)
        # Cells may have the same name, or none.
        cells.append((cell.name or cell.uuid, _add(in_cell.values())))
    aggregates = [
        (aggregate.name, _add(
            hosts[host] for host in aggregate.hosts if host in hosts))
        for aggregate in objects.AggregateList.get_all(ctxt)]
    return [(scope, name, capacity)
            for scope, capacities in (
                ('host', hosts.items()), ('cell', cells),
                ('aggregate', aggregates))
            for name, capacity in sorted(capacities)]


def _get_hosts(cctxt, reportclient):
    hosts = collections.defaultdict(lambda: NOTHING)
    for node in objects.ComputeNodeList.get_all(cctxt):
        capacity = reportclient.get_capacity(cctxt, node.uuid)
        available = [
            sum(capacity[rc][0] for rc in classes if rc in capacity)
            for classes in (('VCPU', 'PCPU'), ('MEMORY_MB',))]
        instances = objects.InstanceList.get_by_host_and_node(
            cctxt, node.host, node.hypervisor_hostname,
            expected_attrs=['flavor', 'system_metadata'])
        hosts[node.host] = _add((
            hosts[node.host],
            Capacity(*_sum(elastic.maximum(instance.flavor)
                           for instance in instances),
                     *_sum(map(elastic.size, instances)), *available)))
    return hosts


def _sum(sizes):
    return elastic.Size(*map(sum, zip((0, 0), *sizes)))


def _add(capacities):
    return Capacity(*map(sum, zip(NOTHING, *capacities)))
