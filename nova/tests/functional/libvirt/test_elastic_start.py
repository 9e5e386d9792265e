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
"""Elastic servers boot at the minimum, and all of Nova counts just that."""

import re
from unittest import mock

from lxml import etree

from nova import elastic
from nova.objects import fields
from nova.tests.fixtures import libvirt as fakelibvirt
from nova.tests.functional.api import client
from nova.tests.functional import elastic_helpers
from nova.tests.functional.libvirt import elastic_base
from nova.virt.libvirt import config
from nova.virt.libvirt import driver


class ElasticStartTest(elastic_base.ElasticServersTestBase):

    def _root(self, server, **kwargs):
        return etree.fromstring(self._domain(server, **kwargs).XMLDesc(0))

    def _marks(self, server, **kwargs):
        """What stands of each vCPU in a domain."""
        return [(vcpu.get('enabled'), vcpu.get('hotpluggable'))
                for vcpu in self._root(server, **kwargs).find('vcpus')]

    def test_boot(self):
        """A server boots at its minimum, with room up to its maximum."""
        server = self._boot()

        self.assertEqual(
            {'VCPU': 1, 'MEMORY_MB': 1024, 'DISK_GB': 20},
            self._get_allocations_by_server_uuid(server['id'])[
                self.compute_rp_uuids['host1']]['resources'])
        root = self._root(server)
        self.assertEqual('4', root.findtext('vcpu'))
        self.assertEqual('1', root.find('vcpu').get('current'))
        self.assertEqual(str(4096 * 1024), root.findtext('memory'))
        self.assertEqual(str(1024 * 1024), root.findtext('currentMemory'))
        self.assertEqual(
            [('yes', 'no')] + [('no', 'yes')] * 3, self._marks(server))
        self.assertSize(server, elastic_helpers.MINIMUM)

        self._delete_server(server)
        self.assertNothingUsed()

    def test_minimum_stays(self):
        """The vCPUs of the minimum are permanent, the others are not."""
        server = self._boot(self._elastic_flavor(elastic.Size(2, 1024)))
        self.assertEqual([('yes', 'no')] * 2 + [('no', 'yes')] * 2,
                         self._marks(server))
        self._set_size(server, elastic_helpers.MAXIMUM)
        self.assertEqual([('yes', 'no')] * 2 + [('yes', 'yes')] * 2,
                         self._marks(server))
        # A start with more than the minimum can be undone as well.
        self._reboot_server(server, hard=True)
        self.assertEqual([('yes', 'no')] * 2 + [('yes', 'yes')] * 2,
                         self._marks(server))
        self._set_size(server, elastic.Size(2, 1024))
        self.assertSize(server, elastic.Size(2, 1024))

    def test_host_takes_as_many_as_fit(self):
        """Four servers of 1 to 4 vCPUs share a host of 4; no fifth one."""
        servers = [self._boot() for _ in range(4)]
        self.assertHostUsage('host1', elastic.Size(4, 4096))
        for server in servers:
            self.assertEqual(elastic_helpers.MINIMUM, self._live(server))
        self.assertEqual(
            4, self.computes['host1'].driver._get_vcpu_used())
        self.assertEqual(elastic.Size(4, 4096), self._quota_usage())

        server = self._boot(expected_state='ERROR')
        self.assertIn('No valid host', server['fault']['message'])
        self.assertHostUsage('host1', elastic.Size(4, 4096))

        self._delete_server(servers.pop())
        servers.append(self._boot())
        self.assertHostUsage('host1', elastic.Size(4, 4096))

    def test_host_takes_one_plain_server(self):
        """Without the minimum the first server takes all of the host."""
        flavor_id = self._create_flavor(vcpu=4, memory_mb=4096)
        self._boot(flavor_id)
        self.assertHostUsage('host1', elastic_helpers.MAXIMUM)
        self._boot(flavor_id, expected_state='ERROR')

    def test_plain_flavor(self):
        """A server of a flavor that is not elastic is defined as ever."""
        server = self._boot(self._create_flavor(vcpu=4, memory_mb=4096))
        root = self._root(server)
        self.assertIsNone(root.find('vcpus'))
        self.assertEqual({}, dict(root.find('vcpu').attrib))
        self.assertEqual(root.findtext('memory'),
                         root.findtext('currentMemory'))
        self.assertSize(server, elastic_helpers.MAXIMUM)

        # The same, byte for byte, without what makes others elastic.
        self._reboot_server(server, hard=True)
        with mock.patch.object(
                driver.LibvirtDriver, '_set_start_size'), mock.patch.object(
                config.LibvirtConfigGuest, 'format_current'):
            self._reboot_server(server, hard=True)
        ours, stock = (re.sub('<nova:creationTime>.*', '', xml)
                       for xml in self.written[-2:])
        self.assertEqual(stock, ours)

    def test_one_resource(self):
        """A flavor can be elastic in vCPUs or memory alone."""
        server = self._boot(self._create_flavor(
            vcpu=4, memory_mb=4096, extra_spec={'minimum_cpu': '2'}))
        self.assertSize(server, elastic.Size(2, 4096))
        self._delete_server(server)

        server = self._boot(self._create_flavor(
            vcpu=4, memory_mb=4096, extra_spec={'minimum_memory': '512'}))
        self.assertIsNone(self._root(server).find('vcpus'))
        self.assertSize(server, elastic.Size(4, 512))

    def test_no_memory_statistics(self):
        """Memory can change also where statistics of it are turned off."""
        self.flags(mem_stats_period_seconds=0, group='libvirt')
        server = self._boot()
        self._set_size(server, elastic_helpers.GROWN)
        self.assertSize(server, elastic_helpers.GROWN)


class ElasticMixedCloudTest(elastic_base.ElasticServersTestBase):
    """Where not every compute can change what its servers have."""

    def setUp(self):
        super().setUp()
        # As a compute that does not run this.
        self.computes['host2'].driver._supports_elastic = lambda: False
        self._run_periodics()

    def _traits(self, host):
        return self._get_provider_traits(self.compute_rp_uuids[host])

    def test_trait(self):
        """Placement knows which computes can have elastic servers."""
        self.assertNotIn(elastic.TRAIT, self._traits('host2'))
        for virt_type, can in (('kvm', True), ('lxc', False), ('qemu', True)):
            self.flags(virt_type=virt_type, group='libvirt')
            self._run_periodics()
            self.assertEqual(can, elastic.TRAIT in self._traits('host1'))

        # File-backed memory is allocated as soon as a guest starts.
        self.flags(file_backed_memory=16384, group='libvirt')
        self._run_periodics()
        self.assertNotIn(elastic.TRAIT, self._traits('host1'))
        self.flags(file_backed_memory=0, group='libvirt')
        self._run_periodics()
        self.assertIn(elastic.TRAIT, self._traits('host1'))

        self.libvirt.mock_uname.return_value = fakelibvirt.os_uname(
            'Linux', '', '5.4.0-0-generic', '', fields.Architecture.AARCH64)
        self._run_periodics()
        self.assertNotIn(elastic.TRAIT, self._traits('host1'))

    def test_boot(self):
        """An elastic server never lands there; a plain one does."""
        plain_id = self._create_flavor(vcpu=4, memory_mb=4096)
        for _ in range(4):
            server = self._boot(host=None)
            self.assertEqual('host1', server['OS-EXT-SRV-ATTR:host'])
        self._boot(host=None, expected_state='ERROR')
        self._boot(host='host2', expected_state='ERROR')
        self.assertHostUsage('host2', elastic_helpers.NOTHING)

        server = self._boot(plain_id, host=None)
        self.assertEqual('host2', server['OS-EXT-SRV-ATTR:host'])

    def test_move(self):
        """An elastic server does not get there by a move, too."""
        server = self._boot()
        for action in ({'migrate': None},
                       {'os-migrateLive': {'host': None,
                                           'block_migration': 'auto'}}):
            self.assertRaises(
                client.OpenStackApiException,
                self.api.post_server_action, server['id'], action)
            self.assertSize(server, elastic_helpers.MINIMUM)
