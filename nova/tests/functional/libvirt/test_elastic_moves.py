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
"""What a guest has when it gets another flavor or another host."""

import time

import ddt

from nova import elastic
from nova.tests.functional.api import client
from nova.tests.functional import elastic_helpers
from nova.tests.functional.elastic_helpers import GROWN
from nova.tests.functional.elastic_helpers import MINIMUM
from nova.tests.functional.elastic_helpers import START
from nova.tests.functional.libvirt import elastic_base

OTHER_MINIMUM = elastic.Size(2, 1536)
OTHER_MAXIMUM = elastic.Size(3, 6144)


@ddt.ddt
class ElasticMovesTest(elastic_base.ElasticServersTestBase):

    def setUp(self):
        super().setUp()
        self.other_flavor_id = self._elastic_flavor(
            OTHER_MINIMUM, OTHER_MAXIMUM)

    def assertGone(self, server, host):
        self.assertNotIn(
            server['id'], [domain.UUIDString() for domain in
                           self._connection(host)._vms.values()])

    def test_resize_and_confirm(self):
        """A server has the minimum of its new flavor."""
        server = self._grown()
        self._resize_server(server, self.other_flavor_id)
        self.assertEqual(OTHER_MINIMUM, self._live(server, 'host2'))
        self.assertRecords(
            server, OTHER_MINIMUM, host='host2',
            old_allocations={'host1': GROWN})
        self._confirm_resize(server)
        self.assertSize(server, OTHER_MINIMUM, host='host2')

        root = self._domain(server, 'host2').XMLDesc(0)
        self.assertIn('current="2">3</vcpu>', root.replace("'", '"'))

    def test_resize_and_revert(self):
        """A server has again what it had before the resize."""
        server = self._grown()
        self._resize_server(server, self.other_flavor_id)
        self._revert_resize(server)
        self.assertSize(server, GROWN)
        self.assertGone(server, 'host2')

    @ddt.data(True, False)
    def test_resize_between_kinds(self, to_elastic):
        """Between a flavor that is elastic and one that is not."""
        plain_id = self._create_flavor(vcpu=4, memory_mb=4096)
        if to_elastic:
            server = self._boot(plain_id)
            self._resize_server(server, self.flavor_id)
            self._confirm_resize(server)
            self.assertSize(server, MINIMUM, host='host2')
        else:
            server = self._grown()
            self._resize_server(server, plain_id)
            self._confirm_resize(server)
            self.assertSize(
                server, elastic_helpers.MAXIMUM, host='host2')
            self.assertNotIn(
                '<vcpus>', self._domain(server, 'host2').XMLDesc(0))

    def test_cold_migrate(self):
        """A server starts on its new host with its start size."""
        server = self._grown()
        self._migrate_server(server)
        self.assertEqual(GROWN, self._live(server, 'host2'))
        self._confirm_resize(server)
        self.assertSize(server, GROWN, host='host2')

        self._set_size(server, GROWN, start=START)
        self._migrate_server(server)
        self._confirm_resize(server)
        self.assertSize(server, START)

    def test_cold_migrate_and_revert(self):
        server = self._grown()
        self._migrate_server(server)
        self._revert_resize(server)
        self.assertSize(server, GROWN)

    def test_move_to_grow(self):
        """A server whose host is full has what it requested on another."""
        server = self._boot()
        neighbour = self._boot(self._create_flavor(vcpu=3, memory_mb=256))
        self.dest_host = 'host2'
        response = self._post(
            server, current_vcpus=3, current_memory_mb=3072, when_full='move')
        self.assertEqual(202, response.status, response.body)
        for _attempt in range(300):
            if self._status(server)['adjust']['state'] == 'succeeded':
                break
            time.sleep(0.1)
        self._delete_server(neighbour)
        self._run_periodics()
        self.assertTrue(self.migrate_stub_ran)
        self.assertSize(server, GROWN, host='host2')
        self._reboot_server(server, hard=True)
        self.assertSize(server, GROWN, host='host2')

    def test_live_migrate(self):
        """A server has on its new host just what it had."""
        server = self._grown()
        self._live_migrate_to(server, 'host2')
        self.assertTrue(self.migrate_stub_ran)
        self.assertSize(server, GROWN, host='host2')

        # It can still change, and comes back with what it then has.
        self._set_size(server, START)
        self.assertSize(server, START, host='host2')
        self._set_size(server, MINIMUM)
        self.assertSize(server, MINIMUM, host='host2')

    @ddt.data(True, False)
    def test_live_migrate_and_reboot(self, hard):
        """The start size of a server is not lost on the way."""
        self.flags(wait_soft_reboot_seconds=1, group='libvirt')
        server = self._grown_until_restart()
        self._live_migrate_to(server, 'host2')
        self.assertEqual(GROWN, self._live(server, 'host2'))
        self.assertRecords(server, GROWN, host='host2', start=START)
        self._reboot_server(server, hard=hard)
        self.assertSize(server, START, host='host2')

    def test_live_migrate_without_room(self):
        """A server needs room for what it has, not for what it began with."""
        server = self._grown()
        self._boot(self._create_flavor(vcpu=2, memory_mb=512), host='host2')
        self.assertRaises(
            client.OpenStackApiException,
            self._live_migrate_to, server, 'host2')
        self.assertEqual(GROWN, self._live(server))
        self.assertHostUsage('host1', GROWN)
        self.assertHostUsage('host2', elastic.Size(2, 512))

    def test_evacuate(self):
        """A server is built again with its start size."""
        server = self._grown_until_restart()
        service_id = self.api.get_services(
            host='host1', binary='nova-compute')[0]['id']
        self.computes['host1'].stop()
        self.api.put_service_force_down(service_id, True)
        self._evacuate_server(server, expected_host='host2',
                              expected_state='ACTIVE')
        self.assertEqual(START, self._live(server, 'host2'))
        self.assertEqual(START, self._allocated(server['id'], 'host2'))
        self.assertEqual(START, elastic.size(self._instance(server)))
        self.assertHostUsage('host2', START)

        # When its old host comes back it is gone from there.
        self._restart_host('host1')
        self.api.put_service_force_down(service_id, False)
        self.assertGone(server, 'host1')
        self.assertSize(server, START, host='host2')

    def test_unshelve_on_another_host(self):
        self.flags(shelved_offload_time=0)
        server = self._grown()
        self._shelve_server(server)
        # There is no room for it where it was.
        self._boot(self._create_flavor(vcpu=3, memory_mb=512))
        server = self._unshelve_server(server)
        self.assertEqual('host2', server['OS-EXT-SRV-ATTR:host'])
        self.assertEqual(GROWN, self._live(server, 'host2'))
        self.assertEqual(GROWN, self._allocated(server['id'], 'host2'))
        self.assertHostUsage('host2', GROWN)


class ElasticSameHostTest(elastic_base.ElasticServersTestBase):

    HOSTS = ('host1',)

    def setUp(self):
        super().setUp()
        self.flags(allow_resize_to_same_host=True)

    def test_resize_and_confirm(self):
        """The host holds both sizes until the resize is over."""
        server = self._boot()
        self._set_size(server, START)
        self._resize_server(
            server, self._elastic_flavor(OTHER_MINIMUM, OTHER_MAXIMUM))
        self.assertEqual(OTHER_MINIMUM, self._live(server))
        self.assertHostUsage('host1', elastic.Size(4, 3584))
        self._confirm_resize(server)
        self.assertSize(server, OTHER_MINIMUM)

    def test_resize_and_revert(self):
        server = self._boot()
        self._set_size(server, START)
        self._resize_server(
            server, self._elastic_flavor(OTHER_MINIMUM, OTHER_MAXIMUM))
        self._revert_resize(server)
        self.assertSize(server, START)
