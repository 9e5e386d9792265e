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

"""Adjusting the memory of a guest by virtio-mem."""

import threading

import ddt

from nova import exception
from nova.tests.fixtures import libvirt as fakelibvirt
from nova.tests.functional.elastic_helpers import MINIMUM
from nova.tests.functional.libvirt import elastic_base
from nova.tests.functional.libvirt import elastic_driver_base

MiB = 1024
GiB = 1024 * MiB


class VirtioMemTestBase(
        elastic_base.VirtioMemMixin, elastic_driver_base.DriverTestBase):

    @property
    def device(self):
        return self.size.live.virtio_mem

    def assertPutBack(self, memory_mb):
        self.assertEqual((memory_mb - 1024) * MiB, self.device.requested)
        self.assertHas(memory_mb=memory_mb)


@ddt.ddt
class SetMemoryTest(VirtioMemTestBase):

    def test_grow_and_shrink(self):
        self._start()
        for memory_mb in (4096, 1500, 1500, 1024):
            self.assertEqual(memory_mb, self._set_memory(memory_mb))
            self.assertPutBack(memory_mb)
            self.assertEqual(memory_mb, self._live_size().memory_mb)
            self.assertEqual(memory_mb, self._usage().actual_mb)
            # The balloon has nothing to do with it.
            self.assertEqual(GiB, self.size.live.current_memory)
        self.assertEqual(MINIMUM, self._defined(self.server))

    def test_blocks(self):
        """A guest plugs whole blocks, and gets no less than it should."""
        self._start()
        self.assertEqual(1502, self._set_memory(1501))
        self.assertPutBack(1502)

    def test_slow_growth(self):
        self._start()
        self.guest.plug_step = GiB // 8
        self._set_memory(4096)
        self.assertHas(memory_mb=4096)

    def test_too_slow_to_grow(self):
        self._start()
        self.flags(memory_timeout=2, group='xloud')
        self.guest.plug_step = GiB // 8
        self.assertRaises(exception.ServerAdjustMemoryNotTaken,
                          self._set_memory, 4096)
        self.assertTook(2)

    def test_without_driver(self):
        self._start()
        self.guest.has_virtio_mem_driver = False
        self.assertFails(
            'The guest has no active driver for virtio-mem. It still has 1024 '
            'MiB after 60 seconds.', self._set_memory, 2048)

    def test_while_it_migrates(self):
        """QEMU lets no guest plug or unplug anything then."""
        self._start(memory_mb=2048)
        self.guest.migrates = True
        self.assertFails(
            'The guest has given back 0 of 1024 MiB after 60 seconds.',
            self._set_memory, 1024)
        self.guest.migrates = False
        self.assertPutBack(2048)

    def test_not_online(self):
        """What is plugged and not used is no growth."""
        self._start()
        self._usage()
        self.guest.onlines_memory = False
        self.assertFails(
            'The guest does not use the memory that it was given: it was not '
            'brought online in 60 seconds.', self._set_memory, 2048)

    def test_online_late(self):
        self._start()
        self._usage()
        self.guest.onlines_memory = False
        self.clock.at(
            30, lambda: setattr(self.guest, 'onlines_memory', True))
        self._set_memory(2048)
        self.assertLess(abs(self.clock.monotonic() - 31), 2)

    def test_without_statistics(self):
        """What is plugged is believed of a guest that reports nothing."""
        self._start()
        self.guest.reports_statistics = False
        self.guest.onlines_memory = False
        self.assertEqual(2048, self._set_memory(2048))

    def test_falls_silent(self):
        """A guest need not report what it has got."""
        self._start()
        self._usage()
        self.guest.reports_statistics = False
        self.assertEqual(2048, self._set_memory(2048))
        self.assertTook(3)

    def test_paused(self):
        self._start(memory_mb=2048)
        self._pause()
        for memory_mb in (1024, 4096):
            self.assertRaises(exception.ServerAdjustGuestPaused,
                              self._set_memory, memory_mb)
        self.assertEqual(2048, self._set_memory(2048))

    def test_of_stock_nova(self):
        """A guest that stock Nova has defined has its balloon."""
        self._start()
        self.size.live.virtio_mem = None
        self.size.live.current_memory = self.size.live.memory
        self.size.live.balloon_target = None
        self.assertEqual(4096, self._live_size().memory_mb)
        self.assertEqual(2048, self._set_memory(2048))
        self.assertEqual(2 * GiB, self.size.live.current_memory)
        self.assertEqual(2048, self._usage().actual_mb)
        self.assertFalse(self._details()['has_virtiomem'])

    def test_details(self):
        self._start(memory_mb=2048)
        self.assertTrue(self._details()['has_virtiomem'])
        self.assertTrue(self._details()['balloon_driver_active'])
        self._restart_guest(reports_statistics=False, balloons=False)
        self.assertFalse(self._details()['balloon_driver_active'])


@ddt.ddt
class ResetTest(VirtioMemTestBase):
    """A guest that is reset has nothing plugged until its driver runs."""

    def _boot_again(self, seconds):
        self.guest.boot_time = seconds
        self.domain.reset(0)

    def test_live_size(self):
        """What it may plug is its own all the time.

        libvirt counts what it had before and what it plugs again together.
        """
        self._start(memory_mb=3072)
        self._boot_again(20)
        self.assertEqual(3072, self._live_size().memory_mb)
        self.assertEqual(1024, self._usage().actual_mb)
        self.clock.advance(21)
        self.assertEqual(3072, self._live_size().memory_mb)
        self.assertEqual(3072, self._usage().actual_mb)
        self.assertEqual(5 * GiB, self.domain.info()[2])

    def test_grow(self):
        self._start(memory_mb=2048)
        self._boot_again(20)
        self._set_memory(3072)
        self.assertPutBack(3072)
        self.assertLess(abs(self.clock.monotonic() - 21), 2)

    def test_shrink(self):
        """What it had before does not matter."""
        self._start(memory_mb=3072)
        self._boot_again(20)
        self._set_memory(2048)
        self.assertPutBack(2048)

    @ddt.data(4096, 1024)
    def test_in_the_meantime(self, memory_mb):
        self._start(memory_mb=2048)
        self.guest.plug_step = GiB // 64
        self.guest.reports_statistics = False
        self.clock.at(4, lambda: self._boot_again(5))
        self.assertFails('The guest was restarted during the adjustment.',
                         self._set_memory, memory_mb)
        self.assertLess(self.clock.monotonic(), 9)


@ddt.ddt
class ShrinkTest(VirtioMemTestBase):
    """A shrink never kills the guest."""

    def _start_using(self, used_mb, memory_mb=4096, **guest):
        self._start(memory_mb=memory_mb)
        self.guest.memory_in_use = used_mb * MiB
        self.guest.when_exhausted = 'restarts'
        for name, value in guest.items():
            setattr(self.guest, name, value)

    def assertAlive(self):
        self.assertEqual(0, self.guest.restarts)

    def test_in_steps(self):
        """Each step leaves the guest half of what it can do without."""
        self._start_using(500)
        requests = []
        update = self.size.update_device

        def record(element, live, config):
            requests.append(
                int(element.findtext('./target/requested')) // MiB + 1024)
            return update(element, live, config)

        self.size.update_device = record
        self.assertEqual(1024, self._set_memory(1024))
        self.assertEqual([4096, 2314, 1422, 1024], requests)
        self.assertAlive()

    def test_to_what_it_uses(self):
        self._start_using(2000)
        self.assertRaises(exception.ServerAdjustMemoryExhausted,
                          self._set_memory, 1024)
        self.assertAlive()
        self.assertPutBack(4096)

    def test_forced(self):
        """Who forces it kills the guest, and learns of that."""
        self._start_using(2000)
        self.assertFails(
            'The guest was restarted during the adjustment.',
            self._set_memory, 1024, force=True)
        self.assertEqual(1, self.guest.restarts)
        self.assertPutBack(4096)

    @ddt.data(None, GiB // 8)
    def test_uses_more_in_the_meantime(self, step):
        self._start_using(500, plug_step=step)
        self.clock.at(3, lambda: setattr(
            self.guest, 'memory_in_use', 1200 * MiB))
        self.assertRaises(exception.ServerAdjustMemoryExhausted,
                          self._set_memory, 1024)
        self.assertAlive()
        self.guest.plug_step = None
        self._live_size()
        self.assertPutBack(4096)

    @ddt.data(2, 4, 8)
    def test_keeps_a_little(self, kept_mb):
        """What cannot be moved stays, and the guest stops trying."""
        self._start_using(500, keeps_plugged=kept_mb * MiB)
        self.assertEqual(1024 + kept_mb, self._set_memory(1024))
        self.assertPutBack(1024 + kept_mb)
        self.assertLess(self.clock.monotonic(), 10)

    def test_keeps_a_lot(self):
        """What was done in part is taken back."""
        self._start_using(500, keeps_plugged=100 * MiB)
        self.assertFails(
            'The guest has given back 1682 of 3072 MiB after 60 seconds.',
            self._set_memory, 1024)
        self.assertPutBack(4096)

    def test_without_statistics(self):
        self._start_using(500, reports_statistics=False)
        self.assertEqual(1024, self._set_memory(1024))
        self.assertAlive()


class HugePagesTest(VirtioMemTestBase):

    def test_large_blocks(self):
        """A block is no smaller than a page."""
        self._start()
        self.instance.flavor.extra_specs['hw:mem_page_size'] = '1GB'
        self.device.block = GiB
        for requested, memory_mb in ((1100, 2048), (4096, 4096), (1025, 2048),
                                     (1024, 1024)):
            self.assertEqual(memory_mb, self._set_memory(requested))
            self.assertPutBack(memory_mb)


class EventTest(elastic_base.VirtioMemMixin,
                elastic_base.ElasticServersTestBase):

    HOSTS = ('host1',)

    def setUp(self):
        super().setUp()
        self.driver = self.computes['host1'].driver
        self.server = self._boot()

    def test_wait(self):
        """Whoever waits hears of it as soon as the guest has plugged it."""
        heard = threading.Event()
        waits = threading.Event()
        create_waiter = self.driver._device_event_handler.create_waiter

        def begin(*args):
            waiter = create_waiter(*args)
            waits.set()
            return waiter

        self.driver._device_event_handler.create_waiter = begin

        def wait():
            self.driver._wait_for_memory_event(
                self._instance(self.server), 60)
            heard.set()

        thread = threading.Thread(target=wait)
        thread.start()
        self.assertTrue(waits.wait(10))
        self._emit()
        self.assertTrue(heard.wait(10))
        thread.join()

    def _emit(self):
        """Deliver the event of the guest as the threads of libvirt do."""
        host = self.driver._host
        events = []
        handler = getattr(host, '_event_handler', host)
        handler._queue_event = events.append
        host.listen_to_memory_devices()
        connection = host.get_connection()
        callback, opaque = connection._event_callbacks[
            fakelibvirt.VIR_DOMAIN_EVENT_ID_MEMORY_DEVICE_SIZE_CHANGE]
        callback(connection, self._domain(self.server), 'ua-elastic',
                 GiB * 1024, opaque)
        event, = events
        self.driver.emit_event(event)

    def test_nobody_waits(self):
        """A guest that boots plugs what it has, and nobody is warned."""
        self._emit()
        self.assertNotIn('the driver is not waiting for it',
                         self.stdlog.logger.output)

    def test_no_event(self):
        """Whoever waits in vain looks again after a while."""
        self.driver._wait_for_memory_event(self._instance(self.server), 0.01)
        self.assertEqual(
            set(), self.driver._device_event_handler._waiters)
