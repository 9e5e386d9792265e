"""A cloud under measurement: its services, its API and its database."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from bench.cloud import cpu, sql
from bench.cloud.hosts import Hosts
from bench.cloud.servers import Servers
from cloud import lifecycle, progress, settings


class World:
    """A running cloud, and what the bench does with it."""

    def __init__(self, cloud: lifecycle.Cloud) -> None:
        self.cloud = cloud
        self.progress = cloud.progress
        self.context = cloud.context()
        self.client = self.context.admin
        self.nova = self.context.settings.url('nova-api') + '/v2.1'
        self.hosts = Hosts(self.client, self.nova)

    @property
    def socket(self) -> Path:
        """Where MariaDB listens for its administrator."""
        return self.context.state.data('mariadb') / 'mariadb.sock'

    @functools.cached_property
    def database(self) -> sql.Client:
        """A connection as MariaDB's administrator."""
        return sql.Client(self.socket)

    @functools.cached_property
    def servers(self) -> Servers:
        glance = self.context.settings.url('glance') + '/v2/images'
        images = {image['name']: image['id'] for image in self.client.get(glance)['images']}
        return Servers(self.client, self.nova, self.database, images)

    def sql(self, statements: str) -> list[list[str]]:
        """Run statements as MariaDB's administrator and return the rows."""
        return self.database.run(statements)

    def project(self) -> str:
        """Return the ID of the project that everything here is in."""
        url = f'{self.context.settings.url("keystone")}/v3/auth/projects'
        projects = self.client.get(url)['projects']
        return next(str(project['id']) for project in projects if project['name'] == 'admin')

    def restart(self, *labels: str) -> None:
        """Restart services, together, and wait until they answer."""
        daemons = self.cloud.daemons()
        for label in labels:
            daemons[label].stop()
            daemons[label].start()
        for label in labels:
            daemons[label].wait()

    def exchange(self, kind: str) -> None:
        """Exchange the Nova of the cloud: for the ``fork``, or for a ``pristine`` one."""
        silent = lifecycle.Cloud(self.cloud.state, progress.Progress(quiet=True))
        name = {'fork': 'the fork', 'pristine': 'stock Nova'}[kind]
        with self.progress.step(f'change to {name}'):
            silent.up({'pristine': kind == 'pristine'})

    def cpu(self) -> dict[str, float]:
        """Return the CPU time that each service has used so far."""
        return cpu.of_services(self.cloud)

    def clean_up(self) -> None:
        """Delete the servers and flavors of the bench, and enable the hosts it disabled."""
        self.hosts.enable_all()
        self.servers.delete_all()
        self.servers.delete_flavors()


def bring_up(
    report: progress.Progress, state: settings.State | None = None, **changes: Any
) -> World:
    """Bring up the cloud of a state folder, with the fork unless ``changes`` say otherwise."""
    cloud = lifecycle.Cloud(state or settings.State(), report)
    cloud.up({'pristine': False, 'database': 'mariadb', **changes})
    return World(cloud)
