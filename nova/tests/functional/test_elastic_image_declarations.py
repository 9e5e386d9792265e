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

"""Images declare how their guests can change, and servers keep to that."""

import ddt

from nova import elastic
from nova.tests.functional.api import client as api_client
from nova.tests.functional import elastic_helpers
from nova.tests.functional.elastic_helpers import GROWN
from nova.tests.functional.elastic_helpers import MAXIMUM
from nova.tests.functional.elastic_helpers import MINIMUM

ONLY_GROWS = ('The image of this server declares that it cannot give back '
              'vCPUs while it runs (os_elastic_vcpus).')


class DeclarationsTestBase(
        elastic_helpers.ImagesMixin, elastic_helpers.ElasticServersTestBase):

    def assertRefused(self, message, method, *args):
        error = self.assertRaises(
            api_client.OpenStackApiException, method, *args)
        self.assertEqual(400, error.response.status_code)
        self.assertEqual(
            message, error.response.json()['badRequest']['message'])


@ddt.ddt
class ElasticImageChoiceTest(DeclarationsTestBase):
    """Which images a flavor takes, and which means it has with them."""

    def _create(self, flavor_id, **properties):
        return self.api.post_server({'server': self._build_server(
            flavor_id=flavor_id, networks='none',
            image_uuid=self._declaring_image(**properties))})

    @ddt.data(
        ({'os_elastic_vcpus': 'no'},
         'minimum_cpu cannot be used with an image whose os_elastic_vcpus is '
         'no.'),
        ({'os_elastic_memory': 'no'},
         'minimum_memory cannot be used with an image whose '
         'os_elastic_memory is no.'),
        ({'os_elastic_vcpus': 'maybe'},
         "The image property os_elastic_vcpus is 'maybe'. It can be: "
         "yes | grow | no."),
        ({'os_elastic_memory': 'swap'},
         "The image property os_elastic_memory is 'swap'. It can be: "
         "balloon | virtio-mem | balloon,virtio-mem | no."),
    )
    @ddt.unpack
    def test_create_refused(self, properties, message):
        """Nothing of the server is there then; a fixed flavor takes it."""
        self.assertRefused(
            message, lambda: self._create(self.flavor_id, **properties))
        self.assertEqual([], self.api.get_servers())
        self.assertNothingUsed()
        fixed = self._create_flavor(vcpu=4, memory_mb=4096)
        self._boot(fixed, image_uuid=self._declaring_image(**properties))

    def test_flavor_with_another_means(self):
        self.assertRefused(
            'Elastic memory by virtio-mem cannot be used with an image whose '
            'os_elastic_memory is balloon.', lambda: self._create(
                self._elastic_flavor(
                    **{elastic.VIRTIO_MEM_EXTRA_SPEC: 'true'}),
                os_elastic_memory='balloon'))

    def test_only_virtio_mem(self):
        """It is chosen, and no host that lacks it gets the server."""
        server = self._boot(
            image_uuid=self._declaring_image(os_elastic_memory='virtio-mem'),
            host=None, expected_state='ERROR')
        self.assertEqual(
            'true', server['flavor']['extra_specs']['hw:mem_hotplug_virtio'])
        self.assertIn('No valid host', server['fault']['message'])

    def test_only_balloon(self):
        """The image comes before the configuration."""
        self.flags(memory_means='virtio-mem', group='xloud')
        server = self._boot(
            image_uuid=self._declaring_image(os_elastic_memory='balloon'))
        self.assertNotIn(
            'hw:mem_hotplug_virtio', server['flavor']['extra_specs'])
        self.assertSize(server, MINIMUM)

    def test_resize_refused(self):
        server = self._boot(
            self._create_flavor(vcpu=4, memory_mb=4096),
            image_uuid=self._declaring_image(os_elastic_memory='no'))
        self.assertRefused(
            'minimum_memory cannot be used with an image whose '
            'os_elastic_memory is no.', self.api.post_server_action,
            server['id'], {'resize': {'flavorRef': self.flavor_id}})
        self.assertSize(server, MAXIMUM)

    def test_resize_of_volume_backed_refused(self):
        """The volume was made of the image."""
        server = self._boot_from_volume(
            self._create_flavor(vcpu=4, memory_mb=4096),
            self._declaring_image(os_elastic_vcpus='no'))
        self.assertEqual('', server['image'])
        self.assertRefused(
            'minimum_cpu cannot be used with an image whose os_elastic_vcpus '
            'is no.', self.api.post_server_action, server['id'],
            {'resize': {'flavorRef': self.flavor_id}})


class ElasticImageAdjustTest(DeclarationsTestBase):
    """What becomes of adjustments."""

    def _grown_of(self, **properties):
        return self._grown(image_uuid=self._declaring_image(**properties))

    def assertGuestCannot(self, message, server, **body):
        error = self.assertRaises(
            api_client.OpenStackApiException, self.api.api_post,
            '/os-xloud-adjust/%s' % server['id'], body)
        self.assertEqual(409, error.response.status_code)
        conflict, = error.response.json().values()
        self.assertEqual(('xloud.guest_cannot', message),
                         (conflict['error_code'], conflict['message']))

    def test_nothing_declared(self):
        server = self._grown_of(os_elastic_tested='by nobody')
        self._adjust(server, MINIMUM)
        self.assertAdjusted(server, MINIMUM)

    def test_all_declared(self):
        server = self._grown_of(
            os_elastic_vcpus='yes', os_elastic_memory='balloon,virtio-mem')
        self._adjust(server, MINIMUM)
        self.assertAdjusted(server, MINIMUM)

    def test_only_grow(self):
        """It grows and does not shrink, and its memory does both."""
        server = self._grown_of(os_elastic_vcpus='grow')
        self.assertGuestCannot(ONLY_GROWS, server, current_vcpus=2)
        self.assertGuestCannot(ONLY_GROWS, server, current_vcpus=2,
                               current_memory_mb=4096, persist=False)
        self.assertGuestCannot(ONLY_GROWS, server, current_vcpus=4,
                               for_seconds=60)
        self.assertSize(server, GROWN)
        answer = self._post(server, current_vcpus=2, dry_run=True).body
        self.assertEqual(
            ('refused', 'xloud.guest_cannot'),
            (answer['dry_run']['outcome'], answer['dry_run']['code']))

        smaller = elastic.Size(3, 1024)
        self._adjust(server, smaller)
        self.assertAdjusted(server, smaller)
        self._adjust(server, MAXIMUM)
        self.assertAdjusted(server, MAXIMUM)

    def test_stopped(self):
        """A guest that is started with less has nothing to give back."""
        server = self._stop_server(self._grown_of(os_elastic_vcpus='grow'))
        self._adjust(server, MINIMUM)
        self._start_server(server)
        self.assertSize(server, MINIMUM)

    def test_rebuild(self):
        """The new image counts, for the flavor and for adjustments."""
        server = self._grown_of(os_elastic_vcpus='grow')
        for properties, message in (
                ({'os_elastic_vcpus': 'no'},
                 'minimum_cpu cannot be used with an image whose '
                 'os_elastic_vcpus is no.'),
                ({'os_elastic_memory': 'virtio-mem'},
                 'Elastic memory by balloon cannot be used with an image '
                 'whose os_elastic_memory is virtio-mem.'),
                ({'os_elastic_memory': 'much'},
                 "The image property os_elastic_memory is 'much'. It can be: "
                 "balloon | virtio-mem | balloon,virtio-mem | no.")):
            self.assertRefused(
                message, self.api.post_server_action, server['id'],
                {'rebuild': {
                    'imageRef': self._declaring_image(**properties)}})
        self.assertGuestCannot(ONLY_GROWS, server, current_vcpus=2)
        self.assertSize(server, GROWN)

        self._rebuild_server(server, self._declaring_image())
        self._adjust(server, MINIMUM)
        self.assertAdjusted(server, MINIMUM)
        self._rebuild_server(
            server, self._declaring_image(os_elastic_vcpus='grow'))
        self._adjust(server, GROWN)
        self.assertGuestCannot(ONLY_GROWS, server, current_vcpus=2)

    def test_snapshot(self):
        """A snapshot declares what its image does, and so do its servers."""
        server = self._boot(image_uuid=self._declaring_image(
            os_elastic_vcpus='grow', os_elastic_tested='by us'))
        image = self.api.post_server_action(
            server['id'], {'createImage': {'name': 'copy'}})['image_id']
        self.glance.update(
            None, image, {'status': 'active'}, purge_props=False)
        properties = self.glance.show(None, image)['properties']
        self.assertEqual(
            ('grow', 'by us'), (properties['os_elastic_vcpus'],
                                properties['os_elastic_tested']))
        self._delete_server(server)
        self.assertGuestCannot(
            ONLY_GROWS, self._grown(image_uuid=image), current_vcpus=2)

    def test_server_of_before(self):
        """Where such an image was not refused yet, adjustments are."""
        image = self._declaring_image()
        server = self._grown(image_uuid=image)
        instance = self._instance(server)
        instance.system_metadata.update(
            image_os_elastic_vcpus='no', image_os_elastic_memory='no')
        instance.save()
        self.assertGuestCannot(
            'The image of this server declares that its number of vCPUs '
            'cannot change while it runs (os_elastic_vcpus).',
            server, current_vcpus=4)
        self.assertGuestCannot(
            'The image of this server declares that its memory cannot change '
            'in the way of its flavor while it runs (os_elastic_memory).',
            server, current_memory_mb=2048)
        self.assertSize(server, GROWN)
