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

"""The sizes of a server over time, in the API."""

import datetime

import ddt
from oslo_utils import timeutils

from nova import context as nova_context
from nova.db.main import api as db
from nova.tests.functional.api import client as api_client
from nova.tests.functional.elastic_helpers import GROWN
from nova.tests.functional.elastic_helpers import MAXIMUM
from nova.tests.functional.elastic_helpers import MINIMUM
from nova.tests.functional import elastic_history_base
from nova.tests.functional.elastic_history_base import at
from nova.tests.functional.elastic_history_base import DAY


@ddt.ddt
class ElasticHistoryAPITest(elastic_history_base.ElasticHistoryTestBase):

    def _with_history(self):
        server = self._boot()
        self._adjust(server, GROWN)
        self._adjust(server, MAXIMUM)
        self._set_times(server, at(0), at(10), at(10 + DAY))
        return server

    def test_history(self):
        """One size after the other without a gap, and why."""
        server = self._with_history()
        history = self._history(server, to=at(2 * DAY))
        self.assertEqual(
            [(0, 10, MINIMUM), (10, 10 + DAY, GROWN),
             (10 + DAY, 2 * DAY, MAXIMUM)], self._periods(history))
        self.assertEqual(
            ['create', 'adjustment', 'adjustment'],
            [period['cause'] for period in history['xloud_history']])
        self.assertNotIn('xloud_history_links', history)

        actions = self.api.api_get(
            '/servers/%s/os-instance-actions' % server['id']
        ).body['instanceActions']
        self.assertEqual(
            [(action['request_id'], action['user_id'])
             for action in reversed(actions)],
            [(period['request_id'], period['user_id'])
             for period in history['xloud_history']])

    def test_until_now(self):
        """The last period ends with the answer."""
        server = self._boot()
        before = timeutils.utcnow(with_timezone=True)
        period, = self._history(server)['xloud_history']
        self.assertBetween(before, timeutils.parse_isotime(period['end']))
        period, = self._history(
            server, to=before + datetime.timedelta(days=1))['xloud_history']
        self.assertBetween(before, timeutils.parse_isotime(period['end']))

    def assertBetween(self, begin, time):
        self.assertLessEqual(begin, time)
        self.assertLessEqual(time, timeutils.utcnow(with_timezone=True))

    @ddt.data(
        ({}, [(0, 10, MINIMUM), (10, 10 + DAY, GROWN),
              (10 + DAY, 2 * DAY, MAXIMUM)]),
        ({'from': 5}, [(5, 10, MINIMUM), (10, 10 + DAY, GROWN),
                       (10 + DAY, 2 * DAY, MAXIMUM)]),
        ({'from': 10}, [(10, 10 + DAY, GROWN),
                        (10 + DAY, 2 * DAY, MAXIMUM)]),
        ({'from': 20}, [(20, 10 + DAY, GROWN),
                        (10 + DAY, 2 * DAY, MAXIMUM)]),
        ({'from': 20 + DAY}, [(20 + DAY, 2 * DAY, MAXIMUM)]),
        ({'from': 5, 'to': 15}, [(5, 10, MINIMUM), (10, 15, GROWN)]),
        ({'to': 10}, [(0, 10, MINIMUM)]),
        ({'from': -20, 'to': -10}, []),
        ({'from': -20, 'to': 1}, [(0, 1, MINIMUM)]),
    )
    @ddt.unpack
    def test_between(self, query, expected):
        """A part of the history, cut at the start and the end of the query."""
        server = self._with_history()
        query = {name: at(time) for name, time in query.items()}
        query.setdefault('to', at(2 * DAY))
        history = self._history(server, **query)
        self.assertEqual(expected, self._periods(history))
        for period in history['xloud_history']:
            self.assertEqual(
                'create' if period['vcpus'] == 1 else 'adjustment',
                period['cause'])

    def test_pages(self):
        """Each page begins where the last one ends."""
        server = self._with_history()
        whole = self._history(server, to=at(2 * DAY))['xloud_history']
        page = self._history(server, to=at(2 * DAY), limit=1)
        pages = [page['xloud_history']]
        while 'xloud_history_links' in page:
            link, = page['xloud_history_links']
            self.assertEqual('next', link['rel'])
            page = self.api.api_get(
                '/servers/' + link['href'].partition('/servers/')[2]).body
            pages.append(page['xloud_history'])
        self.assertEqual([[period] for period in whole], pages)

    def test_deleted(self):
        """What a server had can be read until its records are archived."""
        server = self._boot()
        self._adjust(server, GROWN)
        self._delete_server(server)
        self._set_times(
            server, at(0), at(10), terminated_at=at(DAY))
        self.assertEqual(
            [(0, 10, MINIMUM), (10, DAY, GROWN)],
            self._periods(self._history(server)))
        with nova_context.target_cell(
                self.ctxt, self.cell_mappings['cell1']) as cctxt:
            db.archive_deleted_rows(cctxt, max_rows=1000)
        self.assertRefused(404, server)

    def test_plain(self):
        """A server that is not elastic has always had its flavor."""
        server = self._boot(self._create_flavor(vcpu=2, memory_mb=2048))
        period, = self._history(server)['xloud_history']
        self.assertEqual((2, 2048, None, None, None), tuple(
            period[name] for name in (
                'vcpus', 'memory_mb', 'cause', 'request_id', 'user_id')))

    def test_refused(self):
        server = self._boot()
        self.assertRefused(404, {'id': server['id'][:-4] + '0000'})
        self.assertRefused(404, server, self._client(
            'member', 'reader', project_id='another'))
        for query in ({'from': 'yesterday'}, {'limit': 0}, {'limit': -1},
                      {'marker': '1'}, {'from': at(1), 'to': at(1)},
                      {'from': at(2), 'to': at(1)}):
            self.assertRefused(400, server, **query)

    def assertRefused(self, status, server, api=None, **query):
        error = self.assertRaises(
            api_client.OpenStackApiException, self._history, server, api,
            **query)
        self.assertEqual(status, error.response.status_code, error)
