"""Hosts with Nova's fake driver, as many as a measure wants."""

from __future__ import annotations

import contextlib
import time

from bench.cloud.world import FLEET, Size, World, at_once, cpu_of
from cloud import errors, files, ini, process, rest, settings
from cloud.services import nova, rabbitmq

_PROGRAM = settings.REPOSITORY / 'bench' / 'inside' / 'fleet.py'

#: Hosts in one process: more of them wait too long for each other.
_TOGETHER = 125
#: Processes that start at once: a host that starts mostly waits for the others' answers.
_STARTING = 2
#: Signs of life that two cores hear in a second, besides their work.
_SIGNS = 15
_START = 120

#: Without the work that computes do on their own now and then: what is measured
#: is what somebody asks for.
QUIET: ini.Sections = {'DEFAULT': {'periodic_enable': False}}


class Fleet:
    """Computes that are started here, and gone without a trace afterwards."""

    def __init__(self, world: World, size: Size, most: int, options: ini.Sections = QUIET) -> None:
        self.world = world
        self.size = size
        self.names: list[str] = []
        # Nova takes the service of an earlier host of the same name for this one's.
        self._tag = f'{FLEET}{int(time.time()):x}'
        self._daemons: list[process.Daemon] = []
        self._options = options
        #: Seconds between two signs of life of a host.
        self.interval = max(3, most // _SIGNS)

    def grow(self, count: int) -> None:
        """Have as many hosts as this."""
        missing = range(len(self.names) + 1, count + 1)
        names = [f'{self._tag}-{number:04d}' for number in missing]
        groups = [names[first : first + _TOGETHER] for first in range(0, len(names), _TOGETHER)]
        with self.world.shown.step(f'{len(names)} more fake hosts'):
            at_once(_STARTING, self._start, groups)
            self.names += names
            nova.Control(self.world.context).manage('cell_v2', 'discover_hosts')

    def _start(self, names: list[str]) -> None:
        context = self.world.context
        label = f'bench-fleet-{names[0].rpartition("-")[2]}'
        folder = context.state.data(label)
        (folder / 'lock').mkdir(parents=True, exist_ok=True)
        own: ini.Sections = {
            'DEFAULT': {
                'state_path': folder,
                'instances_path': folder / 'instances',
                'compute_driver': 'fake.FleetHost',
                'initial_cpu_allocation_ratio': 1.0,
                'initial_ram_allocation_ratio': 1.0,
                'reserved_host_memory_mb': 0,
                'report_interval': self.interval,
            },
            'oslo_concurrency': {'lock_path': folder / 'lock'},
        }
        file = context.state.etc(label) / 'nova-compute.conf'
        parts = (nova.shared(context, label), own, self._options)
        files.write(file, ini.render(ini.merge(*parts)))
        daemon = process.Daemon(
            label,
            [context.venv.python, '-B', _PROGRAM, file, *names],
            context.state,
            {'FLEET_VCPUS': str(self.size.vcpus), 'FLEET_MEMORY_MB': str(self.size.memory_mb)},
        )
        daemon.log.unlink(missing_ok=True)
        daemon.start()
        self._daemons.append(daemon)
        for name in names:
            deadline = time.monotonic() + _START
            while f'started {name}\n' not in daemon.log.read_text(errors='replace'):
                if daemon.pid is None or time.monotonic() > deadline:
                    raise errors.NotReadyError(
                        label, f'{name} does not start', daemon.log, daemon.command
                    )
                time.sleep(0.2)

    def cpu(self) -> float:
        """Give the seconds of CPU that the processes have used."""
        return sum(map(cpu_of, self.pids()))

    def cloud_cpu(self) -> float:
        """Give the seconds of CPU that they and all services have used."""
        return sum(self.world.cpu().values()) + self.cpu()

    def pids(self) -> list[int]:
        """Give the processes that run."""
        return [each.pid for each in self._daemons if each.pid]

    def close(self) -> None:
        """Stop the hosts, without servers by then, and have Nova forget them."""
        self.world.delete_all()
        forget(self.world)


def forget(world: World) -> None:
    """Have Nova forget the hosts of a fleet, also of one that was cut off."""
    state = world.context.state
    for file in (state / 'run').glob('bench-fleet-*.pid'):
        process.Daemon(file.stem, [], state).stop()

    def delete(identity: str) -> None:
        # One that was not deleted is listed again.
        with contextlib.suppress(rest.RestError):
            world.client.call('DELETE', f'{world.nova}/os-services/{identity}')

    def left() -> list[str]:
        return [each['id'] for each in world.computes() if each['host'].startswith(FLEET)]

    gone = left()
    with world.shown.step(f'forget {len(gone)} fake hosts') if gone else contextlib.nullcontext():
        at_once(2, delete, gone)
        if gone and (gone := left()):
            at_once(1, delete, gone)


def expire_queues(world: World) -> None:
    """Have RabbitMQ delete the queues of hosts that are gone, which Nova never does."""
    queues, when = r'^compute\.' + FLEET, '{"expires": 600000}'
    rabbitmq.RabbitMq(world.context).control(
        'set_policy', FLEET, queues, when, '--apply-to', 'queues'
    )
