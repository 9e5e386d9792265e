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

"""What nova-manage can do about elastic servers."""

from keystoneauth1 import exceptions as ks_exc
from oslo_serialization import jsonutils
import prettytable

from nova.cmd import common as cmd_common
from nova.cmd import xloud_report
from nova.compute.elastic import audit as size_audit
from nova import context as nova_context
from nova import exception
from nova.i18n import _
from nova import objects
from nova.scheduler.client import report


class XloudCommands(object):
    """Commands for elastic servers."""

    description = _('Commands for elastic servers.')

    @cmd_common.action_description(
        _("Compares the recorded sizes of elastic servers, their allocations "
          "in placement, and the usage that their hosts report. With --fix, "
          "fixes what differs. It does not inspect guests: their compute "
          "services do that. This command requires that the "
          "[api_database]/connection and [placement] configuration options "
          "are set."))
    @cmd_common.args(
        '--history', action='store_true', dest='history', default=False,
        help='Also look for changes of sizes that are not in the histories of '
             'the servers. These are not fixed.')
    @cmd_common.args(
        '--fix', action='store_true', dest='fix', default=False,
        help='Fix the findings, except those of servers with an operation in '
             'progress.')
    @cmd_common.args(
        '--host', metavar='<host>', dest='host',
        help='Check only the servers on this compute host.')
    @cmd_common.args(
        '--max-count', metavar='<max_count>', dest='max_count',
        help='Fix at most this many servers. The return code says whether '
             'there may be more; run the command again for those. Requires '
             '--fix.')
    @cmd_common.args(
        '--verbose', action='store_true', dest='verbose', default=False,
        help='Also list the hosts that are checked, and the servers that are '
             'skipped because an operation on them is in progress.')
    def audit(self, fix=False, host=None, max_count=None, verbose=False,
              history=False):
        """Finds, and fixes, elastic servers whose records disagree

        Return codes:

        * 0: Nothing was found.
        * 1: An unexpected error happened during run.
        * 2: --max-count was reached; there may be more to fix.
        * 3: There are findings that were not fixed.
        * 4: There were findings, and all of them were fixed.
        * 127: Invalid input.
        """
        if max_count is not None:
            if not fix:
                print(_('The --max-count option requires --fix.'))
                return 127
            try:
                max_count = int(max_count)
            except ValueError:
                max_count = 0
            if max_count < 1:
                print(_('Must supply a positive integer for --max-count.'))
                return 127

        ctxt = nova_context.get_admin_context()
        try:
            cells = self._get_cells(ctxt, host)
        except exception.HostMappingNotFound as error:
            print(error.format_message())
            return 127
        audit = size_audit.SizeAudit(
            report.report_client_singleton(), fix, max_count, history)
        try:
            left = self._audit_cells(ctxt, cells, host, audit, verbose)
        except (exception.ConsumerAllocationRetrievalFailed,
                exception.ResourceProviderAllocationRetrievalFailed) as error:
            print(error.format_message())
            return 1
        except ks_exc.ClientException as error:
            print(_('The placement service is not responding: %s') % error)
            return 1

        print(_('Elastic servers checked: %(servers)d, busy: %(busy)d, fixed: '
                '%(fixed)d, findings left: %(left)d. Guests were not '
                'inspected.') % {
                    'servers': audit.servers, 'busy': len(audit.busy),
                    'fixed': audit.fixed, 'left': left})
        if audit.is_limit_reached:
            print(_('Max count reached. Run this command again for the '
                    'others.'))
            return 2
        if left:
            return 3
        return 4 if audit.fixed else 0

    @cmd_common.action_description(
        _("Reports what servers are promised by their flavors, what they are "
          "accounted for, and what placement has available, per host, cell "
          "and aggregate. This command requires that the "
          "[api_database]/connection and [placement] configuration options "
          "are set."))
    @cmd_common.args(
        '--json', action='store_true', dest='as_json', default=False,
        help='Print JSON instead of a table.')
    def report(self, as_json=False):
        """Reports what servers may have, have, and could still get

        Return codes:

        * 0: The report is complete.
        * 1: The placement service is not responding.
        """
        try:
            rows = xloud_report.collect(
                nova_context.get_admin_context(),
                report.report_client_singleton())
        except exception.ResourceProviderRetrievalFailed as error:
            print(error.format_message())
            return 1
        except ks_exc.ClientException as error:
            print(_('The placement service is not responding: %s') % error)
            return 1
        if as_json:
            print(jsonutils.dumps([
                {'scope': scope, 'name': name, **capacity._asdict()}
                for scope, name, capacity in rows]))
            return 0
        table = prettytable.PrettyTable(
            ('scope', 'name') + xloud_report.Capacity._fields)
        for scope, name, capacity in rows:
            table.add_row((scope, name, *capacity))
        print(table)
        return 0

    @staticmethod
    def _get_cells(ctxt, host):
        if host:
            return [objects.HostMapping.get_by_host(ctxt, host).cell_mapping]
        return [cell for cell in objects.CellMappingList.get_all(ctxt)
                if not cell.is_cell0()]

    @staticmethod
    def _audit_cells(ctxt, cells, host, audit, verbose):
        """Print all findings, and count those that are not fixed."""
        left = 0
        for cell in cells:
            with nova_context.target_cell(ctxt, cell) as cctxt:
                nodes = (
                    objects.ComputeNodeList.get_all_by_host(cctxt, host)
                    if host else objects.ComputeNodeList.get_all(cctxt))
                for node in nodes:
                    if audit.is_limit_reached:
                        return left
                    if verbose:
                        print(_('Checking host %(host)s, cell %(cell)s') % {
                            'host': node.host, 'cell': cell.identity})
                    for finding in audit.compare(cctxt, node):
                        left += not finding.is_fixed
                        print(_format(finding))
        if verbose:
            for instance in audit.busy:
                print(_('%(host)s: server %(uuid)s is skipped: it is '
                        '%(vm_state)s, its task state is %(task_state)s.') % {
                            'host': instance.host, 'uuid': instance.uuid,
                            'vm_state': instance.vm_state,
                            'task_state': instance.task_state})
        return left


def _format(finding):
    return ' '.join(filter(None, (
        '%s:' % finding.host,
        finding.uuid and _('server %s:') % finding.uuid,
        finding.problem + '.',
        _('Fixed.') if finding.is_fixed else finding.remedy)))
