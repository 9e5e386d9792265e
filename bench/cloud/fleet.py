"""Hosts with Nova's fake driver, as many as a measurement needs."""

from __future__ import annotations

import time

from bench.cloud import cpu, hosts, parallel
from bench.cloud.size import Size
from bench.cloud.world import World
from cloud import errors, files, ini, process, settings
from cloud.services import nova, rabbitmq

_PROGRAM = settings.REPOSITORY / 'bench' / 'inside' / 'fleet.py'

#: Hosts in one process: with more of them, each waits too long for the others.
_PER_PROCESS = 125
#: Processes that start at once: a starting host mostly waits for answers of the services.
_STARTING = 2
#: Service reports that two cores handle in a second, besides their other work.
_REPORTS = 15
_PATIENCE = 120

#: Without the periodic tasks of the computes, so that only requests are measured.
QUIET: ini.Sections = {'DEFAULT': {'periodic_enable': False}}


def report_interval(hosts: int) -> int:
    """Return the seconds between two service reports of each of so many hosts."""
    return max(3, hosts // _REPORTS)


class Fleet:
    """Compute services that the bench starts, and removes without a trace."""

    def __init__(
        self, world: World, size: Size, maximum: int, options: ini.Sections = QUIET
    ) -> None:
        self.world = world
        self.size = size
        self.names: list[str] = []
        # Nova would take the service record of an earlier host of the same name for this one's.
        self._prefix = f'{hosts.FLEET}{int(time.time()):x}'
        self._daemons: list[process.Daemon] = []
        self._options = options
        self.interval = report_interval(maximum)

    def grow(self, count: int) -> None:
        """Have this many hosts."""
        missing = range(len(self.names) + 1, count + 1)
        names = [f'{self._prefix}-{number:04d}' for number in missing]
        groups = [
            names[first : first + _PER_PROCESS] for first in range(0, len(names), _PER_PROCESS)
        ]
        with self.world.progress.step(f'{len(names)} more fake hosts'):
            parallel.run(_STARTING, self._start, groups)
            self.names += names
            nova.Control(self.world.context).manage('cell_v2', 'discover_hosts')

    def _start(self, names: list[str]) -> None:
        context = self.world.context
        label = f'bench-fleet-{names[0].rpartition("-")[2]}'
        folder = context.state.data(label)
        (folder / 'lock').mkdir(parents=True, exist_ok=True)
        options: ini.Sections = {
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
        parts = (nova.shared(context, label), options, self._options)
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
            deadline = time.monotonic() + _PATIENCE
            while f'started {name}\n' not in daemon.log.read_text(errors='replace'):
                if daemon.pid is None or time.monotonic() > deadline:
                    raise errors.NotReadyError(
                        label, f'{name} does not start', daemon.log, daemon.command
                    )
                time.sleep(0.2)

    def cpu(self) -> float:
        """Return the CPU time that the hosts have used so far."""
        return sum(map(cpu.seconds, self.pids()))

    def cloud_cpu(self) -> float:
        """Return the CPU time that the hosts and all services have used so far."""
        return sum(self.world.cpu().values()) + self.cpu()

    def pids(self) -> list[int]:
        """Return the running processes."""
        return [daemon.pid for daemon in self._daemons if daemon.pid]

    def close(self) -> None:
        """Delete all servers, stop the hosts, and delete their service records."""
        self.world.servers.delete_all()
        forget(self.world)


def forget(world: World) -> None:
    """Stop fake hosts and delete their service records, also if an earlier run was interrupted."""
    state = world.context.state
    for file in (state / 'run').glob('bench-fleet-*.pid'):
        process.Daemon(file.stem, [], state).stop()
    services = world.hosts.fleet()
    if services:
        with world.progress.step(f'forget {len(services)} fake hosts'):
            parallel.run(2, world.hosts.delete, services)
            # Some may have been refused while others were deleted.
            parallel.run(1, world.hosts.delete, world.hosts.fleet())


def expire_queues(world: World) -> None:
    """Let RabbitMQ delete the queues of hosts that are gone; Nova never does."""
    queues, definition = r'^compute\.' + hosts.FLEET, '{"expires": 600000}'
    rabbitmq.RabbitMq(world.context).control(
        'set_policy', hosts.FLEET, queues, definition, '--apply-to', 'queues'
    )
