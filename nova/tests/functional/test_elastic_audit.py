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

"""What nova-manage finds about elastic servers, and fixes."""

import datetime
import io
from unittest import mock

import ddt
import eventlet  # noqa: H905
import fixtures
from oslo_utils import timeutils

from nova.cmd import manage
from nova.compute import task_states
from nova import elastic
from nova import objects
from nova.tests.functional import elastic_audit_base
from nova.tests.functional.elastic_audit_base import AGREES
from nova.tests.functional.elastic_audit_base import FIXED
from nova.tests.functional.elastic_audit_base import INVALID
from nova.tests.functional.elastic_audit_base import LEFT
from nova.tests.functional.elastic_audit_base import MORE
from nova.tests.functional import elastic_helpers
from nova.tests.functional.elastic_helpers import GROWN
from nova.tests.functional.elastic_helpers import MAXIMUM
from nova.tests.functional.elastic_helpers import MINIMUM
from nova.virt import fake


@ddt.ddt
class ElasticAuditTest(elastic_audit_base.ElasticAuditTestBase):

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
    def test_allocation(self, size, allocation):
        server = self._grown()
        self._set_allocation(server, size)
        self.assertFixed(
            server, 'its allocation is %s, expected 3072 MEMORY_MB, 3 VCPU.' %
            allocation)
        self.assertSize(server, GROWN)

    def test_allocation_of_a_server_with_another_start(self):
        """What it has until its next start is never released."""
        server = self._grown_until_restart()
        self._set_allocation(server, elastic_helpers.START)
        self.assertFixed(
            server, 'its allocation is 2048 MEMORY_MB, 2 VCPU, expected 3072 '
            'MEMORY_MB, 3 VCPU.')
        self.assertSize(server, GROWN, start=elastic_helpers.START)

    @ddt.data((elastic.Size(5, 1024), elastic.Size(4, 1024),
               '5 vCPUs and 1024 MiB', '4 vCPUs and 1024 MiB'),
              (elastic.Size(1, 512), MINIMUM,
               '1 vCPU and 512 MiB', '1 vCPU and 1024 MiB'))
    @ddt.unpack
    def test_size_out_of_bounds(self, size, expected, recorded_text,
                                expected_text):
        server = self._boot()
        self._write(server, vcpus=size.vcpus, memory_mb=size.memory_mb)
        problem = (
            'its recorded size is %(recorded)s, expected %(expected)s; its '
            'recorded start size is %(recorded)s, expected %(expected)s' % {
                'recorded': recorded_text, 'expected': expected_text})
        if expected != MINIMUM:
            problem += ('; its allocation is 1024 MEMORY_MB, 1 VCPU, expected '
                        '1024 MEMORY_MB, 4 VCPU')
        self.assertFixed(server, problem + '.')
        self._run_periodics()
        self.assertSize(server, expected)

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
        self._take_down('host1')

    # What is not fixed

    def test_no_room(self):
        """Nothing is allocated that the host does not have."""
        server = self._grown()
        self._set_allocation(server, MINIMUM)
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


@ddt.ddt
class ElasticAuditOptionsTest(elastic_audit_base.ElasticAuditTestBase):
    """Which servers are checked and fixed."""

    def test_max_count(self):
        """Each run goes on where the one before has ended."""
        servers = [self._boot(host=host)
                   for host in ('host1', 'host1', 'host2')]
        for server, host in zip(servers, ('host1', 'host1', 'host2')):
            self._set_allocation(server, elastic.Size(2, 2048), host)
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
            self._set_allocation(server, GROWN, host)
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


class ElasticAuditCellsTest(elastic_helpers.TwoCellsMixin,
                            elastic_audit_base.ElasticAuditTestBase):
    """Servers in two cells."""

    def test_cells(self):
        servers = {host: self._boot(host=host) for host in self.computes}
        for host, server in servers.items():
            self._set_allocation(server, GROWN, host)
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
        self._set_allocation(server, GROWN, 'host2')
        self.assertEqual((AGREES, []), self._audit(host='host1'))
        code, (said,) = self._audit(fix=True, host='host2')
        self.assertEqual(FIXED, code)
        self.assertIn(server['id'], said)
