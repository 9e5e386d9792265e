"""What is found on a target, and what an interrupted run has left there."""

from __future__ import annotations

from typing import Any

from upgrade.errors import BusyError
from upgrade.target.work import Work


def reach(work: Work) -> tuple[dict[str, Any], str]:
    """Look at a target, and tell what an interrupted run has left there. Changes nothing."""
    work.find()
    facts = work.facts()
    return facts, _left(work, facts) if facts['litter'] else ''


def _left(work: Work, facts: dict[str, Any]) -> str:
    try:
        work.need_free()
    except BusyError as error:
        return str(error)
    journal = facts['journal']
    if not journal:
        return 'a run was cut off while it copied files there: run it again'
    kind = journal['about']['kind']
    if journal['state'] == 'swapped':
        return (
            f'an interrupted {kind} has put all files there, but not restarted all services:\n'
            f'run {kind} again to go on, or rollback'
        )
    return (
        f'an interrupted {kind} has exchanged a part of the files:\n'
        'run apply or rollback; both put the former ones back first'
    )
