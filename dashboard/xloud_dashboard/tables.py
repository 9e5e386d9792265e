"""What the plugin adds to Horizon's tables of servers and flavors."""

from __future__ import annotations

import collections
import logging
from typing import Any

from django import urls
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _
from horizon import tables
from openstack_dashboard import policy
from openstack_dashboard.dashboards.admin.flavors import tables as flavor_tables
from openstack_dashboard.dashboards.admin.instances import tables as admin_tables
from openstack_dashboard.dashboards.project.instances import tables as project_tables
from xloudclient import ServerSize

from xloud_dashboard import api, words

LOG = logging.getLogger(__name__)

#: What the column has as data for a server that is not elastic, or was never adjusted.
_PLAIN, _QUIET = 'plain', 'quiet'

#: What is shown in place of a size that is not known now.
_UNKNOWN = '-'

_DONE = 'succeeded'

#: What Horizon's column of tasks says while a server is adjusted.
_TASKS = tuple((name, _('Adjusting Size')) for name in ('xloud_adjust_prep', 'xloud_adjusting'))

#: What a server has to be so that it can be adjusted.
_ADJUSTABLE = ('ACTIVE', 'PAUSED', 'SHUTOFF')


class SizeColumn(tables.Column):
    """The size of a server and its bounds. Its data is the state of the last adjustment.

    Horizon requests a row again for as long as a state is not among ``status_choices``.
    """

    def get_raw_data(self, datum: Any) -> str:
        sizes = self._sizes(datum)
        if datum.id not in sizes and not self.table.data:
            return _UNKNOWN  # A row that is followed is requested until its size is known.
        size = sizes.get(datum.id)
        if size is None:
            return _PLAIN
        return size.adjust.state if size.adjust else _QUIET

    def get_data(self, datum: Any) -> str:
        """Return the cell. Whatever goes wrong with a size, the table is shown."""
        try:
            return self._cell(datum)
        except Exception:
            LOG.exception('Could not show the size of server %s.', datum.id)
            return _UNKNOWN

    def _cell(self, datum: Any) -> str:
        sizes = self._sizes(datum)
        if datum.id not in sizes:
            return _UNKNOWN
        size = sizes[datum.id]
        if size is None:
            return ''
        state = self.get_raw_data(datum)
        context = {
            'size': size,
            'vcpus': words.vcpus(size.current_vcpus),
            'memory': words.memory(size.current_memory_mb),
            # The usual end needs no words.
            'state': words.STATES.get(state) if state != _DONE else '',
        }
        return render_to_string('xloud_dashboard/_size_cell.html', context)

    def _sizes(self, datum: Any) -> dict[str, ServerSize | None]:
        """Return the sizes of the whole table, which are requested together."""
        sizes = getattr(self.table, 'xloud_sizes', None)
        if sizes is None:
            # A row that is updated by itself is not among the data of the table.
            servers = [*(self.table.data or []), datum]
            unique = {server.id: server for server in servers}
            sizes = api.sizes(self.table.request, unique.values())
            self.table.xloud_sizes = sizes
        return sizes


class AdjustSize(policy.PolicyTargetMixin, tables.LinkAction):
    """Opens the form in which a server is adjusted."""

    name = 'adjust_size'
    verbose_name = _('Adjust Size')
    url = 'horizon:project:elastic:adjust'
    classes = ('ajax-modal', 'btn-adjust-size')
    policy_rules = (('compute', 'os_compute_api:xloud:adjust'),)

    def allowed(self, request: Any, instance: Any = None) -> bool:
        if instance is None or instance.status not in _ADJUSTABLE:
            return False
        if getattr(instance, 'OS-EXT-STS:task_state', None):
            return False
        if getattr(instance, 'locked', False) and not request.user.is_superuser:
            return False
        return api.is_elastic(request, instance)


class ElasticFlavor(tables.LinkAction):
    """Opens the form in which a flavor gets minimums."""

    name = 'elastic'
    verbose_name = _('Make Elastic')
    url = 'horizon:project:elastic:flavor'
    classes = ('ajax-modal',)
    icon = 'arrows-v'
    policy_rules = (('compute', 'os_compute_api:os-flavor-extra-specs:create'),)

    def get_link_url(self, datum: Any = None) -> str:
        return urls.reverse(self.url, args=[datum.id])


def extend() -> None:
    """Add to the tables."""
    for table, before in (
        (project_tables.InstancesTable, 'ResizeLink'),
        (admin_tables.AdminInstancesTable, 'MigrateInstance'),
    ):
        _add_column(table, _column(), after='flavor')
        table._columns['task'].display_choices += _TASKS  # noqa: SLF001
        _add_action(table, AdjustSize, before)
    _add_action(flavor_tables.FlavorsTable, ElasticFlavor, 'DeleteFlavor')


def _column() -> SizeColumn:
    column = SizeColumn(
        'size',
        sortable=False,
        verbose_name=_('Size'),
        status=True,
        status_choices=((_PLAIN, True), (_QUIET, True), (_DONE, True), ('failed', True)),
    )
    column.name = 'size'
    column.classes.append('normal_column')
    return column


def _add_column(table: type[tables.DataTable], column: tables.Column, after: str) -> None:
    """Add a column; Horizon's metaclass has no public way once a table is there."""
    columns = []
    for name, present in table._columns.items():  # noqa: SLF001
        columns.append((name, present))
        if name == after:
            columns.append((column.name, column))
    table._columns = collections.OrderedDict(columns)  # noqa: SLF001
    table._meta.status_columns = [*table._meta.status_columns, column.name]  # noqa: SLF001


def _add_action(
    table: type[tables.DataTable], action: type[tables.LinkAction], before: str
) -> None:
    """Add an action to the rows, before another one, or at the end if that is not there."""
    actions = list(table._meta.row_actions)  # noqa: SLF001
    names = [present.__name__ for present in actions]
    place = names.index(before) if before in names else len(names)
    actions.insert(place, action)
    table._meta.row_actions = tuple(actions)  # noqa: SLF001
    table.base_actions[action.name] = action()
