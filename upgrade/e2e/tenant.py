"""Tenants who know nothing of the upgrade: they create, adjust and delete elastic servers."""

from __future__ import annotations

import itertools
import threading
import time
import traceback
from dataclasses import dataclass

from cloud import waiting
from cloud.tests.e2e.conftest import remove
from cloud.tests.e2e.sizes import Size
from cloud.tests.e2e.world import World
from upgrade.openstack.client import Cloud
from upgrade.openstack.traits import providers

#: Up and down again; the last is the size that it boots with.
_SIZES = (Size(2, 384), Size(4, 768), Size(3, 512), Size(1, 256))

#: After so many adjustments a server is deleted, and another one created.
_LIFE = 2 * len(_SIZES)


@dataclass(frozen=True)
class Adjustment:
    """One that succeeded, and when it began and ended."""

    began: float
    ended: float

    def overlaps(self, began: float, ended: float) -> bool:
        return self.began < ended and began < self.ended


class Tenant:
    """Has one server on one host, as soon as the host takes elastic servers."""

    def __init__(
        self, host: str, flavor: str, openrc: dict[str, str], replaces: bool = True
    ) -> None:
        self.host = host
        #: Whether it deletes its server after a while, and creates another one.
        self.replaces = replaces
        self.flavor = flavor
        self.world = World()
        self.server = ''
        self.adjustments: list[Adjustment] = []
        self.booted = self.deleted = 0
        #: A traceback; there may be none.
        self.error = ''
        self._cloud = Cloud(openrc)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._live, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """End after the adjustment in progress, and leave the server as it is."""
        self._over.set()
        self._thread.join()

    def _live(self) -> None:
        try:
            if not self._wait_for_host():
                return
            for size in itertools.cycle(_SIZES):
                if not self.server:
                    self._boot()
                self._adjust(size)
                if self._over.is_set():
                    return
                if self.replaces and len(self.adjustments) % _LIFE == 0:
                    self._delete()
        except BaseException:
            self.error = traceback.format_exc()

    def _wait_for_host(self) -> bool:
        """Wait until the host takes elastic servers; or until it is over."""
        while self.host not in providers(self._cloud).values():
            if self._over.wait(1):
                return False
        return True

    def _boot(self) -> None:
        compute = self.world.admin.compute
        created = compute.create_server(
            name=f'tenant-{self.host}',
            flavor_id=compute.find_flavor(self.flavor, ignore_missing=False).id,
            image_id=self.world.admin.image.find_image('guest', ignore_missing=False).id,
            networks='none',
            availability_zone=f'nova:{self.host}',
        )
        self.server = str(created.id)
        self.world.api.wait(self.server, 'ACTIVE')
        assert self.world.guests.host_of(self.server).host == self.host
        self.world.guests.reaches(self.server, _SIZES[-1])
        self.booted += 1

    def _adjust(self, size: Size) -> None:
        began = time.monotonic()
        request = {'current_vcpus': size.vcpus, 'current_memory_mb': size.memory_mb}
        # The compute may be reconciling after a slow guest: 409, request it again.
        answers: list[tuple[int, str]] = []

        def accepted() -> bool:
            answers.append(self.world.api.post_adjust(self.server, **request))
            return answers[-1][0] != 409

        waiting.until(accepted, 30, 1)
        assert answers[-1] == (202, '')
        self.world.api.adjusted(self.server, succeeds=True)
        assert (
            self.world.guests.live(self.server) == self.world.accounting.size(self.server) == size
        )
        self.adjustments.append(Adjustment(began, time.monotonic()))

    def _delete(self) -> None:
        remove(self.world, [self.server])
        self.server = ''
        self.deleted += 1
