"""The commands ``server adjust`` and ``server adjust cancel``, ``server size show`` and so on."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import datetime
import shutil
from collections.abc import Iterator
from typing import Any

from openstack.compute.v2.server import Server
from osc_lib.command import command
from osc_lib.exceptions import CommandError

from xloudclient import Adjust, Period, ServerSize, remedy
from xloudclient.osc import common, plot
from xloudclient.osc.progress import Progress


class AdjustServer(common.ServerCommand, command.ShowOne):
    """Adjust the vCPUs and the memory of a server while it runs.

    The flavor of the server sets the bounds: see 'openstack server size show'. vCPUs and memory
    are one adjustment: the server gets both or neither.

    Without --wait the command returns once the capacity is claimed and the adjustment is in
    progress. With --wait the command succeeds only once the guest has the new size.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('--vcpus', type=common.vcpus, metavar='<n>', help='New number of vCPUs')
        parser.add_argument(
            '--memory',
            type=common.memory,
            metavar='<size>',
            help='New memory, in MiB, or with a unit as in 512M or 2G',
        )
        bound = parser.add_mutually_exclusive_group()
        bound.add_argument(
            '--min',
            action='store_const',
            const='min',
            dest='bound',
            help='Shrink to the minimum; --vcpus or --memory take precedence',
        )
        bound.add_argument(
            '--max',
            action='store_const',
            const='max',
            dest='bound',
            help='Grow to the maximum; --vcpus or --memory take precedence',
        )
        parser.add_argument(
            '--live-only',
            action='store_true',
            help='Only until the next start of the server, not permanently',
        )
        parser.add_argument(
            '--for',
            dest='for_seconds',
            type=common.duration,
            metavar='<time>',
            help='Go back to the present size after this time, in seconds, or with a unit as in '
            '30m, 2h or 7d',
        )
        parser.add_argument(
            '--when-full',
            choices=('refuse', 'wait', 'move'),
            help='If the host of the server is full, refuse the adjustment, let it wait, or move '
            'the server to another host by live migration (admin only by default); by default '
            'its flavor or the cloud decides',
        )
        parser.add_argument(
            '--force',
            action='store_true',
            help='Shrink memory even below what the guest needs: its processes may be killed '
            '(admin only by default)',
        )
        ending = parser.add_mutually_exclusive_group()
        ending.add_argument(
            '--wait', action='store_true', help='Wait for the end of the adjustment'
        )
        ending.add_argument(
            '--dry-run',
            action='store_true',
            help='Change nothing; show what would become of the adjustment, and why',
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        vcpus, memory_mb = parsed_args.vcpus, parsed_args.memory
        if not (vcpus or memory_mb or parsed_args.bound):
            raise CommandError('Nothing to adjust: use --vcpus, --memory, --min or --max.')
        with self.elastic() as elastic:
            server = elastic.find_server(parsed_args.server)
            if parsed_args.bound:
                size = dataclasses.asdict(elastic.size(server))
                vcpus = vcpus or size[f'{parsed_args.bound}_vcpus']
                memory_mb = memory_mb or size[f'{parsed_args.bound}_memory_mb']
            options = {
                name: getattr(parsed_args, name)
                for name in ('live_only', 'for_seconds', 'when_full', 'force')
            }
            if parsed_args.dry_run:
                forecast = elastic.dry_run(server, vcpus, memory_mb, **options)
                fields = {**dataclasses.asdict(forecast), 'remedy': remedy(forecast.code)}
                return tuple(fields), tuple(fields.values())
            with self._progress(vcpus, memory_mb) as progress:
                size = elastic.adjust(
                    server,
                    vcpus,
                    memory_mb,
                    **options,
                    wait=parsed_args.wait,
                    progress=progress,
                )
        return _columns(server, size)

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


class CancelAdjustServer(common.ServerCommand, command.ShowOne):
    """Cancel the adjustment of a server that waits for capacity on its host."""

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        with self.elastic() as elastic:
            server = elastic.find_server(parsed_args.server)
            return _columns(server, elastic.cancel(server))


class ShowServerSize(common.ServerCommand, command.ShowOne):
    """Show the size of a server, its bounds, and its last adjustment.

    Memory is in MiB. 'current' is what the hypervisor reports, 'accounted' what quota and usage
    account for, 'start' what the server has after its next start, and 'floor' the memory below
    which the guest would be killed.
    """

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        with self.elastic() as elastic:
            server = elastic.find_server(parsed_args.server)
            return _columns(server, elastic.size(server))


class ShowServerSizeHistory(common.ServerCommand, command.Lister):
    """List which size a server was accounted for over time, and what caused each change.

    Memory is in MiB, times are in UTC. A deleted server is given by its ID.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        for option, name, text in (
            ('--from', 'start', 'From this time on, as in 2026-02-01 or 2026-02-01T09:30 (UTC)'),
            ('--to', 'end', 'Up to this time'),
        ):
            parser.add_argument(option, dest=name, type=common.time, metavar='<time>', help=text)
        parser.add_argument('--plot', action='store_true', help='Plot the sizes instead')
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        with self.elastic() as elastic:
            periods = elastic.history(parsed_args.server, parsed_args.start, parsed_args.end)
        names = tuple(field.name for field in dataclasses.fields(Period))
        if parsed_args.plot:
            return names, periods
        return names, [
            (_seconds(period.start), _seconds(period.end), *dataclasses.astuple(period)[2:])
            for period in periods
        ]

    def produce_output(
        self, parsed_args: argparse.Namespace, column_names: tuple[str, ...], data: Any
    ) -> int:
        if not parsed_args.plot:
            return super().produce_output(parsed_args, column_names, data)
        if not data:
            raise CommandError('There is nothing to plot: the server had no size in that time.')
        width = shutil.get_terminal_size().columns
        self.app.stdout.writelines(f'{line}\n' for line in plot.lines(data, width))
        return 0


def _seconds(time: datetime.datetime) -> str:
    return time.strftime('%Y-%m-%dT%H:%M:%SZ')


class ListServerSize(common.ElasticCommand, command.Lister):
    """List the sizes of servers and their bounds.

    Memory is in MiB. 'Adjust' is the state of the last adjustment: running, waiting, moving,
    succeeded or failed.
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
            sizes = elastic.sizes(parsed_args.host, parsed_args.all_projects)
        columns = (*_TITLES, ('Project', 'project_id')) if parsed_args.all_projects else _TITLES
        rows = [{**server.to_dict(), **_flat(size)} for server, size in sizes]
        return (
            tuple(title for title, _ in columns),
            [tuple(row[name] for _, name in columns) for row in rows],
        )


#: The columns of the list: their titles and their fields.
_TITLES = (
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


def _columns(server: Server, size: ServerSize) -> tuple[tuple[str, ...], tuple[Any, ...]]:
    fields = {'id': server.id, 'name': server.name, **_flat(size)}
    return tuple(fields), tuple(fields.values())


def _flat(size: ServerSize) -> dict[str, Any]:
    """Return the fields of a size with those of its adjustment among them, so -c can name them."""
    fields = dataclasses.asdict(size)
    adjust = fields.pop('adjust') or {}
    for field in dataclasses.fields(Adjust):
        fields[f'adjust_{field.name}'] = adjust.get(field.name)
    return fields
