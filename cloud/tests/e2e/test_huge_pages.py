"""Elastic memory on huge pages, which a balloon could never give back."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cloud import command
from cloud.tests.e2e.sizes import Size
from cloud.tests.e2e.world import World

Create = Callable[..., str]

pytestmark = pytest.mark.usefixtures('forked')

MINIMUM, GROWN, MAXIMUM = Size(1, 256), Size(1, 512), Size(1, 640)

#: 2 MiB each: room for one guest at its maximum, and some more.
PAGES = 400

_COUNT = Path('/proc/sys/vm/nr_hugepages')
_DROP, _COMPACT = Path('/proc/sys/vm/drop_caches'), Path('/proc/sys/vm/compact_memory')
_FREE = Path('/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages')
_MOUNT = '/dev/hugepages'


@pytest.fixture
def huge_pages(world: World) -> Iterator[None]:
    """Have huge pages on the machine, and a place for the first host to find them."""
    before = _COUNT.read_text()
    try:
        # Files that are only kept to be read again are in the way.
        _DROP.write_text('1')
        _COMPACT.write_text('1')
        _COUNT.write_text(str(PAGES))
    except OSError as error:
        pytest.skip(f'the machine gives no huge pages: {error}')
    host = world.hosts[0]
    try:
        if int(_COUNT.read_text()) < PAGES:
            pytest.skip('the machine has too little memory in one piece for huge pages')
        # libvirt looks for them when it starts, and Nova at libvirt.
        with world.faults.down('nova-compute-1', 'libvirtd-1'):
            command.run(host.inside('mkdir', '-p', _MOUNT))
            command.run(host.inside('mount', '-t', 'hugetlbfs', 'none', _MOUNT))
        yield
    finally:
        with world.faults.down('nova-compute-1', 'libvirtd-1'):
            with contextlib.suppress(Exception):
                command.run(host.inside('umount', _MOUNT))
            _COUNT.write_text(before)


def free_mb() -> int:
    return int(_FREE.read_text()) * 2


@pytest.mark.usefixtures('huge_pages')
def test_grow_and_shrink(world: World, create: Create, flavor: Callable[..., str]) -> None:
    """A guest has huge pages for what is plugged, and gives them back."""
    free = free_mb()
    server = create(
        flavor(
            1, 640, minimum_memory='256',
            **{'hw:mem_hotplug_virtio': 'true', 'hw:mem_page_size': '2048'},
        ),
        availability_zone='nova:compute1',
    )  # fmt: skip
    world.comes_up(server, MINIMUM)
    world.guests.hears(server, lambda line: 192 < line.memory_mb <= MINIMUM.memory_mb)
    for size in (MAXIMUM, GROWN, MINIMUM):
        world.adjust(server, *size)
        world.guests.hears(
            server,
            lambda line, size=size: size.memory_mb - 64 < line.memory_mb <= size.memory_mb,
        )
        # More than half of what is plugged, and something of what is not.
        world.guests.hold(server, (size.memory_mb - MINIMUM.memory_mb) * 3 // 4 or 16)
        assert free_mb() >= free - size.memory_mb
        if size == MAXIMUM:
            assert free_mb() < free - GROWN.memory_mb
        world.guests.let_go(server)
