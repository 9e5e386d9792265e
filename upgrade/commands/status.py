"""``status``: what runs on a target."""

from __future__ import annotations

from typing import Any

from upgrade.commands.inspection import reach
from upgrade.errors import UpgradeError
from upgrade.target.work import Work


def status(work: Work) -> dict[str, Any]:
    """What runs on a target."""
    told: dict[str, Any] = {'target': work.target.name, 'place': work.target.place}
    try:
        facts, left = reach(work)
    except UpgradeError as error:
        return {**told, 'version': None, 'fault': str(error), 'services': {}}
    state = facts['state'] or {}
    services = {
        service.role: work.shell(service.health)['status'] == 0 for service in work.target.services
    }
    return {
        **told,
        'site_packages': facts['site'],
        'version': (facts['versions'] or [None])[0],
        'since': state.get('when'),
        'backup': state.get('backup'),
        'fault': left or None,
        'services': services,
    }
