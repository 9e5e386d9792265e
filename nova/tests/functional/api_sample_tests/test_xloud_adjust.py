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

from oslo_utils import uuidutils

from nova.tests.functional.api_sample_tests import test_servers


class XloudAdjustSampleJsonTest(test_servers.ServersSampleBase):
    sample_dir = 'os-xloud-adjust'

    def setUp(self):
        # The host has two CPUs and not more.
        self.flags(initial_cpu_allocation_ratio=1.0)
        super().setUp()

    def _boot(self):
        api = self.api_fixture.admin_api
        flavor_id = api.post_flavor({'flavor': {
            'id': None, 'name': uuidutils.generate_uuid(), 'vcpus': 4,
            'ram': 4096, 'disk': 1}})['id']
        api.post_extra_spec(flavor_id, {'extra_specs': {
            'minimum_cpu': '1', 'minimum_memory': '1024'}})
        server = self.api.post_server({
            'server': self._build_server(flavor_id=flavor_id)})
        return self._wait_for_state_change(server, 'ACTIVE')

    def test_adjust_and_status(self):
        server = self._boot()
        response = self._do_post(
            'os-xloud-adjust/%s' % server['id'], 'dry-run-req', {})
        self._verify_response('dry-run-resp', {}, response, 200)

        response = self._do_post(
            'os-xloud-adjust/%s' % server['id'], 'adjust-req', {})
        self.assertEqual(202, response.status_code)
        self.assertEqual({}, response.json())

        self._wait_for_server_parameter(
            server, {'OS-EXT-STS:task_state': None})
        response = self._do_get('servers/%s/xloud-status' % server['id'])
        self._verify_response('status-resp', {}, response, 200)

        response = self._do_get('servers/%s/xloud-history' % server['id'])
        self._verify_response('history-resp', {
            'request_id': 'req-[0-9a-f-]{36}', 'user_id': '[a-z]+'},
            response, 200)

        response = self._do_post(
            'os-xloud-adjust/%s' % server['id'], 'timed-req', {})
        self.assertEqual(202, response.status_code)
        self._wait_for_server_parameter(
            server, {'OS-EXT-STS:task_state': None})

    def test_wait_and_cancel(self):
        server = self._boot()
        self._boot()
        url = 'os-xloud-adjust/%s' % server['id']
        response = self._do_post(url, 'wait-req', {})
        self._verify_response('wait-resp', {}, response, 202)
        response = self._do_post(url, 'cancel-req', {})
        self.assertEqual((202, {}), (response.status_code, response.json()))
