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

import os
import random

from nova.compute import resource_tracker
from nova import elastic
from nova import objects
from nova.scheduler.client import report
from nova.tests.functional.api import client as api_client
from nova.tests.functional.libvirt import elastic_pinned_base
from nova.virt.libvirt import guest as libvirt_guest
from nova.virt.libvirt import utils as libvirt_utils


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

    def test_no_owner_twice_at_any_step(self):
        """Two servers that are adjusted without pause never share a CPU."""
        servers = [self._boot(), self._boot()]
        samples, shared = [], []

        def sample(method, *args, **kwargs):
            result = method(*args, **kwargs)
            owned = [set(self._owned(server).values()) for server in servers]
            running = [
                {cpu for vcpu in plugged for cpu in pins[vcpu]}
                for pins, plugged in map(self._pins, servers)]
            samples.append(tuple(map(len, owned)))
            for first, second in (owned, running):
                if first & second:
                    shared.append((method.__name__, first & second))
            return result

        patchers = [self._patch(cls, name, sample) for cls, name in (
                (resource_tracker.ResourceTracker, 'claim_size'),
                (resource_tracker.ResourceTracker, 'update_size'),
                (report.SchedulerReportClient, 'set_instance_resources'),
                (libvirt_guest.Guest, 'pin_vcpu'),
                (libvirt_guest.Guest, 'pin_emulator'),
                (libvirt_guest.Guest, 'set_vcpus'),
                (objects.Instance, 'save'))]
        draw = random.Random(1)
        statuses = set()
        for _request in range(40):
            server = draw.choice(servers)
            statuses.add(self._post(
                server, current_vcpus=draw.randint(1, 4)).status)
        for server in servers:
            self._wait_until_adjusted(server)
        self.assertEqual([], shared)
        self.assertLess(40, len(samples))
        self.assertLessEqual({202, 409}, statuses)
        self.assertLess(2, len(set(samples)), samples)
        for patcher in patchers:
            patcher.stop()
        for server in servers:
            self.assertPinned(server, self._instance(server).vcpus)
        self.assertOwners(*servers)

    def test_more_than_the_host_allows(self):
        """A server can never have more than all of them."""
        server = self._boot(self._pinned_flavor(
            vcpus=8, **{'hw:cpu_policy': 'dedicated'}))
        response = self._post(server, current_vcpus=7)
        self.assertEqual(409, response.status, response.body)
        error = response.body['conflictingRequest']
        self.assertEqual('xloud.above_host_limit', error['error_code'])
        self.assertEqual(
            'NUMA cell 0 of its host allows at most 6 dedicated CPUs per '
            'server; 7 were requested there.', error['message'])
        self.assertEqual(5, self._status(server)['room_vcpus'])

    def test_start_size(self):
        """A server keeps what it starts with, and releases the rest."""
        server = self._boot()
        self._set_vcpus(server, 2)
        start = self.assertPinned(server, 2)
        self._set_vcpus(server, 4, persist=False)
        grown = self.assertPinned(server, 4)
        self._reboot_server(server, hard=True)
        self.assertEqual(start, self.assertPinned(server, 2))
        self.assertOwners(server)
        self._set_vcpus(server, 4, persist=False)
        self._reboot_server(server)
        self.assertEqual(start, self.assertPinned(server, 2))
        self.assertOwners(server)
        self.assertNotEqual(start, grown)

        # It may have less for now, and still owns what it starts with.
        self._set_vcpus(server, 1, persist=False)
        self.assertEqual(start, self._owned(server))
        self.assertOwners(server)

    def test_stopped(self):
        server = self._boot()
        self._set_vcpus(server, 3, persist=False)
        self._stop_server(server)
        self.assertEqual({0}, set(self._owned(server)))
        self.assertOwners(server)
        self._set_vcpus(server, 2)
        self.assertOwners(server)
        self._start_server(server)
        self.assertPinned(server, 2)
        self.assertOwners(server)

    def test_rescue(self):
        server = self._boot()
        self._set_vcpus(server, 3)
        owned = self.assertPinned(server, 3)
        os.mkdir(libvirt_utils.get_instance_path(self._instance(server)))
        self.api.post_server_action(server['id'], {'rescue': {}})
        server = self._wait_for_state_change(server, 'RESCUE')
        self.assertOwners(server)
        self.api.post_server_action(server['id'], {'unrescue': None})
        server = self._wait_for_state_change(server, 'ACTIVE')
        self.assertEqual(owned, self.assertPinned(server, 3))
        self.assertOwners(server)

    def test_host_restart(self):
        self.flags(resume_guests_state_on_host_boot=True)
        server = self._boot()
        self._set_vcpus(server, 2)
        self._set_vcpus(server, 4, persist=False)
        self._restart_host('host1')
        self.assertOwners(server)
        self.assertPinned(server, self._instance(server).vcpus)


class ElasticPinnedMovesTest(elastic_pinned_base.PinnedServersTestBase):

    HOSTS = ('host1', 'host2')

    def setUp(self):
        super().setUp()
        self.server = self._boot()
        self._set_vcpus(self.server, 3)
        self.assertPinned(self.server, 3)

    def assertHost(self, host, vcpus=3, old=0):
        self.assertPinned(self.server, vcpus, host)
        self.assertOwners(self.server, host=host)
        other, = set(self.HOSTS) - {host}
        self.assertEqual(old, len(self._pinned(other)))

    def test_live_migrate(self):
        """Its numbers and its vCPUs stay; it owns other CPUs there."""
        neighbour = self._boot(host='host2')
        self._live_migrate_to(self.server, 'host2')
        self.assertPinned(self.server, 3, 'host2')
        self.assertOwners(self.server, neighbour, host='host2')
        self.assertEqual(set(), self._pinned('host1'))
        self._set_vcpus(self.server, 4)
        self.assertPinned(self.server, 4, 'host2')
        self._set_vcpus(self.server, 1)
        self.assertPinned(self.server, 1, 'host2')
        self.assertOwners(self.server, neighbour, host='host2')

    def test_live_migrate_with_a_start_size(self):
        self._set_vcpus(self.server, 2)
        self._set_vcpus(self.server, 4, persist=False)
        self._live_migrate_to(self.server, 'host2')
        self.assertHost('host2', 4)
        self._reboot_server(self.server)
        self.assertHost('host2', 2)

    def test_live_migrate_without_room(self):
        self._boot(self._pinned_flavor(
            4, **{'hw:cpu_policy': 'dedicated'}), host='host2')
        self.assertRaises(
            api_client.OpenStackApiException,
            self._live_migrate_to, self.server, 'host2')
        self.assertHost('host1', old=4)

    def test_cold_migrate(self):
        self._migrate_server(self.server)
        self.assertHost('host2', old=3)
        self._revert_resize(self.server)
        self.assertHost('host1')
        self._migrate_server(self.server)
        self._confirm_resize(self.server)
        self.assertHost('host2')

    def test_cold_migrate_to_start_size(self):
        self._set_vcpus(self.server, 4, persist=False)
        self._migrate_server(self.server)
        self._confirm_resize(self.server)
        self.assertHost('host2', 3)

    def test_resize(self):
        other = self._pinned_flavor(
            2, 5, **{'hw:cpu_policy': 'dedicated'})
        self._resize_server(self.server, other)
        self.assertHost('host2', 2, old=3)
        self._revert_resize(self.server)
        self.assertHost('host1')
        self._resize_server(self.server, other)
        self._confirm_resize(self.server)
        self.assertHost('host2', 2)
        self._set_vcpus(self.server, 5)
        self.assertHost('host2', 5)

    def test_resize_to_shared_and_back(self):
        shared = self._elastic_flavor(
            elastic.Size(1, 512), elastic.Size(2, 1024))
        self._resize_server(self.server, shared)
        self._confirm_resize(self.server)
        self.assertEqual(set(), self._pinned('host1') | self._pinned('host2'))
        self._resize_server(self.server, self.flavor_id)
        self._confirm_resize(self.server)
        self.assertPinned(self.server, 1, self._instance(self.server).host)

    def test_evacuate(self):
        self._set_vcpus(self.server, 4, persist=False)
        self._take_down('host1')
        self._evacuate_server(self.server, expected_host='host2',
                              expected_state='ACTIVE')
        self.assertPinned(self.server, 3, 'host2')
        self.assertOwners(self.server, host='host2')
        service, = self.admin_api.get_services(
            host='host1', binary='nova-compute')
        self._restart_host('host1')
        self.admin_api.put_service_force_down(service['id'], False)
        self.assertHost('host2', 3)

    def test_unshelve(self):
        self.flags(shelved_offload_time=0)
        self._shelve_server(self.server)
        self.assertEqual(set(), self._pinned('host1'))
        self._unshelve_server(self.server)
        host = self._instance(self.server).host
        self.assertHost(host)

    def test_grow_by_move(self):
        """A server that needs CPUs that its host lacks gets them elsewhere."""
        self._boot(self._pinned_flavor(
            3, **{'hw:cpu_policy': 'dedicated'}))
        self.dest_host = 'host2'
        response = self._post(
            self.server, current_vcpus=4, when_full='move')
        self.assertEqual(202, response.status, response.body)
        self._wait_for_server_parameter(self.server, {
            'OS-EXT-SRV-ATTR:host': 'host2', 'OS-EXT-STS:task_state': None})
        self._wait_until(lambda: self._instance(self.server).vcpus == 4)
        self._wait_until_adjusted(self.server)
        self._run_periodics()
        self.assertPinned(self.server, 4, 'host2')
        self.assertOwners(self.server, host='host2')
        self.assertEqual(3, len(self._pinned('host1')))
