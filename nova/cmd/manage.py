"""Operators look at elastic servers with the command that looks at all of Nova's books."""

from nova.cmd import xloud

CATEGORIES = {
    ...: ...,
    'xloud': xloud.XloudCommands,
}
