"""What the commands share."""

from __future__ import annotations

import argparse
import contextlib
import datetime
import re
from collections.abc import Callable, Iterator

from openstack.exceptions import HttpException
from osc_lib.command import command
from osc_lib.exceptions import CommandError

from xloudclient import Elastic, ElasticImages, XloudError, units


class ElasticCommand(command.Command):
    """A command about elastic servers or flavors."""

    @contextlib.contextmanager
    def elastic(self) -> Iterator[Elastic]:
        """Yield the elastic servers of the cloud."""
        with _reasons():
            yield Elastic(self.app.client_manager.sdk_connection.compute)


class ServerCommand(ElasticCommand):
    """A command about one server."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('server', metavar='<server>', help='Server (name or ID)')
        return parser


class FlavorCommand(ElasticCommand):
    """A command about one flavor."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('flavor', metavar='<flavor>', help='Flavor (name or ID)')
        return parser


class ImageCommand(command.Command):
    """A command about one image."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('image', metavar='<image>', help='Image (name or ID)')
        return parser

    @contextlib.contextmanager
    def images(self) -> Iterator[ElasticImages]:
        """Yield the images of the cloud."""
        with _reasons():
            yield ElasticImages(self.app.client_manager.sdk_connection.image)


@contextlib.contextmanager
def _reasons() -> Iterator[None]:
    """Of an error show only the reason and its code."""
    try:
        yield
    except HttpException as error:
        raise _command_error(error.details or str(error), getattr(error, 'code', None)) from error
    except XloudError as error:
        raise _command_error(str(error), error.code) from error


def _command_error(reason: str, code: str | None) -> CommandError:
    # The details that openstacksdk of 2024.1 makes of HTML, such as Glance's, begin with a colon.
    reason = reason.removeprefix(': ')
    return CommandError(f'{reason} ({code})' if code else reason)


def time(text: str) -> datetime.datetime:
    """Parse a date, or a date with a time; without an offset it is in UTC."""
    try:
        parsed = datetime.datetime.fromisoformat(re.sub('Z$', '+00:00', text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"'{text}' is not a time: use 2026-02-01 or 2026-02-01T09:30"
        ) from error
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=datetime.timezone.utc)


def vcpus(text: str) -> int:
    """Parse a number of vCPUs."""
    if not re.fullmatch(r'0*[1-9][0-9]*', text):
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of vCPUs")
    return int(text)


def memory(text: str) -> int:
    """Parse an amount of memory in MiB, or with a unit, as in 512M and 2G."""
    return _argument(units.memory_mb, text)


def duration(text: str) -> int:
    """Parse a time in seconds, or with a unit, as in 90s, 30m, 2h and 7d."""
    return _argument(units.seconds, text)


def _argument(parse: Callable[[str], int], text: str) -> int:
    try:
        return parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
