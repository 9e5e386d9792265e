"""The compute services, as Nova's API lists them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from cloud import rest

#: The name of every fake host begins so.
FLEET = 'bench'
#: Why a compute service is disabled, by which it is found again.
_REASON = 'measurements'


class Hosts:
    """The hosts of a cloud, those of the bench among them."""

    def __init__(self, client: rest.Client, nova: str) -> None:
        self._client = client
        self._services = f'{nova}/os-services'

    def computes(self) -> list[dict[str, Any]]:
        """Return the compute services."""
        return list(self._client.get(f'{self._services}?binary=nova-compute')['services'])

    def fleet(self) -> list[str]:
        """Return the IDs of the compute services on fake hosts."""
        return [service['id'] for service in self.computes() if service['host'].startswith(FLEET)]

    def delete(self, service: str) -> None:
        """Delete a compute service; one that cannot be deleted now is still listed."""
        with contextlib.suppress(rest.RestError):
            self._client.call('DELETE', f'{self._services}/{service}')

    @contextlib.contextmanager
    def only_fleet(self) -> Iterator[None]:
        """Disable all hosts but the fake ones, until the block is left."""
        for service in self.computes():
            if service['status'] == 'enabled' and not service['host'].startswith(FLEET):
                body = {'status': 'disabled', 'disabled_reason': _REASON}
                self._client.put(f'{self._services}/{service["id"]}', body)
        try:
            yield
        finally:
            self.enable_all()

    def enable_all(self) -> None:
        """Enable the hosts that were disabled for a measurement."""
        for service in self.computes():
            if service['disabled_reason'] == _REASON:
                self._client.put(f'{self._services}/{service["id"]}', {'status': 'enabled'})
