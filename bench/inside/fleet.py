"""Many nova-computes in one process, each with Nova's fake driver.

Each is a complete service, with a service record, queues, a resource provider and
periodic tasks of its own. Only the process is shared, since one for each would take
100 MiB. The arguments are a configuration file and the names of the hosts; it prints
when each of them has started.
"""

import os
import sys

from oslo_log import log

import nova.cmd
import nova.conf
import nova.db.main.api
from nova import config, context, objects, service
from nova.compute import rpcapi
from nova.conductor import rpcapi as conductor
from nova.objects import base
from nova.virt import fake


class Host(fake.FakeDriver):
    """A host whose size is in the environment."""

    vcpus = int(os.environ['FLEET_VCPUS'])
    memory_mb = int(os.environ['FLEET_MEMORY_MB'])


def main():
    """Run the hosts until terminated."""
    file, names = sys.argv[1], sys.argv[2:]
    config.parse_args([sys.argv[0], '--config-file', file])
    log.setup(nova.conf.CONF, 'nova')
    objects.register_all()
    # As nova-compute itself does.
    nova.db.main.api.DISABLE_DB_ACCESS = True
    base.NovaObject.indirection_api = conductor.ConductorAPI()
    objects.Service.enable_min_version_cache()
    fake.FleetHost = Host  # Nova loads drivers from its own modules.
    computes = []
    for name in names:
        nova.conf.CONF.set_override('host', name)
        compute = service.Service.create(host=name, binary='nova-compute', topic=rpcapi.RPC_TOPIC)
        compute.start()
        if not compute.manager.rt.compute_nodes:
            # Nova logs why and tries again in a periodic task, but those may be off here.
            compute.manager.update_available_resource(context.get_admin_context())
        computes.append(compute)
        print('started', name, flush=True)
    for compute in computes:
        compute.wait()


if __name__ == '__main__':
    main()
