"""Images of real distributions, if they are requested."""

from __future__ import annotations

from cloud import service
from cloud.guest import distribution
from cloud.services import images


class Distributions(service.Service):
    """Disks of Debian that boot by themselves, with and without `xloud-guest`."""

    name = 'distributions'
    packages = distribution.Disks.packages

    def settle(self) -> None:
        store = images.Store(self.context)
        disks = distribution.Disks(self.state)
        for kind in distribution.KINDS:
            store.image(
                kind.name, disks.disk(kind), container_format='bare', disk_format='qcow2',
                hw_qemu_guest_agent='yes', **images.REAL,
            )  # fmt: skip
