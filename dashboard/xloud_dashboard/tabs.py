"""The tab that shows the size of a server."""

from __future__ import annotations

import datetime
from typing import Any

from django import urls
from django.http import HttpRequest
from django.middleware import csrf
from django.utils.translation import gettext_lazy as _
from horizon import tabs

from xloud_dashboard import api, limits, plot, service, words

#: The states of an adjustment that has not ended.
_UNFINISHED = ('running', 'waiting', 'moving')


class SizeTab(tabs.Tab):
    """The size of a server, its bounds, its last adjustment and its history."""

    name = _('Size')
    slug = 'size'
    template_name = 'xloud_dashboard/size_tab.html'
    # It is loaded when it is opened.
    preload = False

    def allowed(self, request: HttpRequest) -> bool:
        server = self.tab_group.kwargs['instance']
        return api.may(request, 'status', server) and api.is_elastic(request, server)

    def get_context_data(self, request: HttpRequest, **kwargs: Any) -> dict[str, Any]:
        server = self.tab_group.kwargs['instance']
        return {**context(request, server), **_history(request, server)}


def context(request: HttpRequest, server: Any) -> dict[str, Any]:
    """Return what is shown of the present size of a server."""
    try:
        size = api.size(request, server.id)
    except api.ERRORS as error:
        return {'server': server, 'error': ' '.join(api.explain(error))}
    last = size.adjust
    return {
        'server': server,
        'size': size,
        'now': words.size(size.current_vcpus, size.current_memory_mb),
        'after_start': words.size(size.start_vcpus, size.start_memory_mb),
        'room': words.size(size.room_vcpus or 0, size.room_memory_mb or 0),
        'returns_to': words.size(size.return_vcpus or 0, size.return_memory_mb or 0),
        'returns_at': _time(size.returns_at),
        'since': _time(last.since) if last else None,
        'expires_at': _time(last.expires_at) if last else None,
        'state': words.STATES.get(last.state, last.state) if last else None,
        'advice': words.advice(last.code) if last else '',
        'unfinished': bool(last and last.state in _UNFINISHED),
        'vcpus': limits.of_vcpus(size),
        'memory': limits.of_memory(size),
        'may_adjust': api.may(request, 'adjust', server),
        'size_url': urls.reverse('horizon:project:elastic:size', args=[server.id]),
        'cancel_url': urls.reverse('horizon:project:elastic:cancel', args=[server.id]),
        'seconds': api.AGE,
        # Horizon renders a tab without its request.
        'csrf_token': csrf.get_token(request),
    }


def _history(request: HttpRequest, server: Any) -> dict[str, Any]:
    if not api.may(request, 'history', server):
        return {}
    try:
        periods = api.history(request, server.id)
        size = api.size(request, server.id)
    except api.ERRORS as error:
        return {'history_error': ' '.join(api.explain(error))}
    if not periods:
        return {}
    return {
        'days': service.DAYS,
        'most': service.PERIODS,
        'plot': plot.svg(periods, size.max_vcpus, size.max_memory_mb),
        'periods': [
            {
                'start': period.start,
                'end': period.end,
                'size': words.size(period.vcpus, period.memory_mb),
                'cause': words.CAUSES.get(period.cause, period.cause),
            }
            for period in reversed(periods)
        ],
    }


def _time(text: str | None) -> datetime.datetime | None:
    """Read a time of the API."""
    # Python 3.9 does not know Z.
    return datetime.datetime.fromisoformat(text.replace('Z', '+00:00')) if text else None
