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

"""What nova-manage and nova-status find about elastic servers, and fix."""

import datetime
import io
from unittest import mock

import ddt
import eventlet  # noqa: H905
import fixtures
from keystoneauth1 import exceptions as ks_exc
from oslo_upgradecheck import upgradecheck
from oslo_utils import timeutils

from nova.cmd import manage
from nova.cmd import status
from nova.compute import size_audit
from nova.compute import task_states
from nova import context as nova_context
from nova.db.main import api as db
from nova import elastic
from nova import objects
from nova.scheduler.client import report
from nova.tests.functional import xloud_base
from nova.tests.functional.xloud_base import GROWN
from nova.tests.functional.xloud_base import MAXIMUM
from nova.tests.functional.xloud_base import MINIMUM
from nova.virt import fake

AGREES, UNEXPECTED, MORE, LEFT, FIXED, INVALID = 0, 1, 2, 3, 4, 127


class ElasticAuditTestBase(xloud_base.ElasticServersTestBase):

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

    def _hold(self, server, size, host='host1'):
        """Have placement hold something else for a server."""
        self.assertTrue(report.SchedulerReportClient().set_instance_resources(
            self.ctxt, server['id'], self._provider_uuid(host),
            {'VCPU': size.vcpus, 'MEMORY_MB': size.memory_mb}))

    def _leave_task(self, server, state, seconds):
        """Leave a server as an interrupted adjustment does."""
        updated_at = timeutils.utcnow() - datetime.timedelta(seconds=seconds)
        self._write(server, task_state=state, updated_at=updated_at)
        return updated_at.strftime('%Y-%m-%dT%H:%M:%SZ')


@ddt.ddt
class ElasticAuditTest(ElasticAuditTestBase):

    def test_agrees(self):
        """Whatever was done to servers in the usual ways is as it has to be.

        A server that is not elastic is not checked.
        """
        self._grown()
        server = self._boot()
        self._adjust(server, GROWN, persist=False)
        self._boot(host='host2')
        self._boot(self._create_flavor(vcpu=1, memory_mb=512))
        self.assertAgrees()
        self.assertEqual(
            'Elastic servers checked: 3, busy: 0, fixed: 0, findings left: 0. '
            'Guests were not inspected.\n',
            self.output)

    # What is fixed

    @ddt.data((elastic.Size(4, 4096), '4096 MEMORY_MB, 4 VCPU'),
              (MINIMUM, '1024 MEMORY_MB, 1 VCPU'),
              (elastic.Size(3, 1024), '1024 MEMORY_MB, 3 VCPU'))
    @ddt.unpack
    def test_allocation(self, size, held):
        server = self._grown()
        self._hold(server, size)
        self.assertFixed(
            server, 'its allocation is %s, expected 3072 MEMORY_MB, 3 VCPU.' %
            held)
        self.assertSize(server, GROWN)

    def test_allocation_of_a_server_with_another_start(self):
        """What it has until its next start is never released."""
        server = self._grown_until_restart()
        self._hold(server, xloud_base.START)
        self.assertFixed(
            server, 'its allocation is 2048 MEMORY_MB, 2 VCPU, expected 3072 '
            'MEMORY_MB, 3 VCPU.')
        self.assertSize(server, GROWN, start=xloud_base.START)

    @ddt.data((elastic.Size(5, 1024), elastic.Size(4, 1024),
               '5 vCPUs and 1024 MiB', '4 vCPUs and 1024 MiB'),
              (elastic.Size(1, 512), MINIMUM,
               '1 vCPU and 512 MiB', '1 vCPU and 1024 MiB'))
    @ddt.unpack
    def test_size_out_of_bounds(self, size, due, recorded, expected):
        server = self._boot()
        self._write(server, vcpus=size.vcpus, memory_mb=size.memory_mb)
        said = ('its recorded size is %(recorded)s, expected %(due)s; its '
                'recorded start size is %(recorded)s, expected %(due)s' % {
                    'recorded': recorded, 'due': expected})
        if due != MINIMUM:
            said += ('; its allocation is 1024 MEMORY_MB, 1 VCPU, expected '
                     '1024 MEMORY_MB, 4 VCPU')
        self.assertFixed(server, said + '.')
        self._run_periodics()
        self.assertSize(server, due)

    def test_start_size(self):
        """It is at most the maximum, and the size covers it."""
        server = self._boot()
        instance = self._instance(server)
        elastic.set_size(instance, MINIMUM, elastic.Size(2, 9999))
        instance.save()
        self.assertFixed(
            server, 'its recorded size is 1 vCPU and 1024 MiB, expected 2 '
            'vCPUs and 4096 MiB; its recorded start size is 2 vCPUs and 9999 '
            'MiB, expected 2 vCPUs and 4096 MiB; its allocation is 1024 '
            'MEMORY_MB, 1 VCPU, expected 4096 MEMORY_MB, 2 VCPU.')
        self._run_periodics()
        self.assertSize(server, elastic.Size(2, 4096))

    @ddt.data(*task_states.xloud_adjust_states)
    def test_interrupted_on_a_host_that_is_gone(self, state):
        """A task of a host that is gone is ended, in the action log too."""
        server = self._boot()
        self._interrupt(server, GROWN)
        since = self._leave_task(server, state, 301)
        problem = 'it is in task state %s since %s.' % (state, since)
        self.assertFixed(server, problem)
        instance = self._instance(server)
        self.assertIsNone(instance.task_state)
        self.assertEqual(GROWN, elastic.size(instance))
        self.assertEqual(GROWN, self._allocated(server['id'], 'host1'))
        self.assertEqual(
            ('failed', 'xloud.interrupted',
             'nova-compute stopped before the adjustment was complete.'),
            tuple(self._status(server)['adjust'][key]
                  for key in ('state', 'code', 'reason')))

    def _interrupt(self, server, size):
        """Have the compute die while it adjusts a server, and stay dead."""
        # What a service does here it does in greenlets: one is held by this.
        reached = eventlet.event.Event()  # noqa: N373

        def hang(method, *args, **kwargs):
            reached.send(eventlet.getcurrent())
            eventlet.event.Event().wait()  # noqa: N373

        self._patch(fake.FakeDriver, 'set_current_vcpus', hang)
        self._adjust(server, size, wait=False)
        # A compute that dies does not record that in the action log.
        with mock.patch.object(
                objects.InstanceActionEvent, 'event_finish_with_failure'):
            eventlet.kill(reached.wait())
        self.computes['host1'].stop()
        self.admin_api.put_service_force_down(
            self.admin_api.get_services(
                binary='nova-compute', host='host1')[0]['id'], True)

    # What is not fixed

    def test_no_room(self):
        """Placement is not made to hold what the host does not have."""
        server = self._grown()
        self._hold(server, MINIMUM)
        other = self._boot(self._create_flavor(vcpu=8, memory_mb=512))
        code, (said,) = self._audit(fix=True)
        self.assertEqual(LEFT, code)
        self.assertIn('Free capacity on its host, or migrate it. Failed to '
                      'update allocations for consumer %s' % server['id'],
                      said)
        self.assertIsNone(self._instance(server).task_state)
        self.assertEqual(MINIMUM, self._allocated(server['id'], 'host1'))

        self._delete_server(other)
        self.assertEqual(FIXED, self._audit(fix=True)[0])
        self.assertSize(server, GROWN)

    def test_excess(self):
        """What a guest has and its host cannot account for is no secret."""
        server = self._boot()
        other = self._boot(self._create_flavor(vcpu=8, memory_mb=512))
        self._let_guest_have(server, MAXIMUM)
        for _look in range(2):
            self._reconcile()
        self.assertLeft(
            server, 'its guest has 4 vCPUs and 4096 MiB, which its host has '
            'no capacity to account for. Free capacity on its host, or '
            'migrate it.')
        self.assertEqual(MINIMUM, elastic.size(self._instance(server)))

        self._delete_server(other)
        for _look in range(2):
            self._reconcile()
        self.assertAgrees()
        self.assertSize(server, MAXIMUM, start=MINIMUM)

    def test_no_allocation(self):
        """There is a command for that, which knows elastic servers."""
        server = self._grown()
        self.placement.delete('/allocations/%s' % server['id'])
        self.assertLeft(
            server, 'its allocation is 0 MEMORY_MB, 0 VCPU, expected 3072 '
            'MEMORY_MB, 3 VCPU. Run "nova-manage placement heal_allocations '
            '--instance %s".' % server['id'])
        with fixtures.MonkeyPatch('sys.stdout', io.StringIO()):
            self.assertEqual(0, manage.PlacementCommands().heal_allocations(
                instance_uuid=server['id'], skip_port_allocations=True))
        self.assertAgrees()
        self.assertSize(server, GROWN)

    def test_flavor(self):
        server = self._boot()
        instance = self._instance(server)
        instance.flavor.extra_specs[elastic.MINIMUM_CPU] = 'x'
        instance.save()
        code, (flavor, size) = self._audit(fix=True)
        self.assertEqual(LEFT, code)
        self.assertEqual(self._said(
            server, "its flavor is not valid: minimum_cpu must be an integer, "
            "not 'x'. Resize the server to a valid flavor."), flavor)
        # What is not elastic has to be what the flavor has.
        self.assertIn('expected 4 vCPUs and 1024 MiB', size)

    @ddt.data(*task_states.xloud_adjust_states)
    def test_task_of_a_host_that_is_up(self, state):
        """It ends that by itself."""
        server = self._grown()
        since = self._leave_task(server, state, 301)
        self.assertLeft(
            server, 'it is in task state %s since %s. Its compute service is '
            'up and should clear that. See its log, or restart it.' % (
                state, since))
        self._reconcile()
        self.assertAgrees()
        self.assertSize(server, GROWN)

    def test_usage(self):
        """What a host says that it uses is for the host to count."""
        server = self._grown()
        old = timeutils.utcnow() - datetime.timedelta(seconds=121)
        self._write(server, updated_at=old)
        self.assertAgrees()

        node = objects.ComputeNode.get_by_host_and_nodename(
            self.ctxt, 'host1', 'host1')
        node.vcpus_used, node.memory_mb_used = 7, 4096
        node.save()
        self.assertEqual(
            (LEFT, [
                'host1: its reported usage is 7 vCPUs and 4096 MiB, expected '
                '3 vCPUs and 3584 MiB. Its compute service updates that every '
                'minute. See its log.']), self._audit(fix=True))
        # It may just have had no time for that.
        self._write(server, updated_at=timeutils.utcnow())
        self.assertAgrees()
        self._write(server, updated_at=old)
        self.computes['host1'].manager.rt.old_resources.clear()
        self._run_periodics()
        self.assertAgrees()

    def test_usage_of_a_host_without_memory(self):
        """Of a host such as ironic's, placement does not know memory."""
        url = '/resource_providers/%s/inventories' % self._provider_uuid(
            'host2')
        inventories = self.placement.get(url).body
        del inventories['inventories']['MEMORY_MB']
        self.assertEqual(200, self.placement.put(url, inventories).status)
        self.assertAgrees()

    # Servers with which something goes on

    def test_adjusted_at_the_same_time(self):
        """A server in the middle of an adjustment is left alone."""
        server = self._boot()
        reached = eventlet.event.Event()  # noqa: N373
        go = eventlet.event.Event()  # noqa: N373

        def wait(method, *args, **kwargs):
            reached.send()
            go.wait()
            patch.stop()
            return method(*args, **kwargs)

        patch = self._patch(fake.FakeDriver, 'set_current_vcpus', wait)
        self._adjust(server, GROWN, wait=False)
        reached.wait()
        self._hold(server, MAXIMUM)
        self.assertEqual(
            (AGREES, [
                'host1: server %s is skipped: it is active, its task '
                'state is xloud_adjusting.' % server['id']]),
            self._audit(fix=True, verbose=True))
        self.assertIn('busy: 1,', self.output)
        self.assertEqual(MAXIMUM, self._allocated(server['id'], 'host1'))
        self._hold(server, GROWN)
        go.send()
        self.assertAdjusted(server, GROWN)
        self.assertAgrees()

    def test_resized(self):
        """A resize that may be reverted is no disagreement."""
        server = self._grown()
        self._migrate_server(server)
        self.assertAgrees()
        self.assertIn('busy: 1,', self.output)
        self._confirm_resize(server)
        self.assertAgrees()
        self.assertIn('busy: 0,', self.output)

    def test_adjusted_after_it_was_read(self):
        """What has changed since then is read again."""
        server = self._grown()

        def adjust(method, *args, **kwargs):
            patch.stop()
            self._adjust(server, MINIMUM)
            return method(*args, **kwargs)

        patch = self._patch(report.SchedulerReportClient,
                            'get_allocations_for_resource_provider', adjust)
        self.assertEqual((AGREES, []), self._audit(fix=True))
        self.assertSize(server, MINIMUM)

    def test_adjusted_while_it_is_read_again(self):
        """It is left alone then."""
        server = self._grown()
        self._hold(server, MAXIMUM)

        def adjust(method, *args, **kwargs):
            result = method(*args, **kwargs)
            patch.stop()
            self._adjust(server, MINIMUM)
            return result

        patch = self._patch(report.SchedulerReportClient,
                            'get_allocs_for_consumer', adjust)
        self.assertEqual((AGREES, []), self._audit(fix=True))
        self.assertIn('busy: 1,', self.output)
        self.assertSize(server, MINIMUM)

    def test_adjusted_before_it_is_fixed(self):
        """It is fixed for what it has then."""
        server = self._grown()
        self._hold(server, MAXIMUM)

        def adjust(method, *args, **kwargs):
            patch.stop()
            self._adjust(server, MINIMUM)
            self._hold(server, MAXIMUM)
            return method(*args, **kwargs)

        patch = self._patch(size_audit.SizeAudit, '_fix_server', adjust)
        self.assertEqual(FIXED, self._audit(fix=True)[0])
        self.assertSize(server, MINIMUM)

    def test_begun_before_it_is_fixed(self):
        """Only one of the two begins."""
        server = self._grown()
        self._hold(server, MAXIMUM)

        def begin(method, *args, **kwargs):
            self._write(server, task_state=task_states.XLOUD_ADJUSTING)
            return method(*args, **kwargs)

        self._patch(size_audit.SizeAudit, '_fix_server', begin)
        self.assertLeft(
            server, 'its allocation is 4096 MEMORY_MB, 4 VCPU, expected 3072 '
            'MEMORY_MB, 3 VCPU. Another operation has begun. Run this command '
            'again.')
        self.assertEqual(task_states.XLOUD_ADJUSTING,
                         self._instance(server).task_state)
        self.assertEqual(MAXIMUM, self._allocated(server['id'], 'host1'))

    def test_deleted_at_the_same_time(self):
        server = self._grown()
        self._hold(server, MAXIMUM)

        def delete(method, *args, **kwargs):
            patch.stop()
            self._delete_server(server)
            return method(*args, **kwargs)

        patch = self._patch(objects.Instance, 'refresh', delete)
        self.assertEqual((AGREES, []), self._audit(fix=True))
        self.assertNothingUsed()

    def test_deleted_just_now(self):
        """What a host says of a server that has just gone is not yet new."""
        servers = [self._boot(), self._boot()]
        for server in servers:
            self._write(server, updated_at=timeutils.utcnow() -
                        datetime.timedelta(minutes=5))

        def delete(method, *args, **kwargs):
            patch.stop()
            self._delete_server(servers.pop())
            return method(*args, **kwargs)

        patch = self._patch(
            objects.InstanceList, 'get_by_host_and_node', delete)
        self.assertAgrees()

    def test_resize_to_elastic_failed(self):
        """A plain server holds all of its flavor again.

        Nova leaves it what it was to have, which is a minimum here.
        """
        self.flags(allow_resize_to_same_host=False)
        server = self._boot(self._create_flavor(vcpu=5, memory_mb=5120))
        patch = self._break(
            fake.FakeDriver, 'finish_migration', ValueError('no'))
        self.api.post_server_action(
            server['id'], {'resize': {'flavorRef': self.flavor_id}})
        self._wait_for_state_change(server, 'ERROR')
        patch.stop()
        self.api.post_server_action(
            server['id'], {'reboot': {'type': 'HARD'}})
        self._wait_for_state_change(server, 'ACTIVE')
        # As a compute leaves it that does not know better.
        self._hold(server, MINIMUM, 'host2')
        self._run_periodics()
        self.assertFixed(
            server, 'its allocation is 1024 MEMORY_MB, 1 VCPU, expected 5120 '
            'MEMORY_MB, 5 VCPU.', host='host2')
        self.assertEqual(elastic.Size(5, 5120),
                         self._allocated(server['id'], 'host2'))

    def test_placement_changes_at_the_same_time(self):
        """What placement holds is read and written as one."""
        server = self._grown()
        self._hold(server, MAXIMUM)

        def change(method, *args, **kwargs):
            patch.stop()
            self._hold(server, MINIMUM)
            return method(*args, **kwargs)

        patch = self._patch(
            report.SchedulerReportClient, '_put_allocations', change)
        self.assertEqual(FIXED, self._audit(fix=True)[0])
        self.assertSize(server, GROWN)

    def test_placement_fails(self):
        """The server is let go, for others and for the next run."""
        server = self._grown()
        self._hold(server, MAXIMUM)
        patch = self._break(report.SchedulerReportClient, '_put_allocations',
                            ks_exc.ConnectFailure('no'))
        self.assertEqual((UNEXPECTED, []), self._audit(fix=True))
        self.assertEqual('The placement service is not responding: no\n',
                         self.output)
        self.assertIsNone(self._instance(server).task_state)
        patch.stop()
        self.assertEqual(FIXED, self._audit(fix=True)[0])
        self.assertSize(server, GROWN)

    def test_ended_while_it_is_fixed(self):
        """A host ends an adjustment that nobody works on, and reconciles."""
        server = self._grown()
        self._hold(server, MAXIMUM)
        self._leave_task(server, task_states.XLOUD_ADJUST_PREP, 61)
        self._reconcile()
        self.assertAgrees()
        self.assertSize(server, GROWN)

    # Which servers

    def test_max_count(self):
        """Each run goes on where the one before has ended."""
        servers = [self._boot(host=host)
                   for host in ('host1', 'host1', 'host2')]
        for server, host in zip(servers, ('host1', 'host1', 'host2')):
            self._hold(server, elastic.Size(2, 2048), host)
        for fixed in (1, 2):
            code, lines = self._audit(fix=True, max_count='1')
            self.assertEqual((MORE, 1), (code, len(lines)))
            self.assertIn('Max count reached.', self.output)
            left = [line for line in self._audit()[1]]
            self.assertEqual(3 - fixed, len(left))
        self.assertEqual(FIXED, self._audit(fix=True, max_count='2')[0])
        self.assertAgrees()

    def test_host(self):
        servers = [self._boot(host=host) for host in self.HOSTS]
        for server, host in zip(servers, self.HOSTS):
            self._hold(server, GROWN, host)
        code, (said,) = self._audit(fix=True, host='host2', verbose=True)
        self.assertEqual(FIXED, code)
        self.assertIn(servers[1]['id'], said)
        self.assertNotIn('Checking host host1', self.output)
        code, (said,) = self._audit(fix=True)
        self.assertIn(servers[0]['id'], said)

    @ddt.data(
        ({'host': 'nowhere'},
         "Host 'nowhere' is not mapped to any cell"),
        ({'max_count': '1'}, 'The --max-count option requires --fix.'),
        ({'max_count': '0', 'fix': True},
         'Must supply a positive integer for --max-count.'),
        ({'max_count': 'x', 'fix': True},
         'Must supply a positive integer for --max-count.'))
    @ddt.unpack
    def test_bad_input(self, kwargs, said):
        self.assertEqual((INVALID, []), self._audit(**kwargs))
        self.assertEqual(said + '\n', self.output)


class ElasticAuditCellsTest(ElasticAuditTestBase):
    """Servers in two cells."""

    HOSTS = ('host1',)
    NUMBER_OF_CELLS = 2

    def setUp(self):
        super().setUp()
        self.computes['host2'] = self.start_service(
            'compute', host='host2', cell_name='cell2')

    def test_cells(self):
        servers = {host: self._boot(host=host) for host in self.computes}
        for host, server in servers.items():
            self._hold(server, GROWN, host)
        code, lines = self._audit()
        self.assertEqual((LEFT, 2), (code, len(lines)))
        self.assertEqual(
            MORE, self._audit(fix=True, max_count='1')[0])
        code, (said,) = self._audit(fix=True)
        self.assertEqual(FIXED, code)
        self.assertIn(servers['host2']['id'], said)
        self.assertAgrees()
        for host, server in servers.items():
            self.assertEqual(MINIMUM, self._allocated(server['id'], host))

    def test_host(self):
        server = self._boot(host='host2')
        self._hold(server, GROWN, 'host2')
        self.assertEqual((AGREES, []), self._audit(host='host1'))
        code, (said,) = self._audit(fix=True, host='host2')
        self.assertEqual(FIXED, code)
        self.assertIn(server['id'], said)


class ElasticUpgradeCheckTest(xloud_base.ElasticServersTestBase):
    """What nova-status reports before services are upgraded."""

    PLAIN_HOSTS = ('host2',)

    def _check(self, name):
        """The result of one of the checks that the command runs."""
        check, = (check for title, check in
                  status.UpgradeCommands._upgrade_checks if title == name)
        result = check(status.UpgradeCommands())
        return result.code, result.details

    def test_computes(self):
        self.assertEqual(
            (upgradecheck.Code.WARNING,
             '1 of 2 computes do not report the trait CUSTOM_XLOUD_ELASTIC, '
             'so no elastic servers run there: host2. Upgrade them, and check '
             'that nova-compute runs. Only the libvirt driver, with QEMU or '
             'KVM on x86, reports it; for other computes this can be '
             'ignored.'), self._check('Computes for elastic servers'))

        self.PLAIN_HOSTS = ()
        self._run_periodics()
        self.assertEqual(
            (upgradecheck.Code.SUCCESS,
             'All computes (2) can run elastic servers.'),
            self._check('Computes for elastic servers'))

    def test_placement_does_not_answer(self):
        self._break(report.SchedulerReportClient, 'get',
                    ks_exc.ConnectFailure('no'))
        self.assertEqual(
            (upgradecheck.Code.WARNING,
             'Could not determine which computes can run elastic servers: '
             'no'), self._check('Computes for elastic servers'))

    def _flavor(self, name, **specs):
        flavor = objects.Flavor(
            self.ctxt, flavorid=name, name=name, vcpus=4, memory_mb=4096,
            root_gb=1, ephemeral_gb=0, swap=0, rxtx_factor=1.0, vcpu_weight=0,
            is_public=False, disabled=False, extra_specs=specs)
        flavor.create()

    def test_flavors(self):
        self.admin_api.delete_flavor(self.flavor_id)
        self._flavor('plain')
        self.assertEqual(
            (upgradecheck.Code.SUCCESS, 'No flavor is elastic.'),
            self._check('Elastic flavors'))
        self._flavor('both', minimum_cpu='1', minimum_memory='1024')
        self._flavor('one', minimum_cpu='4')
        self.assertEqual(
            (upgradecheck.Code.SUCCESS, 'Elastic flavors (2): both, one.'),
            self._check('Elastic flavors'))

        self._flavor('above', minimum_cpu='5')
        self._flavor('word', minimum_cpu='1', minimum_memory='1G')
        self._flavor('pinned', **{
            'minimum_memory': '1024', 'hw:locked_memory': 'true'})
        self.assertEqual(
            (upgradecheck.Code.WARNING,
             '3 of 5 elastic flavors are not valid, so no server can be '
             'created with them, or resized to them. Correct their extra '
             'specs with "openstack flavor set", or remove them with '
             '"openstack flavor unset". '
             'above: minimum_cpu is 5, but the flavor has only 4 vCPUs. '
             'pinned: minimum_memory cannot be used with hw:locked_memory, '
             'which pins the memory of the guest. '
             "word: minimum_memory must be an integer, not '1G'."),
            self._check('Elastic flavors'))

    def test_many(self):
        """Only so many are named."""
        for number in range(25):
            self._flavor('f%02d' % number, minimum_cpu='1')
        details = self._check('Elastic flavors')[1]
        self.assertIn('Elastic flavors (26): ', details)
        self.assertTrue(details.endswith(' and 6 more.'), details)
