"""``status``: what runs on a target."""

from __future__ import annotations

from dataclasses import dataclass, field

from upgrade.commands.inspection import inspect
from upgrade.errors import UpgradeError
from upgrade.target.target import Target


@dataclass
class Status:
    """A version of None is unknown, as ``fault`` explains."""

    target: str
    place: str
    site_packages: str | None = None
    version: str | None = None
    since: str | None = None
    backup: str | None = None
    fault: str | None = None
    #: Whether each service is up, by its role.
    services: dict[str, bool] = field(default_factory=dict)


def status(target: Target) -> Status:
    result = Status(target.name, target.entry.place)
    try:
        installed, unfinished = inspect(target)
    except UpgradeError as error:
        result.fault = str(error)
        return result
    result.site_packages = installed.site
    result.version = installed.version or None
    result.fault = unfinished or None
    if installed.state:
        result.since, result.backup = installed.state.when, installed.state.backup
    for service in target.entry.services:
        result.services[service.role] = not target.agents.shell(service.health).failed
    return result
