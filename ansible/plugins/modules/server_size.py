#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Adjust the vCPUs and the memory of a server."""

from __future__ import annotations

DOCUMENTATION = r"""
module: server_size
short_description: Adjust the vCPUs and the memory of a server while it runs
version_added: 1.0.0
author:
  - The authors of xloud-nova (@xloud)
description:
  - Adjusts an elastic server of a cloud that runs xloud-nova. The flavor of the server sets the bounds.
  - vCPUs and memory are one adjustment. The server gets both or neither.
  - A server that has the size already is left alone. An adjustment to another size that waits for capacity is replaced.
  - If an adjustment to the size is in progress, the module waits for its end, in check mode as well. It adjusts the server
    if that still differs, as after an adjustment until the next start. With O(wait=false) the server is left alone.
  - In check mode the cloud checks the adjustment, and changes nothing. The module fails where the adjustment
    would be refused.
options:
  name:
    description:
      - The name or the ID of the server.
    type: str
    required: true
    aliases: [server]
  vcpus:
    description:
      - The number of vCPUs. By default it stays as it is.
    type: int
  memory:
    description:
      - The memory in MiB, or with a unit, as in V(512M) and V(2G). By default it stays as it is.
    type: str
  bound:
    description:
      - Gives the server the minimum or the maximum of its flavor. O(vcpus) or O(memory) take precedence.
    type: str
    choices: [minimum, maximum]
  persist:
    description:
      - Whether the server has the size permanently. With V(false) it has it until its next start.
    type: bool
    default: true
  when_full:
    description:
      - What to do if the host of the server is full. V(refuse) the adjustment, let it V(wait) for capacity, or V(move)
        the server to another host by live migration.
      - By default the flavor of the server or the cloud decides.
      - Members may use V(wait), and only administrators V(move), unless the policy of the cloud says otherwise.
    type: str
    choices: [refuse, wait, move]
  for:
    description:
      - Gives the server the size for a limited time, in seconds, or with a unit, as in V(90s), V(30m), V(2h) and V(7d).
        Then it goes back by itself to the size that it had before.
      - The time is not extended if the server has the size already. Without this option a server that would go back
        keeps the size.
    type: str
    aliases: [for_seconds]
  force:
    description:
      - Takes memory away even below what the guest needs. Its processes may be killed.
      - Only administrators may, unless the policy of the cloud says otherwise.
    type: bool
    default: false
  cancel:
    description:
      - Cancels the adjustment of the server that waits for capacity, if there is one.
    type: bool
    default: false
  wait:
    description:
      - Whether to wait for the end of the adjustment. The module then succeeds only if the guest has the size.
      - Otherwise the module returns as soon as the cloud has accepted the adjustment.
    type: bool
    default: true
  timeout:
    description:
      - How many seconds to wait at most. The adjustment continues afterwards. If the module runs again, it waits
        for the same adjustment.
    type: int
    default: 600
extends_documentation_fragment:
  - xloud.elastic.cloud
attributes:
  check_mode:
    description: Can run in check mode and return the changed status without changing anything.
    support: partial
    details: With O(cancel), check mode reports unchanged for an adjustment that moves its server, where a run may cancel it.
  diff_mode:
    description: Returns what changed, or what would change in check mode.
    support: full
seealso:
  - module: xloud.elastic.server_size_info
  - module: xloud.elastic.flavor_elastic
"""

EXAMPLES = r"""
- name: Give the servers of the shop two vCPUs and 2 GiB each
  xloud.elastic.server_size:
    cloud: mycloud
    name: "{{ item }}"
    vcpus: 2
    memory: 2G
  loop: [web1, web2, web3]

- name: Grow for two hours, and wait for capacity if the host is full
  xloud.elastic.server_size:
    cloud: mycloud
    name: web1
    bound: maximum
    for: 2h
    when_full: wait
    timeout: 3600

- name: Cancel what waits for capacity
  xloud.elastic.server_size:
    cloud: mycloud
    name: web1
    cancel: true

# In a play for hosts of the inventory plugin of openstack.cloud:
- name: Give each host of the play the size that the inventory has for it
  xloud.elastic.server_size:
    cloud: mycloud
    name: "{{ openstack.id }}"
    vcpus: "{{ size.vcpus }}"
    memory: "{{ size.memory }}"
  delegate_to: localhost
"""

RETURN = r"""
server:
  description: The server.
  returned: success
  type: dict
  contains:
    id:
      description: Its ID.
      type: str
    name:
      description: Its name.
      type: str
  sample: {id: 8e31db15-9a4f-4520-b422-4a557e64f65d, name: web1}
size:
  description:
    - The size of the server, its bounds, and its last adjustment. Memory is in MiB. In check mode it is the present size.
    - Nova's API reference describes every field, in C(Show Server Size).
  returned: success
  type: dict
  sample: &sample
    current_vcpus: 2
    current_memory_mb: 2048
    min_vcpus: 1
    min_memory_mb: 1024
    max_vcpus: 4
    max_memory_mb: 4096
    start_vcpus: 2
    start_memory_mb: 2048
    returns_at: null
    adjust: {state: succeeded, since: "2026-02-01T09:30:00Z", code: null, reason: null}
ansible_facts:
  description: Facts of the host that the task is for, also if another one runs it.
  returned: success
  type: dict
  contains:
    elastic_size:
      description: The same as RV(size). In a loop it is that of the last server.
      type: dict
      sample: *sample
prediction:
  description: What the adjustment would lead to.
  returned: in check mode, if something would change
  type: dict
  contains:
    outcome:
      description:
        - V(in_place) if the host would accept it, V(wait) if it would wait for capacity, or V(move) if the server
          would be moved to another host.
      type: str
  sample: {outcome: in_place}
code:
  description:
    - The stable code of the reason, if the cloud gives one. Nova's API reference lists the codes.
  returned: failure
  type: str
  sample: xloud.host_full
reason:
  description: Why it failed.
  returned: failure
  type: str
  sample: Its host has 2 vCPUs available; the request needs 3 more.
remedy:
  description: What to do about it, if the code is known.
  returned: failure
  type: str
  sample: Request less, let it wait or the server move with when_full, or have another server live migrated.
"""

import dataclasses
import time
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.xloud.elastic.plugins.module_utils import cloud, plan

try:
    from openstack.exceptions import ConflictException
    from xloudclient import XloudError, units
except ImportError:
    pass  # `cloud.connected` ends the module with what is missing.


def main() -> None:
    """Run as Ansible calls it."""
    module = AnsibleModule(
        argument_spec=cloud.argument_spec(
            name={'type': 'str', 'required': True, 'aliases': ['server']},
            vcpus={'type': 'int'},
            memory={'type': 'str'},
            bound={'type': 'str', 'choices': ['minimum', 'maximum']},
            persist={'type': 'bool', 'default': True},
            when_full={'type': 'str', 'choices': ['refuse', 'wait', 'move']},
            force={'type': 'bool', 'default': False},
            cancel={'type': 'bool', 'default': False},
            wait={'type': 'bool', 'default': True},
            timeout={'type': 'int', 'default': 600},
            **{'for': {'type': 'str', 'aliases': ['for_seconds']}},
        ),
        mutually_exclusive=[
            ('cancel', option) for option in ('vcpus', 'memory', 'bound', 'when_full', 'for')
        ],
        supports_check_mode=True,
    )
    with cloud.connected(module) as elastic:
        if module.params['cancel']:
            _cancel(module, elastic)
        else:
            _adjust(module, elastic)


def _adjust(module: AnsibleModule, elastic: Any) -> None:
    params = module.params
    options = {
        **params,
        'memory_mb': cloud.parsed(module, 'memory', units.memory_mb),
        'for_seconds': cloud.parsed(module, 'for', units.seconds),
    }
    if all(params[name] is None for name in ('vcpus', 'memory', 'bound')):
        module.fail_json(msg='Nothing to adjust: set vcpus, memory, bound or cancel.')
    server = elastic.find_server(params['name'])
    size = elastic.size(server)
    before = dataclasses.asdict(size)
    requested = plan.request(before, options)
    target = requested.vcpus, requested.memory_mb
    end = time.monotonic() + params['timeout']

    def wait(changed: bool) -> Any:
        try:
            return elastic.wait(server, *target, timeout=end - time.monotonic())
        except XloudError as error:
            cloud.fail(module, str(error), error.code, changed=changed)

    if params['wait'] and plan.in_progress(before, requested):
        size = wait(changed=False)
        before = dataclasses.asdict(size)
    changed = plan.changes(before, requested)
    how = {
        'live_only': not requested.persist,
        'for_seconds': requested.for_seconds,
        'when_full': params['when_full'],
        'force': params['force'],
    }
    if changed and module.check_mode:
        result = elastic.dry_run(server, *target, **how)
        if result.outcome == 'refused':
            cloud.fail(module, result.reason, result.code)
        diff = {'before': plan.shown(before), 'after': plan.predicted(before, requested)}
        prediction = {'outcome': result.outcome}
        _end(module, server, size, changed=True, diff=diff, prediction=prediction)
    if changed:
        size = elastic.adjust(server, *target, **how)
        if params['wait']:
            size = wait(changed=True)
    diff = {'before': plan.shown(before), 'after': plan.shown(dataclasses.asdict(size))}
    _end(module, server, size, changed=changed, **({'diff': diff} if changed else {}))


def _cancel(module: AnsibleModule, elastic: Any) -> None:
    server = elastic.find_server(module.params['name'])
    size = elastic.size(server)
    before = size.adjust and size.adjust.state
    changed = before == 'waiting'
    # One that has moved its server and cannot grow there yet can be cancelled, too. That only
    # the host knows.
    if before in ('waiting', 'moving') and not module.check_mode:
        try:
            size = elastic.cancel(server)
            changed = True
        except ConflictException as error:
            if getattr(error, 'code', None) != 'xloud.not_waiting':
                raise
            changed = False
    after = 'failed' if changed else before
    diff = {'before': {'adjust': before}, 'after': {'adjust': after}}
    _end(module, server, size, changed=changed, diff=diff)


def _end(module: AnsibleModule, server: Any, size: Any, **results: Any) -> None:
    fields = dataclasses.asdict(size)
    module.exit_json(
        server={'id': server.id, 'name': server.name},
        size=fields,
        ansible_facts={'elastic_size': fields},
        **results,
    )


if __name__ == '__main__':
    main()
