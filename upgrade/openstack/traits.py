"""What computes tell placement: that they take elastic servers."""

from __future__ import annotations

from collections.abc import Iterable

from upgrade.errors import CloudError
from upgrade.openstack.client import AnswerError, Cloud

TRAIT = 'CUSTOM_XLOUD_ELASTIC'
_TRIES = 5


def providers(cloud: Cloud) -> dict[str, str]:
    """The hosts that report the trait: the identity of each, and its name."""
    try:
        listed = cloud.call('placement', 'GET', f'/resource_providers?required={TRAIT}')
    except AnswerError as error:
        if error.status == 400 and TRAIT in error.body:
            return {}  # None has ever reported it, so placement does not know it.
        raise
    return {each['uuid']: each['name'] for each in listed['resource_providers']}


def forget(cloud: Cloud, hosts: Iterable[str]) -> list[str]:
    """Take the trait from hosts; the names of those that had it.

    Stock Nova leaves a trait alone that it does not know. A host that kept it would be given
    elastic servers as soon as the scheduler is the fork's again.
    """
    wanted = {_short(host) for host in hosts}
    named = {uuid: name for uuid, name in providers(cloud).items() if _short(name) in wanted}
    for uuid in named:
        _remove(cloud, f'/resource_providers/{uuid}/traits')
    return sorted(named.values())


def _remove(cloud: Cloud, path: str) -> None:
    for _ in range(_TRIES):
        known = cloud.call('placement', 'GET', path)
        kept = [name for name in known['traits'] if name != TRAIT]
        try:
            cloud.call('placement', 'PUT', path, {**known, 'traits': kept})
            return
        except AnswerError as error:
            if error.status != 409:  # 409: the compute wrote meanwhile.
                raise
    raise CloudError(f'{TRAIT} cannot be taken from {path}: its compute writes all the time')


def _short(host: str) -> str:
    """libvirt gives a host's full name, and the host itself often a short one."""
    return host.partition('.')[0]
