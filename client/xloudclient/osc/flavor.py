"""The commands ``flavor elastic set``, ``flavor elastic unset`` and ``flavor elastic show``."""

from __future__ import annotations

import argparse
import dataclasses
from typing import Any

from osc_lib.command import command
from osc_lib.exceptions import CommandError

from xloudclient.osc import common

_SCOPE = 'This applies to servers that are created, or resized to the flavor, afterwards.'


class SetElastic(common.FlavorCommand):
    __doc__ = f"""Make a flavor elastic: set the minimum with which its servers boot.

    While they run, they can grow up to the vCPUs and the memory of the flavor. {_SCOPE}
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--min-vcpus',
            type=common.vcpus,
            metavar='<n>',
            help='Minimum number of vCPUs; servers boot with it',
        )
        parser.add_argument(
            '--min-memory',
            type=common.memory,
            metavar='<size>',
            help='Minimum memory; servers boot with it. In MiB, or with a unit as in 512M or 2G',
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        if not (parsed_args.min_vcpus or parsed_args.min_memory):
            raise CommandError('Nothing to set: use --min-vcpus, --min-memory or both.')
        with self.elastic() as elastic:
            elastic.set_flavor(parsed_args.flavor, parsed_args.min_vcpus, parsed_args.min_memory)


class UnsetElastic(common.FlavorCommand):
    __doc__ = f"""Make a flavor fixed again: its servers always have its vCPUs and memory.

    Without an option, both minimums are removed. {_SCOPE}
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--min-vcpus', action='store_true', help='Remove only the minimum number of vCPUs'
        )
        parser.add_argument(
            '--min-memory', action='store_true', help='Remove only the minimum memory'
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        vcpus, memory = parsed_args.min_vcpus, parsed_args.min_memory
        with self.elastic() as elastic:
            elastic.unset_flavor(
                parsed_args.flavor, vcpus=vcpus or not memory, memory=memory or not vcpus
            )


class ShowElastic(common.FlavorCommand, command.ShowOne):
    """Show the minimum and the maximum of a flavor. Memory is in MiB."""

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        with self.elastic() as elastic:
            fields = dataclasses.asdict(elastic.flavor(parsed_args.flavor))
        return tuple(fields), tuple(fields.values())
