"""The traits by which computes report to placement that they take elastic servers."""

from __future__ import annotations

from collections.abc import Iterable

from upgrade.errors import CloudError
from upgrade.openstack.client import AnswerError, Cloud

TRAIT = 'CUSTOM_XLOUD_ELASTIC'
#: Reported only together with the other.
VIRTIO_MEM_TRAIT = 'CUSTOM_XLOUD_VIRTIO_MEM'
MOVE_TRAIT = 'CUSTOM_XLOUD_GROW_BY_MOVE'
PINS_TRAIT = 'CUSTOM_XLOUD_ELASTIC_PINS'
TRAITS = frozenset({TRAIT, VIRTIO_MEM_TRAIT, MOVE_TRAIT, PINS_TRAIT})
_TRIES = 5


def providers(cloud: Cloud) -> dict[str, str]:
    """Return the hosts that report the trait: the UUID of each provider, and its name."""
    try:
        listed = cloud.call('placement', 'GET', f'/resource_providers?required={TRAIT}')
    except AnswerError as error:
        if error.status == 400 and TRAIT in error.body:
            return {}  # No compute has ever reported it, so placement does not know it.
        raise
    return {provider['uuid']: provider['name'] for provider in listed['resource_providers']}


def remove(cloud: Cloud, hosts: Iterable[str]) -> list[str]:
    """Remove the traits from hosts; return the names of those that had it.

    Stock Nova leaves a trait alone that it does not know. A host that kept it would be given
    elastic servers as soon as the scheduler is the fork's again.
    """
    short_names = {_short(host) for host in hosts}
    chosen = {uuid: name for uuid, name in providers(cloud).items() if _short(name) in short_names}
    for uuid in chosen:
        _remove_from(cloud, f'/resource_providers/{uuid}/traits')
    return sorted(chosen.values())


def _remove_from(cloud: Cloud, path: str) -> None:
    for _ in range(_TRIES):
        current = cloud.call('placement', 'GET', path)
        traits = [name for name in current['traits'] if name not in TRAITS]
        try:
            cloud.call('placement', 'PUT', path, {**current, 'traits': traits})
            return
        except AnswerError as error:
            if error.status != 409:  # 409: a concurrent update by the compute.
                raise
    raise CloudError(
        f'{TRAIT} cannot be removed from {path}: too many concurrent updates; run rollback again'
    )


def _short(host: str) -> str:
    """libvirt reports a host's full name, the host itself often a short one."""
    return host.partition('.')[0]
