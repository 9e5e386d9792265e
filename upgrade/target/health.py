"""Restarting services, and waiting until they are, and stay, healthy."""

from __future__ import annotations

import time
from collections.abc import Callable

from upgrade.agent.protocol import Outcome
from upgrade.errors import ServiceError, quoted
from upgrade.target.container import Container
from upgrade.target.inventory import Service

#: Runs a command in the host's shell, within so many seconds.
Shell = Callable[[str, float], Outcome]


class Health:
    """The services of a target, as their own commands report them."""

    def __init__(self, target: str, shell: Shell, container: Container | None) -> None:
        self.target = target
        self.shell = shell
        self.container = container

    def restart(self, service: Service) -> None:
        outcome = self.shell(service.restart, service.timeout)
        if outcome.failed:
            raise self._error(service, 'could not be restarted', service.restart, outcome)
        self.wait(service)

    def wait(self, service: Service) -> None:
        """Return when it has been healthy for as long as it must be."""
        end = time.monotonic() + service.timeout
        healthy_since: float | None = None
        started = ''
        while True:
            outcome = self.shell(service.health, max(5.0, service.timeout))
            now = time.monotonic()
            if outcome.failed:
                if healthy_since is not None:
                    raise self._error(service, 'came up and failed', service.health, outcome)
                if now > end:
                    what = f'does not come back within {service.timeout:.0f} s'
                    raise self._error(service, what, service.health, outcome)
            else:
                if healthy_since is None:
                    healthy_since, started = now, self._started_at()
                if now - healthy_since >= service.settle:
                    break
            time.sleep(min(1.0, max(0.1, service.settle / 5)))
        if self.container and self.container.started_at() != started:
            outcome = Outcome(0, self.container.logs())
            raise self._error(service, 'is restarted again and again', service.health, outcome)

    def _started_at(self) -> str:
        return self.container.started_at() if self.container else ''

    def _error(self, service: Service, what: str, command: str, outcome: Outcome) -> ServiceError:
        return ServiceError(
            f'{self.target}: {service.role} {what}\n'
            f'  {command}\n  ended with status {outcome.status}\n{quoted(outcome.output)}'
        )
