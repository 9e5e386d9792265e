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

"""What servers have had is what they are billed for, to the second."""

from oslo_utils import timeutils

from nova import context as nova_context
from nova.db.main import api as db
from nova.db.main import models
from nova.tests.functional.elastic_helpers import GROWN
from nova.tests.functional.elastic_helpers import MAXIMUM
from nova.tests.functional.elastic_helpers import MINIMUM
from nova.tests.functional import elastic_history_base
from nova.tests.functional.elastic_history_base import at
from nova.tests.functional.elastic_history_base import DAY


class ElasticUsageTest(elastic_history_base.ElasticHistoryTestBase):

    def _usage(self, begin=0, end=30 * DAY, detailed=True):
        """What the project has had: its VCPU and MiB seconds, and all."""
        times = tuple(at(time).strftime('%Y-%m-%dT%H:%M:%S')
                      for time in (begin, end))
        usage = self.admin_api.api_get(
            '/os-simple-tenant-usage/%s?start=%s&end=%s' % (
                self.api.project_id, *times)).body['tenant_usage']
        listed = self.admin_api.api_get(
            '/os-simple-tenant-usage?detailed=1&start=%s&end=%s' % times
        ).body['tenant_usages']
        for project in (usage, *listed):
            for server in project.get('server_usages', ()):
                # It grows from one request to the next.
                server.pop('uptime')
        self.assertEqual([usage] if usage else [], listed)
        return usage

    def assertUsage(self, usage, vcpu_seconds, memory_mb_seconds, seconds):
        self.assertEqual(
            (vcpu_seconds, memory_mb_seconds, seconds),
            tuple(round(usage[name] * 3600, 6) for name in (
                'total_vcpus_usage', 'total_memory_mb_usage', 'total_hours')))

    def test_month(self):
        """A server at its maximum for 29 days pays for them, and for one."""
        server = self._boot()
        self._adjust(server, MAXIMUM)
        self._adjust(server, MINIMUM)
        self._set_times(server, at(-DAY), at(0), at(29 * DAY))
        usage = self._usage()
        seconds = (29 * 4 + 1) * DAY
        self.assertUsage(usage, seconds, seconds * 1024, 30 * DAY)
        server_usage, = usage['server_usages']
        self.assertEqual(
            (1, 1024, 30 * 24),
            tuple(server_usage[name] for name in (
                'vcpus', 'memory_mb', 'hours')))

        self.assertUsage(self._usage(7 * DAY, 8 * DAY),
                         4 * DAY, 4 * DAY * 1024, DAY)
        self.assertUsage(self._usage(29 * DAY - 60, 29 * DAY + 60),
                         5 * 60, 5 * 60 * 1024, 120)
        self.assertEqual({}, self._usage(-3 * DAY, -2 * DAY))

    def test_deleted(self):
        """A server pays for what it had until it was deleted."""
        server = self._boot()
        self._adjust(server, MAXIMUM)
        self._delete_server(server)
        self._set_times(server, at(60), at(120), terminated_at=at(180))
        self.assertUsage(self._usage(), 5 * 60, 5 * 60 * 1024, 120)

    def test_archived(self):
        """A deleted server is in the usage until it is archived.

        So are servers that are not elastic.
        """
        servers = [self._boot(), self._boot(
            self._create_flavor(vcpu=2, memory_mb=2048))]
        self._adjust(servers[0], MAXIMUM)
        self._adjust(servers[0], MINIMUM)
        for server in servers:
            self._delete_server(server)
        self._set_times(servers[0], at(-DAY), at(0), at(29 * DAY),
                        terminated_at=at(30 * DAY))
        with self._database() as session:
            session.query(models.Instance).filter_by(
                uuid=servers[1]['id']).update({
                    'launched_at': timeutils.normalize_time(at(0)),
                    'terminated_at': timeutils.normalize_time(at(DAY))})
        seconds = (29 * 4 + 1 + 2) * DAY
        self.assertUsage(self._usage(end=40 * DAY),
                         seconds, seconds * 1024, 31 * DAY)

        for step in (lambda cctxt: db.archive_deleted_rows(
                         cctxt, max_rows=1000),
                     lambda cctxt: db.purge_shadow_tables(cctxt, None)):
            with nova_context.target_cell(
                    self.ctxt, self.cell_mappings['cell1']) as cctxt:
                step(cctxt)
            self.assertEqual({}, self._usage(end=40 * DAY))

    def test_launched_again(self):
        """What a server had before it was launched again counts too."""
        server = self._boot()
        self._adjust(server, MAXIMUM)
        self._rebuild_server(server, 'a2459075-d96c-40d5-893e-577ff92e721c')
        self._set_times(server, at(0), at(60), at(40 * DAY))
        with self._database() as session:
            session.query(models.Instance).filter_by(uuid=server['id']).update(
                {'launched_at': timeutils.normalize_time(at(40 * DAY))})
        self.assertUsage(self._usage(0, 120), 5 * 60, 5 * 60 * 1024, 120)
        self.assertUsage(
            self._usage(40 * DAY - 30, 40 * DAY + 30), 240, 240 * 1024, 60)

    def test_is_what_the_history_says(self):
        server = self._boot()
        for size in (GROWN, MAXIMUM, MINIMUM):
            self._adjust(server, size)
        self._set_times(server, at(1), at(20), at(300), at(4000))
        seconds = [
            (end - start, size.vcpus, size.memory_mb) for start, end, size in
            self._periods(self._history(server, to=at(5000)))]
        self.assertUsage(
            self._usage(0, 5000),
            sum(time * vcpus for time, vcpus, _memory in seconds),
            sum(time * memory for time, _vcpus, memory in seconds), 4999)

    def test_plain_and_elastic(self):
        """Servers that are not elastic count as they do without the fork."""
        self._boot(self._create_flavor(vcpu=2, memory_mb=2048))
        with self._database() as session:
            session.query(models.Instance).update(
                {'launched_at': timeutils.normalize_time(at(0))})
        self.assertUsage(self._usage(0, 60), 120, 120 * 1024, 60)
        server = self._boot()
        self._set_times(server, at(0))
        self.assertUsage(self._usage(0, 60), 180, 180 * 1024, 120)
