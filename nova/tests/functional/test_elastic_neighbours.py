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


"""Servers that leave a full host, so that another one grows there."""

import datetime
from unittest import mock

import ddt
import oslo_messaging as messaging
from oslo_utils import fixture as utils_fixture
from oslo_utils import timeutils

from nova.compute import rpcapi
from nova import elastic
from nova import exception
from nova import objects
from nova.tests.functional.elastic_helpers import MINIMUM
from nova.tests.functional import elastic_move_base
from nova.tests.functional.test_elastic_move import NO_HOST
from nova.virt import fake

WAITING = {'adjust': {'state': 'waiting'}}


class NeighboursTestBase(elastic_move_base.MoveTestBase):
    """Hosts of 10 CPUs, of which none has enough left."""

    def setUp(self):
        super().setUp()
        self.flags(max_moves=2, group='xloud')
        for server in (self.server, self.neighbour):
            self._delete_server(server)
        self.server = self._boot(
            self._elastic_flavor(maximum=elastic.Size(8, 4096)))

    def _boot_plain(self, *vcpus, host='host1', memory_mb=256):
        return [self._boot(self._create_flavor(
            vcpu=count, memory_mb=memory_mb), host=host) for count in vcpus]

    def _leave(self, *hosts, vcpus):
        """Have so many CPUs left on hosts without other servers."""
        for host in hosts:
            self._boot_plain(10 - vcpus, host=host)

    def _grow(self, vcpus):
        response = self._post(
            self.server, current_vcpus=vcpus, when_full='move')
        self.assertEqual((202, WAITING), (response.status, response.body))

    def _hosts(self, servers):
        return [self._instance(server).host for server in servers]

    def _migrations(self):
        return self.admin_api.api_get('/os-migrations').body['migrations']

    def assertGrown(self, vcpus):
        """The server has grown where it is, and all records agree."""
        self._wait_until(
            lambda: self._adjust_state(self.server) == 'succeeded')
        self._wait_until_adjusted(self.server)
        instance = self._instance(self.server)
        size = elastic.Size(vcpus, 1024)
        self.assertEqual(
            ('host1', size, elastic.Pending()),
            (instance.host, elastic.size(instance),
             elastic.get_pending(instance)))
        self.assertEqual(('compute_xloud_adjust', 'Success', None),
                         self._last_adjust(self.server))
        self.assertEqual({'host1': size}, self._allocations()[0])
        self._run_periodics()
        for host in self.computes:
            tracked, placed = self._host_usage(host)
            self.assertEqual(placed, tracked)
            self.assertLessEqual(placed.vcpus, 10)

    def assertRefused(self, **body):
        """It is refused as without neighbours, and nobody has moved."""
        before = self._migrations()
        self.assertEqual(NO_HOST, self._refused(
            409, self.server, when_full='move', **body))
        self.assertEqual(
            (MINIMUM, 'host1'),
            (elastic.size(self._instance(self.server)),
             self._instance(self.server).host))
        self.assertEqual(
            {self.server['id']},
            {migration['instance_uuid'] for migration in self._migrations()
             if migration not in before})


@ddt.ddt
class ElasticNeighboursTest(NeighboursTestBase):

    def test_two_leave(self):
        """Two small ones go to two hosts, and the server grows in place."""
        leaving = self._boot_plain(2, 2)
        staying = self._boot_plain(3)
        self._leave('host2', 'host3', vcpus=2)
        self._grow(7)
        self.assertGrown(7)
        self.assertEqual(['host2', 'host3'], sorted(self._hosts(leaving)))
        self.assertEqual(['host1'], self._hosts(staying))

    def test_smallest_leaves(self):
        """Of those of which one will do."""
        leaving, *staying = self._boot_plain(4, 5)
        self._leave('host2', vcpus=4)
        self._leave('host3', vcpus=1)
        self._grow(5)
        self.assertGrown(5)
        self.assertEqual(['host2', 'host1'],
                         self._hosts([leaving] + staying))

    def test_moves_itself(self):
        """That is one move, and nobody else's."""
        neighbours = self._boot_plain(4, 5)
        self._leave('host2', vcpus=5)
        self._leave('host3', vcpus=1)
        self._move(current_vcpus=3)
        self.assertMoved('host2', elastic.Size(3, 1024))
        self.assertEqual(['host1'] * 2, self._hosts(neighbours))

    @ddt.data(0, 1)
    def test_most(self, max_moves):
        """No more leave than the operator allows."""
        self.flags(max_moves=max_moves, group='xloud')
        self._boot_plain(2, 2, 3)
        self._leave('host2', 'host3', vcpus=2)
        self.assertRefused(current_vcpus=7)

    def test_no_room_elsewhere(self):
        """Each fits on another host, but they do not fit together."""
        self._boot_plain(2, 2, 3)
        self._leave('host2', vcpus=2)
        self._leave('host3', vcpus=1)
        self.assertRefused(current_vcpus=7)

    def test_dry_run(self):
        """It says that the server would wait, and nothing happens."""
        self._boot_plain(4, 5)
        self._leave('host2', vcpus=4)
        self._leave('host3', vcpus=1)
        answer = self._post(self.server, current_vcpus=5, when_full='move',
                            dry_run=True).body['dry_run']
        self.assertEqual(('wait', 'xloud.host_full'),
                         (answer['outcome'], answer['code']))
        self.assertEqual([], self._migrations())
        self.assertEqual(elastic.Pending(),
                         elastic.get_pending(self._instance(self.server)))

    def test_neighbour_comes_back(self):
        """The server goes on waiting, and is granted what it waits for."""
        leaving, other = self._boot_plain(4, 5)
        self._leave('host2', vcpus=4)
        self._leave('host3', vcpus=1)
        self._break(fake.FakeDriver, 'check_can_live_migrate_destination',
                    exception.MigrationPreCheckError(reason='No.'))
        self._grow(5)
        self.assertEqual(['host1'], self._hosts([leaving]))
        self._delete_server(other)
        self.assertGrown(5)

    def test_owner_of_the_neighbour(self):
        """It is in the owner's name: whose request it is, is not shown."""
        leaving, *_staying = self._boot_plain(4, 5)
        self._leave('host2', vcpus=4)
        self._leave('host3', vcpus=1)
        self._grow(5)
        self.assertGrown(5)
        action = self._last_action(leaving, 'live-migration')
        instance = self._instance(leaving)
        self.assertEqual((instance.user_id, instance.project_id),
                         (action['user_id'], action['project_id']))
        self.assertNotEqual(
            self._last_action(self.server)['request_id'],
            action['request_id'])

    def test_api_dies(self):
        """Nobody leaves a host for a server that does not wait there."""
        neighbours = self._boot_plain(4, 5)
        self._leave('host2', vcpus=4)
        self._leave('host3', vcpus=1)
        with mock.patch.object(rpcapi.ComputeAPI, 'xloud_adjust_stay',
                               side_effect=messaging.MessagingTimeout):
            self._refused(503, self.server, current_vcpus=5, when_full='move')
        self.assertEqual(['host1'] * 2, self._hosts(neighbours))
        self._wait_until_adjusted(self.server)
        instance = self._instance(self.server)
        self.assertEqual((MINIMUM, elastic.Pending()),
                         (elastic.size(instance),
                          elastic.get_pending(instance)))
        self.assertEqual([{'host1': MINIMUM}], [
            each for each in self._allocations() if each])


@ddt.ddt
class ElasticNeighboursStayTest(NeighboursTestBase):
    """Nobody leaves a host without need, or who is not to."""

    @ddt.data('device', 'flavor', 'kernel', 'locked', 'moved', 'stopped',
              'waiting')
    def test_who_stays(self, reason):
        """They could leave, but for this."""
        neighbour = self._boot(self._elastic_flavor(
            minimum=elastic.Size(4, 256), maximum=elastic.Size(8, 4096),
            **({'xloud:movable': 'false'} if reason == 'flavor' else {})))
        others = self._boot_plain(5)
        if reason == 'locked':
            self.admin_api.post_server_action(neighbour['id'], {'lock': {}})
        elif reason == 'moved':
            for host in ('host2', 'host1'):
                self._migrate_to(neighbour, host)
        elif reason == 'stopped':
            self._stop_server(neighbour)
        elif reason == 'device':
            instance = self._instance(neighbour)
            instance.pci_requests = objects.InstancePCIRequests(
                instance_uuid=instance.uuid, requests=[
                    objects.InstancePCIRequest(count=1, spec=[{}])])
            instance.save()
        elif reason == 'kernel':
            instance = self._instance(neighbour)
            instance.kernel_id = 'http://elsewhere/v2/images/kernel'
            instance.save()
        elif reason == 'waiting':
            response = self._post(
                neighbour, current_vcpus=5, when_full='wait')
            self.assertEqual(WAITING, response.body)
        self._leave('host2', vcpus=4)
        self._leave('host3', vcpus=1)
        self.assertRefused(current_vcpus=5)
        self.assertEqual(['host1'] * 2, self._hosts([neighbour] + others))

    def _migrate_to(self, server, host):
        self.admin_api.post_server_action(server['id'], {
            'os-migrateLive': {'host': host, 'block_migration': 'auto'}})
        self._wait_until(lambda: self._instance(server).host == host)
        self._wait_for_server_parameter(
            server, {'OS-EXT-STS:task_state': None})

    def test_again(self):
        """Nobody else leaves for it, or another one, while one does."""
        self._boot_plain(2, 2, 3)
        self._leave('host2', 'host3', vcpus=2)
        self.flags(max_moves=1, group='xloud')
        with self._migration_held() as reached:
            self._grow(5)
            reached.wait()
            before = len(self._migrations())
            self._refused(409, self.server, current_vcpus=5, when_full='move')
            self.assertEqual(
                [self.server['id']],
                [migration['instance_uuid'] for migration in
                 self._migrations()[:len(self._migrations()) - before]])
        self._wait_until(lambda: self._instance(self.server).vcpus == 5)

    def test_others_wait(self):
        """What others release is for those that wait already."""
        waits = self._boot(self._elastic_flavor(
            minimum=elastic.Size(2, 256), maximum=elastic.Size(8, 4096)))
        self._boot_plain(4, 3)
        response = self._post(waits, current_vcpus=3, when_full='wait')
        self.assertEqual(WAITING, response.body)
        self._leave('host2', vcpus=3)
        self._leave('host3', vcpus=1)
        self.assertRefused(current_vcpus=4)

    def test_broken_neighbour(self):
        """Another one leaves."""
        broken, _other = self._boot_plain(4, 1)
        leaving, = self._boot_plain(4, memory_mb=512)
        objects.RequestSpec.get_by_instance_uuid(
            self.ctxt, broken['id']).destroy()
        self._leave('host2', vcpus=4)
        self._leave('host3', vcpus=1)
        self._grow(5)
        self.assertGrown(5)
        self.assertEqual(['host1', 'host2'], self._hosts([broken, leaving]))

    def test_moved_long_ago(self):
        self.flags(move_interval=0, group='xloud')
        neighbour, *_others = self._boot_plain(4, 5)
        for host in ('host2', 'host1'):
            self._migrate_to(neighbour, host)
        self._leave('host2', vcpus=4)
        self._leave('host3', vcpus=1)
        self.useFixture(utils_fixture.TimeFixture(
            timeutils.utcnow() + datetime.timedelta(seconds=2)))
        self._grow(5)
        self.assertGrown(5)
        self.assertEqual(['host2'], self._hosts([neighbour]))
