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
"""The libvirt driver gives a running guest memory, and takes some away."""

import ddt

from nova.tests.functional.libvirt import elastic_driver_base
from nova.tests.functional.xloud_base import MINIMUM

GiB = 1024 * 1024


@ddt.ddt
class SetMemoryTest(elastic_driver_base.DriverTestBase):

    def test_grow_and_shrink(self):
        self._start()
        for memory_mb in (4096, 1500, 1500):
            self._set_memory(memory_mb)
            self.assertHas(memory_mb=memory_mb)
        self.assertTook(0)

    def test_slow(self):
        """A guest gives back what it has little by little."""
        self._start(memory_mb=4096)
        self.guest.balloon_step = GiB // 8
        self._set_memory(1024)
        self.assertHas(memory_mb=1024)
        self.assertTook(10.75)

    def test_too_slow(self):
        self._start(memory_mb=4096)
        self.flags(memory_timeout=6, group='xloud')
        self.guest.balloon_step = GiB // 8
        self.assertFails(
            'The guest has given back 2176 of 3072 MiB after 6 seconds.',
            self._set_memory, 1024)
        self.assertEqual(MINIMUM, self._defined(self.server))
        self.assertTook(6)
        # It stays on its way until it is told otherwise.
        self.guest.balloon_step = None
        self._set_memory(4096)
        self.assertHas(memory_mb=4096)

    def test_too_slow_to_grow(self):
        self._start()
        self.flags(memory_timeout=2, group='xloud')
        self.guest.balloon_step = GiB // 8
        self.assertFails(
            'The guest has taken 1152 of 3072 MiB after 2 seconds.',
            self._set_memory, 4096)
        self.assertEqual(MINIMUM, self._defined(self.server))

    def test_in_use(self):
        """A guest cannot give back what it uses."""
        self._start(memory_mb=4096)
        self.guest.memory_in_use = 3 * GiB
        self.assertFails(
            'The guest has given back 1024 of 3072 MiB after 60 seconds.',
            self._set_memory, 1024)
        self.assertHas(memory_mb=3072)
        self.assertTook(60)

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
        self.assertTook(90)

    def test_without_balloon(self):
        self._start()
        self.size.live.has_balloon = False
        self.assertFails(
            'Error from libvirt: Requested operation is not valid: Unable to '
            'change memory of active domain without the balloon device and '
            'guest OS balloon driver', self._set_memory, 2048)
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
        self.assertFails(
            'Error from libvirt: Requested operation is not valid: domain is '
            'not running', self._set_memory, 2048)
        self.assertEqual(MINIMUM, self._defined(self.server))

    def test_stops_meanwhile(self):
        self._start(memory_mb=4096)
        self.guest.memory_in_use = 3 * GiB
        self.clock.at(7, self.domain.destroy)
        self.assertFails(
            'Error from libvirt: Requested operation is not valid: domain is '
            'not running', self._set_memory, 1024)
        self.assertTook(7)
        self.assertEqual(MINIMUM, self._defined(self.server))

    def test_too_much(self):
        self._start()
        self.assertFails(
            'Error from libvirt: invalid argument: cannot set memory higher '
            'than max memory', self._set_memory, 4097)
