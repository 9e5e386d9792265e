"""A client that goes on while something fails."""

from __future__ import annotations

import collections
from typing import Any

import keystoneauth1.exceptions
import openstack

from cloud import errors, waiting
from cloud.tests.e2e.sizes import Size
from cloud.tests.e2e.world import World

#: Seconds that a client repeats.
PATIENCE = 240

#: How it shows that a service does not answer.
UNREACHABLE = (
    openstack.exceptions.SDKException,
    keystoneauth1.exceptions.ClientException,
    errors.CloudError,
)

#: What services say of those that are gone.
LOST = (
    'AMQP|amqp|Connection|MessagingTimeout|MessageDeliveryFailure|ServiceUnavailable|'
    'ConnectFailure|OperationalError|DBConnectionError|InternalError|WSREP|Lost connection|'
    'gone away|Placement|placement|RemoteError|OSError|Timed out|timed out|Keystone|keystone|'
    'Deadlock|refused|Unauthorized'
)


class Client:
    """Wants sizes of a server, and requests each until it has it."""

    def __init__(self, world: World, server: str) -> None:
        self.world = world
        self.server = server
        self.accepted: list[str] = []
        self.answers: collections.Counter[str] = collections.Counter()

    def gets(self, size: Size) -> None:
        """Return when the server has a size."""
        if not waiting.until(lambda: self._progress(size), PATIENCE, 0.3):
            raise AssertionError(f'after {PATIENCE} s the server is not {size}: {self.answers}')

    def _progress(self, size: Size) -> bool:
        """Return whether the guest has a size, and it is accounted for; request it if not."""
        try:
            status = self.world.api.status(self.server)
            if (status['adjust'] or {}).get('state') == 'running':
                return False
            current = Size(status['current_vcpus'], status['current_memory_mb'])
            accounted = Size(status['accounted_vcpus'], status['accounted_memory_mb'])
            if status['source'] == 'hypervisor' and current == accounted == size:
                return True
            self.request(current_vcpus=size.vcpus, current_memory_mb=size.memory_mb)
        except UNREACHABLE:
            self.answers['none'] += 1
        return False

    def request(self, **body: Any) -> None:
        """Request something of the size of the server; note the answer."""
        answer = self.world.admin.compute.post(f'/os-xloud-adjust/{self.server}', json=body)
        self.answers[str(answer.status_code)] += 1
        if answer.status_code == 202:
            self.accepted.append(answer.headers['x-openstack-request-id'])

    def is_in_history(self) -> bool:
        """Return whether all that was accepted is in the history of the server."""
        answer = self.world.admin.compute.get(f'/servers/{self.server}/os-instance-actions')
        openstack.exceptions.raise_from_response(answer)
        kept = {action['request_id'] for action in answer.json()['instanceActions']}
        return kept.issuperset(self.accepted)
