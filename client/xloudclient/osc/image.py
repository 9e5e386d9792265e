"""The commands ``image elastic set``, ``image elastic unset`` and ``image elastic show``."""

from __future__ import annotations

import argparse
import dataclasses
from typing import Any

from osc_lib.command import command
from osc_lib.exceptions import CommandError

from xloudclient.images import MEMORY, VCPUS
from xloudclient.osc import common

_SCOPE = 'This applies to servers that are created from the image, or rebuilt with it, afterwards.'


class SetElastic(common.ImageCommand):
    __doc__ = f"""Declare how the guests of an image can change while they run.

    Nova refuses to create, rebuild or adjust servers of the image in another way. {_SCOPE}
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--vcpus',
            choices=VCPUS,
            help='Whether the number of vCPUs can change; "grow" if none can be removed',
        )
        parser.add_argument(
            '--memory',
            type=_in_order,
            choices=MEMORY,
            help='By which means the memory can change, or "no"',
        )
        parser.add_argument('--tested', metavar='<text>', help='Who tested that, and when')
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        declared = (parsed_args.vcpus, parsed_args.memory, parsed_args.tested)
        if declared == (None, None, None):
            raise CommandError('Nothing to set: use --vcpus, --memory or --tested.')
        with self.images() as images:
            images.set_image(parsed_args.image, *declared)


class UnsetElastic(common.ImageCommand):
    __doc__ = f"""Remove what an image declares about its guests.

    Without an option, all of it is removed. {_SCOPE}
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('--vcpus', action='store_true', help='Remove what it says of vCPUs')
        parser.add_argument('--memory', action='store_true', help='Remove what it says of memory')
        parser.add_argument('--tested', action='store_true', help='Remove who tested it')
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        names = ('vcpus', 'memory', 'tested')
        named = {name: getattr(parsed_args, name) for name in names}
        with self.images() as images:
            images.unset_image(
                parsed_args.image, **(named if any(named.values()) else dict.fromkeys(names, True))
            )


class ShowElastic(common.ImageCommand, command.ShowOne):
    """Show what an image declares about its guests."""

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        with self.images() as images:
            fields = dataclasses.asdict(images.image(parsed_args.image))
        return tuple(fields), tuple(fields.values())


def _in_order(means: str) -> str:
    return ','.join(sorted(means.split(',')))
