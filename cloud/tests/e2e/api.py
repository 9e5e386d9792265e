"""The cloud as its users see it: the API, and the client."""

from __future__ import annotations

import json
from typing import Any

import openstack
from openstack.connection import Connection

from cloud import command, lifecycle, waiting


class Api:
    """What is asked of the API, and waited for in its answers."""

    def __init__(self, cloud: lifecycle.Cloud, admin: Connection) -> None:
        self.cloud = cloud
        self.context = cloud.context()
        self.admin = admin

    def cli(self, *words: str, user: str = 'xcloud') -> Any:
        """Run ``openstack`` and return the JSON it prints, or its text."""
        printed = command.run(
            [self.context.venv.bin / 'openstack', '--os-cloud', user, *words],
            env=self.cloud.environment(),
        )
        return json.loads(printed) if '-f' in words else printed

    def server(self, server: str) -> dict[str, Any]:
        """Return the server as the API shows it to the administrator."""
        return dict(self.admin.compute.get_server(server).to_dict())

    def act(self, server: str, action: str, body: Any = None) -> None:
        """Post a server action; an answer other than success is an error."""
        answer = self.admin.compute.post(
            f'/servers/{server}/action', json={action: body}, microversion='2.95'
        )
        openstack.exceptions.raise_from_response(answer)

    def wait(self, server: str, status: str, seconds: float = 120) -> dict[str, Any]:
        """Return when a server has a status, and no task is left."""
        details: dict[str, Any] = {}

        def there() -> bool:
            details.update(self.server(server))
            if details['status'] == 'ERROR' and status != 'ERROR':
                raise AssertionError(f'the server is in ERROR: {details["fault"]}')
            return details['status'] == status and details['task_state'] is None

        if not waiting.until(there, seconds, 0.3):
            raise AssertionError(
                f'after {seconds} s the server is {details["status"]} '
                f'(task {details["task_state"]}), not {status}'
            )
        return details

    def wait_service(self, hostname: str, state: str, seconds: float = 60) -> None:
        """Wait until Nova holds the compute of a host for up, or for down.

        Nova disables one whose libvirtd is gone, until a while after it is back.
        """

        def there() -> bool:
            listed = self.admin.compute.services(binary='nova-compute', host=hostname)
            return all(
                entry.state == state and (state == 'down' or entry.status == 'enabled')
                for entry in listed
            )

        if not waiting.until(there, seconds, 0.5):
            raise AssertionError(f'the compute of {hostname} is not {state} after {seconds} s')

    def project(self, name: str) -> str:
        """Return the identity of a project."""
        url = self.context.settings.url('keystone') + f'/v3/projects?name={name}'
        return str(self.context.admin.get(url)['projects'][0]['id'])

    def post_adjust(
        self, server: str, connection: Connection | None = None, **body: Any
    ) -> tuple[int, str]:
        """Request another size; return the status of the answer and its text."""
        error = self.adjust_error(server, connection, **body)
        return (int(error['code']), str(error['message'])) if error else (202, '')

    def adjust_error(
        self, server: str, connection: Connection | None = None, **body: Any
    ) -> dict[str, Any]:
        """Request another size; return the error that this was answered with, if any."""
        answer = (connection or self.admin).compute.post(f'/os-xloud-adjust/{server}', json=body)
        return {} if answer.status_code == 202 else dict(next(iter(answer.json().values())))

    def dry_run(self, server: str, **body: Any) -> dict[str, Any]:
        """Return what a request for another size would lead to."""
        answer = self.admin.compute.post(
            f'/os-xloud-adjust/{server}', json={**body, 'dry_run': True}
        )
        openstack.exceptions.raise_from_response(answer)
        return dict(answer.json()['dry_run'])

    def adjusted(
        self, server: str, succeeds: bool | None = None, seconds: float = 60
    ) -> dict[str, Any]:
        """Wait until no adjustment is under way, and return how the last one went.

        Its end is written down a moment after the server's task is gone.
        """
        last: dict[str, Any] = {}

        def over() -> bool:
            if self.server(server)['task_state'] is not None:
                return False
            last.update(self.status(server)['adjust'])
            return last['state'] not in ('running', 'moving')

        if not waiting.until(over, seconds, 0.2):
            task = self.server(server)['task_state']
            raise AssertionError(
                f'after {seconds} s the server is in task {task}, and its last adjustment: {last}'
            )
        if succeeds is not None and last['state'] != ('succeeded' if succeeds else 'failed'):
            raise AssertionError(f'the adjustment ended otherwise than expected: {last}')
        return last

    def status(self, server: str, connection: Connection | None = None) -> dict[str, Any]:
        """Return what the API says of a server's size."""
        answer = (connection or self.admin).compute.get(f'/servers/{server}/xloud-status')
        openstack.exceptions.raise_from_response(answer)
        return dict(answer.json()['xloud_status'])

    def heard_of(self, server: str, seconds: float = 30) -> dict[str, Any]:
        """Return what the API says of a server's size once its guest's agent has answered, too.

        It asks briefly, since whoever looks does not want to wait.
        """
        details: dict[str, Any] = {}

        def answered() -> bool:
            details.update(self.status(server))
            return details['guest_vcpus'] is not None

        waiting.until(answered, seconds, 1)
        return details
