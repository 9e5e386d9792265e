# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""What the API shows of an elastic server."""

import datetime
from urllib import parse

from nova.api.openstack import common

# What only the host of a running server can say.
_UNKNOWN = {'guest_vcpus': None, 'balloon_driver_active': None,
            'attached_dimms_mb': 0, 'has_virtiomem': False,
            'floor_memory_mb': None, 'room_vcpus': None,
            'room_memory_mb': None}


def status(server):
    """Return the view of what a server has and can have.

    :param server: What nova.compute.api.API.xloud_status returns
    """
    live = dict(server['live'] or {})
    requested = live.pop('requested', None)
    view = {'elastic': server['elastic'], 'source': 'database', **_UNKNOWN}
    for prefix, name in (('current', 'accounted'), ('accounted', 'accounted'),
                         ('start', 'start'), ('min', 'minimum'),
                         ('max', 'maximum')):
        view.update(('%s_%s' % (prefix, field), amount)
                    for field, amount in server[name]._asdict().items())
    view.update(live)
    view.update(_returning(server['pending'].returning))
    view['adjust'] = _adjust(server['adjust'], requested)
    return {'xloud_status': view}


def _returning(returning):
    """Return when a server goes back to an earlier size, and to which."""
    at, size = (returning.at, returning.size) if returning else (
        None, (None, None))
    return {'returns_at': at and _format_second(
                datetime.datetime.fromtimestamp(at, datetime.timezone.utc)),
            'return_vcpus': size[0], 'return_memory_mb': size[1]}


def _adjust(adjust, requested):
    if adjust is None:
        return None
    expires_at = adjust['expires_at']
    return {'state': adjust['state'], 'code': adjust['code'],
            'requested': requested or _requested(adjust['requested']),
            'expires_at': expires_at and _format_second(expires_at),
            'since': _format_second(adjust['since']),
            'reason': adjust['reason']}


def _requested(size):
    return size and {
        'current_' + field: amount for field, amount in size._asdict().items()
        if amount is not None}


class HistoryViewBuilder(common.ViewBuilder):

    def history(self, req, server_id, periods, has_more):
        """Return the view of what a server was accounted for over time.

        The next page begins with the time at which this one ends.
        """
        view = {'xloud_history': [_period(period) for period in periods]}
        if has_more:
            url = self._get_href_link(
                req, server_id + '/xloud-history', 'servers')
            query = parse.urlencode(
                {**req.GET, 'from': _format(periods[-1].end)})
            view['xloud_history_links'] = [
                {'rel': 'next', 'href': '%s?%s' % (url, query)}]
        return view


def _period(period):
    change = period.change
    return {'start': _format(period.start), 'end': _format(period.end),
            **period.size._asdict(),
            **{name: change and getattr(change, name)
               for name in ('cause', 'request_id', 'user_id')}}


def _format_second(time):
    return time.strftime('%Y-%m-%dT%H:%M:%SZ')


def _format(time):
    return time.strftime('%Y-%m-%dT%H:%M:%S.%fZ')
