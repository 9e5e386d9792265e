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

"""An audit of servers with which something else is going on."""

import datetime

import eventlet  # noqa: H905
from keystoneauth1 import exceptions as ks_exc
from oslo_utils import timeutils

from nova.compute.elastic import audit
from nova.compute import task_states
from nova import elastic
from nova import objects
from nova.scheduler.client import report
from nova.tests.functional import elastic_audit_base
from nova.tests.functional.elastic_audit_base import AGREES
from nova.tests.functional.elastic_audit_base import FIXED
from nova.tests.functional.elastic_audit_base import UNEXPECTED
from nova.tests.functional.elastic_helpers import GROWN
from nova.tests.functional.elastic_helpers import MAXIMUM
from nova.tests.functional.elastic_helpers import MINIMUM
from nova.virt import fake


class ElasticAuditRacesTest(elastic_audit_base.ElasticAuditTestBase):

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
        self._set_allocation(server, MAXIMUM)
        self.assertEqual(
            (AGREES, [
                'host1: server %s is skipped: it is active, its task '
                'state is xloud_adjusting.' % server['id']]),
            self._audit(fix=True, verbose=True))
        self.assertIn('busy: 1,', self.output)
        self.assertEqual(MAXIMUM, self._allocated(server['id'], 'host1'))
        self._set_allocation(server, GROWN)
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
        self._set_allocation(server, MAXIMUM)

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
        self._set_allocation(server, MAXIMUM)

        def adjust(method, *args, **kwargs):
            patch.stop()
            self._adjust(server, MINIMUM)
            self._set_allocation(server, MAXIMUM)
            return method(*args, **kwargs)

        patch = self._patch(audit.SizeAudit, '_fix_server', adjust)
        self.assertEqual(FIXED, self._audit(fix=True)[0])
        self.assertSize(server, MINIMUM)

    def test_begun_before_it_is_fixed(self):
        """Only one of the two begins."""
        server = self._grown()
        self._set_allocation(server, MAXIMUM)

        def begin(method, *args, **kwargs):
            self._write(server, task_state=task_states.XLOUD_ADJUSTING)
            return method(*args, **kwargs)

        self._patch(audit.SizeAudit, '_fix_server', begin)
        self.assertLeft(
            server, 'its allocation is 4096 MEMORY_MB, 4 VCPU, expected 3072 '
            'MEMORY_MB, 3 VCPU. Another operation has begun. Run this command '
            'again.')
        self.assertEqual(task_states.XLOUD_ADJUSTING,
                         self._instance(server).task_state)
        self.assertEqual(MAXIMUM, self._allocated(server['id'], 'host1'))

    def test_deleted_at_the_same_time(self):
        server = self._grown()
        self._set_allocation(server, MAXIMUM)

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
        self._wait_for_server_parameter(
            server, {'status': 'ERROR', 'OS-EXT-STS:task_state': None})
        patch.stop()
        self.api.post_server_action(
            server['id'], {'reboot': {'type': 'HARD'}})
        self._wait_for_state_change(server, 'ACTIVE')
        # As a compute leaves it that does not know better.
        self._set_allocation(server, MINIMUM, 'host2')
        self._run_periodics()
        self.assertFixed(
            server, 'its allocation is 1024 MEMORY_MB, 1 VCPU, expected 5120 '
            'MEMORY_MB, 5 VCPU.', host='host2')
        self.assertEqual(elastic.Size(5, 5120),
                         self._allocated(server['id'], 'host2'))

    def test_placement_changes_at_the_same_time(self):
        """What placement holds is read and written as one."""
        server = self._grown()
        self._set_allocation(server, MAXIMUM)

        def change(method, *args, **kwargs):
            patch.stop()
            self._set_allocation(server, MINIMUM)
            return method(*args, **kwargs)

        patch = self._patch(
            report.SchedulerReportClient, '_put_allocations', change)
        self.assertEqual(FIXED, self._audit(fix=True)[0])
        self.assertSize(server, GROWN)

    def test_placement_fails(self):
        """The server is let go, for others and for the next run."""
        server = self._grown()
        self._set_allocation(server, MAXIMUM)
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
        self._set_allocation(server, MAXIMUM)
        self._leave_task(server, task_states.XLOUD_ADJUST_PREP, 61)
        self._reconcile()
        self.assertAgrees()
        self.assertSize(server, GROWN)
