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

"""Where elastic servers may go, and what of a host they take."""

from unittest import mock

from nova.compute import instance_actions
from nova import elastic
from nova.tests.functional.api import client as api_client
from nova.tests.functional import elastic_helpers
from nova.tests.functional.elastic_helpers import MINIMUM
from nova.virt import fake


class ElasticCapacityTest(elastic_helpers.ElasticServersTestBase):
    """A host takes as many servers as what they have fits there."""

    HOSTS = ('host1',)

    def setUp(self):
        for name, amount in (('vcpus', 4), ('memory_mb', 512 + 4 * 1024)):
            patcher = mock.patch.object(fake.MediumFakeDriver, name, amount)
            patcher.start()
            self.addCleanup(patcher.stop)
        super().setUp()

    def test_boot_at_the_minimum(self):
        """Four servers instead of one; there is no room for a fifth."""
        servers = [self._boot(host=None) for _ in range(4)]
        for server in servers:
            self.assertEqual(
                MINIMUM, self._allocated(server['id'], 'host1'))
        for usage in self._host_usage('host1'):
            self.assertEqual(elastic.Size(4, 4096), usage)
        server = self._boot(host=None, expected_state='ERROR')
        self.assertIn('No valid host', server['fault']['message'])

        self._delete_server(servers[0])
        self._boot(host=None)

    def test_boot_plain(self):
        """A server of a flavor that is not elastic takes all of the host."""
        flavor_id = self._create_flavor(vcpu=4, memory_mb=4096)
        self._boot(flavor_id, host=None)
        self._boot(flavor_id, host=None, expected_state='ERROR')

    def test_boot_many(self):
        """The servers of one request are counted one after the other."""
        body = self._build_server(flavor_id=self.flavor_id, networks='none')
        body['min_count'] = 4
        self.api.post_server({'server': body})
        for server in self.api.get_servers(detail=False):
            self._wait_for_state_change(server, 'ACTIVE')
        for usage in self._host_usage('host1'):
            self.assertEqual(elastic.Size(4, 4096), usage)

    def test_boot_with_one_minimum(self):
        """What the flavor names no minimum for is not elastic."""
        flavor_id = self._create_flavor(
            vcpu=4, memory_mb=2048, extra_spec={elastic.MINIMUM_CPU: '2'})
        self.assertSize(self._boot(flavor_id), elastic.Size(2, 2048))

    def test_boot_before_the_minimum_of_the_flavor_changed(self):
        """The bounds of a server are those of its own copy of the flavor."""
        server = self._boot()
        self.admin_api.put_extra_spec(
            self.flavor_id, elastic.MINIMUM_CPU, {elastic.MINIMUM_CPU: '3'})
        self._reboot_server(server, hard=True)
        self.assertSize(server, MINIMUM)

    def test_extra_specs_of_aggregates(self):
        """The minimums are no requirements that an aggregate has to meet."""
        self.flags(enabled_filters=['AggregateInstanceExtraSpecsFilter'],
                   group='filter_scheduler')
        self.scheduler_service.stop()
        self.scheduler_service = self.start_service('scheduler')
        self._boot(host=None)

        flavor_id = self._elastic_flavor(ssd='true')
        self._boot(flavor_id, host=None, expected_state='ERROR')


class ElasticMixedCloudTest(elastic_helpers.ElasticServersTestBase):
    """One compute, the emptier one, cannot run elastic servers."""

    PLAIN_HOSTS = ('host2',)

    def setUp(self):
        super().setUp()
        self.plain_flavor_id = self._create_flavor(vcpu=1, memory_mb=512)

    def _assert_stays(self, server):
        self._wait_for_server_parameter(
            server, {'OS-EXT-SRV-ATTR:host': 'host1',
                     'OS-EXT-STS:task_state': None})
        self.assertEqual(
            MINIMUM, self._allocated(server['id'], 'host1'))
        self.assertIsNone(self._allocated(server['id'], 'host2'))

    def test_boot(self):
        for _ in range(3):
            server = self._boot(host=None)
            self.assertEqual('host1', server['OS-EXT-SRV-ATTR:host'])
        self._boot(self.plain_flavor_id, host='host2')
        server = self._boot(host='host2', expected_state='ERROR')
        self.assertIn('No valid host', server['fault']['message'])

    def test_boot_in_a_zone(self):
        """The old way to name a host does not get around it."""
        self._create_server(
            flavor_id=self.flavor_id, networks='none', az='nova:host2',
            expected_state='ERROR')

    def test_cold_migrate(self):
        server = self._boot()
        self.api.post_server_action(server['id'], {'migrate': None})
        self._assert_resize_migrate_action_fail(
            server, instance_actions.MIGRATE, 'NoValidHost')
        self._assert_stays(server)

    def test_resize_from_a_plain_flavor(self):
        server = self._boot(self.plain_flavor_id, host='host2')
        self._resize_server(server, self.flavor_id)
        self.assertEqual(
            MINIMUM, self._allocated(server['id'], 'host1'))

    def test_live_migrate(self):
        server = self._boot()
        self.api.post_server_action(server['id'], {'os-migrateLive': {
            'host': None, 'block_migration': 'auto'}})
        self._wait_for_migration_status(server, ['error'])
        self._assert_stays(server)

    def test_forced_live_migrate(self):
        server = self._boot()
        self.api.microversion = '2.67'
        self.api.post_server_action(server['id'], {'os-migrateLive': {
            'host': 'host2', 'block_migration': 'auto', 'force': True}})
        self._wait_for_migration_status(server, ['error'])
        self._assert_stays(server)

    def _fail_host1(self):
        self._take_down('host1')

    def test_evacuate(self):
        server = self._boot()
        self._fail_host1()
        self.api.microversion = '2.67'
        for how in ({}, {'host': 'host2', 'force': True}):
            self.api.post_server_action(server['id'], {'evacuate': how})
            self._wait_for_migration_status(server, ['error'])
            self._assert_stays(server)

    def test_unshelve(self):
        self.flags(shelved_offload_time=0)
        server = self._boot()
        self._shelve_server(server)
        self.api.post_server_action(
            server['id'], {'unshelve': {'host': 'host2'}})
        self._wait_for_server_parameter(
            server, {'OS-EXT-STS:task_state': None,
                     'status': 'SHELVED_OFFLOADED'})
        server = self._unshelve_server(server)
        self.assertEqual('host1', server['OS-EXT-SRV-ATTR:host'])


class ElasticNowhereTest(elastic_helpers.ElasticServersTestBase):
    """No compute of the cloud can run elastic servers yet."""

    PLAIN_HOSTS = ('host1', 'host2')

    def test_boot(self):
        server = self._boot(host=None, expected_state='ERROR')
        self.assertIn('No valid host', server['fault']['message'])
        self._boot(self._create_flavor(vcpu=1, memory_mb=512), host=None)


class ElasticRefusalsTest(elastic_helpers.ElasticServersTestBase):
    """What a flavor cannot have, at flavor set and at server create."""

    HOSTS = ('host1',)
    MESSAGES = (
        ({'minimum_cpu': 'x'}, "minimum_cpu must be an integer, not 'x'."),
        ({'minimum_cpu': '0'}, 'minimum_cpu must be at least 1, not 0.'),
        ({'minimum_cpu': '5'},
         'minimum_cpu is 5, but the flavor has only 4 vCPUs.'),
        ({'minimum_memory': '4097'},
         'minimum_memory is 4097, but the flavor has only 4096 MiB.'),
        ({'minimum_memory': '1024', 'hw:mem_page_size': 'large'},
         'minimum_memory cannot be used with hw:mem_page_size, which pins '
         'the memory of the guest.'),
    )

    def _assert_refused(self, message, method, *args):
        error = self.assertRaises(
            api_client.OpenStackApiException, method, *args)
        self.assertEqual(400, error.response.status_code)
        self.assertEqual(
            message, error.response.json()['badRequest']['message'])

    def test_flavor_set(self):
        """At every microversion, for new and for changed extra specs."""
        for microversion in ('2.1', '2.85'):
            self.admin_api.microversion = microversion
            for specs, message in self.MESSAGES:
                flavor_id = self._create_flavor(vcpu=4, memory_mb=4096)
                self._assert_refused(
                    message, self.admin_api.post_extra_spec, flavor_id,
                    {'extra_specs': specs})
                self.assertEqual(
                    {}, self.admin_api.get_extra_specs(flavor_id))

                key, value = sorted(specs.items())[0]
                others = {k: v for k, v in specs.items() if k != key}
                if others:
                    self.admin_api.post_extra_spec(
                        flavor_id, {'extra_specs': others})
                self._assert_refused(
                    message, self.admin_api.put_extra_spec, flavor_id, key,
                    {key: value})
                self.assertEqual(
                    others, self.admin_api.get_extra_specs(flavor_id))

    def _write(self, specs):
        """A flavor whose extra specs are not from this release's API."""
        with mock.patch.object(elastic, 'conflict', return_value=None):
            self.admin_api.microversion = '2.85'
            flavor_id = self._create_flavor(
                vcpu=4, memory_mb=4096, extra_spec=specs)
            self.admin_api.microversion = 'latest'
        return flavor_id

    def test_server_create(self):
        for specs, message in self.MESSAGES:
            self._assert_refused(
                message, self.api.post_server, {'server': self._build_server(
                    flavor_id=self._write(specs), networks='none')})
        self.assertEqual([], self.api.get_servers())

    def test_resize(self):
        server = self._boot()
        for specs, message in self.MESSAGES:
            self._assert_refused(
                message, self.api.post_server_action, server['id'],
                {'resize': {'flavorRef': self._write(specs)}})
        self.assertSize(server, MINIMUM)

    def test_image(self):
        """An image can pin the memory of a guest as well."""
        image_id = self._create_image({'hw_locked_memory': 'true'})['id']
        message = ('minimum_memory cannot be used with hw_locked_memory, '
                   'which pins the memory of the guest.')
        flavor_id = self._elastic_flavor(**{'hw:mem_page_size': 'small'})
        self._assert_refused(
            message, self.api.post_server, {'server': self._build_server(
                flavor_id=flavor_id, image_uuid=image_id, networks='none')})

        server = self._boot(flavor_id)
        self._assert_refused(
            message, self.api.post_server_action, server['id'],
            {'rebuild': {'imageRef': image_id}})
        self.assertSize(server, MINIMUM)
