"""The options of elastic servers."""

from nova.conf import xloud

...
xloud.register_opts(CONF)
