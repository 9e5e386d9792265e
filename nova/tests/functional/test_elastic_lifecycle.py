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

"""What an elastic server has after each event of its life."""

from unittest import mock

import ddt
from keystoneauth1 import exceptions as ks_exc

from nova.compute import power_state
from nova import elastic
from nova import exception
from nova.tests.functional import elastic_helpers
from nova.tests.functional.elastic_helpers import GROWN
from nova.tests.functional.elastic_helpers import MAXIMUM
from nova.tests.functional.elastic_helpers import MINIMUM
from nova.tests.functional.elastic_helpers import START
from nova.tests.unit import fake_requests


@ddt.ddt
class ElasticLifecycleTest(elastic_helpers.ElasticServersTestBase):

    def test_create_and_delete(self):
        """A server boots at the minimum; nothing is left of it later."""
        server = self._boot()
        self.assertSize(server, MINIMUM)
        self._delete_server(server)
        self._run_periodics()
        self.assertNothingUsed()

    def test_delete_grown(self):
        """All that a grown server has is released with it."""
        server = self._grown_until_restart()
        self._delete_server(server)
        self.assertNothingUsed()
        self._run_periodics()
        self.assertNothingUsed()

    def test_plain_flavor(self):
        """A server of a flavor that is not elastic has all of it."""
        flavor_id = self._create_flavor(vcpu=4, memory_mb=4096)
        server = self._boot(flavor_id)
        self.assertSize(server, MAXIMUM)
        self._stop_server(server)
        self._start_server(server)
        self.assertSize(server, MAXIMUM)

    @ddt.data(True, False)
    def test_reboot(self, hard):
        """A reboot brings the start size, and the size follows."""
        server = self._grown()
        self._reboot_server(server, hard=hard)
        self.assertSize(server, GROWN)

        self._set_size(server, GROWN, start=START)
        self._reboot_server(server, hard=hard)
        self.assertSize(server, START)

    def test_stop_and_start(self):
        """A stopped server is accounted for its start size."""
        server = self._grown_until_restart()
        self._stop_server(server)
        self.assertSize(server, START)
        self._start_server(server)
        self.assertSize(server, START)

    def test_host_restart(self):
        """Servers that are resumed with their host have their start size."""
        self.flags(resume_guests_state_on_host_boot=True)
        server = self._grown_until_restart()
        compute = self.computes['host1']
        compute.manager.driver.instances.clear()
        with mock.patch.object(compute.manager.driver,
                               'resume_state_on_host_boot',
                               create=True) as resume:
            self.restart_compute_service(compute, keep_hypervisor_state=True)
        resume.assert_called_once()
        self.assertSize(server, START)

    def test_host_restart_with_a_paused_guest(self):
        """A guest that is still there has what it had."""
        self.flags(resume_guests_state_on_host_boot=True)
        server = self._grown_until_restart()
        compute = self.computes['host1']
        guest = compute.manager.driver.instances[server['id']]
        guest.state = power_state.PAUSED
        with mock.patch.object(compute.manager.driver,
                               'resume_state_on_host_boot',
                               create=True) as resume:
            self.computes['host1'] = self.restart_compute_service(
                compute, keep_hypervisor_state=True)
        resume.assert_called_once()
        self.assertSize(
            server, GROWN, start=START)

    def test_rebuild(self):
        server = self._grown()
        self._rebuild_server(
            server, '155d900f-4e14-4e4c-a73d-069cbf4541e6')
        self.assertSize(server, GROWN)

        self._set_size(server, GROWN, start=START)
        self._rebuild_server(
            server, 'a2459075-d96c-40d5-893e-577ff92e721c')
        self.assertSize(server, START)

    def test_rescue_and_unrescue(self):
        server = self._grown_until_restart()
        self.api.post_server_action(server['id'], {'rescue': {}})
        self._wait_for_state_change(server, 'RESCUE')
        self.assertSize(server, START)
        self.api.post_server_action(server['id'], {'unrescue': None})
        self._wait_for_state_change(server, 'ACTIVE')
        self.assertSize(server, START)

    def test_shelve_and_unshelve(self):
        """A shelved server keeps its place; it comes back as it starts."""
        self.flags(shelved_offload_time=-1)
        server = self._grown_until_restart()
        self._shelve_server(server, expected_state='SHELVED')
        self.assertSize(server, START)
        self._unshelve_server(server)
        self.assertSize(server, START)

    def test_offload_and_unshelve(self):
        """What an offloaded server had is claimed again with unshelve."""
        self.flags(shelved_offload_time=0)
        server = self._grown_until_restart()
        self._shelve_server(server)
        self._run_periodics()
        for host in self.HOSTS:
            for usage in self._host_usage(host):
                self.assertEqual(elastic.Size(0, 0), usage)
        self.assertEqual(
            START, elastic.size(self._instance(server)))

        server = self._unshelve_server(server)
        self.assertSize(
            server, START, host=server['OS-EXT-SRV-ATTR:host'])

    def test_soft_delete_and_restore(self):
        """A driver that has only power off and on for it, as most have."""
        self.flags(reclaim_instance_interval=3600)
        for method in ('soft_delete', 'restore'):
            patcher = mock.patch.object(
                self.computes['host1'].manager.driver, method,
                side_effect=NotImplementedError)
            patcher.start()
            self.addCleanup(patcher.stop)
        server = self._grown_until_restart()
        self.api.delete_server(server['id'])
        self._wait_for_state_change(server, 'SOFT_DELETED')
        self.assertEqual(
            START, elastic.size(self._instance(server)))
        self.assertEqual(
            START, self._allocated(server['id'], 'host1'))
        self.api.post_server_action(server['id'], {'restore': {}})
        self._wait_for_state_change(server, 'ACTIVE')
        self.assertSize(server, START)

    def test_what_keeps_the_guest(self):
        """A guest that goes on is accounted for what it has."""
        server = self._grown_until_restart()
        for action, status in (('pause', 'PAUSED'), ('unpause', 'ACTIVE'),
                               ('suspend', 'SUSPENDED'),
                               ('resume', 'ACTIVE')):
            self.api.post_server_action(server['id'], {action: None})
            self._wait_for_state_change(server, status)
            self.assertSize(
                server, GROWN, start=START)

        self._snapshot_server(server, 'snapshot')
        self.assertSize(server, GROWN, start=START)

    @ddt.data(exception.PlacementAPIConnectFailure(),
              exception.AllocationUpdateFailed(consumer_uuid='x', error='y'))
    def test_release_fails(self, error):
        """What could not be released is counted until the next start."""
        server = self._grown_until_restart()
        with mock.patch.object(
                self.computes['host1'].manager.reportclient,
                'set_instance_resources', side_effect=error):
            self._reboot_server(server, hard=True)
        self.assertSize(server, GROWN, start=START)
        self._stop_server(server)
        self.assertSize(server, START)

    def test_release_meets_a_broken_proxy(self):
        """What does not come from placement says nothing of the claim."""
        server = self._boot()
        client = self.computes['host1'].manager.reportclient
        answer = fake_requests.FakeResponse(503, content='<h1>Sorry</h1>')
        with mock.patch.object(
                client, '_put_allocations', return_value=answer):
            self.assertRaises(
                ks_exc.ServiceUnavailable,
                client.set_instance_resources, self.ctxt, server['id'],
                self._get_provider_uuid_by_host('host1'), {'VCPU': 2})

    def test_release_conflicts(self):
        """A change of the allocation by someone else costs a retry."""
        server = self._grown_until_restart()
        client = self.computes['host1'].manager.reportclient
        get = client.get_allocs_for_consumer
        stale = []

        def get_stale(context, consumer):
            allocs = get(context, consumer)
            if not stale:
                stale.append(consumer)
                allocs['consumer_generation'] += 1
            return allocs

        with mock.patch.object(
                client, 'get_allocs_for_consumer', get_stale):
            self._reboot_server(server, hard=True)
        self.assertEqual([server['id']], stale)
        self.assertSize(server, START)
