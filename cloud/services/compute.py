"""nova-compute: with libvirt, one to a host; and with Nova's fake driver."""

from __future__ import annotations

from pathlib import Path

from cloud import errors, files, ini, process, service, waiting
from cloud.services import host, nova

#: How long a compute waits for guests, and how often it looks what they have:
#: short, since tests wait for it. A slow guest needs longer than this.
ADJUST: ini.Options = {
    'vcpu_timeout': 8,
    # A shrink goes in steps, each of which the guest reports.
    'memory_timeout': 20,
    'guest_agent_timeout': 3,
    'reconcile_interval': 5,
    # A process that emulates its guest also holds the code that it has translated.
    'guest_memory_overhead': 1280,
}


class NovaCompute(service.Service):
    """What the compute services share: each has a configuration, and a folder, of its own."""

    name = 'nova-compute'
    runs_nova = True
    host: str

    @property
    def file(self) -> Path:
        # Of its own, and without a database: nova-compute refuses to start with one.
        return self.state.etc(self.label) / 'nova-compute.conf'

    def options(self) -> ini.Sections:
        """Return the options that others do not have."""
        raise NotImplementedError

    def configure(self) -> None:
        data = self.state.data(self.label)
        (data / 'lock').mkdir(parents=True, exist_ok=True)
        common: ini.Sections = {
            'DEFAULT': {
                'host': self.host,
                'state_path': data,
                # Nova begins its periodic tasks up to a minute later, lest many hosts do at once.
                'periodic_fuzzy_delay': 0,
                # A line for each start of a periodic task: whether they go on is seen by that.
                'default_log_levels': f'{service.LOG_LEVELS},oslo_service.periodic_task=DEBUG',
            },
            'oslo_concurrency': {'lock_path': data / 'lock'},
            # Stock Nova passes over it.
            'xloud': ADJUST,
        }
        shared = nova.shared(self.context, self.label, self.cell)
        text = ini.merge(shared, common, self.options())
        files.write(self.file, ini.render(text))

    def command(self) -> list[str | Path]:
        return [self.bin / 'nova-compute', '--config-file', self.file]

    def daemon(self) -> process.Daemon:
        return process.Daemon(self.label, self.command(), self.state)

    def answers(self) -> bool:
        return nova.seen(self.context, self.daemon(), self.name, self.host)

    def note(self) -> str:
        return f'in cell{self.cell}' if self.cell else ''


class Compute(NovaCompute, host.HostPart):
    """The compute service of a libvirt host."""

    def options(self) -> ini.Sections:
        socket = f'{self.state.root}/hosts/%s/run/libvirt-sock'
        helper = {'helper_command': f'{self.bin}/privsep-helper'}
        return {
            'DEFAULT': {
                'my_ip': self.address,
                'instances_path': self.instances,
                'compute_driver': 'libvirt.LibvirtDriver',
                'resume_guests_state_on_host_boot': True,
                'shutdown_timeout': 5,
                'initial_cpu_allocation_ratio': 1.0,
                'running_deleted_instance_poll_interval': 60,
            },
            'libvirt': {
                # Emulated: works wherever this runs, and shows the same CPUs.
                'virt_type': 'qemu',
                'cpu_mode': 'none',
                'connection_uri': self.uri,
                'live_migration_uri': f'qemu+unix:///system?socket={socket}',
                'live_migration_inbound_addr': self.address,
                'wait_soft_reboot_seconds': 10,
            },
            'nova_sys_admin': helper,
            'vif_plug_ovs_privileged': helper,
        }

    def daemon(self) -> process.Daemon:
        # Before the system's: the ssh that knows the hosts.
        path = f'{self.state.etc("ssh")}/bin:{self.bin}:{_SYSTEM_PATH}'
        return process.Daemon(self.label, self.inside(*self.command()), self.state, {'PATH': path})


class FakeCompute(NovaCompute):
    """A compute service whose servers are only entries in its memory."""

    def __init__(self, context: service.Context, number: int) -> None:
        super().__init__(context)
        self.cell = self.settings.cell_of(number)
        self.host = f'fake{number}'

    @property
    def label(self) -> str:
        return f'{self.name}-{self.host}'

    def options(self) -> ini.Sections:
        instances = self.state.data(self.label) / 'instances'
        return {
            'DEFAULT': {
                'instances_path': instances,
                # The one that is the same host at its next start.
                'compute_driver': 'fake.FakeDriverWithoutFakeNodes',
            },
        }


class Mapping(nova.Control):
    """The computes become part of their cells, and so usable."""

    name = 'mapping'

    def settle(self) -> None:
        marker = self.state.data('nova') / 'mapped'
        counts = f'{self.settings.computes} {self.settings.fake_computes}\n'
        if marker.exists() and marker.read_text() == counts:
            return
        # A host can be mapped once its compute has reported to placement what it has.
        self._wait_for(self.settings.url('placement') + '/resource_providers', 'resource_providers')
        self.manage('cell_v2', 'discover_hosts')
        self._wait_for(self.settings.url('nova-api') + '/v2.1/os-hypervisors', 'hypervisors')
        files.write(marker, counts)

    def _wait_for(self, url: str, kind: str) -> None:
        count = self.settings.computes + self.settings.fake_computes
        client = self.context.admin
        if not waiting.until(lambda: len(client.get(url)[kind]) >= count, service.PATIENCE, 0.3):
            raise errors.NotReadyError(
                'nova-compute',
                f'after {service.PATIENCE} s {url} lists fewer than {count}',
                self.state.log('nova-compute-1'),
            )


_SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
