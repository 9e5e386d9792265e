"""Commands for what flavors allow: ``flavor elastic set``, ``unset`` and ``show``."""

from __future__ import annotations

import argparse
import dataclasses
from typing import Any

from osc_lib.command import command
from osc_lib.exceptions import CommandError

from xloudclient.osc import common

_LATER = 'It counts for servers that are created, or resized to the flavor, afterwards.'


class SetElastic(common.FlavorCommand):
    __doc__ = f"""Make a flavor elastic: give its servers a minimum to boot with.

    They can grow from there to the vCPUs and the memory of the flavor while they run. {_LATER}
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--min-vcpus',
            type=common.vcpus,
            metavar='<n>',
            help='How many vCPUs its servers boot with, and have at least',
        )
        parser.add_argument(
            '--min-memory',
            type=common.memory,
            metavar='<size>',
            help='How much memory its servers boot with, and have at least: '
            'MiB, or with a unit as in 512M or 2G',
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        if not (parsed_args.min_vcpus or parsed_args.min_memory):
            raise CommandError('Nothing is to be set: give --min-vcpus, --min-memory or both.')
        with self.elastic() as elastic:
            elastic.set_flavor(parsed_args.flavor, parsed_args.min_vcpus, parsed_args.min_memory)


class UnsetElastic(common.FlavorCommand):
    __doc__ = f"""Make a flavor fixed again: give its servers all that it has, for good.

    Without an option both minimums are removed. {_LATER}
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--min-vcpus', action='store_true', help='Remove only the minimum of vCPUs'
        )
        parser.add_argument(
            '--min-memory', action='store_true', help='Remove only the minimum of memory'
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        vcpus, memory = parsed_args.min_vcpus, parsed_args.min_memory
        with self.elastic() as elastic:
            elastic.unset_flavor(
                parsed_args.flavor, vcpus=vcpus or not memory, memory=memory or not vcpus
            )


class ShowElastic(common.FlavorCommand, command.ShowOne):
    """Show what servers of a flavor boot with, and can have. Memory is in MiB."""

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        with self.elastic() as elastic:
            shown = dataclasses.asdict(elastic.flavor(parsed_args.flavor))
        return tuple(shown), tuple(shown.values())
