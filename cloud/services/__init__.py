"""The services of the cloud, in the order in which they start."""

from __future__ import annotations

import dataclasses

from cloud import service
from cloud.services import (
    compute,
    database,
    distributions,
    galera,
    glance,
    haproxy,
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
    hosts = range(1, context.settings.computes + 1)
    fakes = range(1, context.settings.fake_computes + 1)
    cells = context.settings.own_cells
    first, others = _replicas(context)
    return [
        Wave(
            'database, hosts',
            [
                *_stores(context),
                *(database.MariaDb(context, cell=cell) for cell in cells),
                rabbitmq.Epmd(context),
                *(host.Host(context, number) for number in hosts),
                *([haproxy.HaProxy(context)] if context.settings.ha else []),
            ],
        ),
        Wave(
            'messages, identity, placement, images, network, libvirt',
            [
                first[rabbitmq.RabbitMq],
                first[keystone.Keystone],
                nova.Schema(context),
                first[placement.Placement],
                neutron.Neutron(context),
                glance.Glance(context),
                *(host.Libvirt(context, number) for number in hosts),
                *(host.Ssh(context, number) for number in hosts),
                *others[rabbitmq.RabbitMq],
                *(rabbitmq.RabbitMq(context, cell=cell) for cell in cells),
            ],
        ),
        Wave(
            'accounts and catalog',
            [
                keystone.Catalog(context),
                neutron.WarmUp(context),
                # The first ones have made the schema.
                *others[keystone.Keystone],
                *others[placement.Placement],
            ],
        ),
        Wave(
            'Nova: API, conductor, scheduler',
            [
                *(first[kind] for kind in (nova.Api, nova.Conductor, nova.Scheduler)),
                *(
                    other
                    for kind in (nova.Api, nova.Conductor, nova.Scheduler)
                    for other in others[kind]
                ),
                *(nova.Conductor(context, cell=cell) for cell in cells),
            ],
        ),
        Wave(
            'Nova: computes',
            [
                *(compute.Compute(context, number) for number in hosts),
                *(compute.FakeCompute(context, number) for number in fakes),
            ],
        ),
        Wave('cells, images, flavors', [compute.Mapping(context), images.Images(context)]),
        *([Wave('dashboard', [horizon.Horizon(context)])] if context.settings.dashboard else []),
        *(
            [Wave('images of distributions', [distributions.Distributions(context)])]
            if context.settings.distributions
            else []
        ),
    ]


def _stores(context: service.Context) -> list[service.Service]:
    """Return what keeps the databases."""
    if nodes := context.settings.nodes:
        kinds = (galera.Node, galera.Check)
        return [kind(context, number) for kind in kinds for number in nodes]
    kind = database.Sqlite if context.settings.database == 'sqlite' else database.MariaDb
    return [kind(context)]


def _replicas(
    context: service.Context,
) -> tuple[dict[type[service.Service], service.Service], dict[type, list[service.Service]]]:
    """Return the first, or only, one of each kind that there can be several of; and the others."""
    kinds = (
        rabbitmq.RabbitMq, keystone.Keystone, placement.Placement,
        nova.Api, nova.Conductor, nova.Scheduler,
    )  # fmt: skip
    if not (nodes := context.settings.nodes):
        return {kind: kind(context) for kind in kinds}, {kind: [] for kind in kinds}
    numbers = {kind: nodes if kind is rabbitmq.RabbitMq else service.PAIR for kind in kinds}
    made = {kind: [kind(context, number) for number in numbers[kind]] for kind in kinds}
    return (
        {kind: parts[0] for kind, parts in made.items()},
        {kind: parts[1:] for kind, parts in made.items()},
    )


def every(waves: list[Wave]) -> list[service.Service]:
    """Return the services of all waves."""
    return [part for wave in waves for part in wave.services]


def of_nova(waves: list[Wave]) -> list[service.Service]:
    """Return those that run Nova."""
    return [part for part in every(waves) if part.runs_nova]


def hosts_of_nova(waves: list[Wave]) -> list[str]:
    """Return the names of the hosts that run any of Nova."""
    return sorted({part.host for part in of_nova(waves)})
