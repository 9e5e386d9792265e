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

"""Servers with dedicated CPUs get more of them and give them back."""

from nova import elastic
from nova.tests.functional.libvirt import elastic_pinned_base


class ElasticPinnedGrowthTest(elastic_pinned_base.PinnedServersTestBase):

    HOSTS = ('host1', 'host2')

    def test_two_servers_share_a_host(self):
        """CPUs go from one server to another, and never have two owners."""
        first, second = self._boot(), self._boot()
        kept = self.assertPinned(first, 1)
        own = self.assertPinned(second, 1)
        self.assertOwners(first, second)

        self._set_vcpus(first, 4)
        grown = self.assertPinned(first, 4)
        self.assertEqual(kept[0], grown[0])
        self._set_vcpus(second, 2)
        self.assertPinned(second, 2)
        self.assertOwners(first, second)
        self.assertEqual({2, 3, 4, 5, 6, 7}, self._pinned())
        self.assertEqual(elastic.Size(6, 2048), self._quota_usage())

        response = self._post(second, current_vcpus=3)
        self.assertEqual(409, response.status, response.body)
        error = response.body['conflictingRequest']
        self.assertEqual('xloud.numa_cell_full', error['error_code'])
        self.assertEqual(
            'NUMA cell 0 of its host has 0 dedicated CPUs available; the '
            'request needs 1 more there.', error['message'])
        self.assertPinned(second, 2)
        self.assertOwners(first, second)

        self._set_vcpus(first, 2)
        self.assertEqual({vcpu: grown[vcpu] for vcpu in (0, 1)},
                         self.assertPinned(first, 2))
        self._set_vcpus(second, 4)
        taken = self.assertPinned(second, 4)
        self.assertEqual(own[0], taken[0])
        self.assertEqual({grown[2], grown[3]}, {taken[2], taken[3]})
        self.assertOwners(first, second)

        for server in (first, second):
            self._delete_server(server)
        self.assertOwners()
        self.assertNothingUsed()
