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

"""Each change of what a server is accounted for is part of its history."""

import ddt
from oslo_db import exception as db_exc
from oslo_utils import timeutils

from nova.compute import task_states
from nova import context as nova_context
from nova.db.main import api as db
from nova.db.main import models
from nova import elastic
from nova import exception
from nova import objects
from nova.objects import size_history
from nova.tests.functional import elastic_helpers
from nova.tests.functional.elastic_helpers import GROWN
from nova.tests.functional.elastic_helpers import MAXIMUM
from nova.tests.functional.elastic_helpers import MINIMUM
from nova.tests.functional.elastic_helpers import START
from nova.tests.functional import test_elastic_timed
from nova.tests.functional import test_elastic_wait
from nova.virt import fake

OTHER = elastic.Size(2, 1536)


class ElasticHistoryTestBase(elastic_helpers.ElasticServersTestBase):

    CREATED = ('create', MINIMUM)
    ADJUSTED = ('adjustment', GROWN)

    def _changes(self, server):
        """The recorded changes of a server, each from what it had before."""
        mapping = objects.InstanceMapping.get_by_instance_uuid(
            self.ctxt, server['id'])
        with nova_context.target_cell(
                self.ctxt, mapping.cell_mapping) as cctxt:
            changes = size_history.get_changes(
                cctxt, [server['id']])[server['id']]
        for before, change in zip(changes, changes[1:]):
            self.assertEqual(before.size, change.old_size)
            self.assertLessEqual(before.at, change.at)
        return changes

    def assertHistory(self, server, *expected):
        """These are the sizes of a server, and what caused them."""
        changes = self._changes(server)
        self.assertEqual(
            list(expected),
            [(change.cause, change.size) for change in changes
             # A launch again is in between.
             if change.size != change.old_size])
        instance = self._instance(server)
        self.assertEqual(changes[-1].size, elastic.size(instance))


@ddt.ddt
class ElasticHistoryTest(ElasticHistoryTestBase):
    """Row by row of what can change the size of a server."""

    def _grown_until_restart(self):
        server = super()._grown_until_restart()
        self.expected = [self.CREATED, ('adjustment', START), self.ADJUSTED]
        return server

    def assertStarted(self, server, cause):
        """It has had its start size since this has happened."""
        self.assertHistory(server, *self.expected, (cause, START))

    def test_create(self):
        """The history begins when the server is launched, by its request."""
        server = self._boot()
        self.assertHistory(server, self.CREATED)
        change, = self._changes(server)
        self.assertIsNone(change.launched_at)
        self.assertEqual(self._instance(server).launched_at, change.at)
        action, = self.admin_api.api_get(
            '/servers/%s/os-instance-actions' % server['id']
        ).body['instanceActions']
        self.assertEqual((action['request_id'], action['user_id']),
                         (change.request_id, change.user_id))

    def test_adjust(self):
        server = self._boot()
        self._adjust(server, GROWN)
        self._adjust(server, GROWN)
        self._adjust(server, MINIMUM)
        self.assertHistory(server, self.CREATED, self.ADJUSTED,
                           ('adjustment', MINIMUM))

    def test_adjust_both_ways(self):
        """What is claimed in the middle is accounted for in the middle."""
        server = self._boot()
        self._adjust(server, elastic.Size(1, 3072))
        self._adjust(server, elastic.Size(3, 1024))
        self.assertHistory(
            server, self.CREATED, ('adjustment', elastic.Size(1, 3072)),
            ('adjustment', GROWN), ('adjustment', elastic.Size(3, 1024)))

    def test_adjust_stopped(self):
        server = self._stop_server(self._boot())
        self._adjust(server, GROWN)
        self.assertHistory(server, self.CREATED, self.ADJUSTED)

    def test_adjust_fails(self):
        """What was claimed was accounted for until it was released."""
        server = self._boot()
        self._break(fake.FakeDriver, 'set_current_vcpus',
                    exception.ServerAdjustFailed('No.'))
        self._adjust(server, GROWN)
        self.assertHistory(server, self.CREATED, self.ADJUSTED,
                           ('adjustment', MINIMUM))

    def test_adjust_refused(self):
        """Nothing is recorded of what was never claimed."""
        server = self._boot()
        self._boot(self._create_flavor(vcpu=9, memory_mb=512))
        self._refused(409, server, current_vcpus=2)
        self.assertHistory(server, self.CREATED)

    def test_drift(self):
        """Nobody has requested what a guest takes or gives back."""
        server = self._boot()
        for size in (MAXIMUM, START):
            self._let_guest_have(server, size)
            for _look in range(2):
                self._reconcile()
        self.assertHistory(
            server, self.CREATED, ('drift', MAXIMUM), ('drift', START))
        self.assertIsNone(self._changes(server)[-1].user_id)

    def test_interrupted(self):
        """So it is with what an interrupted adjustment has left."""
        server = self._boot()
        self._set_size(server, GROWN, start=START)
        self._let_guest_have(server, START)
        instance = self._instance(server)
        instance.task_state = task_states.XLOUD_ADJUSTING
        instance.save()
        self._reconcile()
        self.assertHistory(
            server, self.CREATED, ('adjustment', START), self.ADJUSTED,
            ('drift', START))

    @ddt.data(True, False)
    def test_reboot(self, hard):
        server = self._grown_until_restart()
        self._reboot_server(server, hard=hard)
        self.assertStarted(server, 'reboot')

    def test_stop_and_start(self):
        server = self._grown_until_restart()
        self._stop_server(server)
        self._start_server(server)
        self.assertStarted(server, 'stop')

    def test_rebuild(self):
        """The server is launched again, which begins no other history."""
        server = self._grown_until_restart()
        launched_at = self._instance(server).launched_at
        self._rebuild_server(server, 'a2459075-d96c-40d5-893e-577ff92e721c')
        self.assertNotEqual(launched_at, self._instance(server).launched_at)
        self.assertStarted(server, 'rebuild')

    def test_rescue(self):
        server = self._grown_until_restart()
        self.api.post_server_action(server['id'], {'rescue': {}})
        self._wait_for_state_change(server, 'RESCUE')
        self.assertStarted(server, 'rescue')

    @ddt.data(-1, 0)
    def test_shelve_and_unshelve(self, offload_after):
        """An offloaded server still counts, as in Nova's usage records."""
        self.flags(shelved_offload_time=offload_after)
        server = self._grown_until_restart()
        self._shelve_server(server, expected_state=(
            'SHELVED' if offload_after else 'SHELVED_OFFLOADED'))
        self._unshelve_server(server)
        self.assertStarted(server, 'shelve')

    def test_what_keeps_the_guest(self):
        server = self._grown()
        for action, status in (('pause', 'PAUSED'), ('unpause', 'ACTIVE'),
                               ('suspend', 'SUSPENDED'),
                               ('resume', 'ACTIVE')):
            self.api.post_server_action(server['id'], {action: None})
            self._wait_for_state_change(server, status)
        self.assertHistory(server, self.CREATED, self.ADJUSTED)

    def test_resize_and_confirm(self):
        server = self._grown()
        self._resize_server(server, self._elastic_flavor(
            minimum=OTHER, maximum=elastic.Size(6, 6144)))
        self._confirm_resize(server)
        self.assertHistory(
            server, self.CREATED, self.ADJUSTED, ('resize', OTHER))

    def test_resize_and_revert(self):
        server = self._grown()
        self._resize_server(server, self._elastic_flavor(
            minimum=OTHER, maximum=elastic.Size(6, 6144)))
        self._revert_resize(server)
        self.assertHistory(
            server, self.CREATED, self.ADJUSTED, ('resize', OTHER),
            ('revertResize', GROWN))

    def test_cold_migrate(self):
        server = self._grown_until_restart()
        self._migrate_server(server)
        self.assertStarted(server, 'migrate')
        self._revert_resize(server)
        self.assertHistory(server, *self.expected, ('migrate', START),
                           ('revertResize', GROWN))

    def test_live_migrate(self):
        server = self._grown()
        self._live_migrate(server)
        self.assertHistory(server, self.CREATED, self.ADJUSTED)

    def test_evacuate(self):
        server = self._grown_until_restart()
        self._take_down('host1')
        self._evacuate_server(
            server, expected_host='host2', expected_state='SHUTOFF')
        self.assertStarted(server, 'evacuate')

    # Servers of other flavors

    def test_plain(self):
        """Nothing is recorded of servers that never were elastic."""
        server = self._boot(self._create_flavor(vcpu=2, memory_mb=2048))
        self._resize_server(
            server, self._create_flavor(vcpu=3, memory_mb=3072))
        self._confirm_resize(server)
        self._reboot_server(server, hard=True)
        self.assertEqual([], self._changes(server))

    def test_to_elastic_and_back(self):
        """What a server had as a plain one is in the first change."""
        plain = self._create_flavor(vcpu=2, memory_mb=2048)
        server = self._boot(plain)
        launched_at = self._instance(server).launched_at
        for flavor_id in (self.flavor_id, plain):
            self._resize_server(server, flavor_id)
            self._confirm_resize(server)
        self.assertHistory(server, ('resize', MINIMUM),
                           ('resize', elastic.Size(2, 2048)))
        first = self._changes(server)[0]
        self.assertEqual((elastic.Size(2, 2048), launched_at),
                         (first.old_size, first.launched_at))


class ElasticHistoryRecordsTest(ElasticHistoryTestBase):
    """What becomes of the records, and of servers without them."""

    def test_before_anything_is_recorded(self):
        """A server of before the fork has its size, since its launch."""
        server = self._boot()
        cctxt = self._instance(server)._context
        with db.get_context_manager(cctxt).writer.using(cctxt) as session:
            session.query(models.InstanceActionEvent).filter_by(
                event=elastic.SIZE_EVENT).delete()
        self.assertEqual([], self._changes(server))
        launched_at = self._instance(server).launched_at
        self._adjust(server, GROWN)
        change, = self._changes(server)
        self.assertEqual((MINIMUM, launched_at),
                         (change.old_size, change.launched_at))

    def test_archive_and_purge(self):
        """The history of a deleted server goes where its actions go."""
        server = self._grown()
        self._delete_server(server)
        self.assertEqual(2, len(self._changes(server)))
        with nova_context.target_cell(
                self.ctxt, self.cell_mappings['cell1']) as cctxt:
            db.archive_deleted_rows(cctxt, max_rows=1000)
            self.assertEqual({}, size_history.get_changes(
                cctxt, [server['id']]))
            counts = [len(self._select_archived(cctxt))]
            db.purge_shadow_tables(cctxt, None)
            counts.append(len(self._select_archived(cctxt)))
        self.assertEqual([2, 0], counts)

    def _select_archived(self, cctxt):
        with db.get_context_manager(cctxt).reader.using(cctxt) as session:
            return session.execute(db.sa.text(
                'SELECT id FROM shadow_instance_actions_events '
                'WHERE event = :name'), {'name': elastic.SIZE_EVENT}).all()

    def test_size_without_its_record(self):
        """There is none: both are written, or neither."""
        server = self._boot()
        patch = self._break(elastic, 'dump_change', db_exc.DBError())
        instance = self._instance(server)
        elastic.set_size(instance, GROWN)
        self.assertRaises(db_exc.DBError, instance.save)
        patch.stop()
        self.assertEqual(MINIMUM, elastic.size(self._instance(server)))
        self.assertHistory(server, self.CREATED)

    def test_written_again(self):
        """A write that changes nothing is no change."""
        server = self._boot()
        instance = self._instance(server)
        elastic.set_size(instance, GROWN)
        elastic.set_size(instance, MINIMUM)
        self.assertIn('vcpus', instance.obj_what_changed())
        instance.save()
        self.assertHistory(server, self.CREATED)

    def test_moment(self):
        """Changes of one second are in their order."""
        server = self._boot()
        instance = self._instance(server)
        timeutils.set_time_override(timeutils.utcnow())
        self.addCleanup(timeutils.clear_time_override)
        for size in (GROWN, START, MAXIMUM):
            elastic.set_size(instance, size)
            instance.save()
        self.assertEqual(
            [MINIMUM, GROWN, START, MAXIMUM],
            [change.size for change in self._changes(server)])


class ElasticHistoryLaterTest(
        test_elastic_timed.TimedMixin, test_elastic_wait.WaitMixin,
        ElasticHistoryTestBase):
    """What is done later has been requested as well."""

    def test_granted(self):
        server = self._boot()
        other = self._plain(8)
        request_id = self._wait(server, 3)
        self._delete_server(other)
        self.assertHas(server, 3)
        self.assertHistory(
            server, self.CREATED, ('adjustment', elastic.Size(3, 1024)))
        self.assertEqual(request_id, self._changes(server)[-1].request_id)

    def test_goes_back(self):
        server = self._boot()
        self._adjust_for(server, 1)
        self.assertGoesBack(server, MINIMUM, 1 + 5)
        self.assertHistory(server, self.CREATED, self.ADJUSTED,
                           ('adjustment', MINIMUM))
        last = self._changes(server)[-1]
        self.assertEqual((self._actions(server)[0]['request_id'],
                          self._instance(server).user_id),
                         (last.request_id, last.user_id))
