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

"""Servers whose memory is adjusted by virtio-mem."""

import ddt
from lxml import etree

from nova import elastic
from nova.tests.functional.api import client
from nova.tests.functional.elastic_helpers import GROWN
from nova.tests.functional.elastic_helpers import MAXIMUM
from nova.tests.functional.elastic_helpers import MINIMUM
from nova.tests.functional.libvirt import elastic_base

MiB = 1024


class VirtioMemTestBase(
        elastic_base.VirtioMemMixin, elastic_base.ElasticServersTestBase):

    HOSTS = ('host1',)

    def _root(self, server):
        """What the driver has written for a server."""
        return next(
            root for root in map(etree.fromstring, reversed(self.written))
            if root.findtext('uuid') == server['id'])


@ddt.ddt
class VirtioMemBootTest(VirtioMemTestBase):

    def _undecided_flavor(self):
        """A flavor that leaves the choice of the means to others."""
        return self._create_flavor(vcpu=4, memory_mb=4096, extra_spec={
            'minimum_cpu': '1', 'minimum_memory': '1024'})

    def test_boot(self):
        """A guest has its minimum, and a device for the rest of it."""
        server = self._boot()
        root = self._root(server)
        self.assertEqual(str(4096 * MiB), root.findtext('memory'))
        self.assertEqual(str(4096 * MiB), root.findtext('maxMemory'))
        self.assertEqual('1', root.find('maxMemory').get('slots'))
        self.assertEqual(str(1024 * MiB), root.findtext('currentMemory'))
        self.assertEqual(
            [{'id': '0', 'cpus': '0-3', 'memory': str(1024 * MiB)}],
            [dict(cell.attrib) for cell in root.findall('cpu/numa/cell')])
        device, = root.findall('devices/memory')
        self.assertIsNone(device.find('source'))
        self.assertEqual(
            [('size', str(3072 * MiB)), ('node', '0'), ('block', '2048'),
             ('requested', '0')],
            [(element.tag, element.text) for element in device.find('target')])
        balloon = root.find('devices/memballoon')
        self.assertEqual('virtio', balloon.get('model'))
        self.assertSize(server, MINIMUM)
        self._delete_server(server)
        self.assertNothingUsed()

    def test_balloon(self):
        """A guest with a balloon is defined as if there were nothing else."""
        server = self._boot(self._elastic_flavor(
            **{elastic.VIRTIO_MEM_EXTRA_SPEC: 'false'}))
        root = self._root(server)
        for path in ('maxMemory', 'cpu/numa', 'devices/memory'):
            self.assertIsNone(root.find(path), path)
        self.assertEqual(str(4096 * MiB), root.findtext('memory'))
        self.assertEqual(str(1024 * MiB), root.findtext('currentMemory'))
        self.assertSize(server, MINIMUM)

    def test_start_with_more(self):
        """What it starts with is requested at once."""
        server = self._grown()
        self._reboot_server(server, hard=True)
        self.assertEqual(str(2048 * MiB), self._root(server).findtext(
            'devices/memory/target/requested'))
        self.assertSize(server, GROWN)

    def test_chosen_by_image(self):
        """The choice stays with the server, and shows in its flavor."""
        image = self._create_image({'hw_mem_hotplug_virtio': 'true'})
        flavor_id = self._undecided_flavor()
        server = self._boot(flavor_id, image_uuid=image['id'])
        self.assertEqual(
            'true', server['flavor']['extra_specs']['hw:mem_hotplug_virtio'])
        self.assertIsNotNone(self._root(server).find('devices/memory'))
        self.assertIsNone(
            self._root(self._boot(flavor_id)).find('devices/memory'))

    def test_only_means_of_image(self):
        """What the image declares decides where nobody else does."""
        image = self._create_image({'os_elastic_memory': 'virtio-mem'})
        server = self._boot(self._undecided_flavor(), image_uuid=image['id'])
        self.assertIsNotNone(self._root(server).find('devices/memory'))
        self._adjust(server, GROWN)
        self.assertAdjusted(server, GROWN)

    def test_chosen_by_configuration(self):
        flavor_id = self._undecided_flavor()
        server = self._boot(flavor_id)
        self.flags(memory_means='virtio-mem', group='xloud')
        other = self._boot(flavor_id)
        self.assertIsNotNone(self._root(other).find('devices/memory'))
        # It is no choice for a server that exists.
        self._reboot_server(server, hard=True)
        self.assertIsNone(self._root(server).find('devices/memory'))

    def test_image_that_cannot(self):
        image = self._create_image({'hw_mem_hotplug_virtio': 'false'})
        error = self.assertRaises(
            client.OpenStackApiException, self._boot, image_uuid=image['id'])
        self.assertEqual(400, error.response.status_code)
        self.assertIn('hw:mem_hotplug_virtio cannot be used with an image '
                      'whose hw_mem_hotplug_virtio is false.', str(error))
        server = self._boot()
        error = self.assertRaises(
            client.OpenStackApiException, self.api.post_server_action,
            server['id'], {'rebuild': {'imageRef': image['id']}})
        self.assertEqual(400, error.response.status_code)

    @ddt.data(
        ({'minimum_memory': '1023'}, 'differ by a multiple of 2 MiB.'),
        ({'minimum_memory': '255'}, 'at most 16 times its minimum'),
        ({'hw:locked_memory': 'true'}, 'which pins the memory of the guest.'),
        ({'hw:mem_hotplug_virtio': 'maybe'}, ''))
    @ddt.unpack
    def test_refused_flavor(self, specs, message):
        flavor_id = self._create_flavor(vcpu=4, memory_mb=4096, extra_spec={
            'minimum_memory': '1024', 'hw:mem_hotplug_virtio': 'true'})
        error = self.assertRaises(
            client.OpenStackApiException, self.admin_api.post_extra_spec,
            flavor_id, {'extra_specs': specs})
        self.assertEqual(400, error.response.status_code)
        self.assertIn(message, str(error))

    def test_warning(self):
        """A flavor of which guests may not use all is warned of."""
        self._elastic_flavor(elastic.Size(1, 512))
        self.assertIn('A guest that boots with 512 MiB may not be able to '
                      'use all of 4096 MiB', self.stdlog.logger.output)


@ddt.ddt
class VirtioMemAdjustTest(VirtioMemTestBase):

    def _fake_guest(self, server):
        return self._domain(server).size.guest

    def test_grow_and_shrink(self):
        server = self._boot()
        for size in (GROWN, MAXIMUM, elastic.Size(2, 1500), MINIMUM):
            self._adjust(server, size)
            self.assertAdjusted(server, size)

    def test_blocks(self):
        """What is between two blocks becomes the larger one, everywhere."""
        server = self._boot()
        self._adjust(server, elastic.Size(1, 2001))
        self.assertAdjusted(server, elastic.Size(1, 2002))

    def test_keeps_a_little(self):
        """What cannot be given back is accounted for until it is."""
        server = self._grown()
        self._fake_guest(server).keeps_plugged = 4 * MiB
        self._adjust(server, MINIMUM)
        kept = MINIMUM._replace(memory_mb=1028)
        self.assertAdjusted(server, kept, start=MINIMUM)
        for _look in range(2):
            self._reconcile()
        self.assertSize(server, kept, start=MINIMUM)
        self._reboot_server(server, hard=True)
        self.assertSize(server, MINIMUM)

    def test_status(self):
        """Dashboards offer less memory where there is virtio-mem."""
        server = self._grown()
        status = self._status(server)
        self.assertTrue(status['has_virtiomem'])
        self.assertTrue(status['balloon_driver_active'])
        self.assertEqual(3072, status['current_memory_mb'])
        self.assertEqual(1024 + 64 - 1024, status['floor_memory_mb'])

    def test_below_floor(self):
        server = self._grown()
        self._fake_guest(server).memory_in_use = 2000 * MiB
        self._status(server)
        self.assertEqual(
            'The guest needs at least 2064 MiB; 1024 MiB were requested.',
            self._refused(409, server, current_memory_mb=1024))
        self.assertSize(server, GROWN)

    def test_without_driver(self):
        """A guest that cannot plug memory is not accounted for it."""
        server = self._boot()
        self.flags(memory_timeout=1, group='xloud')
        self._fake_guest(server).has_virtio_mem_driver = False
        self._adjust(server, GROWN)
        self.assertNotAdjusted(
            'xloud.no_virtio_mem_driver: The guest has no active driver for '
            'virtio-mem. It still has 1024 MiB after 1 seconds.',
            server, MINIMUM)

    def test_balloon_that_lies(self):
        """Nothing that the balloon does changes what the guest may have."""
        server = self._boot()
        size = self._domain(server).size
        size.guest.balloons = False
        for _look in range(2):
            self._reconcile()
        self.assertSize(server, MINIMUM)
