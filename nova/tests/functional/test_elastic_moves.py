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

"""What an elastic server has when it is resized or moves to another host."""

from unittest import mock

import ddt

from nova.compute import instance_actions
from nova import elastic
from nova.tests.functional import elastic_helpers
from nova.tests.functional.elastic_helpers import GROWN
from nova.tests.functional.elastic_helpers import MAXIMUM
from nova.tests.functional.elastic_helpers import MINIMUM
from nova.tests.functional.elastic_helpers import START


@ddt.ddt
class ElasticMovesTest(elastic_helpers.ElasticServersTestBase):

    def _grown(self, start=None):
        server = self._boot()
        self._set_size(server, GROWN, start=start)
        return server

    def _allocated_by_migration(self, server, host='host1'):
        """What the migration of a server has allocated on a host."""
        return self._allocated(
            self.get_migration_uuid_for_instance(server['id']), host)

    # Resize

    def test_resize_and_confirm(self):
        """The minimum of the new flavor, whatever the server had before."""
        server = self._grown()
        other = elastic.Size(2, 1536)
        self._resize_server(server, self._elastic_flavor(
            minimum=other, maximum=elastic.Size(6, 6144)))
        self.assertEqual(GROWN, self._allocated_by_migration(server))
        self.assertSize(
            server, other, host='host2', old_allocations={'host1': GROWN},
            quota=other)

        self._confirm_resize(server)
        self.assertSize(server, other, host='host2')

    @ddt.data(None, START)
    def test_resize_and_revert(self, start):
        """The size it had before, and the same start size."""
        server = self._grown(start=start)
        self._resize_server(server, self._elastic_flavor(
            minimum=elastic.Size(2, 1536), maximum=elastic.Size(6, 6144)))
        self._revert_resize(server)
        self.assertSize(server, GROWN, start=start)
        self.assertNotIn('xloud_old_vcpus',
                         self._instance(server).system_metadata)
        if start:
            self._reboot_server(server, hard=True)
            self.assertSize(server, START)

    def test_resize_from_and_to_a_plain_flavor(self):
        plain = self._create_flavor(vcpu=5, memory_mb=5120)
        server = self._boot(plain)
        self._resize_server(server, self.flavor_id)
        self.assertSize(server, MINIMUM, host='host2',
                        old_allocations={'host1': elastic.Size(5, 5120)})
        self._revert_resize(server)
        self.assertSize(server, elastic.Size(5, 5120))

        self._resize_server(server, self.flavor_id)
        self._confirm_resize(server)
        self._set_size(server, GROWN)
        self._resize_server(server, plain)
        self.assertSize(server, elastic.Size(5, 5120),
                        old_allocations={'host2': GROWN})
        self._confirm_resize(server)
        self.assertSize(server, elastic.Size(5, 5120))

    def test_resize_on_the_same_host(self):
        self.flags(allow_resize_to_same_host=True)
        server = self._grown()
        self.admin_api.put_service(
            self.admin_api.get_services(
                binary='nova-compute', host='host2')[0]['id'],
            {'status': 'disabled'})
        other = elastic.Size(2, 1536)
        self._resize_server(server, self._elastic_flavor(
            minimum=other, maximum=elastic.Size(6, 6144)))
        self.assertSize(server, other, old_allocations={'host1': GROWN})
        self._revert_resize(server)
        self.assertSize(server, GROWN)

    def test_resize_fails_at_the_destination(self):
        """The records have what placement has for the server there."""
        server = self._grown()
        with mock.patch.object(
                self.computes['host2'].manager, '_prep_resize',
                side_effect=Exception('no')):
            self.api.post_server_action(server['id'], {
                'resize': {'flavorRef': self._elastic_flavor(
                    maximum=elastic.Size(6, 6144))}})
            self._wait_for_migration_status(server, ['error'])
            self._wait_for_server_parameter(
                server, {'OS-EXT-STS:task_state': None})
        self.assertSize(server, GROWN)

    # Cold migration

    def test_cold_migrate_and_confirm(self):
        """The size is claimed; the server has its start size there."""
        server = self._grown()
        self._migrate_server(server)
        self.assertSize(
            server, GROWN, host='host2',
            old_allocations={'host1': GROWN})
        self._confirm_resize(server)
        self.assertSize(server, GROWN, host='host2')

    def test_cold_migrate_until_next_start(self):
        server = self._grown(start=START)
        self._migrate_server(server)
        self.assertSize(
            server, START, host='host2',
            old_allocations={'host1': GROWN})
        self._confirm_resize(server)
        self.assertSize(server, START, host='host2')

    @ddt.data(None, START)
    def test_cold_migrate_and_revert(self, start):
        server = self._grown(start=start)
        self._migrate_server(server)
        self._revert_resize(server)
        self.assertSize(server, GROWN, start=start)

    def test_cold_migrate_needs_room_for_the_size(self):
        """What the minimum would fit does not do for a server that grew."""
        server = self._grown()
        self._boot(self._create_flavor(vcpu=8, memory_mb=512), host='host2')
        self.api.post_server_action(server['id'], {'migrate': None})
        self._assert_resize_migrate_action_fail(
            server, instance_actions.MIGRATE, 'NoValidHost')
        self.assertEqual(
            GROWN, self._allocated(server['id'], 'host1'))

        self._set_size(server, elastic.Size(2, 2048))
        self._migrate_server(server)

    def test_cold_migration_fails_at_the_destination(self):
        """It is over, so what the server had then is of no account later."""
        self.flags(cores=4, ram=8192, group='quota')
        server = self._boot()
        with mock.patch.object(
                self.computes['host2'].driver, 'finish_migration',
                side_effect=Exception('no')):
            self.api.post_server_action(server['id'], {'migrate': None})
            self._wait_for_state_change(server, 'ERROR')
            self._wait_for_migration_status(server, ['error'])
        self._reboot_server(server, hard=True)
        self._boot(host='host1')

        self.assertIn('Quota exceeded for cores', self._refused(
            403, server, current_vcpus=4))
        self._adjust(server, elastic.Size(3, 1024))
        self.assertEqual(elastic.Size(4, 2048), self._quota_usage())
        self._live_migrate(server)
        self._run_periodics()
        self.assertHostUsage('host1', elastic.Size(4, 2048))

    # Live migration

    @ddt.data(None, START)
    def test_live_migrate(self, start):
        """Nothing changes but the host."""
        server = self._grown(start=start)
        self._live_migrate(server)
        self._run_periodics()
        self.assertSize(server, GROWN, host='host2', start=start)

    def test_live_migrate_after_resize(self):
        """Nothing of a request for an earlier move is left."""
        server = self._grown()
        self._live_migrate(server)
        self._set_size(server, MINIMUM)
        self._live_migrate(server)
        self._run_periodics()
        self.assertSize(server, MINIMUM)

        self._set_size(server, MAXIMUM)
        self._live_migrate(server)
        self._run_periodics()
        self.assertSize(server, MAXIMUM, host='host2')

    def test_forced_live_migrate(self):
        """What is claimed, and has to be free there, is still the size."""
        server = self._grown()
        other = self._boot(
            self._create_flavor(vcpu=1, memory_mb=4096), host='host2')
        self._run_periodics()
        self.api.microversion = '2.67'
        self.api.post_server_action(server['id'], {'os-migrateLive': {
            'host': 'host2', 'block_migration': 'auto', 'force': True}})
        self._wait_for_migration_status(server, ['completed'])
        self._delete_server(other)
        self._run_periodics()
        self.assertSize(server, GROWN, host='host2')

    # Evacuation

    def _host1_is_down(self, down):
        self.admin_api.put_service_force_down(
            self.admin_api.get_services(
                binary='nova-compute', host='host1')[0]['id'], down)

    @ddt.data((None, '2.94', 'ACTIVE'), (START, '2.94', 'ACTIVE'),
              (START, '2.95', 'SHUTOFF'))
    @ddt.unpack
    def test_evacuate(self, start, microversion, status):
        """The start size; the failed host gives back the size it had."""
        server = self._grown(start=start)
        self.computes['host1'].stop()
        self._host1_is_down(True)
        self.api.microversion = microversion
        self._evacuate_server(
            server, expected_host='host2', expected_state=status)
        self.assertEqual(
            GROWN, self._allocated(server['id'], 'host1'))
        self.assertEqual(
            start or GROWN, self._allocated(server['id'], 'host2'))

        self.restart_compute_service(self.computes['host1'])
        self._host1_is_down(False)
        self.assertSize(server, start or GROWN, host='host2')

    def test_forced_evacuate(self):
        server = self._grown(start=START)
        self.computes['host1'].stop()
        self._host1_is_down(True)
        self.api.microversion = '2.67'
        self._evacuate_server(
            server, {'host': 'host2', 'force': True},
            expected_host='host2', expected_state='ACTIVE')
        self.assertEqual(
            START, self._allocated(server['id'], 'host2'))
