#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Make a flavor elastic."""

from __future__ import annotations

DOCUMENTATION = r"""
module: flavor_elastic
short_description: Make a flavor elastic, or fixed again
version_added: 1.0.0
author:
  - The authors of xloud-nova (@xloud)
description:
  - Sets the extra specs that make a flavor elastic, in a cloud that runs xloud-nova. Other extra specs stay as they are.
  - Servers boot with the minimum, and can grow to the vCPUs and the memory of the flavor while they run.
  - This applies to servers that are created, or resized to the flavor, afterwards.
  - For administrators, unless the policy of the cloud says otherwise.
  - The flavor itself can be created with M(openstack.cloud.compute_flavor).
options:
  name:
    description:
      - The name or the ID of the flavor.
    type: str
    required: true
    aliases: [flavor]
  state:
    description:
      - V(present) sets what the other options say. What they do not say stays as it is.
      - V(absent) removes all extra specs about elastic servers. The flavor is fixed then.
    type: str
    choices: [present, absent]
    default: present
  minimum_cpu:
    description:
      - The number of vCPUs with which its servers boot. Without it their number is fixed.
    type: int
  minimum_memory:
    description:
      - The memory with which its servers boot, in MiB, or with a unit, as in V(512M) and V(2G). Without it their memory
        is fixed.
    type: str
  virtio_mem:
    description:
      - Whether the memory of its servers is adjusted by virtio-mem instead of a balloon.
      - Without it the image of the server or the cloud decides.
    type: bool
  when_full:
    description:
      - What to do if the host of a server is full, and a request to adjust it does not say. V(refuse) it, let it V(wait)
        for capacity, or V(move) the server to another host by live migration.
      - Without it the cloud decides.
    type: str
    choices: [refuse, wait, move]
  priority:
    description:
      - The priority of its servers among those that wait for capacity on a host, from 0 to 1000. Higher ones come first.
    type: int
  movable:
    description:
      - Whether its servers may be live migrated so that another server on their host can grow.
    type: bool
extends_documentation_fragment:
  - xloud.elastic.cloud
attributes:
  check_mode:
    description: Can run in check mode and return the changed status without changing anything.
    details:
      - A minimum that is above the flavor fails in check mode, too. What else the cloud may refuse is not checked.
    support: full
  diff_mode:
    description: Returns what changed, or what would change in check mode.
    support: full
seealso:
  - module: xloud.elastic.server_size
  - module: openstack.cloud.compute_flavor
"""

EXAMPLES = r"""
- name: Have a flavor with up to 4 vCPUs and 4 GiB
  openstack.cloud.compute_flavor:
    cloud: mycloud
    name: big
    vcpus: 4
    ram: 4096
    disk: 20

- name: Have its servers boot with 1 vCPU and 1 GiB
  xloud.elastic.flavor_elastic:
    cloud: mycloud
    name: big
    minimum_cpu: 1
    minimum_memory: 1G
    when_full: wait

- name: Have a flavor fixed again
  xloud.elastic.flavor_elastic:
    cloud: mycloud
    name: big
    state: absent
"""

RETURN = r"""
flavor:
  description: The flavor with its bounds. Memory is in MiB. In check mode they are the present ones.
  returned: success
  type: dict
  sample:
    id: 9f7b6c5e-7a7d-4c0c-9a58-0d3d4ad5a3c1
    name: big
    elastic: true
    min_vcpus: 1
    min_memory_mb: 1024
    max_vcpus: 4
    max_memory_mb: 4096
extra_specs:
  description: Its extra specs about elastic servers. In check mode they are those that it would have.
  returned: success
  type: dict
  sample: {minimum_cpu: "1", minimum_memory: "1024", "xloud:when_full": wait}
code:
  description: The stable code of the reason, if the cloud gives one.
  returned: failure
  type: str
reason:
  description: Why it failed.
  returned: failure
  type: str
  sample: minimum_cpu is 9, but the flavor has only 4 vCPUs.
"""

import dataclasses

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.xloud.elastic.plugins.module_utils import cloud, specs

try:
    from xloudclient import units
except ImportError:
    pass  # `cloud.connected` ends the module with what is missing.


def main() -> None:
    """Run as Ansible calls it."""
    module = AnsibleModule(
        argument_spec=cloud.argument_spec(
            name={'type': 'str', 'required': True, 'aliases': ['flavor']},
            state={'type': 'str', 'choices': ['present', 'absent'], 'default': 'present'},
            minimum_cpu={'type': 'int'},
            minimum_memory={'type': 'str'},
            virtio_mem={'type': 'bool'},
            when_full={'type': 'str', 'choices': ['refuse', 'wait', 'move']},
            priority={'type': 'int'},
            movable={'type': 'bool'},
        ),
        required_if=[('state', 'present', tuple(specs.NAMES), True)],
        supports_check_mode=True,
    )
    with cloud.connected(module) as elastic:
        options = {
            **module.params,
            'minimum_memory': cloud.parsed(module, 'minimum_memory', units.memory_mb),
        }
        flavor = elastic.flavor(module.params['name'])
        before = elastic.flavor_specs(flavor.id)
        if options['state'] == 'absent':
            changes = dict.fromkeys(before)
        else:
            fault = specs.fault(options, flavor.max_vcpus, flavor.max_memory_mb)
            if fault:
                cloud.fail(module, fault)
            changes = specs.changes(before, options)
        if changes and not module.check_mode:
            elastic.change_flavor_specs(flavor.id, changes)
            flavor = elastic.flavor(flavor.id)
        after = specs.changed(before, changes)
        module.exit_json(
            changed=bool(changes),
            flavor=dataclasses.asdict(flavor),
            extra_specs=after,
            diff={'before': specs.changed(before, {}), 'after': after},
        )


if __name__ == '__main__':
    main()
