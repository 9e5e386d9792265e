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
        """Run ``openstack`` and give the JSON it prints, or its text."""
        printed = command.run(
            [self.context.venv.bin / 'openstack', '--os-cloud', user, *words],
            env=self.cloud.environment(),
        )
        return json.loads(printed) if '-f' in words else printed

    def server(self, server: str) -> dict[str, Any]:
        """Give the server as the API shows it to the administrator."""
        return dict(self.admin.compute.get_server(server).to_dict())

    def act(self, server: str, action: str, body: Any = None) -> None:
        """Post a server action; an answer other than success is an error."""
        answer = self.admin.compute.post(
            f'/servers/{server}/action', json={action: body}, microversion='2.95'
        )
        openstack.exceptions.raise_from_response(answer)

    def wait(self, server: str, status: str, seconds: float = 120) -> dict[str, Any]:
        """Return when a server has a status, and no task is left."""
        shown: dict[str, Any] = {}

        def there() -> bool:
            shown.update(self.server(server))
            if shown['status'] == 'ERROR' and status != 'ERROR':
                raise AssertionError(f'the server is in ERROR: {shown["fault"]}')
            return shown['status'] == status and shown['task_state'] is None

        if not waiting.until(there, seconds, 0.3):
            raise AssertionError(
                f'after {seconds} s the server is {shown["status"]} '
                f'(task {shown["task_state"]}), not {status}'
            )
        return shown

    def wait_service(self, hostname: str, state: str, seconds: float = 60) -> None:
        """Wait until Nova holds the compute of a host for up, or for down."""

        def there() -> bool:
            listed = self.admin.compute.services(binary='nova-compute', host=hostname)
            return all(each.state == state for each in listed)

        if not waiting.until(there, seconds, 0.5):
            raise AssertionError(f'the compute of {hostname} is not {state} after {seconds} s')

    def project(self, name: str) -> str:
        """Give the identity of a project."""
        url = self.context.settings.url('keystone') + f'/v3/projects?name={name}'
        return str(self.context.admin.get(url)['projects'][0]['id'])

    def post_adjust(
        self, server: str, connection: Connection | None = None, **body: Any
    ) -> tuple[int, str]:
        """Ask for another size; give the status of the answer and its text."""
        answer = (connection or self.admin).compute.post(f'/os-xloud-adjust/{server}', json=body)
        if answer.status_code == 202:
            return 202, ''
        error = next(iter(answer.json().values()))
        return answer.status_code, str(error['message'])

    def adjusted(
        self, server: str, succeeds: bool | None = None, seconds: float = 60
    ) -> dict[str, Any]:
        """Wait until no adjust is under way, and give how the last one went.

        Its end is written down a moment after the server's task is gone.
        """
        last: dict[str, Any] = {}

        def over() -> bool:
            if self.server(server)['task_state'] is not None:
                return False
            last.update(self.status(server)['adjust'])
            return last['state'] != 'running'

        if not waiting.until(over, seconds, 0.2):
            task = self.server(server)['task_state']
            raise AssertionError(
                f'after {seconds} s the server is in task {task}, and its last adjust: {last}'
            )
        if succeeds is not None and last['state'] != ('succeeded' if succeeds else 'failed'):
            raise AssertionError(f'the adjust ended otherwise than expected: {last}')
        return last

    def status(self, server: str, connection: Connection | None = None) -> dict[str, Any]:
        """Give what the API says of a server's size."""
        answer = (connection or self.admin).compute.get(f'/servers/{server}/xloud-status')
        openstack.exceptions.raise_from_response(answer)
        return dict(answer.json()['xloud_status'])

    def heard_of(self, server: str, seconds: float = 30) -> dict[str, Any]:
        """Give what the API says of a server's size once its guest's agent has answered, too.

        It asks briefly, since whoever looks does not want to wait.
        """
        shown: dict[str, Any] = {}

        def answered() -> bool:
            shown.update(self.status(server))
            return shown['guest_vcpus'] is not None

        waiting.until(answered, seconds, 1)
        return shown
