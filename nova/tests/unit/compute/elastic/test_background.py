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

import threading
import time
from unittest import mock

from nova.compute.elastic import background
from nova import context as nova_context
from nova import exception
from nova import test


class QuestionsTest(test.NoDBTestCase):

    def setUp(self):
        super().setUp()
        self.context = nova_context.get_admin_context()
        self.questions = background.Questions(2)
        self.released = threading.Event()
        self.addCleanup(self.released.set)

    def _ask(self, guest, function, *args, timeout=5):
        return self.questions.ask(
            self.context, guest, timeout, function, *args)

    def _ask_hung(self, guest):
        self.assertRaises(
            exception.ServerAdjustGuestNotResponding, self._ask, guest,
            self.released.wait, timeout=0.01)

    def test_answer(self):
        """The asker gets what the function returns."""
        self.assertEqual(5, self._ask('a', int, '5'))

    def test_error(self):
        """The asker gets what the function raises."""
        self.assertRaises(ValueError, self._ask, 'a', int, 'five')

    def test_hung_guest(self):
        """No caller waits for a guest beyond its timeout."""
        self._ask_hung('a')

    def test_hung_guest_again(self):
        """A guest that hangs occupies one thread, however often it is asked.
        """
        for _question in range(5):
            self._ask_hung('a')
        self.assertEqual(5, self._ask('b', int, '5'))

    def test_hung_guests(self):
        """There are no more threads than that."""
        self._ask_hung('a')
        self._ask_hung('b')
        self.assertRaises(exception.ServerAdjustGuestNotResponding,
                          self._ask, 'c', int, '5')

    def test_guest_that_is_back(self):
        """A guest that has answered late is asked again."""
        self._ask_hung('a')
        self._ask_hung('b')
        self.released.set()
        self.assertEqual(5, self._ask('a', int, '5'))
        self.assertEqual(5, self._ask('c', int, '5'))

    def test_two_askers(self):
        """One waits for the other while its time lasts."""
        is_running = threading.Event()

        def answer():
            is_running.set()
            self.released.wait()

        first = threading.Thread(target=self._ask, args=('a', answer))
        first.start()
        is_running.wait()
        threading.Timer(0.1, self.released.set).start()
        self.assertEqual(5, self._ask('a', int, '5'))
        first.join()


class CallsTest(test.NoDBTestCase):

    def setUp(self):
        super().setUp()
        self.calls = background.Calls()
        self.is_back = threading.Event()
        self.addCleanup(self.is_back.set)

    def _call(self, cell, function, *args, timeout=5):
        context = nova_context.get_admin_context()
        context.cell_uuid = cell
        return self.calls.call(context, timeout, function, *args)

    def _call_hung(self, cell):
        self.assertRaises(
            exception.ServerAdjustHostNotResponding, self._call, cell,
            self.is_back.wait, timeout=0.01)

    def test_answer(self):
        """The caller gets what the function returns or raises."""
        self.assertEqual(5, self._call('a', int, '5'))
        self.assertRaises(ValueError, self._call, 'a', int, 'five')

    def test_broker_down(self):
        """No thread is spent on a broker that takes no calls, and no time."""
        self._call_hung('a')
        called = mock.Mock()
        self.assertRaises(exception.ServerAdjustHostNotResponding,
                          self._call, 'a', called)
        called.assert_not_called()
        self.assertEqual(5, self._call('b', int, '5'))

    def test_broker_that_is_back(self):
        self._call_hung('a')
        self.is_back.set()
        # The thread may take a moment to return.
        for _attempt in range(100):
            try:
                self.assertEqual(5, self._call('a', int, '5'))
                break
            except exception.ServerAdjustHostNotResponding:
                time.sleep(0.05)
        else:
            self.fail('It is not called again.')


class WorkersTest(test.NoDBTestCase):

    def test_limit(self):
        """One more than there are is refused, until one is free."""
        workers = background.Workers(2)
        workers.reserve()
        workers.reserve()
        self.assertRaises(exception.ServerAdjustHostBusy, workers.reserve)
        workers.release()
        workers.reserve()


class TestAlarms(test.NoDBTestCase):

    def setUp(self):
        super().setUp()
        self.calls = []
        self.alarms = background.Alarms(self.calls.append)
        self.addCleanup(self.alarms.clear)

    def _wait_for(self, calls):
        deadline = time.monotonic() + 5
        while self.calls != calls and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertEqual(calls, self.calls)

    def test_order(self):
        """The earliest comes first, whenever it was set."""
        now = time.time()
        for subject, seconds in (('c', 0.3), ('a', 0.1), ('b', 0.2)):
            self.alarms.set(subject, now + seconds)
        self._wait_for(['a', 'b', 'c'])
        self.assertGreaterEqual(time.time(), now + 0.3)

    def test_earlier(self):
        """A subject has one time, the earlier one."""
        now = time.time()
        self.alarms.set('a', now + 600)
        self.alarms.set('a', now)
        self.alarms.set('a', now + 600)
        self._wait_for(['a'])
        self.alarms.set('a', now)
        self._wait_for(['a', 'a'])

    def test_clear(self):
        """What was cleared does not come, and what is set later does."""
        self.alarms.set('a', time.time() + 0.2)
        self.alarms.clear()
        time.sleep(0.3)
        self.assertEqual([], self.calls)
        self.alarms.set('b', 0)
        self._wait_for(['b'])

    def test_set_by_the_function(self):
        """It can set the next time itself."""
        alarms = background.Alarms(lambda count: (
            self.calls.append(count), count and alarms.set(count - 1, 0)))
        alarms.set(2, 0)
        self._wait_for([2, 1, 0])

    def test_error(self):
        """What the function raises ends nothing."""
        alarms = background.Alarms(lambda subject: (
            self.calls.append(subject), subject / (subject - 1)))
        alarms.set(1, 0)
        self._wait_for([1])
        alarms.set(2, 0)
        self._wait_for([1, 2])
