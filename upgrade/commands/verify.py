"""``verify``: whether the fork is there whole, and can be imported."""

from __future__ import annotations

from upgrade.commands.inspection import reach
from upgrade.errors import UpgradeError
from upgrade.findings import FAULT, OK, Finding
from upgrade.fork.payload import Payload
from upgrade.fork.plan import judge
from upgrade.target.work import Work


def verify(work: Work, payload: Payload) -> list[Finding]:
    """Whether the fork is there whole, and can be imported."""
    found: list[Finding] = []

    def say(what: str, state: str, text: str) -> None:
        found.append(Finding(work.target.name, what, state, text))

    try:
        facts, left = reach(work)
    except UpgradeError as error:
        say('connection', FAULT, str(error))
        return found
    if left:
        say('interruption', FAULT, left)
    judged = judge(work.target, payload, facts)
    wrong = [*judged.problems]
    wrong += [f'{change.path} is not that of the fork' for change in judged.changes]
    wrong += [f'{path} should be gone' for path in judged.removed]
    if judged.version != payload.version:
        say('version', FAULT, f'nova {judged.version}, not {payload.version}; run apply')
    else:
        say('version', OK, f'nova {judged.version}')
    for text in wrong[:10]:
        say('files', FAULT, text)
    if wrong[10:]:
        say('files', FAULT, f'and {len(wrong) - 10} more')
    if not wrong:
        say('files', OK, f'{len(payload.items)} hold by their hashes')
    modules = [p for p, i in payload.items.items() if i.kind != 'metadata' and p in facts['files']]
    failed = work.inside.ask(
        'imports', site=work.site, wanted=modules, entry_points=payload.entry_points
    )
    for name, why in sorted(failed.items()):
        say('imports', FAULT, f'{name}: {why}')
    if not failed:
        points = ', '.join(f'{name} ({group})' for group, name, _ in payload.entry_points)
        say('imports', OK, f'every module, and the entry points {points or "of the release"}')
    for service in work.target.services:
        done = work.shell(service.health)
        state = FAULT if done['status'] else OK
        say(service.role, state, 'is not up' if done['status'] else 'is up')
    return found
