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

"""Read all there is of servers with the Nova that is on the path.

This is run as a program, with a release of Nova that knows no elastic servers.
"""

import sys

from oslo_serialization import jsonutils

import nova.conf
from nova import config
from nova import context as nova_context
from nova.db.api import api as api_db
from nova.db.main import api as main_db
from nova import objects

CONF = nova.conf.CONF


def read(database, api_database):
    config.parse_args(['read'], default_config_files=[], configure_db=False,
                      init_rpc=False)
    CONF.set_override('connection', database, group='database')
    CONF.set_override('connection', api_database, group='api_database')
    main_db.configure(CONF)
    api_db.configure(CONF)
    objects.register_all()

    context = nova_context.get_admin_context()
    records = {}
    for listed in objects.InstanceList.get_all(context, expected_attrs=[]):
        instance = objects.Instance.get_by_uuid(
            context, listed.uuid, expected_attrs=[
                'flavor', 'info_cache', 'metadata', 'migration_context',
                'numa_topology', 'pci_devices', 'pci_requests', 'resources',
                'security_groups', 'services', 'system_metadata', 'tags'])
        spec = objects.RequestSpec.get_by_instance_uuid(context, instance.uuid)
        actions = objects.InstanceActionList.get_by_instance_uuid(
            context, instance.uuid)
        fault = objects.InstanceFault.get_latest_for_instance(
            context, instance.uuid)
        # It has to go over the wire as well.
        primitive = instance.obj_to_primitive()
        again = objects.Instance.obj_from_primitive(primitive, context)
        records[instance.uuid] = {
            'vcpus': again.vcpus, 'memory_mb': again.memory_mb,
            'task_state': again.task_state,
            'maximum': [again.flavor.vcpus, again.flavor.memory_mb],
            'request': [spec.vcpus, spec.memory_mb],
            'actions': sorted({action.action for action in actions}),
            'events': sorted({
                event.event for action in actions for event in
                objects.InstanceActionEventList.get_by_action(
                    context, action.id)}),
            'fault': fault and fault.message,
            # It would pin a guest that it starts to these, and account for
            # them.
            'pins': [cell.cpu_pinning for cell in again.numa_topology.cells]
            if again.numa_topology else None,
        }
        # What was written is written again as it is.
        instance.display_name = 'read by stock Nova'
        instance.save()
    for node in objects.ComputeNodeList.get_all(context):
        records[node.host] = {'vcpus': node.vcpus_used,
                            'memory_mb': node.memory_mb_used}
    return records


if __name__ == '__main__':
    jsonutils.dump(read(*sys.argv[1:]), sys.stdout)
