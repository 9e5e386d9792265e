#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Get the sizes of servers."""

from __future__ import annotations

DOCUMENTATION = r"""
module: server_size_info
short_description: Get the sizes and the bounds of servers
version_added: 1.0.0
author:
  - The authors of xloud-nova (@xloud)
description:
  - Gets the sizes of servers, their bounds, and their last adjustments, in a cloud that runs xloud-nova.
options:
  name:
    description:
      - The name or the ID of a server. By default the module returns all servers of the project.
      - The list is empty if there is no such server.
    type: str
    aliases: [server]
  host:
    description:
      - Only servers on this compute host. For administrators.
    type: str
  all_projects:
    description:
      - Servers of all projects. For administrators.
    type: bool
    default: false
extends_documentation_fragment:
  - xloud.elastic.cloud
attributes:
  check_mode:
    description: Can run in check mode and return the changed status without changing anything.
    support: full
  diff_mode:
    description: Returns what changed, or what would change in check mode.
    support: none
seealso:
  - module: xloud.elastic.server_size
"""

EXAMPLES = r"""
- name: Get the size of a server
  xloud.elastic.server_size_info:
    cloud: mycloud
    name: web1
  register: result

- name: Show it
  ansible.builtin.debug:
    msg: "{{ result.sizes[0].current_vcpus }} vCPUs of {{ result.sizes[0].max_vcpus }}"

- name: Get the sizes of all servers
  xloud.elastic.server_size_info:
    cloud: mycloud
  register: result

- name: Show those that are at their maximum
  ansible.builtin.debug:
    msg: "{{ item.name }} can grow no more"
  loop: "{{ result.sizes }}"
  loop_control: {label: "{{ item.name }}"}
  when: item.elastic and item.current_vcpus == item.max_vcpus
"""

RETURN = r"""
sizes:
  description:
    - The servers with their sizes. Memory is in MiB.
    - Nova's API reference describes every field, in C(Show Server Size).
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The ID of the server.
      type: str
    name:
      description: The name of the server.
      type: str
    project_id:
      description: The ID of its project.
      type: str
    elastic:
      description: Whether its vCPUs or its memory can be adjusted while it runs.
      type: bool
    current_vcpus:
      description: How many vCPUs it has.
      type: int
    current_memory_mb:
      description: How much memory it has.
      type: int
    min_vcpus:
      description: How many vCPUs it can have at least.
      type: int
    min_memory_mb:
      description: How much memory it can have at least.
      type: int
    max_vcpus:
      description: How many vCPUs it can have at most.
      type: int
    max_memory_mb:
      description: How much memory it can have at most.
      type: int
    start_vcpus:
      description: How many vCPUs it has after its next start.
      type: int
    start_memory_mb:
      description: How much memory it has after its next start.
      type: int
    floor_memory_mb:
      description: The memory below which its guest would be killed, if that is known.
      type: int
    room_vcpus:
      description: How many vCPUs more it could get on its host, if that is known.
      type: int
    room_memory_mb:
      description: How much memory more it could get on its host, if that is known.
      type: int
    returns_at:
      description: When it goes back by itself, if it was adjusted for a limited time.
      type: str
    adjust:
      description: Its last adjustment, if there was one.
      type: dict
      contains:
        state:
          description: V(running), V(waiting), V(moving), V(succeeded) or V(failed).
          type: str
        reason:
          description: Why it failed.
          type: str
        code:
          description: The stable code of the reason.
          type: str
"""

import dataclasses
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.xloud.elastic.plugins.module_utils import cloud

try:
    from openstack.exceptions import NotFoundException
except ImportError:
    pass  # `cloud.connected` ends the module with what is missing.


def main() -> None:
    """Run as Ansible calls it."""
    module = AnsibleModule(
        argument_spec=cloud.argument_spec(
            name={'type': 'str', 'aliases': ['server']},
            host={'type': 'str'},
            all_projects={'type': 'bool', 'default': False},
        ),
        mutually_exclusive=[('name', 'host'), ('name', 'all_projects')],
        supports_check_mode=True,
    )
    with cloud.connected(module) as elastic:
        sizes = [_fields(server, size) for server, size in _sizes(module.params, elastic)]
        module.exit_json(changed=False, sizes=sizes)


def _sizes(params: dict[str, Any], elastic: Any) -> list[tuple[Any, Any]]:
    if params['name'] is None:
        return elastic.sizes(params['host'], params['all_projects'])
    try:
        server = elastic.find_server(params['name'])
        return [(server, elastic.size(server))]
    except NotFoundException:
        return []


def _fields(server: Any, size: Any) -> dict[str, Any]:
    identity = {'id': server.id, 'name': server.name, 'project_id': server.project_id}
    return {**identity, **dataclasses.asdict(size)}


if __name__ == '__main__':
    main()
