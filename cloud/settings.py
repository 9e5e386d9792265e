"""What this cloud is, and where its files and ports are."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cloud import errors, files, locks

REPOSITORY = Path(__file__).resolve().parent.parent
E2E = REPOSITORY / 'cloud' / 'tests' / 'e2e'

#: Raised when the state folder of an older version cannot be continued.
LAYOUT = 1

#: The longest path of a Unix socket that the kernel takes.
_SOCKET_PATH_MAX = 107

_PORTS = {
    'keystone': 15000,
    'nova-api': 18774,
    'placement': 18778,
    'glance': 19292,
    'neutron': 19696,
    'rabbitmq': 15673,
    'rabbitmq-distribution': 35673,
    'epmd': 14369,
    'ssh': 12222,
    'dashboard': 18080,
    # Of a cloud with several of everything.
    'mariadb': 13306,
    'galera': 14567,
    'galera-increments': 14568,
    'galera-copies': 14444,
    'mariadb-check': 19200,
}

#: The addresses of the nodes that have one of everything each, by their numbers.
_NODES = {number: f'127.0.1.{number}' for number in (1, 2, 3)}


_ACCOUNTS = (
    'admin', 'database', 'rabbitmq', 'erlang', 'nova', 'placement', 'glance', 'neutron',
    'demo', 'reader', 'other',
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Settings:
    """The choices of ``xcloud up``, kept for the next call."""

    release: str = dataclasses.field(default_factory=locks.default)
    pristine: bool = False
    database: str = 'sqlite'
    computes: int = 1
    fake_computes: int = 0
    separate: bool = False
    dashboard: bool = False
    port_offset: int = 0
    distributions: bool = False
    ha: bool = False
    cells: int = 1

    @classmethod
    def new(cls, choices: dict[str, Any]) -> Settings:
        """Return the settings of a new cloud, or say why there is no such cloud."""
        cells = choices.get('cells', 1)
        if not choices.get('ha') and cells == 1:
            return cls(**choices)
        chosen = cls(**{'database': 'mariadb', 'computes': cells, **choices})
        if chosen.ha and cells > 1:
            raise errors.CheckError(
                f'--ha makes several of each service of one cell, and --cells {cells} makes '
                'several cells with one of each\nchoose one of them'
            )
        if chosen.database != 'mariadb':
            what = '--ha makes a cluster of databases'
            if not chosen.ha:
                what = 'each of several cells has a server for its database'
            raise errors.CheckError(
                f'{what}, and --db {chosen.database} has none\nuse --db mariadb, or leave it out'
            )
        if chosen.computes < cells:
            raise errors.CheckError(
                f'--cells {cells} needs a host for each, and --computes {chosen.computes} is too '
                f'few\nuse --computes {cells}, or leave it out'
            )
        return chosen

    @property
    def nodes(self) -> dict[int, str]:
        """Return the addresses of the nodes of the controller, by number; none if it is one."""
        return _NODES if self.ha else {}

    @property
    def own_cells(self) -> Sequence[int]:
        """Return the cells that have services of their own, by number; none if there is one."""
        return range(1, self.cells + 1) if self.cells > 1 else ()

    def cell_of(self, host: int) -> int:
        """Return the cell of a compute by the number of its host; 0 is the only one."""
        return (host - 1) % self.cells + 1 if self.own_cells else 0

    @staticmethod
    def address_of_cell(cell: int) -> str:
        """Return where the services of a cell listen."""
        return f'127.0.2.{cell}' if cell else '127.0.0.1'

    def port(self, name: str) -> int:
        """Return the loopback port of a service."""
        return _PORTS[name] + self.port_offset

    def url(self, name: str) -> str:
        """Return the root URL of an HTTP service."""
        return f'http://127.0.0.1:{self.port(name)}'

    def following(self, changes: dict[str, Any]) -> Settings:
        """Return these settings with changes, or say why they cannot be made."""
        new = dataclasses.replace(self, **changes)
        for field, option in (
            ('release', '--release'),
            ('database', '--db'),
            ('port_offset', '--port-offset'),
            ('cells', '--cells'),
        ):
            if getattr(new, field) != getattr(self, field):
                raise errors.CheckError(
                    f'this cloud was made with {option} {getattr(self, field)}, '
                    f'not {getattr(new, field)}\n'
                    'run `xcloud wipe` first, it cannot be changed in place'
                )
        if new.ha != self.ha:
            raise errors.CheckError(
                f'this cloud was made {"with" if self.ha else "without"} --ha\n'
                'run `xcloud wipe` first, it cannot be changed in place'
            )
        for field, option in (
            ('computes', '--computes'),
            ('fake_computes', '--fake-computes'),
        ):
            if getattr(new, field) < getattr(self, field):
                raise errors.CheckError(
                    f'this cloud has {option} {getattr(self, field)} and computes are '
                    f'only added, so {option} {getattr(new, field)} is too few\n'
                    'run `xcloud wipe` first'
                )
        return new


class State:
    """The one folder that everything is kept in."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or REPOSITORY / '.cloud'

    def __truediv__(self, name: str) -> Path:
        return self.root / name

    @property
    def packages(self) -> Path:
        """What was fetched; survives ``wipe``."""
        return self.root / 'packages'

    def log(self, name: str) -> Path:
        return self.root / 'log' / f'{name}.log'

    def pid(self, name: str) -> Path:
        return self.root / 'run' / f'{name}.pid'

    def etc(self, name: str) -> Path:
        return self.root / 'etc' / name

    def data(self, name: str) -> Path:
        return self.root / 'data' / name

    def prepare(self) -> None:
        """Make the folders; nobody else reads them."""
        deepest = self.root / 'hosts' / 'compute99' / 'run' / 'libvirt-sock'
        if len(str(deepest)) > _SOCKET_PATH_MAX:
            raise errors.CheckError(
                f'{self.root} is too deep a folder: the path of a Unix socket, such as\n'
                f'  {deepest}\nmay have {_SOCKET_PATH_MAX} characters\n'
                'move the repository nearer to /'
            )
        self.root.mkdir(exist_ok=True)
        self.root.chmod(0o700)
        for name in ('etc', 'log', 'run', 'data', 'hosts', 'packages'):
            (self.root / name).mkdir(exist_ok=True)

    def load(self) -> Settings | None:
        """Return the settings of the cloud that is here, if there is one."""
        file = self.root / 'cloud.json'
        if not file.exists():
            return None
        # Whatever wrote something else than this version reads was another one.
        with contextlib.suppress(ValueError, TypeError, KeyError, AttributeError):
            content = json.loads(file.read_text())
            if content.pop('layout') == LAYOUT:
                return Settings(**content)
        raise errors.CheckError(
            f'{self.root} was made by another version of this tool\n'
            'run `xcloud wipe`, then `xcloud up`'
        )

    def save(self, settings: Settings) -> None:
        content = {'layout': LAYOUT, **dataclasses.asdict(settings)}
        files.write_json(self.root / 'cloud.json', content)

    def passwords(self) -> dict[str, str]:
        """Return the generated passwords, made on first use."""
        file = self.root / 'passwords.json'
        passwords: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
        missing = [name for name in _ACCOUNTS if name not in passwords]
        if missing:
            passwords |= {name: secrets.token_hex(12) for name in missing}
            files.write_json(file, passwords)
        return passwords
