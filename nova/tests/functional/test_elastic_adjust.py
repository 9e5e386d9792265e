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

"""What the elastic servers API accepts, and what it answers."""

import ddt
import fixtures
from oslo_serialization import jsonutils
from oslo_utils.fixture import uuidsentinel as uuids

from nova.compute import api as compute_api
from nova import context as nova_context
from nova.db.main import api as db
from nova import elastic
from nova import exception
from nova import objects
from nova import policy
from nova.tests.functional.api import client as api_client
from nova.tests.functional import elastic_helpers
from nova.tests.functional.elastic_helpers import GROWN
from nova.tests.functional.elastic_helpers import MAXIMUM
from nova.tests.functional.elastic_helpers import MINIMUM
from nova.tests.functional.elastic_helpers import START
from nova.virt import fake

FIXED_CPU = elastic.Size(4, 1024)
FIXED_MEMORY = elastic.Size(1, 4096)


@ddt.ddt
class ElasticAdjustTest(elastic_helpers.ElasticAdjustTestBase):

    @ddt.data(({'current_vcpus': 3}, elastic.Size(3, 1024)),
              ({'current_memory_mb': 3072}, elastic.Size(1, 3072)),
              ({'current_vcpus': 3, 'current_memory_mb': 3072}, GROWN),
              ({'current_vcpus': '3', 'current_memory_mb': '3072'}, GROWN),
              ({'current_vcpus': 4, 'current_memory_mb': 4096}, MAXIMUM))
    @ddt.unpack
    def test_grow_and_shrink(self, body, size):
        """Either or both can be requested, in numbers or digits."""
        server = self._boot()
        response = self._post(server, **body)
        self.assertEqual({}, response.body)
        self._wait_until_adjusted(server)
        self.assertSize(server, size)

        self._adjust(server, MINIMUM)
        self.assertSize(server, MINIMUM)

    @ddt.data(1018, 1032, 1016, 1024)
    def test_rounded_to_minimum(self, memory_mb):
        """Memory near a bound is the bound, as dashboards round it."""
        server = self._boot()
        self._adjust(server, elastic.Size(1, memory_mb))
        self.assertSize(server, MINIMUM)

    @ddt.data(4088, 4092, 4104)
    def test_rounded_to_maximum(self, memory_mb):
        server = self._boot()
        self._adjust(server, elastic.Size(1, memory_mb))
        self.assertSize(server, elastic.Size(1, 4096))

    @ddt.data(({'current_vcpus': 5},
               'This server can have 1 to 4 vCPUs; 5 were requested.'),
              ({'current_vcpus': 10 ** 9},
               'This server can have 1 to 4 vCPUs; 1000000000 were '
               'requested.'),
              ({'current_memory_mb': 1015},
               'This server can have 1024 to 4096 MiB of memory; 1015 MiB '
               'were requested.'),
              ({'current_memory_mb': 4105},
               'This server can have 1024 to 4096 MiB of memory; 4105 MiB '
               'were requested.'),
              # All or nothing
              ({'current_vcpus': 2, 'current_memory_mb': 5000},
               'This server can have 1024 to 4096 MiB of memory; 5000 MiB '
               'were requested.'))
    @ddt.unpack
    def test_out_of_range(self, body, message):
        server = self._boot()
        self.assertEqual(message, self._refused(400, server, **body))
        self.assertSize(server, MINIMUM)

    @ddt.data({}, {'persist': True}, {'current_vcpus': None},
              {'current_vcpus': True}, {'current_vcpus': 2.5},
              {'current_vcpus': 0}, {'current_vcpus': -1},
              {'current_vcpus': '0'},
              {'current_vcpus': 10 ** 400}, {'current_vcpus': '9' * 400},
              {'current_vcpus': '2x'}, {'current_vcpus': ''},
              {'current_vcpus': ' 2'}, {'current_vcpus': '\u0662'},
              {'current_vcpus': [2]}, {'current_vcpus': {'a': 2}},
              {'current_vcpus': 2, 'vcpus': 2},
              {'current_vcpus': 2, 'persist': 'yes'},
              {'current_vcpus': 2, 'persist': 1})
    def test_bad_body(self, body):
        """What is no number, and what is not known, is refused."""
        server = self._boot()
        response = self.api.api_request(
            '/os-xloud-adjust/%s' % server['id'], method='POST',
            body=jsonutils.dumps(body),
            headers={'Content-Type': 'application/json'})
        self.assertEqual(400, response.status_code, response.text)
        self.assertSize(server, MINIMUM)

    @ddt.data('', '[]', '{', 'null', '"current_vcpus"')
    def test_no_json_object(self, body):
        server = self._boot()
        response = self.api.api_request(
            '/os-xloud-adjust/%s' % server['id'], method='POST', body=body,
            headers={'Content-Type': 'application/json'})
        self.assertEqual(400, response.status_code, response.text)
        self.assertSize(server, MINIMUM)

    def test_nothing_to_do(self):
        """What a server has already is not claimed again, on a full host."""
        server = self._boot()
        self._adjust(server, GROWN)
        self.useFixture(fixtures.MockPatch(
            'nova.scheduler.client.report.SchedulerReportClient'
            '.set_instance_resources', side_effect=AssertionError))
        self.notifier.reset()
        self._adjust(server, GROWN)
        self.assertFalse([
            each for each in self.notifier.versioned_notifications
            if 'xloud_adjust' in each['event_type']])
        self.assertSize(server, GROWN)

    def test_one_is_as_it_is(self):
        """Dashboards send both values when one is to change."""
        server = self._boot()
        self._adjust(server, elastic.Size(3, 1024))
        self._adjust(server, elastic.Size(3, 3072))
        self.assertSize(server, GROWN)

    @ddt.data((elastic.MINIMUM_MEMORY, FIXED_CPU, elastic.Size(4, 2048),
               {'current_vcpus': 3},
               'The number of vCPUs of this server is fixed at 4: its '
               'flavor does not set minimum_cpu.'),
              (elastic.MINIMUM_CPU, FIXED_MEMORY, elastic.Size(2, 4096),
               {'current_memory_mb': 2048},
               'The memory of this server is fixed at 4096 MiB: its flavor '
               'does not set minimum_memory.'))
    @ddt.unpack
    def test_half_elastic(self, name, minimum, grown, body, message):
        """What the flavor fixes cannot be changed, but can be sent along."""
        values = {elastic.MINIMUM_MEMORY: '1024', elastic.MINIMUM_CPU: '1'}
        server = self._boot(self._create_flavor(
            vcpu=4, memory_mb=4096, extra_spec={name: values[name]}))
        self.assertSize(server, minimum)
        self.assertEqual(message, self._refused(400, server, **body))
        self._adjust(server, grown)
        self.assertSize(server, grown)

    def test_not_elastic(self):
        server = self._boot(self._create_flavor(vcpu=4, memory_mb=4096))
        self.assertEqual(
            'The number of vCPUs of this server is fixed at 4: its flavor '
            'does not set minimum_cpu.',
            self._refused(400, server, current_vcpus=2))
        self._adjust(server, MAXIMUM)
        self.assertSize(server, MAXIMUM)

    def test_flavor_of_the_server(self):
        """The bounds are those of the flavor as it was at create."""
        server = self._boot()
        self.admin_api.post_extra_spec(
            self.flavor_id, {'extra_specs': {elastic.MINIMUM_CPU: '4'}})
        self._adjust(server, elastic.Size(2, 2048))
        self.assertSize(server, START)

    def test_no_such_server(self):
        self._refused(404, {'id': uuids.missing}, current_vcpus=2)
        self._refused(404, {'id': 'x'}, current_vcpus=2)

    def test_deleted_server(self):
        server = self._boot()
        self._delete_server(server)
        self._refused(404, server, current_vcpus=2)

    def test_other_methods(self):
        server = self._boot()
        for method in ('GET', 'PUT', 'DELETE'):
            response = self.api.api_request(
                '/os-xloud-adjust/%s' % server['id'], method=method)
            self.assertIn(response.status_code, (404, 405))

    def test_as_a_dashboard_does(self):
        """It reads the status, and sends both values as its form has them."""
        server = self._boot()
        status = self._status(server)
        for gigabytes in ('4.0', '2.5', '1.0'):
            # The form shows decimal gigabytes, rounded.
            memory_mb = round(float(gigabytes) * 1000 * 1.024)
            self._post(server, current_vcpus=str(status['max_vcpus'] - 1),
                       current_memory_mb=str(memory_mb))
            self._wait_until_adjusted(server)
            status = self._status(server)
            self.assertEqual(3, status['current_vcpus'])
            self.assertEqual(memory_mb, status['current_memory_mb'])
        self.assertSize(server, elastic.Size(3, 1024))

    def test_hotplug_vcpus(self):
        """What other code of Nova can call, for vCPUs only."""
        server = self._boot()
        api = compute_api.API()
        context = nova_context.RequestContext(
            'fake', self.api.project_id, roles=['member', 'reader'])
        api.hotplug_vcpus(
            context, api.get(context, server['id']), new_count=3)
        self._wait_until_adjusted(server)
        self.assertSize(server, elastic.Size(3, 1024))
        self.assertEqual(('compute_hotplug_vcpus', 'Success', None),
                         self._last_adjust(server, 'hotplug_vcpus'))


@ddt.ddt
class ElasticAdjustConditionsTest(elastic_helpers.ElasticAdjustTestBase):
    """What a server, its host, its project and its user allow."""

    def test_locked(self):
        """A locked server is adjusted by an administrator only."""
        server = self._boot()
        member = self._client('member', 'reader')
        self.api.post_server_action(server['id'], {'lock': {}})
        self.assertIn('locked', self._refused(
            409, server, api=member, current_vcpus=2))
        self.assertSize(server, MINIMUM)
        self._adjust(server, START)
        self.assertSize(server, START)

    @ddt.data('suspend', 'rescue')
    def test_wrong_state(self, action):
        server = self._boot()
        self.api.post_server_action(server['id'], {action: None})
        server = self._wait_for_server_parameter(
            server, {'OS-EXT-STS:task_state': None})
        self.assertIn(
            'while it is in vm_state', self._refused(
                409, server, current_vcpus=2))

    def test_another_task(self):
        server = self._boot()
        instance = self._instance(server)
        instance.task_state = 'rebooting'
        instance.save()
        self.assertIn('while it is in task_state rebooting', self._refused(
            409, server, current_vcpus=2))

    def test_paused(self):
        """A paused guest can take vCPUs; for the rest it would have to run."""
        server = self._boot()
        self.api.post_server_action(server['id'], {'pause': {}})
        self._wait_for_state_change(server, 'PAUSED')
        self._adjust(server, elastic.Size(3, 1024))
        self.assertSize(server, elastic.Size(3, 1024))
        for size in (elastic.Size(2, 1024), elastic.Size(3, 2048),
                     elastic.Size(4, 2048)):
            self.assertEqual(
                'Only vCPUs can be added to a paused server. Unpause it for '
                'other changes.', self._refused(
                    409, server, current_vcpus=size.vcpus,
                    current_memory_mb=size.memory_mb))
            self.assertSize(server, elastic.Size(3, 1024))

    def test_stopped(self):
        """A stopped server is given what it is to start with."""
        server = self._stop_server(self._boot())
        self.assertEqual(
            'A stopped server can be adjusted only with persist=true.',
            self._refused(409, server, current_vcpus=2, persist=False))
        self._adjust(server, GROWN)
        self.assertSize(server, GROWN)
        self._start_server(server)
        self.assertSize(server, GROWN)

    def test_quota(self):
        """What a server is given comes off the quota of its project."""
        self.flags(cores=4, ram=4096, group='quota')
        server, other = self._boot(), self._boot()
        self._adjust(server, elastic.Size(3, 3072))
        message = self._refused(403, server, current_vcpus=4)
        self.assertEqual('Quota exceeded for cores: Requested 1, but already '
                         'used 4 of 4 cores', message)
        self.assertIn('ram', self._refused(
            403, other, current_memory_mb=2048))
        # What it has already, or gives back, needs no quota.
        self._adjust(server, elastic.Size(3, 3072))
        self._adjust(server, elastic.Size(2, 2048))
        self._adjust(other, elastic.Size(2, 2048))
        self.assertEqual(elastic.Size(4, 4096), self._quota_usage())

    def test_host_full(self):
        """The answer says what is needed and what is available."""
        # The host has 10 CPUs.
        for _ in range(2):
            self._adjust(self._boot(), elastic.Size(4, 1024))
        server = self._boot()
        self.assertEqual(
            'Its host has 1 vCPU available; the request needs 3 more.',
            self._refused(409, server, current_vcpus=4))
        self._adjust(server, elastic.Size(2, 1024))
        self.assertEqual(
            elastic.Size(10, 3072), self._host_usage('host1')[1])

    def test_more_than_one_server_can_have(self):
        """Placement can allow one server less than the host has."""
        server = self._boot()
        rp_uuid = self._provider_uuid('host1')
        url = '/resource_providers/%s/inventories' % rp_uuid
        inventories = self.placement.get(url).body
        inventories['inventories']['VCPU']['max_unit'] = 2
        self.placement.put(url, inventories)
        self.assertEqual(
            'Its host allows at most 2 vCPUs per server; 3 were requested.',
            self._refused(409, server, current_vcpus=3))
        self._adjust(server, elastic.Size(2, 1024))

    def test_host_down(self):
        server = self._boot()
        self._take_down('host1')
        self.assertEqual('The compute service of the host is down.',
                         self._refused(503, server, current_vcpus=2))
        self.assertEqual('database', self._status(server)['source'])

    def test_host_that_was_deleted_and_is_back(self):
        """A service that is no more does not count as down."""
        server = self._boot()
        with nova_context.target_cell(
                self.ctxt, self.cell_mappings['cell1']) as cctxt:
            gone = objects.Service.get_by_compute_host(cctxt, 'host1')
            # It is deleted, and the first that the database finds.
            db.service_update(
                cctxt, gone.id, {'deleted': -1, 'forced_down': True})
            objects.Service(cctxt, host='host1', binary='nova-compute',
                            topic='compute').create()
        self._adjust(server, START)
        self.assertSize(server, START)

    @ddt.data(NotImplementedError, exception.InstanceNotFound(
        instance_id='x'))
    def test_status_of_other_guests(self, error):
        """A driver that knows no sizes, or no guest, is no fault."""
        server = self._boot(self._create_flavor(vcpu=4, memory_mb=4096))
        self._break(fake.FakeDriver, 'get_live_size', error)
        status = self._status(server)
        self.assertEqual(('database', 4), (
            status['source'], status['current_vcpus']))
        self.assertNotIn('Traceback', self.stdlog.logger.output)

    def test_policy(self):
        """Members of the project may; its readers may look."""
        self.flags(enforce_new_defaults=True, group='oslo_policy')
        policy.reset()
        policy.init()
        server = self._boot()
        member, reader = (
            self._client('member', 'reader'), self._client('reader'))
        stranger = self._client('member', 'reader', project_id=uuids.other)

        self._post(server, api=member, current_vcpus=2)
        self._wait_until_adjusted(server)
        self.assertEqual(2, self._status(server, reader)['current_vcpus'])
        self._refused(403, server, api=reader, current_vcpus=3)
        self._refused(404, server, api=stranger, current_vcpus=3)
        self.assertRaises(api_client.OpenStackApiNotFoundException,
                          self._status, server, stranger)
        self.assertSize(server, elastic.Size(2, 1024))
