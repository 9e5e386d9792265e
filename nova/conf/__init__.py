"""The options of elastic servers."""

from nova.conf import xloud

wsgi.register_opts(CONF)  # nova
xloud.register_opts(CONF)
