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
"""The libvirt driver adjusts the memory of a running guest."""

import ddt

from nova import exception
from nova.tests.fixtures import libvirt as fakelibvirt
from nova.tests.functional.elastic_helpers import MINIMUM
from nova.tests.functional.libvirt import elastic_driver_base

MiB = 1024
GiB = 1024 * MiB


@ddt.ddt
class SetMemoryTest(elastic_driver_base.DriverTestBase):

    def test_grow_and_shrink(self):
        self._start()
        for memory_mb in (4096, 1500, 1500):
            self._set_memory(memory_mb)
            self.assertHas(memory_mb=memory_mb)

    def test_slow_growth(self):
        """A guest takes what it gets little by little."""
        self._start()
        self.guest.balloon_step = GiB // 8
        self._set_memory(4096)
        self.assertHas(memory_mb=4096)
        self.assertTook(10.75)

    def test_too_slow(self):
        """The balloon does not stay on its way when the time is up."""
        self._start(memory_mb=4096)
        self.flags(memory_timeout=6, group='xloud')
        self.guest.reports_statistics = False
        self.guest.balloon_step = GiB // 64
        self.assertFails(
            'The guest has given back 96 of 3072 MiB after 6 seconds.',
            self._set_memory, 1024)
        self.assertEqual(MINIMUM, self._defined(self.server))
        self.assertTook(6)
        self.assertEqual(4 * GiB, self.size.live.balloon_target)

    def test_too_slow_to_grow(self):
        self._start()
        self.flags(memory_timeout=2, group='xloud')
        self.guest.balloon_step = GiB // 8
        self.assertFails(
            'The guest has taken 1024 of 3072 MiB after 2 seconds.',
            self._set_memory, 4096)
        self.assertEqual(MINIMUM, self._defined(self.server))

    def test_live_size_follows(self):
        """What is confirmed is what the live size says from then on.

        libvirt learns up to a second late what a balloon has done.
        """
        self._start()
        self._live_size()
        self.guest.event_delay = 1
        for memory_mb in (4096, 2048):
            self._set_memory(memory_mb)
            self.assertEqual(memory_mb, self._live_size().memory_mb)

    def test_statistics_follow(self):
        """What the guest reports is of what it has, from then on.

        What it reported of less memory would look like too little usable.
        """
        self._start()
        self.guest.memory_in_use = 500 * MiB
        self._usage()
        for memory_mb in (4096, 2048):
            self._set_memory(memory_mb)
            self.assertEqual((memory_mb, memory_mb - 500),
                             self._usage()[:2])

    def test_without_balloon_driver(self):
        self._start()
        self._restart_guest(balloons=False)
        self.assertFails(
            'The guest has no active balloon driver. It still has 4096 MiB '
            'after 60 seconds.', self._set_memory, 1024)
        # It may come up in time.
        self.clock.at(
            90, lambda: setattr(self.guest, 'balloons', True))
        self._set_memory(2048)
        self.assertHas(memory_mb=2048)
        self.assertLess(self.clock.monotonic(), 100)

    def test_without_balloon(self):
        self._start()
        self.size.live.has_balloon = False
        self.assertRefusedByLibvirt(
            'Requested operation is not valid: Unable to change memory of '
            'active domain without the balloon device and guest OS balloon '
            'driver', self._set_memory, 2048)
        self.assertEqual(MINIMUM, self._defined(self.server))

    @ddt.data((64, True), (1000, True), (1025, False))
    @ddt.unpack
    def test_pages(self, page, is_close):
        """What a guest has differs from what it should by less than 1 MiB."""
        self._start()
        self.guest.page = page
        memory_mb = next(
            memory_mb for memory_mb in range(2048, 4096)
            if (memory_mb * 1024 % page >= 1024) != is_close)
        if is_close:
            self._set_memory(memory_mb)
            self.assertEqual(memory_mb, self._live_size().memory_mb)
        else:
            self.assertFails(
                'The guest has taken %d of %d MiB after 60 seconds.' % (
                    memory_mb - 1025, memory_mb - 1024),
                self._set_memory, memory_mb)

    def test_paused(self):
        """The balloon of a paused guest does not move."""
        self._start(memory_mb=2048)
        self._pause()
        for memory_mb in (1024, 4096):
            self.assertFails(
                'The guest is paused. It can neither give back vCPUs nor '
                'change its memory.', self._set_memory, memory_mb)
        self.assertHas(memory_mb=2048)
        # What it has already it can also have at its next start.
        self._set_memory(2048)
        self.assertHas(memory_mb=2048)
        self.assertTook(0)

    def test_stopped(self):
        self._start()
        self._stop_server(self.server)
        self.assertRefusedByLibvirt(
            'Requested operation is not valid: domain is '
            'not running', self._set_memory, 2048)
        self.assertEqual(MINIMUM, self._defined(self.server))

    def test_stops_in_the_meantime(self):
        self._start(memory_mb=4096)
        self.guest.reports_statistics = False
        self.guest.memory_in_use = 3 * GiB
        self.clock.at(7, self.domain.destroy)
        self.assertRefusedByLibvirt(
            'Requested operation is not valid: domain is '
            'not running', self._set_memory, 1024)
        self.assertTook(7)
        self.assertEqual(MINIMUM, self._defined(self.server))

    def test_too_much(self):
        self._start()
        self.assertRefusedByLibvirt(
            'invalid argument: cannot set memory higher '
            'than max memory', self._set_memory, 4097)


@ddt.ddt
class ShrinkTest(elastic_driver_base.DriverTestBase):
    """A shrink never kills the guest."""

    def _start_using(self, used_mb, memory_mb=4096, **guest):
        """Start a guest that dies when it gets less than it uses."""
        self._start(memory_mb=memory_mb)
        self.guest.memory_in_use = used_mb * MiB
        self.guest.when_exhausted = 'restarts'
        for name, value in guest.items():
            setattr(self.guest, name, value)
        self.targets = []
        set_memory = self.domain.setMemoryFlags

        def record(memory, flags=0):
            self.targets.append(memory // MiB)
            return set_memory(memory, flags)

        self.domain.setMemoryFlags = record

    def assertAlive(self):
        self.assertEqual(0, self.guest.restarts)

    def assertPutBack(self, memory_mb=4096):
        self.assertEqual(memory_mb * MiB, self.size.live.balloon_target)
        self.assertHas(memory_mb=memory_mb)

    def test_in_steps(self):
        """Each step leaves the guest half of what it can do without."""
        self._start_using(500)
        self._set_memory(1024)
        self.assertEqual([4096, 2314, 1423, 1024], self.targets)
        self.assertHas(memory_mb=1024)
        self.assertAlive()

    def test_to_what_it_uses(self):
        """A guest is never shrunk below what it uses.

        A guest of 768 MiB that used 420 panicked when it was adjusted to 256.
        """
        self._start_using(2000)
        self.assertFails(
            'The guest ran out of usable memory before it had given back what '
            'was requested. Its memory was put back.',
            self._set_memory, 1024)
        self.assertAlive()
        self.assertPutBack()
        self.assertLess(self.clock.monotonic(), 5)
        self.assertIn(
            'The guest has only 2096 MiB of usable memory. It has 4096 MiB; '
            '1024 MiB were requested.', self.stdlog.logger.output)

    @ddt.data((1968, True), (1969, False))
    @ddt.unpack
    def test_margin(self, used_mb, is_made):
        """Half of the margin may be used up on the way."""
        self.flags(memory_floor_margin=160, group='xloud')
        self._start_using(used_mb)
        if is_made:
            self._set_memory(2048)
            self.assertHas(memory_mb=2048)
        else:
            self.assertRaises(exception.ServerAdjustMemoryExhausted,
                              self._set_memory, 2048)
            self.assertPutBack()
        self.assertAlive()

    @ddt.data(None, GiB // 8)
    def test_uses_more_in_the_meantime(self, step):
        """The guest is watched while it shrinks."""
        self._start_using(500, balloon_step=step)
        self.clock.at(3, lambda: setattr(
            self.guest, 'memory_in_use', 1200 * MiB))
        self.assertRaises(exception.ServerAdjustMemoryExhausted,
                          self._set_memory, 1024)
        self.assertAlive()
        self.guest.balloon_step = None
        self._live_size()
        self.assertPutBack()

    def test_forced(self):
        """Who forces it kills the guest, and learns of that."""
        self._start_using(2000)
        self.assertFails(
            'The guest was restarted during the adjustment.',
            self._set_memory, 1024, force=True)
        self.assertEqual(1, self.guest.restarts)
        self.assertPutBack()
        self.assertIn(
            'MiB of usable memory. ', self.stdlog.logger.output)

    def test_forced_below_margin(self):
        """A forced shrink may use up the margin."""
        self._start_using(1000)
        self._set_memory(1024, force=True)
        self.assertHas(memory_mb=1024)
        self.assertAlive()

    def test_without_statistics(self):
        """Small steps leave the guest time to keep what it uses."""
        self._start_using(500, reports_statistics=False)
        self._set_memory(1024)
        self.assertHas(memory_mb=1024)
        steps = [before - after for before, after in zip(
            self.targets, self.targets[1:])]
        self.assertLessEqual(max(steps), 256)
        self.assertIn(
            'The guest reports no memory statistics. It is shrunk in small '
            'steps.', self.stdlog.logger.output)
        self.assertAlive()

    def test_without_statistics_in_use(self):
        """Who says nothing is believed what he does."""
        self._start_using(3072, reports_statistics=False,
                          when_exhausted='keeps')
        self.assertFails(
            'The guest has given back 1024 of 3072 MiB after 60 seconds.',
            self._set_memory, 1024)
        self.assertPutBack()
        self.assertGreater(min(self.targets), 2800)
        self.assertTook(60)

    def test_old_statistics(self):
        """What a guest reported before the shrink is not what it uses now."""
        self._start_using(500)
        self._usage()
        self.guest.memory_in_use = 3500 * MiB
        self.clock.advance(9)
        self.assertRaises(exception.ServerAdjustMemoryExhausted,
                          self._set_memory, 1024)
        self.assertEqual([4096, 4096], self.targets)

    def test_falls_silent(self):
        """A guest that no longer reports is not shrunk any further."""
        self._start_using(500)
        self.clock.at(3, lambda: setattr(
            self.guest, 'reports_statistics', False))
        self.assertFails(
            'The guest has given back 2673 of 3072 MiB after 60 seconds.',
            self._set_memory, 1024)
        self.assertPutBack()
        self.assertTook(60)

    def test_restarted(self):
        """A restart shows in what the balloon holds."""
        self._start_using(500, reports_statistics=False)

        def restart():
            self.size.memory.exhaust()
            self.guest.balloon_step = GiB // 64

        self.clock.at(10, restart)
        self.assertFails('The guest was restarted during the adjustment.',
                         self._set_memory, 1024)
        self.assertTook(10)

    def test_restarted_between_two_looks(self):
        """A restart shows in the statistics, however fast the balloon is."""
        self._start_using(500)
        self.clock.at(3, self.size.memory.exhaust)
        self.assertFails('The guest was restarted during the adjustment.',
                         self._set_memory, 1024)
        self.assertPutBack()

    def test_restarted_while_it_grows(self):
        self._start()
        self.guest.balloon_step = GiB // 64
        self.clock.at(3, self.size.memory.exhaust)
        self.assertFails('The guest was restarted during the adjustment.',
                         self._set_memory, 2048)

    def test_on_its_way_elsewhere(self):
        """What was requested before does not look like a restart."""
        self._start()
        self.guest.balloon_step = GiB // 8
        self.flags(memory_timeout=2, group='xloud')
        self.assertRaises(exception.ServerAdjustMemoryNotTaken,
                          self._set_memory, 4096)
        self.flags(memory_timeout=60, group='xloud')
        self._set_memory(1024)
        self.assertHas(memory_mb=1024)

    def test_statistics_period(self):
        """Statistics are frequent during an adjustment, and only then."""
        self._start(memory_mb=4096)
        periods = []
        set_period = self.domain.setMemoryStatsPeriod

        def record(period, flags):
            periods.append((period, flags))
            return set_period(period, flags)

        self.domain.setMemoryStatsPeriod = record
        self._set_memory(2048)
        self._set_memory(4096)
        live = fakelibvirt.VIR_DOMAIN_AFFECT_LIVE
        self.assertEqual([(1, live), (10, live)] * 2, periods)
        self.guest.memory_in_use = 3 * GiB
        self.assertRaises(exception.ServerAdjustMemoryExhausted,
                          self._set_memory, 2048)
        self.assertEqual(10, self.size.live.statistics_period)

    def test_period_of_plain_statistics_is_zero(self):
        """A compute that wants no statistics has them only while it looks."""
        self.flags(mem_stats_period_seconds=0, group='libvirt')
        self._start(memory_mb=4096)
        self._set_memory(2048)
        self.assertHas(memory_mb=2048)
        self.assertEqual(0, self.size.live.statistics_period)
