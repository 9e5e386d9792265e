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

"""The requests of the clients that exist, as each of them sends them."""

import threading
import time

import ddt
from oslo_serialization import jsonutils

from nova.compute import rpcapi
from nova import elastic
from nova.tests import fixtures as func_fixtures
from nova.tests.functional.api import client as api_client
from nova.tests.functional import elastic_helpers
from nova.tests.functional.elastic_helpers import GROWN
from nova.tests.functional.elastic_helpers import MINIMUM


@ddt.ddt
class ElasticClientsTest(elastic_helpers.ElasticAdjustTestBase):

    ADJUST = ('/os-xloud-adjust/%s', '/os-polystack-adjust/%s',
              '/servers/%s/os-xloud-adjust')
    STATUS = ('/servers/%s/xloud-status', '/servers/%s/polystack-status')

    def _flavor_of(self, extra_specs):
        """A flavor and then its extra specs, all in one request."""
        flavor_id = self._create_flavor(vcpu=4, memory_mb=4096)
        self.admin_api.post_extra_spec(
            flavor_id, {'extra_specs': extra_specs})
        return flavor_id

    # The flavor form of a console. Its fields for the architecture and for
    # quotas of CPU and disks are there as well.
    @ddt.data(
        {'minimum_cpu': '1', 'minimum_memory': '1024',
         'hw:numa_nodes': '1', 'hw:mem_page_size': 'any',
         ':architecture': 'x86_architecture', ':category': 'general_purpose'},
        {'minimum_cpu': '1', 'minimum_memory': '1024',
         'hw:numa_nodes': '1', 'hw:mem_page_size': 'small'},
        {'minimum_cpu': '1', 'minimum_memory': '1024',
         'quota:cpu_shares': '10', 'quota:disk_read_iops_sec': '100'},
        {'hw:cpu_min': '1', 'hw:mem_min': '1024'},
    )
    def test_flavor_form(self, extra_specs):
        server = self._boot(self._flavor_of(extra_specs))
        self.assertSize(server, MINIMUM)

    def test_form_of_one_who_pins(self):
        """What pins memory and elastic memory are refused together."""
        error = self.assertRaises(
            api_client.OpenStackApiException, self._flavor_of,
            {'minimum_cpu': '1', 'minimum_memory': '1024',
             'hw:mem_page_size': 'large', 'hw:numa_nodes': '1'})
        self.assertEqual(400, error.response.status_code)
        self.assertEqual(
            'minimum_memory cannot be used with hw:mem_page_size, which pins '
            'the memory of the guest.',
            error.response.json()['badRequest']['message'])

    @ddt.data(*ADJUST)
    def test_adjust_form(self, url):
        """A console sends all three, whatever has changed."""
        server = self._boot()
        response = self.api.api_post(url % server['id'], {
            'current_vcpus': 3, 'current_memory_mb': 3072, 'persist': True})
        self.assertEqual((202, {}), (response.status, response.body))
        self.assertAdjusted(server, GROWN)

    @ddt.data({'current_vcpus': 3, 'persist': True},
              {'current_vcpus': 3, 'persist': False})
    def test_one_amount(self, body):
        """A dashboard sends what has changed, and requests no version."""
        server = self._boot()
        response = self.api.api_request(
            '/os-xloud-adjust/%s' % server['id'], method='POST',
            body=jsonutils.dumps(body),
            headers={'Content-Type': 'application/json'})
        self.assertEqual(202, response.status_code)
        self._wait_until_adjusted(server)
        self.assertEqual(elastic.Size(3, 1024),
                         elastic.size(self._instance(server)))

    def test_rounded_memory(self):
        """Gigabytes that are rounded to 2 decimals are within the bounds."""
        server = self._boot()
        self._adjust(server, elastic.Size(1, round(0.99 * 1024) + 8))
        self.assertSize(server, MINIMUM)

    @ddt.data(*STATUS)
    def test_status(self, url):
        server = self._boot()
        body = self.api.api_get(url % server['id']).body
        self.assertEqual(['xloud_status'], list(body))
        status = body['xloud_status']
        self.assertEqual(
            {'current_vcpus': 1, 'current_memory_mb': 1024,
             'min_vcpus': 1, 'min_memory_mb': 1024,
             'max_vcpus': 4, 'max_memory_mb': 4096,
             'balloon_driver_active': True, 'attached_dimms_mb': 0,
             'has_virtiomem': False},
            {key: status[key] for key in (
                'current_vcpus', 'current_memory_mb', 'min_vcpus',
                'min_memory_mb', 'max_vcpus', 'max_memory_mb',
                'balloon_driver_active', 'attached_dimms_mb',
                'has_virtiomem')})

    @ddt.data('minimum_cpu', 'minimum_memory')
    def test_shown_when(self, name):
        """A console looks for the minimums in the server's own flavor."""
        server = self.api.get_server(self._boot()['id'])
        self.assertIn(name, server['flavor']['extra_specs'])
        self.assertEqual('ACTIVE', server['status'])
        self.assertFalse(server['locked'])

    @ddt.data(
        ({'current_vcpus': 5}, 400, 'badRequest', 'xloud.out_of_range'),
        ({'current_vcpus': 4, 'current_memory_mb': 4096}, 409,
         'conflictingRequest', 'xloud.locked'),
    )
    @ddt.unpack
    def test_error(self, body, status, name, code):
        """What programs look at stands beside the sentence for people."""
        server = self._boot()
        if code == 'xloud.locked':
            self.api.post_server_action(server['id'], {'lock': None})
        response = self._post(server, api=self._client('member'), **body)
        self.assertEqual(status, response.status)
        error = response.body[name]
        self.assertEqual((status, code), (error['code'], error['error_code']))
        self.assertTrue(error['message'])

    def test_force(self):
        """Only administrators may, and the compute gets it."""
        server = self._boot()
        forced = []

        def note(method, *args, **kwargs):
            forced.append(kwargs.get('force') or True in args[6:7])
            return method(*args, **kwargs)

        self._patch(rpcapi.ComputeAPI, 'xloud_adjust', note)
        self.assertEqual(403, self._post(
            server, api=self._client('member'), current_vcpus=2,
            force=True).status)
        for force in (False, True):
            self.assertEqual(202, self._post(
                server, current_vcpus=2 + force, force=force).status)
            self._wait_until_adjusted(server)
        self.assertEqual([False, True], forced)

    def test_floor(self):
        """What the compute says of the floor is shown as it is."""
        server = self._boot()
        self.assertIsNone(self._status(server)['floor_memory_mb'])

        def describe(method, *args, **kwargs):
            return {**method(*args, **kwargs), 'floor_memory_mb': 640}

        self._patch(rpcapi.ComputeAPI, 'xloud_status', describe)
        self.assertEqual(640, self._status(server)['floor_memory_mb'])

    def test_broker_down(self):
        """Who asks is answered, though the call of the host hangs."""
        self.flags(guest_query_timeout=1, group='xloud')
        server = self._boot()
        is_back = threading.Event()
        self.addCleanup(is_back.set)

        def describe(method, *args, **kwargs):
            is_back.wait()
            return method(*args, **kwargs)

        self._patch(rpcapi.ComputeAPI, 'xloud_status', describe)
        for _attempt in range(2):
            begin = time.monotonic()
            self.assertEqual('database', self._status(server)['source'])
            self.assertLess(time.monotonic() - begin, 6)
        is_back.set()
        self._wait_until(
            lambda: self._status(server)['source'] == 'hypervisor')

    def test_cell_down(self):
        """A server of which nothing is known now is no fault of the API."""
        server = self._boot()
        with func_fixtures.DownCellFixture():
            for response in (
                    self._post(server, current_vcpus=2),
                    self.api.api_get('/servers/%s/xloud-status' % server['id'],
                                     check_response_status=None)):
                self.assertEqual(503, response.status)
                self.assertEqual(
                    {'code': 503, 'error_code': 'xloud.cell_down',
                     'message': 'The cell of the server is not responding. '
                                'Try again later.'},
                    response.body['serviceUnavailable'])
        self._adjust(server, GROWN)
        self.assertSize(server, GROWN)
