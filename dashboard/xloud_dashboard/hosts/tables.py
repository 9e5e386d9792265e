"""The table of hosts."""

from __future__ import annotations

from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _
from horizon import tables

from xloud_dashboard import bars, words
from xloud_dashboard.capacity import Amounts, Host

_STATES = {
    ('up', 'enabled'): _('Up'),
    ('up', 'disabled'): _('Up, disabled'),
    ('down', 'enabled'): _('Down'),
    ('down', 'disabled'): _('Down, disabled'),
}


def _state(host: Host) -> str:
    return str(_STATES.get((host.state, host.status), host.state))


def _vcpus(host: Host) -> str:
    return _cell(host.vcpus, words.vcpus)


def _memory(host: Host) -> str:
    return _cell(host.memory_mb, words.memory)


def _cell(amounts: Amounts | None, say: object) -> str:
    if amounts is None:
        return '-'
    context = {
        'bar': bars.svg(amounts),
        'accounted': amounts.accounted,
        'promised': amounts.promised,
        'available': amounts.available,
        'total': say(amounts.total),  # type: ignore[operator]
    }
    return render_to_string('xloud_dashboard/_capacity_cell.html', context)


class HostsTable(tables.DataTable):
    """Hosts with a bar each for vCPUs and memory."""

    name = tables.WrappingColumn('name', verbose_name=_('Host'))
    state = tables.Column(_state, verbose_name=_('State'))
    vcpus = tables.Column(_vcpus, verbose_name=_('vCPUs'))
    memory = tables.Column(_memory, verbose_name=_('Memory'))

    class Meta:
        """How the table is shown."""

        name = 'elastic_capacity'
        verbose_name = _('Hosts')
        hidden_title = False
        pagination_param = 'host_marker'
