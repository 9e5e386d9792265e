"""Commands for what servers have: ``server adjust``, ``server size show``, ``server size list``."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
from collections.abc import Iterator
from typing import Any

from openstack.compute.v2.server import Server
from osc_lib.command import command
from osc_lib.exceptions import CommandError

from xloudclient import Adjust, ServerSize
from xloudclient.osc import common
from xloudclient.osc.progress import Progress


class AdjustServer(common.ServerCommand, command.ShowOne):
    """Change how many vCPUs and how much memory a server has.

    The server goes on running. Its flavor says what it can have: see 'openstack server size
    show'. Both are one change: if the server does not get one of them, it gets neither.

    Without --wait this returns when the host of the server has reserved what is asked for, and
    the change is under way. With --wait it ends well only when the guest has it.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--vcpus', type=common.vcpus, metavar='<n>', help='How many vCPUs it is to have'
        )
        parser.add_argument(
            '--memory',
            type=common.memory,
            metavar='<size>',
            help='How much memory it is to have: MiB, or with a unit as in 512M or 2G',
        )
        bound = parser.add_mutually_exclusive_group()
        bound.add_argument(
            '--min',
            action='store_const',
            const='min',
            dest='bound',
            help='As little as its flavor allows, of what is not given otherwise',
        )
        bound.add_argument(
            '--max',
            action='store_const',
            const='max',
            dest='bound',
            help='As much as its flavor allows, of what is not given otherwise',
        )
        parser.add_argument(
            '--live-only',
            action='store_true',
            help='Until its next start only; it comes back from that with what it had for good',
        )
        parser.add_argument(
            '--wait', action='store_true', help='Wait until the guest has it, or does not get it'
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        vcpus, memory_mb = parsed_args.vcpus, parsed_args.memory
        if not (vcpus or memory_mb or parsed_args.bound):
            raise CommandError('Nothing is asked for: give --vcpus, --memory, --min or --max.')
        with self.elastic() as elastic:
            server = elastic.find_server(parsed_args.server)
            if parsed_args.bound:
                size = dataclasses.asdict(elastic.size(server))
                vcpus = vcpus or size[f'{parsed_args.bound}_vcpus']
                memory_mb = memory_mb or size[f'{parsed_args.bound}_memory_mb']
            with self._progress(vcpus, memory_mb) as progress:
                size = elastic.adjust(
                    server,
                    vcpus,
                    memory_mb,
                    live_only=parsed_args.live_only,
                    wait=parsed_args.wait,
                    progress=progress,
                )
        return _shown(server, size)

    @contextlib.contextmanager
    def _progress(self, vcpus: int | None, memory_mb: int | None) -> Iterator[Progress | None]:
        if not self.app.options.verbose_level:
            yield None
            return
        progress = Progress(self.app.stderr, vcpus, memory_mb)
        try:
            yield progress
        finally:
            progress.end()


class ShowServerSize(common.ServerCommand, command.ShowOne):
    """Show what a server has and can have, and how its last change went.

    Memory is in MiB. What starts with 'accounted' is what quota and usage count, and what
    starts with 'start' what the server comes back with at its next start.
    """

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        with self.elastic() as elastic:
            server = elastic.find_server(parsed_args.server)
            return _shown(server, elastic.size(server))


class ListServerSize(common.ElasticCommand, command.Lister):
    """List what servers have and can have.

    Memory is in MiB. 'Adjust' tells how the last change went: running, succeeded or failed.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--host', metavar='<host>', help='Only servers on this compute host (admin only)'
        )
        parser.add_argument(
            '--all-projects', action='store_true', help='Servers of all projects (admin only)'
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        with self.elastic() as elastic:
            listed = elastic.sizes(parsed_args.host, parsed_args.all_projects)
        columns = (*_COLUMNS, ('Project', 'project_id')) if parsed_args.all_projects else _COLUMNS
        rows = [{**server.to_dict(), **_flat(size)} for server, size in listed]
        return (
            tuple(title for title, _ in columns),
            [tuple(row[name] for _, name in columns) for row in rows],
        )


#: Titles of the list, and what stands below them.
_COLUMNS = (
    ('ID', 'id'),
    ('Name', 'name'),
    ('vCPUs', 'current_vcpus'),
    ('Min vCPUs', 'min_vcpus'),
    ('Max vCPUs', 'max_vcpus'),
    ('Memory', 'current_memory_mb'),
    ('Min Memory', 'min_memory_mb'),
    ('Max Memory', 'max_memory_mb'),
    ('Adjust', 'adjust_state'),
)


def _shown(server: Server, size: ServerSize) -> tuple[tuple[str, ...], tuple[Any, ...]]:
    shown = {'id': server.id, 'name': server.name, **_flat(size)}
    return tuple(shown), tuple(shown.values())


def _flat(size: ServerSize) -> dict[str, Any]:
    """Give a size with what is in its last change beside the rest, so that -c can name it."""
    shown = dataclasses.asdict(size)
    adjust = shown.pop('adjust') or {}
    for field in dataclasses.fields(Adjust):
        shown[f'adjust_{field.name}'] = adjust.get(field.name)
    return shown
