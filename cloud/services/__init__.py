"""The services of the cloud, in the order in which they start."""

from __future__ import annotations

import dataclasses

from cloud import service
from cloud.services import (
    compute,
    database,
    distributions,
    glance,
    horizon,
    host,
    images,
    keystone,
    neutron,
    nova,
    placement,
    rabbitmq,
)


@dataclasses.dataclass(frozen=True)
class Wave:
    """Services that start together: each needs only those of earlier waves."""

    title: str
    services: list[service.Service]


def waves(context: service.Context) -> list[Wave]:
    """Return all services of a cloud."""
    store = database.Sqlite if context.settings.database == 'sqlite' else database.MariaDb
    hosts = range(1, context.settings.computes + 1)
    fakes = range(1, context.settings.fake_computes + 1)
    return [
        Wave(
            'database, hosts',
            [
                store(context),
                rabbitmq.Epmd(context),
                *(host.Host(context, number) for number in hosts),
            ],
        ),
        Wave(
            'messages, identity, placement, images, network, libvirt',
            [
                rabbitmq.RabbitMq(context),
                keystone.Keystone(context),
                nova.Schema(context),
                placement.Placement(context),
                neutron.Neutron(context),
                glance.Glance(context),
                *(host.Libvirt(context, number) for number in hosts),
                *(host.Ssh(context, number) for number in hosts),
            ],
        ),
        Wave('accounts and catalog', [keystone.Catalog(context), neutron.WarmUp(context)]),
        Wave(
            'Nova: API, conductor, scheduler',
            [nova.Api(context), nova.Conductor(context), nova.Scheduler(context)],
        ),
        Wave(
            'Nova: computes',
            [
                *(compute.Compute(context, number) for number in hosts),
                *(compute.FakeCompute(context, number) for number in fakes),
            ],
        ),
        Wave('cell, images, flavors', [compute.Mapping(context), images.Images(context)]),
        *([Wave('dashboard', [horizon.Horizon(context)])] if context.settings.dashboard else []),
        *(
            [Wave('images of distributions', [distributions.Distributions(context)])]
            if context.settings.distributions
            else []
        ),
    ]


def every(waves: list[Wave]) -> list[service.Service]:
    """Return the services of all waves."""
    return [part for wave in waves for part in wave.services]


def of_nova(waves: list[Wave]) -> list[service.Service]:
    """Return those that run Nova."""
    return [part for part in every(waves) if part.runs_nova]


def hosts_of_nova(waves: list[Wave]) -> list[str]:
    """Return the names of the hosts that run any of Nova."""
    return sorted({part.host for part in of_nova(waves)})
