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
"""What a guest has after each event of its life on one host."""

import os
from unittest import mock

import ddt

from nova import elastic
from nova.tests.fixtures import libvirt as fakelibvirt
from nova.tests.functional import elastic_helpers
from nova.tests.functional.elastic_helpers import GROWN
from nova.tests.functional.elastic_helpers import START
from nova.tests.functional.libvirt import elastic_base
from nova.virt import event
from nova.virt.libvirt import utils as libvirt_utils


@ddt.ddt
class ElasticLifecycleTest(elastic_base.ElasticServersTestBase):

    HOSTS = ('host1',)

    def setUp(self):
        super().setUp()
        self.flags(wait_soft_reboot_seconds=1, group='libvirt')

    @ddt.data(True, False)
    def test_reboot(self, hard):
        """A reboot brings the start size, and the size follows."""
        server = self._grown()
        self._reboot_server(server, hard=hard)
        self.assertSize(server, GROWN)

        self._set_size(server, GROWN, start=START)
        self._reboot_server(server, hard=hard)
        self.assertSize(server, START)

    @ddt.data(True, False)
    def test_reboot_to_more(self, hard):
        """A server that was shrunk until its next start gets it all back."""
        server = self._grown()
        self._set_size(server, GROWN, start=GROWN)
        guest = self._guest(server)
        guest.set_vcpus(1, live=True)
        self._set_live_memory(guest, 1024)
        self.assertEqual(elastic_helpers.MINIMUM, self._live(server))
        self.assertRecords(server, GROWN)
        self._reboot_server(server, hard=hard)
        self.assertSize(server, GROWN)

    @ddt.data(True, False)
    def test_soft_reboot_of_changed_definition(self, cooperative):
        """A guest comes back with its start size however it is defined."""
        server = self._grown_until_restart()
        domain = self._domain(server)
        # That is how it is left by a live migration.
        self._connection('host1').defineXML(domain.XMLDesc(0))
        self.assertEqual(GROWN, self._defined(server))
        if not cooperative:
            # The guest does not shut down; what follows is a hard reboot.
            domain.shutdown = lambda: None
        self._reboot_server(server)
        self.assertSize(server, START)

    def test_soft_reboot_of_plain_definition(self):
        """So does one from before its flavor could be elastic."""
        server = self._boot(self._create_flavor(
            vcpu=4, memory_mb=4096, extra_spec={'minimum_cpu': '4'}))
        self._reboot_server(server)
        self.assertSize(server, elastic_helpers.MAXIMUM)

    def test_stop_and_start(self):
        """A stopped server is accounted for its start size."""
        server = self._grown_until_restart()
        self._stop_server(server)
        self.assertEqual(START, self._defined(server))
        self.assertRecords(server, START)
        self._start_server(server)
        self.assertSize(server, START)

    def test_guest_shuts_down(self):
        """So is one that has shut itself down."""
        server = self._grown_until_restart()
        self._domain(server).shutdown()
        self._domain(server)._state = fakelibvirt.VIR_DOMAIN_SHUTOFF
        self.computes['host1'].manager.handle_events(event.LifecycleEvent(
            server['id'], event.EVENT_LIFECYCLE_STOPPED))
        self._wait_for_state_change(server, 'SHUTOFF')
        self.assertRecords(server, START)
        self._start_server(server)
        self.assertSize(server, START)

    def test_host_restart(self):
        """Servers that are resumed with their host have their start size."""
        self.flags(resume_guests_state_on_host_boot=True)
        server = self._grown_until_restart()
        self._domain(server).destroy()
        self._restart_host('host1')
        self.assertSize(server, START)

    def test_compute_restart(self):
        """A restart of the service changes nothing."""
        server = self._grown_until_restart()
        self._restart_host('host1')
        self.assertSize(server, GROWN, start=START)

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
        """Also the guest that is put aside comes back with its start size."""
        server = self._grown_until_restart()
        os.mkdir(libvirt_utils.get_instance_path(self._instance(server)))
        self.api.post_server_action(server['id'], {'rescue': {}})
        self._wait_for_state_change(server, 'RESCUE')
        self.assertSize(server, START)
        self.api.post_server_action(server['id'], {'unrescue': None})
        self._wait_for_state_change(server, 'ACTIVE')
        self.assertSize(server, START)

    def test_pause_and_unpause(self):
        server = self._grown_until_restart()
        self.api.post_server_action(server['id'], {'pause': {}})
        self._wait_for_state_change(server, 'PAUSED')
        self.assertSize(server, GROWN, start=START)
        self.api.post_server_action(server['id'], {'unpause': {}})
        self._wait_for_state_change(server, 'ACTIVE')
        self.assertSize(server, GROWN, start=START)

    def test_suspend_and_resume(self):
        """What was saved of a guest is what it has again."""
        server = self._grown_until_restart()
        self._suspend_server(server)
        self.assertEqual(START, self._defined(server))
        self.assertRecords(server, GROWN, start=START)
        self._resume_server(server)
        self.assertSize(server, GROWN, start=START)

    @ddt.data(True, False)
    @mock.patch('nova.virt.libvirt.driver.LibvirtDriver._live_snapshot',
                new=mock.Mock())
    def test_snapshot(self, live):
        """A snapshot, also one for which the guest stops, changes nothing."""
        self.flags(disable_libvirt_livesnapshot=not live, group='workarounds')
        server = self._grown_until_restart()
        self._snapshot_server(server, 'snapshot')
        self._wait_for_server_parameter(
            server, {'OS-EXT-STS:task_state': None})
        self.notifier.wait_for_versioned_notifications('instance.snapshot.end')
        self.assertSize(server, GROWN, start=START)

    def test_shelve_and_unshelve(self):
        """A shelved server keeps its place; it comes back as it starts."""
        self.flags(shelved_offload_time=-1)
        server = self._grown_until_restart()
        self._shelve_server(server, expected_state='SHELVED')
        self.assertRecords(server, START)
        self._unshelve_server(server)
        self.assertSize(server, START)

    def test_offload_and_unshelve(self):
        """What an offloaded server had is claimed again with unshelve."""
        self.flags(shelved_offload_time=0)
        server = self._grown_until_restart()
        self._shelve_server(server)
        self.assertHostUsage('host1', elastic_helpers.NOTHING)
        self.assertEqual(START, elastic.size(self._instance(server)))
        self._unshelve_server(server)
        self.assertSize(server, START)

    def test_delete(self):
        """All that a grown server has is released with it."""
        server = self._grown_until_restart()
        self._delete_server(server)
        self.assertNothingUsed()
