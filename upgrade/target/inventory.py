"""The inventory: hosts, what runs Nova on each, and how its services are restarted."""

from __future__ import annotations

import shlex
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any

from upgrade.errors import InventoryError

#: The order of restarts. Computes come last: they need a conductor that knows their calls.
ROLES = ('conductor', 'scheduler', 'api', 'metadata', 'novncproxy', 'other', 'compute')
EXAMPLE = 'upgrade/inventory.example.toml has an example of every key'

_HOST_KEYS = {'address', 'user', 'port', 'become', 'ssh_options', 'state_dir'}
_SERVICE_KEYS = {'role', 'unit', 'restart', 'health', 'settle', 'timeout'}
_TARGET_KEYS = {'path', 'site_packages', 'python', 'engine', 'services', 'database', 'exec_user'}


@dataclass(frozen=True)
class Host:
    """A machine that ssh reaches."""

    name: str
    address: str
    user: str = ''
    port: int = 0
    become: tuple[str, ...] = ()
    ssh_options: tuple[str, ...] = ()
    state_dir: str = '/var/tmp/xloud-upgrade'


@dataclass(frozen=True)
class Service:
    """A service that runs from a target's files; commands are for the host's shell."""

    role: str
    restart: str
    health: str
    settle: float = 5.0
    timeout: float = 120.0


@dataclass(frozen=True)
class TargetEntry:
    """One set of installed files: a container's or a virtual environment's."""

    name: str
    host: Host
    container: str = ''
    engine: tuple[str, ...] = ()
    exec_user: str = 'root'
    site_packages: str = ''
    python: tuple[str, ...] = ('python3',)
    database: str = ''
    services: tuple[Service, ...] = ()

    @property
    def rank(self) -> int:
        return min((ROLES.index(service.role) for service in self.services), default=len(ROLES))

    @property
    def compute_only(self) -> bool:
        return bool(self.services) and all(s.role == 'compute' for s in self.services)

    @property
    def lock(self) -> str:
        """A name that is the same in every inventory for the same files."""
        what = f'container-{self.container}' if self.container else f'files{self.site_packages}'
        if not self.container and not self.site_packages:
            what = f'python{self.python[0]}'
        return what.replace('/', '_')

    @property
    def place(self) -> str:
        if self.container:
            return f'{self.engine[0]} container {self.container}'
        return self.site_packages or self.python[0]


@dataclass(frozen=True)
class Inventory:
    targets: tuple[TargetEntry, ...]
    backup_dir: Path
    source: str

    def matching(self, patterns: list[str]) -> list[TargetEntry]:
        """Return the targets whose own or host's name matches, in the order of restarts."""
        for pattern in patterns:
            if not any(_matches(target, pattern) for target in self.targets):
                names = ', '.join(target.name for target in self.targets)
                raise InventoryError(
                    f'no target or host of {self.source} matches `{pattern}`\n  targets: {names}'
                )
        chosen = [t for t in self.targets if not patterns or any(_matches(t, p) for p in patterns)]
        return sorted(chosen, key=lambda target: target.rank)


def _matches(target: TargetEntry, pattern: str) -> bool:
    return fnmatchcase(target.name, pattern) or fnmatchcase(target.host.name, pattern)


def load(path: Path | None, environment: Mapping[str, str]) -> Inventory:
    """Read a file, or take the one target that the environment's variables name."""
    if path is None and environment.get('TARGET_HOST'):
        return from_environment(environment)
    if path is None:
        path = Path('inventory.toml')
    try:
        table = tomllib.loads(path.read_text())
    except FileNotFoundError:
        raise InventoryError(
            f'there is no inventory {path}\n'
            f'  name one with --inventory, or one target with TARGET_HOST; {EXAMPLE}'
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InventoryError(f'{path} is not TOML: {error}') from None
    given = environment.get('BACKUP_DIR') or table.get('backup_dir') or 'backups'
    folder = path.parent / Path(given).expanduser() if 'BACKUP_DIR' not in environment else given
    return _Reader(str(path)).inventory(table, Path(folder))


def from_environment(environment: Mapping[str, str]) -> Inventory:
    """``TARGET_HOST``, ``CONTAINER_NAME``, ``NOVA_SITE_PACKAGES`` and ``BACKUP_DIR``."""
    user, _, address = environment['TARGET_HOST'].rpartition('@')
    container = environment.get('CONTAINER_NAME', '')
    site = environment.get('NOVA_SITE_PACKAGES', '')
    if not container and not site:
        raise InventoryError(
            'TARGET_HOST is set, but neither CONTAINER_NAME nor NOVA_SITE_PACKAGES:\n'
            '  set the one for a container, the other for a virtual environment'
        )
    host: dict[str, Any] = {'address': address, 'user': user}
    target: dict[str, Any] = {'site_packages': site} if site else {}
    for variable, key in (
        ('CONTAINER_ENGINE', 'engine'),
        ('SERVICE_ROLE', 'role'),
        ('RESTART_COMMAND', 'restart'),
        ('HEALTH_COMMAND', 'health'),
        ('SETTLE', 'settle'),
        ('TIMEOUT', 'timeout'),
    ):
        if environment.get(variable):
            target[key] = environment[variable]
    if environment.get('SSH_OPTIONS'):
        host['ssh_options'] = shlex.split(environment['SSH_OPTIONS'])
    target.setdefault('role', _guess_role(container))
    kind = 'containers' if container else 'environments'
    table = {'hosts': {address: {**host, kind: {container or 'nova': target}}}}
    if environment.get('STATE_DIR'):
        host['state_dir'] = environment['STATE_DIR']
    backups = environment.get('BACKUP_DIR') or 'backups'
    return _Reader('the environment').inventory(table, Path(backups).expanduser())


def _guess_role(container: str) -> str:
    return next((role for role in ROLES if role in container), 'other')


class _Reader:
    """Turns tables into targets; every error names its key."""

    def __init__(self, source: str) -> None:
        self.source = source

    def inventory(self, table: dict[str, Any], backups: Path) -> Inventory:
        self._check_keys(table, {'backup_dir', 'defaults', 'hosts'}, 'the top')
        defaults = table.get('defaults', {})
        self._check_keys(defaults, _HOST_KEYS | _SERVICE_KEYS | {'engine', 'python'}, 'defaults')
        targets = []
        for name, entry in self._tables(table, 'hosts', '').items():
            common = {k: v for k, v in defaults.items() if k in _HOST_KEYS}
            targets += self._host(name, {**common, **entry}, defaults)
        if not targets:
            raise InventoryError(f'{self.source} names no target; {EXAMPLE}')
        return Inventory(tuple(targets), backups, self.source)

    def _host(
        self, name: str, entry: dict[str, Any], defaults: dict[str, Any]
    ) -> list[TargetEntry]:
        where = f'hosts.{name}'
        self._check_keys(entry, _HOST_KEYS | {'containers', 'environments'}, where)
        host = Host(
            name,
            self._text(entry, 'address', where, name),
            self._text(entry, 'user', where),
            int(entry.get('port', 0)),
            self._words(entry, 'become', where),
            self._words(entry, 'ssh_options', where),
            self._text(entry, 'state_dir', where, Host.state_dir),
        )
        if host.address.startswith('-') or host.user.startswith('-'):
            raise InventoryError(f'{self.source}: {where}: no host or user begins with a hyphen')
        common = {k: v for k, v in defaults.items() if k not in _HOST_KEYS}
        targets = []
        for kind in ('containers', 'environments'):
            for target_name, target in self._tables(entry, kind, where).items():
                place = f'{where}.{kind}.{target_name}'
                table = {**common, **target}
                targets.append(self._target(host, kind, target_name, table, place))
        return targets

    def _target(
        self, host: Host, kind: str, name: str, entry: dict[str, Any], where: str
    ) -> TargetEntry:
        self._check_keys(entry, _TARGET_KEYS | _SERVICE_KEYS, where)
        container = name if kind == 'containers' else ''
        engine = self._words(entry, 'engine', where) or ('podman',)
        site = self._text(entry, 'site_packages', where).rstrip('/')
        path = self._text(entry, 'path', where).rstrip('/')
        if not container and not site and not path:
            raise InventoryError(
                f'{self.source}: {where} needs `path`, the folder of the virtual environment,\n'
                '  or `site_packages`, the folder that holds the package nova'
            )
        python = self._words(entry, 'python', where) or _python(path, site)
        shared = {k: v for k, v in entry.items() if k in _SERVICE_KEYS}
        services = [
            self._service({**shared, **one}, where, container, engine)
            for one in entry.get('services') or ([shared] if shared.get('role') else [])
        ]
        services.sort(key=lambda service: ROLES.index(service.role))
        return TargetEntry(
            f'{host.name}/{name}',
            host,
            container,
            engine if container else (),
            self._text(entry, 'exec_user', where, 'root'),
            site,
            python,
            self._text(entry, 'database', where),
            tuple(services),
        )

    def _service(
        self, entry: dict[str, Any], where: str, container: str, engine: tuple[str, ...]
    ) -> Service:
        self._check_keys(entry, _SERVICE_KEYS, where)
        role = entry.get('role')
        if role not in ROLES:
            raise InventoryError(
                f'{self.source}: {where}: role is {role!r}\n  it is one of: {", ".join(ROLES)}'
            )
        restart, health = entry.get('restart'), entry.get('health')
        if container:
            command = shlex.join(engine)
            restart = restart or f'{command} restart {container}'
            inspect = f"{command} inspect --format '{{{{.State.Running}}}}' {container}"
            health = health or f'test "$({inspect})" = true'
        elif entry.get('unit'):
            unit = shlex.quote(entry['unit'])
            restart = restart or f'systemctl restart {unit}'
            health = health or f'systemctl is-active --quiet {unit}'
        if not restart or not health:
            raise InventoryError(
                f'{self.source}: {where}: the {role} service needs `unit`,\n'
                '  or both `restart` and `health`, commands for the shell of its host'
            )
        return Service(
            role,
            restart,
            health,
            float(entry.get('settle', Service.settle)),
            float(entry.get('timeout', Service.timeout)),
        )

    def _check_keys(self, table: Any, allowed: set[str], where: str) -> None:
        if not isinstance(table, dict):
            raise InventoryError(f'{self.source}: {where} must be a table, not {table!r}')
        for key in table:
            if key not in allowed:
                raise InventoryError(
                    f'{self.source}: {where} has an unknown key `{key}`\n'
                    f'  allowed there: {", ".join(sorted(allowed))}'
                )

    def _tables(self, table: dict[str, Any], key: str, where: str) -> dict[str, Any]:
        tables = table.get(key, {})
        place = f'{where}.{key}'.lstrip('.')
        if not isinstance(tables, dict) or not all(isinstance(v, dict) for v in tables.values()):
            raise InventoryError(f'{self.source}: {place} must hold tables, not {tables!r}')
        return tables

    def _text(self, table: dict[str, Any], key: str, where: str, default: str = '') -> str:
        value = table.get(key, default)
        if not isinstance(value, str):
            raise InventoryError(f'{self.source}: {where}.{key} must be text, not {value!r}')
        return value

    def _words(self, table: dict[str, Any], key: str, where: str) -> tuple[str, ...]:
        value = table.get(key, [])
        if isinstance(value, str):
            return tuple(shlex.split(value))
        if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
            raise InventoryError(
                f'{self.source}: {where}.{key} must be text or a list of texts, not {value!r}'
            )
        return tuple(value)


def _python(path: str, site: str) -> tuple[str, ...]:
    """Return the Python that a folder belongs to."""
    if path:
        return (f'{path}/bin/python',)
    parts = PurePosixPath(site).parts
    if site and len(parts) > 3 and parts[-3] == 'lib':
        prefix = PurePosixPath(*parts[:-3])
        if str(prefix) not in ('/usr', '/usr/local', '/'):
            return (f'{prefix}/bin/python',)
    return ('python3',)
