"""``apply``: put the fork on targets."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

from upgrade.agent.protocol import AppliedFork, NewFile, Operation, Stage, Staged
from upgrade.commands.common import put_back_leftover, restart_services
from upgrade.commands.invocation import Invocation
from upgrade.commands.roll import Roll
from upgrade.errors import TargetError, UnfitError
from upgrade.fork import plan
from upgrade.fork.payload import Payload
from upgrade.fork.plan import Plan
from upgrade.target.backups import Backup, Store
from upgrade.target.target import Target
from upgrade.target.transport import Transport

KIND = 'apply'


def run(invocation: Invocation, payload: Payload) -> Roll:
    """Apply it to every target, and return the roll."""
    with Transport() as transport, transport.folder() as folder:
        roll = invocation.roll(transport)
        apply = Apply(payload, invocation.store, folder)
        roll.run(apply.prepare, apply.switch)
    return roll


@dataclass
class _Prepared:
    """What phase one leaves to phase two; nothing is staged when only restarts are missing."""

    state: AppliedFork | None
    staged: Staged | None = None
    removed: list[str] = field(default_factory=list)


class Apply:
    """Both phases, on one target after another."""

    def __init__(self, payload: Payload, store: Store, folder: Path) -> None:
        self.payload = payload
        self.store = store
        self.folder = folder
        self._prepared: dict[str, _Prepared] = {}

    def prepare(self, target: Target) -> bool:
        with target.step('connect, lock and inspect'):
            target.agents.lock('xloud-upgrade apply')
            target.locate_or_recover()
            leftover = target.recover(keep_incoming=True)
        if leftover:
            operation = leftover.operation
            if operation.kind == KIND and operation.digest == self.payload.digest:
                target.say('continues after an interruption: restarts')
                self._prepared[target.name] = _Prepared(operation.state)
                target.take_over(target.entry.services)
                return True
            put_back_leftover(target)
        planned = plan.make(target.entry, self.payload, target.inspect())
        if planned.problems:
            raise UnfitError(
                f'{target.name}: {_listed(planned.problems)}\n  nothing was changed there'
            )
        for note in planned.notes:
            target.say(f'note: {note}')
        if planned.done:
            target.say(f'has nova {planned.version} already')
            return False
        backup = target.back_up(self.store, planned.version, self.payload.base_version)
        with target.step(f'copy {len(planned.changes)} files'):
            target.send(self._unpacked(planned))
        with target.step('stage, compile and import'):
            staged = self._stage(target, planned)
        state = self._state(planned, backup)
        self._prepared[target.name] = _Prepared(state, staged, planned.removed)
        return True

    def switch(self, target: Target) -> None:
        prepared = self._prepared[target.name]
        if prepared.staged:
            operation = Operation(
                KIND, self.payload.version, self.payload.digest, state=prepared.state
            )
            with target.step('exchange files'):
                target.swap(prepared.staged.paths, prepared.removed, operation)
        restart_services(target)
        with target.step('make it final'):
            target.commit(prepared.state)

    def _unpacked(self, planned: Plan) -> Path:
        folder = self.folder / planned.target.name.replace('/', '_')
        self.payload.unpack({change.path for change in planned.changes}, folder)
        return folder

    def _stage(self, target: Target, planned: Plan) -> Staged:
        request = Stage(
            target.site,
            {change.path: NewFile(change.sha256, change.mode) for change in planned.changes},
            planned.removed,
            self.payload.dist_info,
            list(self.payload.entry_points),
        )
        try:
            staged = target.agents.inside.ask(request)
        except TargetError as error:
            raise type(error)(f'{error}\n  its files are as they were') from None
        for name, why in sorted(staged.tolerated.items()):
            target.say(f'note: {name} could not be imported before either: {why}')
        return staged

    def _state(self, planned: Plan, backup: Backup) -> AppliedFork:
        carried = {
            path: item.sha256
            for path, item in self.payload.items.items()
            if item.kind != 'metadata'
            and (planned.with_tests or not path.startswith('nova/tests/'))
        }
        return AppliedFork(
            self.payload.version,
            self.payload.base_version,
            self.payload.digest,
            backup.name,
            time.strftime('%Y-%m-%dT%H:%M:%S%z'),
            carried,
        )


def _listed(problems: list[str]) -> str:
    if len(problems) == 1:
        return problems[0].replace('\n', '\n  ')
    return f'{len(problems)} reasons not to touch it\n' + '\n'.join(
        '  - ' + problem.replace('\n', '\n    ') for problem in problems
    )
