"""Settings of a cloud that a measurement changes, and restores afterwards."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

from bench.cloud.world import World
from cloud import files, ini


@contextlib.contextmanager
def wide_quota(world: World) -> Iterator[None]:
    """Set a quota for the project that is checked and never reached."""
    url = f'{world.nova}/os-quota-sets/{world.project()}'
    limits = dict.fromkeys(('instances', 'cores', 'ram'), 10**8)
    world.client.put(url, {'quota_set': limits})
    try:
        yield
    finally:
        world.client.call('DELETE', url)


@contextlib.contextmanager
def large_buffer_pool(world: World) -> Iterator[None]:
    """Let MariaDB keep a gigabyte of its tables in memory, as for a large cloud."""
    name = 'innodb_buffer_pool_size'
    ((before,),) = world.sql(f'SELECT @@{name}')
    world.sql(f'SET GLOBAL {name} = {1 << 30}')
    try:
        yield
    finally:
        world.sql(f'SET GLOBAL {name} = {before}')


@contextlib.contextmanager
def service_down_time(world: World, seconds: int) -> Iterator[None]:
    """Set how long after its last report Nova takes a compute service for down."""
    file = world.context.state.etc('nova') / 'nova.conf'
    before = file.read_text()
    option = re.compile(r'^service_down_time = .*$', re.MULTILINE)
    _reconfigure(world, file, option.sub(f'service_down_time = {seconds}', before))
    try:
        yield
    finally:
        _reconfigure(world, file, before)


@contextlib.contextmanager
def xloud_options(world: World, **options: int) -> Iterator[None]:
    """Set options of elastic servers in the services that are not on the hosts."""
    file = world.context.state.etc('nova') / 'nova.conf'
    before = file.read_text()
    # Of two values of an option the last one is used.
    _reconfigure(world, file, f'{before}\n{ini.render({"xloud": options})}')
    try:
        yield
    finally:
        _reconfigure(world, file, before)


def _reconfigure(world: World, file: Path, text: str) -> None:
    if file.read_text() != text:
        files.write(file, text)
        world.restart('nova-api', 'nova-conductor', 'nova-scheduler')
