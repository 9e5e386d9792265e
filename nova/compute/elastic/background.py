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

"""Work that goes on after its caller has been answered, and its bounds.

Threads are started with the threading module, which eventlet makes green where
Nova runs on it. They are not from the pools of Nova that builds and migrations
share, since a slow guest must never delay those.
"""

import threading
import time

from oslo_log import log as logging
from oslo_utils import timeutils

from nova import exception

LOG = logging.getLogger(__name__)


def start(context, function, *args):
    """Call a function in a thread of its own.

    :param context: The RequestContext that its log lines belong to
    """
    def run():
        context.update_store()
        function(*args)

    threading.Thread(target=run, name=function.__name__, daemon=True).start()


def _call(context, on_end, function, *args):
    """Call a function in a thread of its own.

    :param on_end: Called when it has returned
    :returns: A function for then, which returns or raises what that did
    """
    outcome = {}

    def run():
        try:
            outcome['result'] = function(*args)
        except Exception as error:
            outcome['error'] = error
        finally:
            on_end()

    def get():
        if 'error' in outcome:
            raise outcome['error']
        return outcome['result']

    start(context, run)
    return get


class Workers(object):
    """A limited number of workers; work beyond that is refused."""

    def __init__(self, limit):
        self._free = threading.BoundedSemaphore(limit)

    def reserve(self):
        """Reserve a worker.

        :raises: ServerAdjustHostBusy if there is none
        """
        if not self._free.acquire(blocking=False):
            raise exception.ServerAdjustHostBusy()

    def release(self):
        self._free.release()


class Questions(object):
    """Questions about guests, for the answers of which nobody waits long.

    A question stays open and occupies a thread for as long as the QEMU of the
    guest does not respond. So there is at most one about each guest, and few
    at the same time.
    """

    def __init__(self, limit):
        self._free = threading.BoundedSemaphore(limit)
        self._lock = threading.Lock()
        # An event for each guest with an open question, set when it closes.
        self._open = {}

    def ask(self, context, guest, timeout, function, *args):
        """Call a function, and wait a limited time for its result.

        :param guest: The UUID of the server that the question is about
        :param timeout: How long to wait, in seconds
        :returns: What the function returns; what it raises is raised
        :raises: ServerAdjustGuestNotResponding if it does not return in time
        """
        deadline = time.monotonic() + timeout
        closed = self._begin(guest, deadline)
        get = _call(context, lambda: self._end(guest), function, *args)
        self._wait(closed, deadline)
        return get()

    def _begin(self, guest, deadline):
        while True:
            with self._lock:
                closed = self._open.get(guest)
                if closed is None:
                    if not self._free.acquire(blocking=False):
                        raise exception.ServerAdjustGuestNotResponding()
                    closed = self._open[guest] = threading.Event()
                    return closed
            self._wait(closed, deadline)

    def _end(self, guest):
        with self._lock:
            self._free.release()
            self._open.pop(guest).set()

    @staticmethod
    def _wait(closed, deadline):
        if not closed.wait(max(deadline - time.monotonic(), 0)):
            raise exception.ServerAdjustGuestNotResponding()


class Calls(object):
    """Calls of hosts, for the answers of which nobody waits long.

    oslo.messaging waits for a broker without an end, and only then does the
    time-out of a call begin. So a call that outlasts its time-out says that
    its broker is down. While it does, no other is made in its cell.
    """

    def __init__(self):
        # For each cell an event, set when a call that outlasted has returned.
        self._outlasted = {}

    def call(self, context, timeout, function, *args):
        """Call a function that calls a host, and wait for its result.

        :param context: The RequestContext, for the cell of the host
        :param timeout: How long to wait, in seconds: longer than the call
            does
        :returns: What the function returns; what it raises is raised
        :raises: ServerAdjustHostNotResponding if it does not return in time
        """
        cell = context.cell_uuid
        outlasted = self._outlasted.get(cell)
        if outlasted and not outlasted.is_set():
            raise exception.ServerAdjustHostNotResponding()
        returned = threading.Event()
        get = _call(context, returned.set, function, *args)
        if not returned.wait(timeout):
            self._outlasted[cell] = returned
            raise exception.ServerAdjustHostNotResponding()
        return get()


class Alarms(object):
    """Calls a function when a time has come, for each subject that has one.

    A thread waits for the earliest. There is none while no time is set. An
    error of the function is logged, and the thread goes on.
    """

    def __init__(self, function):
        """:param function: Called with a subject, in the thread"""
        self._function = function
        self._condition = threading.Condition()
        self._times = {}
        self._is_waiting = False

    def set(self, subject, at):
        """Set the time of a subject, unless it has an earlier one.

        :param at: In seconds since the epoch
        """
        with self._condition:
            self._times[subject] = min(at, self._times.get(subject, at))
            self._condition.notify()
            if self._is_waiting:
                return
            self._is_waiting = True
        threading.Thread(
            target=self._run, name='alarms', daemon=True).start()

    def clear(self):
        with self._condition:
            self._times.clear()
            self._condition.notify()

    def _run(self):
        for subject in iter(self._get_next, None):
            try:
                self._function(subject)
            except Exception:
                LOG.exception('What an alarm was set for has failed.')

    def _get_next(self):
        """Wait for the earliest time, and return its subject.

        :returns: None if there is no time any more
        """
        with self._condition:
            while self._times:
                subject = min(self._times, key=self._times.get)
                left = self._times[subject] - timeutils.utcnow_ts(
                    microsecond=True)
                if left <= 0:
                    del self._times[subject]
                    return subject
                self._condition.wait(left)
            self._is_waiting = False
