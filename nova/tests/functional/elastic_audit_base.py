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

"""How tests run the audit of elastic servers, and damage records for it."""

import datetime
import io

import fixtures
from oslo_utils import timeutils

from nova.cmd import manage
from nova import context as nova_context
from nova.db.main import api as db
from nova import objects
from nova.scheduler.client import report
from nova.tests.functional import elastic_helpers

AGREES, UNEXPECTED, MORE, LEFT, FIXED, INVALID = 0, 1, 2, 3, 4, 127


class ElasticAuditTestBase(elastic_helpers.ElasticServersTestBase):

    def _audit(self, **kwargs):
        """Run the command.

        :returns: What it returns, and the lines of what it says before its
            last word.
        """
        with fixtures.MonkeyPatch('sys.stdout', io.StringIO()) as patch:
            code = manage.CATEGORIES['xloud']().audit(**kwargs)
            output = patch.new_value.getvalue()
        self.output = output
        return code, [line for line in output.splitlines()
                      if ': server ' in line or ': its reported ' in line]

    def _said(self, server, problem, host='host1'):
        return '%s: server %s: %s' % (host, server['id'], problem)

    def assertAgrees(self):
        self.assertEqual((AGREES, []), self._audit(), self.output)

    def assertFixed(self, server, problem, host='host1'):
        """It is found, found again, fixed, and not found any more."""
        said = self._said(server, problem, host)
        for _attempt in range(2):
            code, lines = self._audit()
            self.assertEqual((LEFT, [said]), (code, lines))
        self.assertEqual((FIXED, [said + ' Fixed.']), self._audit(fix=True))
        self.assertAgrees()
        self.assertEqual((AGREES, []), self._audit(fix=True))

    def assertLeft(self, server, problem, fix=True):
        self.assertEqual((LEFT, [self._said(server, problem)]),
                         self._audit(fix=fix))

    def _write(self, server, **values):
        """Write into the row of a server what nothing of Nova would."""
        mapping = objects.InstanceMapping.get_by_instance_uuid(
            self.ctxt, server['id'])
        with nova_context.target_cell(
                self.ctxt, mapping.cell_mapping) as cctxt:
            db.instance_update(cctxt, server['id'], values)

    def _set_allocation(self, server, size, host='host1'):
        """Have placement hold something else for a server."""
        self.assertTrue(report.SchedulerReportClient().set_instance_resources(
            self.ctxt, server['id'], self._provider_uuid(host),
            {'VCPU': size.vcpus, 'MEMORY_MB': size.memory_mb}))

    def _leave_task(self, server, state, seconds):
        """Leave a server as an interrupted adjustment does."""
        updated_at = timeutils.utcnow() - datetime.timedelta(seconds=seconds)
        self._write(server, task_state=state, updated_at=updated_at)
        return updated_at.strftime('%Y-%m-%dT%H:%M:%SZ')
