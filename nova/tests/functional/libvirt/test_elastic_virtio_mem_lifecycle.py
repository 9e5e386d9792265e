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

"""What guests with virtio-mem have after each event of their life.

It is what guests with a balloon have. What is different is below.
"""

import ddt

from nova import elastic
from nova.tests.functional.api import client
from nova.tests.functional import elastic_helpers
from nova.tests.functional.elastic_helpers import GROWN
from nova.tests.functional.elastic_helpers import MINIMUM
from nova.tests.functional.elastic_helpers import START
from nova.tests.functional.libvirt import elastic_base
from nova.tests.functional.libvirt import test_elastic_lifecycle
from nova.tests.functional.libvirt import test_elastic_moves
from nova import utils


class VirtioMemLifecycleTest(
        elastic_base.VirtioMemMixin,
        test_elastic_lifecycle.ElasticLifecycleTest):

    def test_guest_reboots(self):
        """A guest that reboots by itself is no reason to release anything."""
        server = self._grown_until_restart()
        domain = self._domain(server)
        domain.size.guest.has_virtio_mem_driver = False
        domain.reset(0)
        self.assertEqual(GROWN._replace(memory_mb=1024), self._live(server))
        for _look in range(2):
            self._reconcile()
        self.assertRecords(server, GROWN, start=START)
        domain.size.guest.has_virtio_mem_driver = True
        self._reconcile()
        self.assertSize(server, GROWN, start=START)


@ddt.ddt
class VirtioMemMovesTest(
        elastic_base.VirtioMemMixin, test_elastic_moves.ElasticMovesTest):

    def _has_device(self, server, host):
        return self._guest(server, host).get_virtio_mem() is not None

    @ddt.data(True, False)
    def test_resize_between_means(self, to_virtio_mem):
        """From a balloon to virtio-mem, there and back."""
        flavor_ids = {
            means: self._elastic_flavor(
                **{elastic.VIRTIO_MEM_EXTRA_SPEC: str(means)})
            for means in (False, True)}
        server = self._grown(flavor_id=flavor_ids[not to_virtio_mem])
        self.assertEqual(
            not to_virtio_mem, self._has_device(server, 'host1'))
        self._resize_server(server, flavor_ids[to_virtio_mem])
        self.assertEqual(to_virtio_mem, self._has_device(server, 'host2'))
        self.assertEqual(MINIMUM, self._live(server, 'host2'))

        self._revert_resize(server)
        self.assertSize(server, GROWN)
        self.assertEqual(
            not to_virtio_mem, self._has_device(server, 'host1'))

        self._resize_server(server, flavor_ids[to_virtio_mem])
        self._confirm_resize(server)
        self.assertSize(server, MINIMUM, host='host2')
        self._set_size(server, GROWN)
        self.assertSize(server, GROWN, host='host2')
        self.assertEqual(to_virtio_mem, self._has_device(server, 'host2'))

    def test_live_migrate_after_reset(self):
        """What libvirt has miscounted does not go along."""
        server = self._grown()
        self._domain(server).reset(0)
        self.assertGreater(
            self._domain(server).info()[2] // 1024, GROWN.memory_mb)
        self._live_migrate_to(server, 'host2')
        self.assertSize(server, GROWN, host='host2')


class VirtioMemMixedCloudTest(elastic_base.VirtioMemMixin,
                              elastic_base.ElasticServersTestBase):
    """Where not every compute can have virtio-mem."""

    def setUp(self):
        super().setUp()
        # As one with an older libvirt.
        self.computes['host2'].driver._host.has_min_version = (
            lambda lv_ver=None, hv_ver=None, hv_type=None:
            (lv_ver or ()) < (8, 9, 0))
        self._run_periodics()

    def _traits(self, host):
        return self._get_provider_traits(self.compute_rp_uuids[host])

    def test_trait(self):
        """Placement knows which computes can."""
        self.assertIn(elastic.VIRTIO_MEM_TRAIT, self._traits('host1'))
        self.assertIn(elastic.TRAIT, self._traits('host2'))
        self.assertNotIn(elastic.VIRTIO_MEM_TRAIT, self._traits('host2'))

        self.flags(file_backed_memory=16384, group='libvirt')
        self._run_periodics()
        self.assertNotIn(elastic.VIRTIO_MEM_TRAIT, self._traits('host1'))

    def test_boot(self):
        """A server with virtio-mem never lands on another one."""
        for _ in range(4):
            server = self._boot(host=None)
            self.assertEqual('host1', server['OS-EXT-SRV-ATTR:host'])
        self._boot(host=None, expected_state='ERROR')
        self.assertHostUsage('host2', elastic_helpers.NOTHING)
        balloon_id = self._elastic_flavor(
            **{elastic.VIRTIO_MEM_EXTRA_SPEC: 'false'})
        server = self._boot(balloon_id, host=None)
        self.assertEqual('host2', server['OS-EXT-SRV-ATTR:host'])

    def test_move(self):
        """Nor does it get there by a move, also not at its maximum."""
        server = self._boot()
        self._set_size(server, elastic_helpers.MAXIMUM)
        for action in ({'migrate': None},
                       {'os-migrateLive': {'host': 'host2', 'force': True,
                                           'block_migration': 'auto'}}):
            # Up to that microversion the scheduler can be left out.
            with utils.temporary_mutation(self.api, microversion='2.67'):
                self.assertRaises(
                    client.OpenStackApiException,
                    self.api.post_server_action, server['id'], action)
            self.assertSize(server, elastic_helpers.MAXIMUM)
