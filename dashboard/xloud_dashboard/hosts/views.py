"""The page of the panel."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from horizon import messages, tables
from horizon.utils import functions

from xloud_dashboard import api
from xloud_dashboard.capacity import Host
from xloud_dashboard.hosts.tables import HostsTable


class IndexView(tables.DataTableView):
    """The capacity of hosts, page by page."""

    table_class = HostsTable
    template_name = 'xloud_dashboard/capacity.html'
    page_title = _('Elastic Capacity')

    def get_data(self) -> list[Host]:
        limit = functions.get_page_size(self.request)
        marker = self.request.GET.get(HostsTable._meta.pagination_param)  # noqa: SLF001
        try:
            # One more shows whether there is another page.
            hosts = api.hosts(self.request, limit + 1, marker)
        except api.ERRORS as error:
            messages.error(self.request, ' '.join(api.explain(error)))
            hosts = []
        self._more = len(hosts) > limit
        return hosts[:limit]

    def has_more_data(self, table: Any) -> bool:
        return self._more
