"""What ``apply`` and ``rollback`` both do on a target."""

from __future__ import annotations

from upgrade.errors import TargetError
from upgrade.target.target import State, Target


def restart_services(target: Target) -> None:
    for service in target.entry.services:
        target.check_not_stopped(f'the restart of {service.role}')
        target.restart(service)


def put_back_leftover(target: Target) -> None:
    """Put back the old files that an interrupted run has replaced."""
    target.take_over(target.entry.services)
    outcome = target.put_back()
    if target.state is not State.RESTORED:
        raise TargetError(outcome)
