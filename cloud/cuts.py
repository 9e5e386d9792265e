"""Cutting addresses of this machine off from each other."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from cloud import command, debian, settings

Rule = tuple[str, ...]


def between(address: str, peers: Sequence[str]) -> list[Rule]:
    """Return the rules that part an address from its peers, in both directions."""
    pairs = [pair for peer in peers for pair in ((address, peer), (peer, address))]
    return [('--source', source, '--destination', target) for source, target in pairs]


def of_ports(address: str, peers: Sequence[str], ports: Sequence[int]) -> list[Rule]:
    """Return the rules that part an address from its peers as far as they speak on ports."""
    return [
        (*rule, '--protocol', 'tcp', side, str(port))
        for rule in between(address, peers)
        for side in ('--source-port', '--destination-port')
        for port in ports
    ]


def to(address: str, ports: Sequence[int]) -> list[Rule]:
    """Return the rules by which nothing reaches these ports of an address."""
    return [
        ('--destination', address, '--protocol', 'tcp', '--destination-port', str(port))
        for port in ports
    ]


@contextlib.contextmanager
def made(rules: Sequence[Rule], state: settings.State) -> Iterator[None]:
    """Have what the rules name vanish without a word, as on a cable that was pulled."""
    debian.install(['iptables'], state.log('install'))
    begun: list[Rule] = []
    try:
        for rule in rules:
            command.run(['iptables', '--append', 'INPUT', *rule, '--jump', 'DROP'])
            begun.append(rule)
        yield
    finally:
        for rule in begun:
            command.run(['iptables', '--delete', 'INPUT', *rule, '--jump', 'DROP'])
