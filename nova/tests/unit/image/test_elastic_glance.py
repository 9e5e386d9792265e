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

"""Images that are read on behalf of no user."""

from unittest import mock

from keystoneauth1 import loading as ks_loading

from nova import context as nova_context
from nova.image import glance
from nova import test


class ElasticGlanceTest(test.NoDBTestCase):

    def setUp(self):
        super().setUp()
        self.flags(api_servers=['http://images'], group='glance')
        self.own = {'service_user': mock.sentinel.own}

    def _auth_of(self, context, **where):
        """How a client for this context authenticates itself."""
        with mock.patch('glanceclient.Client') as client, mock.patch.object(
                ks_loading, 'load_session_from_conf_options'), \
                mock.patch.object(
                    ks_loading, 'load_auth_from_conf_options',
                    side_effect=lambda conf, group: self.own.get(group)):
            glance.GlanceClientWrapper(context, **where).call(
                context, 2, 'get', args=('id',))
        return client.call_args.kwargs['auth']

    def test_no_user(self):
        """As for volumes and ports, the service uses its own credentials."""
        context = nova_context.get_admin_context()
        self.assertIs(mock.sentinel.own, self._auth_of(context))
        self.assertIsNone(context.user_auth_plugin)

    def test_server_of_a_user(self):
        """One that an image names does not get them."""
        context = nova_context.get_admin_context()
        self.assertIsNone(self._auth_of(
            context, endpoint='http://elsewhere').auth_token)

    def test_user(self):
        """Whoever has a token reads what the token allows."""
        for is_admin in (False, True):
            context = nova_context.RequestContext(
                'user', 'project', is_admin=is_admin, auth_token='token')
            self.assertEqual('token', self._auth_of(context).auth_token)

    def test_nobody(self):
        """Who is no administrator gets no credentials of the service."""
        context = nova_context.RequestContext(
            'user', 'project', is_admin=False)
        self.assertIsNone(self._auth_of(context).auth_token)

    def test_not_configured(self):
        """Without [service_user] it is as ever."""
        self.own = {}
        context = nova_context.get_admin_context()
        self.assertIsNone(self._auth_of(context).auth_token)
