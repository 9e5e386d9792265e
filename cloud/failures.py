"""What can fail in a cloud that has several of each, and how."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence

from cloud import cuts, ports, service, waiting
from cloud.faults import Faults
from cloud.services import galera, haproxy, rabbitmq

#: Seconds that the nodes may take to be together again.
TOGETHER = 60

#: Seconds that a broker is away from its peers at least: they notice it after up to 19.
APART = 30

#: That of Debian 12. A node of it that has paused now and then waits forever when it starts
#: again: https://github.com/rabbitmq/rabbitmq-server/issues/6034
STICKY = '3.10.8'


def writer(faults: Faults) -> service.Service:
    """Return the database that is written to."""
    label = galera.writer(faults.context)
    assert label, 'no node of the database answers'
    return faults.services[label]


def reader(faults: Faults) -> service.Service:
    """Return another database."""
    used = writer(faults)
    return next(part for part in faults.parts('mariadb') if part.label != used.label)


def broker(faults: Faults) -> service.Service:
    """Return the broker that most services use."""
    port = faults.context.settings.port('rabbitmq')
    return max(faults.parts('rabbitmq'), key=lambda part: ports.connections(port, part.address))


def second(name: str) -> Callable[[Faults], service.Service]:
    return lambda faults: faults.parts(name)[1]


WRITER = 'the database written to'

VICTIMS: dict[str, Callable[[Faults], service.Service]] = {
    WRITER: writer,
    'another database': reader,
    'a broker': broker,
    **{
        f'one {name}': second(name)
        for name in ('nova-api', 'nova-conductor', 'nova-scheduler', 'placement', 'keystone')
    },
}


@contextlib.contextmanager
def killed(faults: Faults, victim: service.Service) -> Iterator[None]:
    faults.kill(victim.label)
    try:
        yield
    finally:
        faults.resume(victim.label)


@contextlib.contextmanager
def frozen(faults: Faults, victim: service.Service) -> Iterator[None]:
    with faults.frozen(victim.label):
        yield


def peers(faults: Faults, victim: service.Service) -> list[str]:
    """Return the addresses of the other nodes."""
    nodes = faults.context.settings.nodes.values()
    return [node for node in nodes if node != victim.address]


@contextlib.contextmanager
def isolated(faults: Faults, victim: service.Service) -> Iterator[None]:
    """Part a database or a broker from its peers, and an API from HAProxy."""
    if isinstance(victim, service.Wsgi):
        rules = cuts.to(victim.address, [*victim.ports().values(), victim.life_port])
        parted = cuts.made(rules, faults.context.state)
    elif isinstance(victim, galera.Node):
        rules = cuts.of_ports(victim.address, peers(faults, victim), victim.peer_ports)
        parted = cuts.made(rules, faults.context.state)
    elif isinstance(victim, rabbitmq.RabbitMq):
        rules = cuts.of_ports(victim.address, peers(faults, victim), victim.peer_ports)
        parted = apart(faults, rules)
    else:
        raise AssertionError(f'{victim.label} has no address of its own')
    with parted:
        yield


@contextlib.contextmanager
def apart(faults: Faults, rules: Sequence[cuts.Rule]) -> Iterator[None]:
    """Have a broker, and what else the rules name, away from its peers for long enough."""
    with cuts.made(rules, faults.context.state):
        begun = time.monotonic()
        yield
        time.sleep(max(0, begun + APART - time.monotonic()))


@contextlib.contextmanager
def node_isolated(faults: Faults, victim: service.Service) -> Iterator[None]:
    """Part all of the node of a service from the other nodes."""
    with apart(faults, cuts.between(victim.address, peers(faults, victim))):
        yield


@contextlib.contextmanager
def node_unplugged(faults: Faults, victim: service.Service) -> Iterator[None]:
    """Part all of the node of a service from the other nodes, and from HAProxy."""
    others = [*peers(faults, victim), haproxy.HaProxy.address]
    with apart(faults, cuts.between(victim.address, others)):
        yield


FAULTS = {
    'killed': killed,
    'frozen': frozen,
    'isolated': isolated,
    'node isolated': node_isolated,
    'node unplugged': node_unplugged,
}

#: Without an address of their own.
_NOT_CUT = ('one nova-conductor', 'one nova-scheduler')

CASES = [
    *((victim, fault) for victim in VICTIMS for fault in ('killed', 'frozen')),
    *((victim, 'isolated') for victim in VICTIMS if victim not in _NOT_CUT),
    *((WRITER, fault) for fault in ('node isolated', 'node unplugged')),
]


def databases_are_together(faults: Faults) -> bool:
    """Return whether every node of the database is with the others."""
    nodes = [part.variables() for part in faults.parts('mariadb')]
    return all(
        said.get('wsrep_local_state_comment') == 'Synced' and said['wsrep_cluster_size'] == '3'
        for said in nodes
    )


def is_whole(faults: Faults) -> bool:
    """Return whether every node of the databases and brokers is with the others."""
    together = 'together: xcloud-1, xcloud-2, xcloud-3'
    return databases_are_together(faults) and all(
        part.note() == together for part in faults.parts('rabbitmq')
    )


def come_together(faults: Faults, part: service.Service, fault: str) -> str:
    """Wait until every node is with the others again; return what had to be done for it."""
    if waiting.until(lambda: is_whole(faults), TOGETHER, 1):
        return ''
    # As who looks after brokers does: see the guide.
    assert databases_are_together(faults), 'the databases do not come together'
    stuck = faults.parts('rabbitmq')[part.node - 1]
    sticky = isinstance(stuck, rabbitmq.RabbitMq) and stuck.version() == STICKY
    assert fault == 'frozen' or sticky, 'the brokers do not come together'
    faults.halt(stuck.label)
    faults.resume(stuck.label)
    assert waiting.until(lambda: is_whole(faults), TOGETHER, 1), 'nor after a restart'
    return ', after a restart'
