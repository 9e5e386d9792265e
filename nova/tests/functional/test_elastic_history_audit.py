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

"""What nova-manage finds about the histories of elastic servers."""

from oslo_utils import timeutils

from nova.db.main import api as db
from nova.db.main import models
from nova import elastic
from nova.objects import size_history
from nova.tests.functional import elastic_audit_base
from nova.tests.functional.elastic_audit_base import LEFT
from nova.tests.functional.elastic_helpers import GROWN
from nova.tests.functional.elastic_helpers import MAXIMUM
from nova.tests.functional.elastic_helpers import MINIMUM
from nova.tests.functional import elastic_history_base
from nova.tests.functional.elastic_history_base import at
from nova.tests.functional.elastic_history_base import DAY

REMEDY = ' Check what it is billed for that time.'


class ElasticHistoryAuditTest(elastic_audit_base.ElasticAuditTestBase,
                              elastic_history_base.ElasticHistoryTestBase):
    """A server gets three sizes on the first day of a month.

    It is the 20th of that month.
    """

    def setUp(self):
        # The time goes on in leaps, between which no service reports.
        self.flags(service_down_time=1000 * DAY)
        super().setUp()
        self.server = self._boot()
        self._adjust(self.server, GROWN)
        self._adjust(self.server, MAXIMUM)
        self._set_times(self.server, at(0), at(60), at(120))
        self._set_now(at(20 * DAY))

    def assertHistoryAgrees(self):
        self.assertEqual((0, []), self._audit(history=True), self.output)

    def assertBreaks(self, *problems):
        """They are found, are not fixed, and nobody else is shown them."""
        findings = [self._said(self.server, 'its history ' + problem) + REMEDY
                    for problem in problems]
        for fix in (False, True):
            self.assertEqual(
                (LEFT, findings), self._audit(fix=fix, history=True))
        self.assertAgrees()

    def _delete_change(self, number):
        with self._database() as session:
            events = session.query(models.InstanceActionEvent).filter_by(
                event=elastic.SIZE_EVENT).order_by(
                    models.InstanceActionEvent.id).all()
            session.delete(events[number])

    def test_whole(self):
        self.assertHistoryAgrees()

    def test_nothing_recorded(self):
        """A server of before the fork has no history that could break."""
        for _change in range(3):
            self._delete_change(0)
        self.assertHistoryAgrees()

    def test_gap(self):
        """A change that is not there is missed between its neighbors."""
        self._delete_change(1)
        self.assertBreaks(
            'says 1 vCPU and 1024 MiB from 2024-04-01T00:00:00Z on, but 3 '
            'vCPUs and 3072 MiB up to 2024-04-01T00:02:00Z.')

    def test_end_is_missing(self):
        """What a server has now is what its last change led to."""
        self._delete_change(2)
        self.assertBreaks(
            'ends with 3 vCPUs and 3072 MiB at 2024-04-01T00:01:00Z, but its '
            'size is 4 vCPUs and 4096 MiB.')

    def test_overlap(self):
        """A change that is recorded before the one it follows is found."""
        self._set_times(self.server, at(0), at(120), at(60))
        self.assertBreaks(
            'says 1 vCPU and 1024 MiB from 2024-04-01T00:00:00Z on, but 3 '
            'vCPUs and 3072 MiB up to 2024-04-01T00:01:00Z.',
            'says 4 vCPUs and 4096 MiB from 2024-04-01T00:01:00Z on, but 1 '
            'vCPU and 1024 MiB up to 2024-04-01T00:02:00Z.',
            'ends with 3 vCPUs and 3072 MiB at 2024-04-01T00:02:00Z, but its '
            'size is 4 vCPUs and 4096 MiB.')

    def test_without_the_fork(self):
        """A change by stock Nova is found, and again after the next one."""
        self._write(self.server, vcpus=1, memory_mb=1024)
        self._set_allocation(self.server, MINIMUM)
        self.assertBreaks(
            'ends with 4 vCPUs and 4096 MiB at 2024-04-01T00:02:00Z, but its '
            'size is 1 vCPU and 1024 MiB.')
        self._let_guest_have(self.server, MINIMUM)
        self._adjust(self.server, GROWN)
        self.assertBreaks(
            'says 4 vCPUs and 4096 MiB from 2024-04-01T00:02:00Z on, but 1 '
            'vCPU and 1024 MiB up to 2024-04-21T00:00:00Z.')

    def test_plain_in_between(self):
        """A launch as a plain server is exact, though it is not recorded."""
        for day, flavor_id in (
                (21, self._create_flavor(vcpu=2, memory_mb=2048)),
                (22, self._create_flavor(vcpu=3, memory_mb=1536)),
                (23, self.flavor_id)):
            self._set_now(at(day * DAY))
            self._resize_server(self.server, flavor_id)
            self._confirm_resize(self.server)
        self.assertHistoryAgrees()
        timeutils.clear_time_override()
        self.assertEqual(
            [(120, 21 * DAY, MAXIMUM), (21 * DAY, 22 * DAY, (2, 2048)),
             (22 * DAY, 23 * DAY, (3, 1536)), (23 * DAY, 24 * DAY, MINIMUM)],
            self._periods(self._history(
                self.server, **{'from': at(120), 'to': at(24 * DAY)})))

    def test_earlier_than_what_is_billed(self):
        """What the last audit period began with is the first thing in it."""
        self._delete_change(1)
        self._set_now(at(50 * DAY))
        self.assertBreaks(
            'says 1 vCPU and 1024 MiB from 2024-04-01T00:00:00Z on, but 3 '
            'vCPUs and 3072 MiB up to 2024-04-01T00:02:00Z.')
        self._set_now(at(70 * DAY))
        self.assertHistoryAgrees()

    def test_long_ago(self):
        """The change before the audit period has to be followed too."""
        self._set_now(at(100 * DAY))
        self.assertHistoryAgrees()
        self._write(self.server, vcpus=1, memory_mb=1024)
        self._set_allocation(self.server, MINIMUM)
        self.assertBreaks(
            'ends with 4 vCPUs and 4096 MiB at 2024-04-01T00:02:00Z, but its '
            'size is 1 vCPU and 1024 MiB.')

    def test_changes_before_it_is_read(self):
        """The server is read again then."""
        def adjust(get_changes, *args, **kwargs):
            patch.stop()
            self._adjust(self.server, MINIMUM)
            return get_changes(*args, **kwargs)

        patch = self._patch(size_history, 'get_changes', adjust)
        self.assertHistoryAgrees()
        self.assertEqual(MINIMUM, elastic.size(self._instance(self.server)))

    def test_changes_while_it_is_read_again(self):
        """It is left alone then."""
        self._delete_change(1)
        reads = []

        def change(get_changes, context, uuids, *args, **kwargs):
            reads.append(uuids)
            if len(reads) == 2:
                db.instance_update(context, self.server['id'], {'vcpus': 2})
            return get_changes(context, uuids, *args, **kwargs)

        self._patch(size_history, 'get_changes', change)
        self.assertHistoryAgrees()
        self.assertEqual([[self.server['id']]] * 2, reads)
