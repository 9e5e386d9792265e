"""What ``apply`` and ``rollback`` both do on a target."""

from __future__ import annotations

from upgrade.errors import TargetError
from upgrade.target.work import Work


def restart_each(work: Work) -> None:
    for service in work.target.services:
        work.go_on(f'the restart of {service.role}')
        work.restart(service)


def put_back_left(work: Work) -> None:
    """Take back new files that an interrupted run has left without restarting anything."""
    work.swapped = True
    work.restarted = list(work.target.services)
    told = work.put_back()
    if work.swapped or work.troubled:
        raise TargetError(told)
