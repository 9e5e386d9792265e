"""MariaDB on three nodes that have the same content: Galera.

Who may begin a cluster is decided here, at each start: a node that has seen the
last write, and nobody while another one still has a majority.
"""

from __future__ import annotations

import dataclasses
import re
import shutil
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from cloud import command, debian, errors, files, ini, ports, process, service
from cloud.services import database

#: One node begins or joins at a time: each of the others may have to hand it all there is.
_FORMING = threading.RLock()

_NOBODY = '00000000-0000-0000-0000-000000000000'
_RECOVERED = re.compile(r'Recovered position:\s*([0-9a-f-]{36}):(-?\d+)')

#: What the tool that copies a node writes for rsync, and what it has to: as a daemon that root
#: has started, rsync becomes a user who cannot write here.
_RSYNC = ('\nuse chroot = no\n', '\nuse chroot = no\nuid = 0\ngid = 0\n')


@dataclasses.dataclass(frozen=True)
class Position:
    """How far a node has followed a history: the number of its last write."""

    history: str
    number: int


def most_advanced(positions: Mapping[int, Position | None]) -> int:
    """Return the node that has seen the last write; of those that have, the first."""
    present = {node: position for node, position in positions.items() if position is not None}
    if not present:
        return min(positions)
    histories = sorted({position.history for position in present.values()})
    if len(histories) > 1:
        raise errors.CheckError(
            f'the nodes of the database have different histories: {", ".join(histories)}\n'
            'none is begun with: keep the folder of one (data/mariadb-N), remove the others, '
            'and run `xcloud start`'
        )
    return max(present, key=lambda node: (present[node].number, -node))


class Node(database.MariaDb):
    """One of the nodes; any may be written to, and one at a time is."""

    packages: ClassVar[tuple[str, ...]] = (
        *database.MariaDb.packages,
        # What copies a node's content to one that joins needs the tools.
        'galera-4', 'rsync', 'lsof', 'iproute2', 'procps',
    )  # fmt: skip
    #: HAProxy connects from any address of the machine.
    clients: ClassVar[str] = '127.0.%'

    def ports(self) -> dict[str, int]:
        return {
            self.label: self.settings.port('mariadb'),
            f'{self.label}-galera': self.settings.port('galera'),
        }

    @property
    def peer_ports(self) -> list[int]:
        """The ports on which nodes speak to each other."""
        names = ('galera', 'galera-increments', 'galera-copies')
        return [self.settings.port(name) for name in names]

    @property
    def _programs(self) -> Path:
        return self.state.packages / 'galera' / 'bin'

    def nodes(self) -> list[Node]:
        """Return all nodes, this one included."""
        return [Node(self.context, number) for number in self.settings.nodes]

    def install(self) -> None:
        """Unpack what copies a node: its package would start a server of its own."""
        with _FORMING:
            if self._programs.exists():
                return
            aside = self.state.packages / 'galera.new'
            shutil.rmtree(aside, ignore_errors=True)
            debian.unpack(['mariadb-server'], aside / 'all', self.state.log('install'))
            (aside / 'bin').mkdir()
            for program in (aside / 'all' / 'usr' / 'bin').glob('wsrep_sst_*'):
                program.rename(aside / 'bin' / program.name)
            shutil.rmtree(aside / 'all')
            tool = aside / 'bin' / 'wsrep_sst_rsync'
            text = tool.read_text()
            if text.count(_RSYNC[0]) != 1:
                raise errors.CheckError(f'{tool} does not configure rsync as it is known to')
            files.write(tool, text.replace(*_RSYNC), 0o755)
            aside.rename(self._programs.parent)

    def network(self) -> ini.Options:
        galera = self.settings.port('galera')
        provider = {
            'gmcast.listen_addr': f'tcp://{self.address}:{galera}',
            'base_host': self.address,
            'base_port': galera,
            'ist.recv_addr': f'{self.address}:{self.settings.port("galera-increments")}',
            # Writes that a node which was away for long gets without a copy of everything.
            'gcache.size': '64M',
            # Who begins after all were down is decided here.
            'pc.recovery': 'false',
        }
        nodes = self.nodes()
        return {
            'bind_address': self.address,
            'port': self.settings.port('mariadb'),
            'skip_name_resolve': 1,
            # Galera's own demands.
            'binlog_format': 'ROW',
            'default_storage_engine': 'InnoDB',
            'innodb_autoinc_lock_mode': 2,
            'wsrep_on': 'ON',
            'wsrep_provider': '/usr/lib/galera/libgalera_smm.so',
            'wsrep_provider_options': f'"{";".join(f"{k}={v}" for k, v in provider.items())}"',
            'wsrep_cluster_name': 'xcloud',
            'wsrep_cluster_address': f'gcomm://{",".join(f"{n.address}:{galera}" for n in nodes)}',
            'wsrep_node_name': self.label,
            'wsrep_node_address': f'{self.address}:{galera}',
            'wsrep_node_incoming_address': f'{self.address}:{self.settings.port("mariadb")}',
            'wsrep_sst_method': 'rsync',
            'wsrep_sst_receive_address': f'{self.address}:{self.settings.port("galera-copies")}',
            # A node that hands out a copy stands still: the first one, which is mostly the one
            # that is written to, is the last to be asked.
            'wsrep_sst_donor': ','.join(node.label for node in reversed(nodes)),
        }

    def daemon(self, *more: str) -> process.Daemon:
        plain = super().daemon()
        path = f'{self._programs}:{_SYSTEM_PATH}'
        return process.Daemon(self.label, [*plain.argv, *more], self.state, {'PATH': path})

    def init(self) -> None:
        with _FORMING:
            super().init()

    def start(self) -> None:
        """Join the cluster, or begin it; return when that is done."""
        with _FORMING:
            if self.daemon().pid is not None:
                return
            nodes = self.nodes()
            if not any(node.is_primary() for node in nodes):
                # What runs has no majority, and may know less than those that do not.
                for node in nodes:
                    node.stop()
                positions = {node.node: node.position() for node in nodes}
                first = most_advanced(positions)
                nodes[first - 1].run('--wsrep-new-cluster', position=positions[first])
            if self.daemon().pid is None:
                self.run(position=self.position())

    def run(self, *more: str, position: Position | None) -> None:
        """Start its process and wait until it has what the others have."""
        self.check()
        tables = self.data / 'tables'
        if '--wsrep-new-cluster' in more:
            self.init()
            _allow_to_begin(tables / 'grastate.dat')
        tables.mkdir(parents=True, exist_ok=True)
        if position is not None:
            more = (*more, f'--wsrep_start_position={position.history}:{position.number}')
        self.daemon(*more).start()
        self.wait()

    def position(self) -> Position | None:
        """Return how far it is; it must not run. None is one that has never joined."""
        state = self.data / 'tables' / 'grastate.dat'
        text = state.read_text() if state.exists() else ''
        history = re.search(r'^uuid:\s*(\S+)', text, re.MULTILINE)
        number = re.search(r'^seqno:\s*(-?\d+)', text, re.MULTILINE)
        if history is None or number is None or history[1] == _NOBODY:
            return None
        if int(number[1]) >= 0:
            return Position(history[1], int(number[1]))
        # It was killed: its tables know what it has written.
        log = self.data / 'recovery.log'
        log.unlink(missing_ok=True)
        command.run([*self.daemon().argv, '--wsrep-recover', f'--log-error={log}'])
        match = _RECOVERED.search(log.read_text(errors='replace'))
        if match is None:
            raise errors.NotReadyError(self.label, 'how far it is cannot be determined', log)
        return Position(match[1], int(match[2]))

    def variables(self) -> dict[str, str]:
        """Return what it says of its cluster; nothing when it does not answer."""
        if self.daemon().pid is None:
            return {}
        try:
            rows = self.client("SHOW GLOBAL STATUS LIKE 'wsrep_%'")
        except errors.CommandError:
            return {}
        return dict(line.split('\t', 1) for line in rows.splitlines() if '\t' in line)

    def is_primary(self) -> bool:
        """Return whether it belongs to a majority."""
        return self.variables().get('wsrep_cluster_status') == 'Primary'

    def answers(self) -> bool:
        said = self.variables()
        return said.get('wsrep_ready') == 'ON' and said.get('wsrep_local_state_comment') == 'Synced'

    def settle(self) -> None:
        """Make accounts and databases; the others get them from the first one."""
        if self.is_first:
            super().settle()

    def note(self) -> str:
        said = self.variables()
        if not said:
            return 'does not answer'
        words = [said.get('wsrep_cluster_status', ''), said.get('wsrep_local_state_comment', '')]
        if writer(self.context) == self.label:
            words.append('written to')
        return f'{", ".join(words)}; nodes together: {said.get("wsrep_cluster_size", "0")}'


class Check(service.Service):
    """Says by HTTP whether a node can be used: HAProxy asks it."""

    name = 'mariadb-check'

    def ports(self) -> dict[str, int]:
        return {self.label: self.settings.port(self.name)}

    def daemon(self) -> process.Daemon:
        program = Path(__file__).parent.parent / 'galera_check.py'
        socket = Node(self.context, self.node).socket
        port = str(self.settings.port(self.name))
        argv = [self.context.venv.python, program, self.address, port, socket]
        return process.Daemon(self.label, argv, self.state)

    def answers(self) -> bool:
        return ports.answers(self.settings.port(self.name), self.address)


def writer(context: service.Context) -> str:
    """Return the label of the node that HAProxy sends the services to; nothing if none."""
    password = {'MYSQL_PWD': context.passwords['database']}
    argv = [
        'mariadb', '--no-defaults', '--user=xcloud', '--host=127.0.0.1', '--protocol=tcp',
        f'--port={context.settings.port("mariadb")}', '--connect-timeout=5',
        '--skip-column-names', '--batch', '--execute=SELECT @@wsrep_node_name',
    ]  # fmt: skip
    try:
        return command.run(argv, env=password).strip()
    except errors.CommandError:
        return ''


def _allow_to_begin(state: Path) -> None:
    """Note in a node's state that it is the one to begin with: it refuses otherwise."""
    if state.exists():
        pattern = re.compile(r'^safe_to_bootstrap:.*$', re.MULTILINE)
        files.write(state, pattern.sub('safe_to_bootstrap: 1', state.read_text()))


_SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
