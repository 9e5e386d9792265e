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

"""The memory that an image needs is there when a server boots from it."""

from nova.tests.functional.api import client as api_client
from nova.tests.functional import elastic_helpers
from nova.tests.functional.elastic_helpers import MINIMUM


class ElasticImagesTest(elastic_helpers.ElasticServersTestBase):

    def _demanding_image(self, min_ram):
        image = self.glance.create(None, {
            'name': 'demanding', 'min_ram': min_ram, 'min_disk': 0,
            'size': 1, 'status': 'active', 'visibility': 'public',
            'container_format': 'raw', 'disk_format': 'raw'})
        return image['id']

    def _assert_too_small(self, method, *args):
        error = self.assertRaises(
            api_client.OpenStackApiException, method, *args)
        self.assertEqual(400, error.response.status_code)
        self.assertIn('memory is too small for requested image',
                      error.response.text)

    def test_create(self):
        self._assert_too_small(self.api.post_server, {
            'server': self._build_server(
                flavor_id=self.flavor_id, networks='none',
                image_uuid=self._demanding_image(1025))})
        server = self._boot(image_uuid=self._demanding_image(1024))
        self.assertSize(server, MINIMUM)

    def test_rebuild(self):
        server = self._boot()
        self._assert_too_small(
            self.api.post_server_action, server['id'],
            {'rebuild': {'imageRef': self._demanding_image(1025)}})
        self._rebuild_server(server, self._demanding_image(1024))
        self.assertSize(server, MINIMUM)

    def test_resize(self):
        """Also the minimum of another flavor has to do for the image."""
        server = self._boot(
            self._create_flavor(vcpu=4, memory_mb=4096),
            image_uuid=self._demanding_image(2048))
        self._assert_too_small(
            self.api.post_server_action, server['id'],
            {'resize': {'flavorRef': self.flavor_id}})
        self._resize_server(server, self._elastic_flavor(
            minimum=MINIMUM._replace(memory_mb=2048)))
        self._confirm_resize(server)
        self.assertSize(
            server, MINIMUM._replace(memory_mb=2048), host='host2')
