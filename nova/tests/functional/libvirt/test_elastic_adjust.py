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

"""What becomes of guests and records when servers are adjusted."""

import ddt

from nova import elastic
from nova.tests.fixtures import libvirt_guest
from nova.tests.functional.elastic_helpers import GROWN
from nova.tests.functional.elastic_helpers import MAXIMUM
from nova.tests.functional.elastic_helpers import MINIMUM
from nova.tests.functional.elastic_helpers import START
from nova.tests.functional.libvirt import elastic_base


@ddt.ddt
class AdjustTest(elastic_base.ElasticServersTestBase):

    def setUp(self):
        super().setUp()
        self.flags(wait_soft_reboot_seconds=1, group='libvirt')
        self.clock = self.useFixture(libvirt_guest.FakeClock())

    def _grown_to(self, size, **kwargs):
        server = self._boot(**kwargs)
        self.fake_guest = self._domain(server).size.guest
        self.fake_guest.waited = self.clock.advance
        self.fake_guest.clock = self.clock
        self._adjust(server, size)
        self.assertAdjusted(server, size)
        return server

    def _at(self, seconds, action):
        """Do this so many seconds from now."""
        self.clock.at(self.clock.monotonic() + seconds, action)

    def assertHas(self, server, live, size, start, host='host1'):
        """Where these three differ."""
        self.assertEqual(live, self._live(server, host), 'domain')
        self.assertRecords(server, size, start=start, host=host)

    def test_grow_and_shrink(self):
        server = self._grown_to(GROWN)
        for size in (MAXIMUM, START, elastic.Size(4, 1024), MINIMUM):
            self._adjust(server, size)
            self.assertAdjusted(server, size)

    def test_until_next_start(self):
        """The live size is accounted for, and the start size as well."""
        server = self._grown_to(START)
        self._adjust(server, GROWN, persist=False)
        self.assertAdjusted(server, GROWN, start=START)
        self._adjust(server, MINIMUM, persist=False)
        self.assertHas(server, MINIMUM, START, START)
        self.assertEqual(START, self._defined(server))
        # Its size is not what it has, so this is something to do.
        self._adjust(server, START)
        self.assertAdjusted(server, START)

    def test_one_of_both_until_next_start(self):
        server = self._grown_to(START)
        self._adjust(server, elastic.Size(3, 1024), persist=False)
        self.assertHas(server, elastic.Size(3, 1024),
                       elastic.Size(3, 2048), START)

    @ddt.data('soft', 'hard', 'stop')
    def test_restart_after_temporary_growth(self, how):
        server = self._grown_to(START)
        self._adjust(server, GROWN, persist=False)
        self._restart(server, how)
        self.assertSize(server, START)

    @ddt.data('soft', 'hard', 'stop')
    def test_restart_after_temporary_shrinking(self, how):
        server = self._grown_to(START)
        self._adjust(server, MINIMUM, persist=False)
        self._restart(server, how)
        self.assertSize(server, START)

    def _restart(self, server, how):
        if how == 'stop':
            self._stop_server(server)
            self._start_server(server)
        else:
            self._reboot_server(server, hard=how == 'hard')

    @ddt.data(GROWN, MINIMUM)
    def test_live_migration_of_a_temporary_size(self, size):
        """Both sizes go along, and can be changed there."""
        server = self._grown_to(START)
        self._adjust(server, size, persist=False)
        server = self._live_migrate_to(server, 'host2')
        counted = elastic.elementwise_max(size, START)
        self.assertHas(server, size, counted, START, host='host2')
        self._adjust(server, MAXIMUM)
        self.assertAdjusted(server, MAXIMUM, host='host2')

    def test_libvirt_refuses(self):
        """A guest from before cannot give back vCPUs, and keeps them."""
        server = self._grown_to(GROWN)
        for vcpu in self._domain(server).size.live.vcpus:
            vcpu.hotpluggable = False
        self._adjust(server, MINIMUM)
        self.assertNotAdjusted(
            'xloud.needs_hard_reboot: The guest was defined before its host '
            'supported elastic servers. Hard reboot the server before it '
            'gives back vCPUs.', server, GROWN)

    def test_guest_complies_late(self):
        """In time, but not for libvirt."""
        server = self._grown_to(GROWN)
        self.fake_guest.unplugs_in_time = 0
        for seconds in (11, 17):
            self._at(seconds, self._domain(server).size.let_go)
        self._adjust(server, MINIMUM)
        self.assertAdjusted(server, MINIMUM)

    def test_guest_complies_too_late(self):
        """What it gives back on its own does not change what it starts with.

        It is accounted for that, and for the vCPU again once requested.
        """
        server = self._grown_to(GROWN)
        self.fake_guest.unplugs_in_time = 0
        self._adjust(server, MINIMUM)
        self.assertNotAdjusted(
            'xloud.guest_timeout: The guest has given back 0 of 2 vCPUs after '
            '30 seconds.',
            server, GROWN)
        self._domain(server).size.let_go()
        self._reconcile()
        self.assertHas(server, elastic.Size(2, 3072), GROWN, GROWN)
        self._adjust(server, GROWN)
        self.assertAdjusted(server, GROWN)

    def test_guest_complies_too_late_until_restart(self):
        """What it has beyond what it starts with is released then."""
        server = self._grown_to(MINIMUM)
        self._adjust(server, GROWN, persist=False)
        self.fake_guest.unplugs_in_time = 0
        self._adjust(server, MINIMUM)
        self.assertNotAdjusted(
            'xloud.guest_timeout: The guest has given back 0 of 2 vCPUs after '
            '30 seconds.',
            server, GROWN, start=MINIMUM)
        self._domain(server).size.let_go()
        for _look in range(2):
            self._reconcile()
        self.assertSize(server, elastic.Size(2, 3072), start=MINIMUM)

    def test_guest_complies_in_part(self):
        """It is put back, and so is what was done before."""
        server = self._grown_to(GROWN)
        self.fake_guest.unplugs_in_time = 1
        self._adjust(server, MINIMUM)
        self.assertNotAdjusted(
            'xloud.guest_timeout: The guest has given back 1 of 2 vCPUs after '
            '30 seconds.',
            server, GROWN)

    def test_guest_keeps_memory(self):
        """Nothing else is done when the memory is not given back."""
        server = self._grown_to(GROWN)
        self.fake_guest.memory_in_use = 2000 * 1024
        self.fake_guest.reports_statistics = False
        self.clock.advance(100)
        self._adjust(server, elastic.Size(4, 1024))
        self.assertNotAdjusted(
            'xloud.guest_timeout: The guest has given back 1072 of 2048 MiB '
            'after 60 seconds.', server, GROWN)

    def test_guest_runs_out_of_memory(self):
        """A shrink is stopped before it kills the guest."""
        server = self._grown_to(GROWN)
        self.fake_guest.when_exhausted = 'restarts'
        self.fake_guest.memory_in_use = 500 * 1024
        self._at(1, lambda: setattr(
            self.fake_guest, 'memory_in_use', 1200 * 1024))
        self._adjust(server, elastic.Size(4, 1024))
        self.assertNotAdjusted(
            'xloud.memory_exhausted: The guest ran out of usable memory '
            'before it had given back what was requested. Its memory was put '
            'back.', server, GROWN)
        self.assertEqual(0, self.fake_guest.restarts)

    def test_no_balloon_driver(self):
        """A guest without one has all its memory, which is accounted for."""
        server = self._boot()
        guest = self._domain(server).size
        guest.guest.balloons = False
        guest.live.current_memory = guest.live.memory
        self._reconcile()
        self.assertRecords(server, MINIMUM)
        self._reconcile()
        everything = elastic.Size(1, 4096)
        self.assertSize(server, everything, start=MINIMUM)
        self._adjust(server, START)
        self.assertNotAdjusted(
            'xloud.no_balloon_driver: The guest has no active balloon driver. '
            'It still has 4096 MiB after 60 seconds.',
            server, everything, start=MINIMUM)
        self._adjust(server, elastic.Size(3, 4096))
        self.assertAdjusted(server, elastic.Size(3, 4096))

    def test_status(self):
        """The status says what the guest has, if there is one."""
        server = self._grown_to(START)
        self._adjust(server, elastic.Size(1, 3072), persist=False)
        expected = {
            'elastic': True, 'source': 'hypervisor',
            'current_vcpus': 1, 'current_memory_mb': 3072,
            'min_vcpus': 1, 'min_memory_mb': 1024,
            'max_vcpus': 4, 'max_memory_mb': 4096,
            'accounted_vcpus': 2, 'accounted_memory_mb': 3072,
            'start_vcpus': 2, 'start_memory_mb': 2048,
            'guest_vcpus': None, 'floor_memory_mb': 64,
            'room_vcpus': 3, 'room_memory_mb': 1024,
            'returns_at': None, 'return_vcpus': None,
            'return_memory_mb': None,
            'balloon_driver_active': True,
            'attached_dimms_mb': 0, 'has_virtiomem': False}
        status = self._status(server)
        adjust = status.pop('adjust')
        self.assertEqual(expected, status)
        self.assertEqual(('succeeded', None, None), (
            adjust['state'], adjust['requested'], adjust['reason']))

        self._stop_server(server)
        status = self._status(server)
        self.assertEqual('database', status['source'])
        self.assertEqual(START, elastic.Size(
            status['current_vcpus'], status['current_memory_mb']))

    def test_status_while_adjusting(self):
        server = self._grown_to(GROWN)
        self.fake_guest.unplugs_in_time = 0
        statuses = []
        self._at(12, lambda: statuses.append(self._status(server)))
        self._adjust(server, elastic.Size(1, 2048))
        adjust = statuses[0]['adjust']
        self.assertEqual('running', adjust['state'])
        self.assertEqual({'current_vcpus': 1, 'current_memory_mb': 2048},
                         adjust['requested'])
        self.assertEqual(2048, statuses[0]['current_memory_mb'])

    def test_status_of_plain_server(self):
        server = self._boot(self._create_flavor(vcpu=2, memory_mb=2048))
        status = self._status(server)
        self.assertFalse(status['elastic'])
        self.assertIsNone(status['adjust'])
        self.assertEqual([2] * 5, [
            status[name + '_vcpus'] for name in (
                'current', 'accounted', 'start', 'min', 'max')])
