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

"""Servers with a history, at the times that a test sets."""

import contextlib
import datetime

from oslo_utils import timeutils

from nova import context as nova_context
from nova.db.main import api as db
from nova.db.main import models
from nova import elastic
from nova.tests.functional import elastic_helpers

MONTH = datetime.datetime(2024, 4, 1, tzinfo=datetime.timezone.utc)
DAY = 24 * 60 * 60


def at(seconds):
    return MONTH + datetime.timedelta(seconds=seconds)


class ElasticHistoryTestBase(elastic_helpers.ElasticServersTestBase):

    def _set_now(self, time):
        timeutils.set_time_override(timeutils.normalize_time(time))
        self.addCleanup(timeutils.clear_time_override)

    @contextlib.contextmanager
    def _database(self):
        with nova_context.target_cell(
                self.ctxt, self.cell_mappings['cell1']) as cctxt:
            with db.get_context_manager(cctxt).writer.using(cctxt) as session:
                yield session

    def _set_times(self, server, launched_at, *changed_at, terminated_at=None):
        """Have a server launched, and its size changed, at other times.

        :param changed_at: When it was changed, the launch not among it
        """
        times = (launched_at, *changed_at)
        with self._database() as session:
            events = session.query(models.InstanceActionEvent).join(
                models.InstanceAction, models.InstanceAction.id ==
                models.InstanceActionEvent.action_id).filter(
                    models.InstanceAction.instance_uuid == server['id'],
                    models.InstanceActionEvent.event == elastic.SIZE_EVENT
                ).order_by(models.InstanceActionEvent.id).all()
            self.assertEqual(len(times), len(events))
            for time, event in zip(times, events):
                change = elastic.load_change(event.details, '', '', '')
                event.start_time = timeutils.normalize_time(time)
                event.details = elastic.dump_change(change._replace(
                    at=time,
                    launched_at=change.launched_at and launched_at))
            values = {'launched_at': timeutils.normalize_time(launched_at)}
            if terminated_at:
                values['terminated_at'] = timeutils.normalize_time(
                    terminated_at)
            session.query(models.Instance).filter_by(
                uuid=server['id']).update(values)

    def _history(self, server, api=None, **query):
        url = '/servers/%s/xloud-history' % server['id']
        if query:
            url += '?' + '&'.join(
                '%s=%s' % (name, value.strftime('%Y-%m-%dT%H:%M:%S.%fZ')
                           if isinstance(value, datetime.datetime) else value)
                for name, value in query.items())
        return (api or self.api).api_get(url).body

    def _periods(self, history):
        return [
            (*((timeutils.parse_isotime(period[name]) - MONTH).total_seconds()
               for name in ('start', 'end')),
             elastic.Size(period['vcpus'], period['memory_mb']))
            for period in history['xloud_history']]
