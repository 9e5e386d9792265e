"""What is installed on a target, and what an interrupted run has left there."""

from __future__ import annotations

from upgrade.agent.protocol import Installation, Phase
from upgrade.errors import BusyError
from upgrade.target.target import Target


def inspect(target: Target) -> tuple[Installation, str]:
    """Look at a target; return also what is unfinished there. Changes nothing."""
    target.locate()
    installed = target.inspect()
    return installed, _describe_unfinished(target, installed) if installed.unfinished else ''


def _describe_unfinished(target: Target, installed: Installation) -> str:
    try:
        target.agents.check_unlocked()
    except BusyError as error:
        return str(error)
    if not installed.journal:
        return 'a run was interrupted while it copied files there: run it again'
    kind = installed.journal.operation.kind
    if installed.journal.state is Phase.SWAPPED:
        return (
            f'an interrupted {kind} has put all files there, but not restarted all services:\n'
            f'run {kind} again to continue, or rollback'
        )
    return (
        f'an interrupted {kind} has exchanged some of the files:\n'
        'run apply or rollback; both put the former files back first'
    )
