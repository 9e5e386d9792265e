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

"""What nova-manage xloud report prints, with a real placement."""

import io

import fixtures
from keystoneauth1 import exceptions as ks_exc
from oslo_serialization import jsonutils

from nova.cmd import manage
from nova.scheduler.client import report
from nova.tests.functional import elastic_helpers
from nova.tests.functional.elastic_helpers import GROWN
from nova.tests.functional.elastic_helpers import MAXIMUM


class ElasticReportTest(
        elastic_helpers.TwoCellsMixin, elastic_helpers.ElasticServersTestBase):

    def _report(self, code=0, **kwargs):
        with fixtures.MonkeyPatch('sys.stdout', io.StringIO()) as patch:
            self.assertEqual(
                code, manage.CATEGORIES['xloud']().report(**kwargs))
            return patch.new_value.getvalue()

    def _rows(self):
        return {(row['scope'], row['name']): row
                for row in jsonutils.loads(self._report(as_json=True))}

    def test_report(self):
        """Hosts are added up by cell and aggregate, in what servers have."""
        aggregate = self.admin_api.post_aggregate(
            {'aggregate': {'name': 'fast'}})
        for host in self.computes:
            self.admin_api.add_host_to_aggregate(aggregate['id'], host)
        before = self._rows()
        self._grown()
        self._boot(self._create_flavor(vcpu=1, memory_mb=512), host='host2')
        rows = self._rows()
        self.assertEqual(5, len(rows))
        for name, promised, used in (
                (('host', 'host1'), MAXIMUM, GROWN),
                (('host', 'host2'), (1, 512), (1, 512)),
                (('cell', 'cell1'), MAXIMUM, GROWN),
                (('cell', 'cell2'), (1, 512), (1, 512)),
                (('aggregate', 'fast'),
                 (MAXIMUM.vcpus + 1, MAXIMUM.memory_mb + 512),
                 (GROWN.vcpus + 1, GROWN.memory_mb + 512))):
            row = rows[name]
            for n, what in enumerate(('vcpus', 'memory_mb')):
                self.assertEqual(promised[n], row['promised_' + what], name)
                self.assertEqual(used[n], row['accounted_' + what], name)
                self.assertEqual(
                    before[name]['available_' + what] - used[n],
                    row['available_' + what], name)

    def test_table(self):
        """A line for each host, cell and aggregate, under a head."""
        lines = self._report().splitlines()
        self.assertIn('accounted_memory_mb', lines[1])
        for scope, name in (('host', 'host2'), ('cell', 'cell1')):
            self.assertEqual(1, sum(
                line.split()[1:4:2] == [scope, name] for line in lines))

    def test_cells_of_one_name(self):
        """Each cell has its own line, whatever it is named."""
        self._boot()
        cell = self.cell_mappings['cell2']
        cell.name = 'cell1'
        cell.save()
        cells = [row for row in jsonutils.loads(self._report(as_json=True))
                 if row['scope'] == 'cell']
        self.assertEqual(
            [('cell1', 0), ('cell1', MAXIMUM.vcpus)],
            sorted((row['name'], row['promised_vcpus']) for row in cells))

    def test_placement_fails(self):
        """A report without what placement should say is none."""
        uuid = self._provider_uuid('host2')
        self.assertEqual(204, self.placement.delete(
            '/resource_providers/%s' % uuid).status)
        self.assertEqual(
            'Failed to get resource provider with UUID %s\n' % uuid,
            self._report(code=1))

    def test_placement_down(self):
        self._break(report.SchedulerReportClient, 'get',
                    ks_exc.ConnectFailure('Connection refused'))
        self.assertEqual(
            'The placement service is not responding: Connection refused\n',
            self._report(code=1))

    def test_host_without_inventory(self):
        """A host in maintenance, as one of bare metal, has nothing left."""
        self.assertEqual(204, self.placement.delete(
            '/resource_providers/%s/inventories' %
            self._provider_uuid('host2'), version='1.20').status)
        row = self._rows()['host', 'host2']
        self.assertEqual(
            (0, 0), (row['available_vcpus'], row['available_memory_mb']))
