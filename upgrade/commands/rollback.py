"""``rollback``: make targets what their backups say.

Sizes come first, because only the fork can adjust servers, and the trait of the computes last.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path

from upgrade.agent.protocol import Compare, Leftover, Manifest, Operation, Unpack, Unpacked
from upgrade.commands import apply
from upgrade.commands.common import put_back_leftover, restart_services
from upgrade.commands.invocation import Invocation
from upgrade.commands.roll import Roll
from upgrade.errors import BackupError, TargetError, UpgradeError
from upgrade.openstack import sizes, traits
from upgrade.openstack.client import Cloud
from upgrade.target.backups import Backup, Store
from upgrade.target.target import Target
from upgrade.target.transport import Transport

KIND = 'rollback'
_CLOUD = 'the cloud'


def run(invocation: Invocation, to: str | None) -> tuple[Roll, list[str]]:
    """Roll every target back; return the roll, and the hosts whose trait could not be removed."""
    with Transport() as transport, transport.folder() as folder:
        roll = invocation.roll(transport)
        rollback = Rollback(invocation.store, folder, to)
        roll.run(rollback.prepare, rollback.switch)
    return roll, _remove_traits(invocation, rollback.stock_computes)


def restore_sizes(invocation: Invocation) -> None:
    """Let every elastic server grow to its flavor's maximum, or change none and say why."""
    if not invocation.has_openrc:
        raise UpgradeError(
            'servers are adjusted to the size of their flavors first, and OS_AUTH_URL is not set\n'
            '  source the openrc file of an administrator; or give --keep-sizes when there is no\n'
            '  elastic server, or when only some of the targets are rolled back'
        )
    cloud = Cloud(invocation.environment)
    progress = invocation.progress
    with progress.step(_CLOUD, 'find servers that are smaller than their flavor'):
        servers = sizes.find(cloud)
    with progress.step(_CLOUD, f'adjust {len(servers)} servers to their maximum'):
        sizes.restore(cloud, servers, progress.say)


def _remove_traits(invocation: Invocation, hosts: list[str]) -> list[str]:
    if not invocation.has_openrc:
        return hosts
    with invocation.progress.step(_CLOUD, f'remove {traits.TRAIT} from {len(hosts)} computes'):
        traits.remove(Cloud(invocation.environment), hosts)
    return []


@dataclass
class _Prepared:
    """What phase one leaves to phase two; nothing is unpacked when there is nothing to exchange."""

    backup: Backup
    manifest: Manifest
    host: str
    unpacked: Unpacked | None = None
    changed: list[str] = field(default_factory=list)


class Rollback:
    """Both phases, on one target after another."""

    def __init__(self, store: Store, folder: Path, to: str | None) -> None:
        self.store = store
        self.folder = folder
        self.to = to
        self._prepared: dict[str, _Prepared] = {}
        self._computes: list[_Prepared] = []

    @property
    def stock_computes(self) -> list[str]:
        """The names of the hosts whose computes run stock Nova now."""
        return sorted(
            compute.host for compute in self._computes if '+' not in compute.manifest.version
        )

    def prepare(self, target: Target) -> bool:
        with target.step('connect, lock and inspect'):
            target.agents.lock('xloud-upgrade rollback')
            target.locate_or_recover()
            leftover = target.recover()
        if leftover and leftover.operation.kind == apply.KIND:
            put_back_leftover(target)
            leftover = None
        backup = self._choose(target, leftover)
        manifest = backup.manifest()
        if manifest.site != target.site:
            raise BackupError(
                f'{target.name}: the backup {backup.name} is of {manifest.site},\n'
                f'  but nova is in {target.site} now'
            )
        prepared = _Prepared(backup, manifest, target.hostname())
        self._prepared[target.name] = prepared
        if any(service.role == 'compute' for service in target.entry.services):
            self._computes.append(prepared)
        if leftover:
            target.say('continues after an interruption: restarts')
            target.take_over(target.entry.services)
            return True
        if not target.agents.inside.ask(Compare(target.site, manifest.files)):
            target.say(f'is what the backup {backup.name} has already')
            return False
        folder = self.folder / target.name.replace('/', '_')
        folder.mkdir(mode=0o700)
        shutil.copyfile(backup.archive, folder / 'backup.tar.gz')
        with target.step(f'copy the backup {backup.name}'):
            target.send(folder)
        with target.step('stage'):
            request = Unpack(target.site, manifest.files, manifest.sha256)
            prepared.unpacked = target.agents.inside.ask(request)
        return True

    def switch(self, target: Target) -> None:
        prepared = self._prepared[target.name]
        manifest, name = prepared.manifest, prepared.backup.name
        if prepared.unpacked:
            operation = Operation(KIND, manifest.version, backup=name)
            with target.step('exchange files'):
                steps = target.swap(prepared.unpacked.paths, prepared.unpacked.removed, operation)
            prepared.changed = [step.path for step in steps]
        restart_services(target)
        with target.step('make it final and compare'):
            target.commit(manifest.state)
            request = Compare(target.site, manifest.files, prepared.changed)
            differences = target.agents.inside.ask(request)
        if differences:
            raise TargetError(
                f'{target.name} is not what the backup {name} says:\n'
                + '\n'.join(f'  {line}' for line in differences[:20])
                + '\n  was it changed in the meantime? run rollback again'
            )

    def _choose(self, target: Target, leftover: Leftover | None) -> Backup:
        if leftover:
            return self.store.find(target.name, leftover.operation.backup)
        if self.to:
            return self.store.find(target.name, self.to)
        # The one that the last apply made; else the newest there is.
        state = target.inspect().state
        backups = [b for b in self.store.all(target.name) if state and b.name == state.backup]
        return backups[0] if backups else self.store.find(target.name, None)
