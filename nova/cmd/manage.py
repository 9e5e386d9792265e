"""Operators audit elastic servers with the command that audits all of Nova's records."""

from nova.cmd import xloud

CATEGORIES = {
    ...: ...,
    'xloud': xloud.XloudCommands,
}
