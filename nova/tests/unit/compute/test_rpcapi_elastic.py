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

"""Calls of computes: adjust a server, and describe what it has."""

from unittest import mock

import ddt
from oslo_utils.fixture import uuidsentinel as uuids

from nova.compute import rpcapi
from nova import context
from nova import objects
from nova import test


@ddt.ddt
class TestElasticRpcAPI(test.NoDBTestCase):

    def setUp(self):
        super().setUp()
        self.ctxt = context.get_admin_context()
        self.instance = objects.Instance(uuid=uuids.server, host='a-host')
        self.rpcapi = rpcapi.ComputeAPI()
        patcher = mock.patch.object(rpcapi.ComputeAPI, 'router')
        self.router = patcher.start()
        self.addCleanup(patcher.stop)
        self.client = self.router.client.return_value

    @ddt.data(
        ('xloud_adjust', {'vcpus': 2, 'memory_mb': None, 'persist': False},
         {}),
        ('xloud_adjust', {'vcpus': 2, 'memory_mb': None, 'persist': False,
                          'for_seconds': 60}, {}),
        ('xloud_adjust_check', {'vcpus': 2, 'memory_mb': None,
                                'persist': False, 'force': False}, {}),
        ('hotplug_vcpus', {'new_count': 2}, {}),
        # Who asks is answered from the database if the host is slow.
        ('xloud_status', {}, {'timeout': 8}),
        ('xloud_adjust', {'vcpus': 2, 'memory_mb': None, 'persist': False,
                          'when_full': 'wait'}, {}),
        ('xloud_adjust', {'vcpus': 2, 'memory_mb': None, 'persist': False,
                          'when_full': 'move'}, {}),
        ('xloud_adjust_cancel', {}, {}),
        ('xloud_adjust_withdraw', {}, {}),
    )
    @ddt.unpack
    def test_call(self, method, arguments, options):
        """The host is called with a version that every compute takes."""
        self.flags(guest_query_timeout=7, group='xloud')
        for version, newest in (('5.0', False), ('6.0', True)):
            self.client.reset_mock()
            self.client.can_send_version.return_value = newest
            getattr(self.rpcapi, method)(
                self.ctxt, self.instance, **arguments)
            self.router.client.assert_called_with(self.ctxt)
            self.client.prepare.assert_called_once_with(
                server='a-host', version=version, **options)
            self.client.prepare.return_value.call.assert_called_once_with(
                self.ctxt, method, instance=self.instance, **arguments)

    def test_status_is_returned(self):
        self.client.prepare.return_value.call.return_value = {'requested': 1}
        self.assertEqual({'requested': 1}, self.rpcapi.xloud_status(
            self.ctxt, self.instance))
