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

"""Adjusting the memory of a running guest.

Memory is taken from a guest faster than the guest can report that it runs
short: a shrink to less than the guest uses kills it within seconds. So a guest
shrinks in steps. Each step leaves some of the memory that it reports as
usable, and the guest is watched all the time.
"""

import contextlib
import time

from lxml import etree
from oslo_log import log as logging
from oslo_utils import excutils
from oslo_utils import units

import nova.conf
from nova import exception
from nova.virt.libvirt.elastic import common
from nova.virt.libvirt.elastic import means as memory_means

try:
    # It is not needed to import this module, only to use it.
    import libvirt
except ImportError:
    libvirt = None

LOG = logging.getLogger(__name__)
CONF = nova.conf.CONF

# How often a guest reports its statistics during an adjustment, and how long
# to wait for the first ones, in seconds.
STATISTICS_PERIOD = 1
FIRST_STATISTICS = 3

# A step takes this part of the usable memory that is not reserved.
STEP_OF_USABLE = 1 / 2

# Without statistics a step takes this part of the memory that the guest has. A
# pause, in seconds, follows each step: a guest that runs short gets slower, so
# it is at most one step too small when that shows.
STEP_OF_MEMORY = 1 / 16
PAUSE = 0.5


def set_memory_mb(guest, instance, memory_mb, force, wait_for_event):
    """Adjust the memory of a running guest, and wait until it has that.

    :param guest: The nova.virt.libvirt.guest.Guest
    :param instance: The nova.objects.Instance it is of
    :param force: Whether to shrink it even below what it uses
    :param wait_for_event: A function that waits until the guest has plugged
        or unplugged memory, or for so many seconds
    :returns: What the guest has, in MiB
    :raises: ServerAdjustFailed if the guest does not comply in time, is
        restarted, or has too little usable memory
    """
    with common.hypervisor_errors(instance):
        stats = guest.get_memory_stats()
        means = memory_means.get_means(guest, instance, stats, wait_for_event)
        memory_mb = means.round_up(memory_mb)
        before = means.get_memory_mb(stats)
        if memory_mb != before:
            common.check_not_paused(guest)
        timeout = CONF.xloud.memory_timeout
        if memory_mb < before:
            adjustment = _Shrink(
                guest, instance, means, before, memory_mb, timeout, force)
        else:
            adjustment = _Growth(
                guest, instance, means, before, memory_mb, timeout)
        return adjustment.run()


class _Adjustment(object):
    """A guest on its way to a target, and its reports."""

    def __init__(self, guest, instance, means, before, memory_mb, timeout):
        self._means = means
        self._guest = guest
        self._instance = instance
        self._before = self._target = before
        self._actual = None
        self._memory_mb = memory_mb
        self._timeout = timeout
        self._faults = None
        # What the guest last reported as usable, when that was, and whether
        # the balloon had reached its target by then.
        self._usable = None
        self._updated = None
        self._is_reported = False
        # Whether it reported that it uses what it has been given.
        self._is_usable = False
        self._patience_ends = time.monotonic() + FIRST_STATISTICS

    def run(self):
        """Go on until the guest has what it is to have.

        :returns: What it has then, in MiB
        """
        with self._frequent_statistics():
            deadline = time.monotonic() + self._timeout
            if not common.wait_until(
                    self._advance, deadline, self._means.wait):
                self._fail()
        return self._actual

    @contextlib.contextmanager
    def _frequent_statistics(self):
        # The definition keeps its period, also if this is interrupted.
        root = etree.fromstring(self._guest.get_xml_desc(dump_inactive=True))
        stats = root.find('./devices/memballoon/stats')
        period = 0 if stats is None else int(stats.get('period'))
        self._guest.set_memory_stats_period(STATISTICS_PERIOD)
        try:
            yield
        finally:
            try:
                self._guest.set_memory_stats_period(period)
            except libvirt.libvirtError as ex:
                LOG.debug('The period of the memory statistics was not reset: '
                          '%s', ex, instance=self._instance)

    def _fail(self):
        self._means.check_driver(
            self._actual, self._before, self._memory_mb, self._timeout)
        done = (self._actual - self._before) * self._direction
        raise self._error(
            done=max(done, 0), requested=abs(self._memory_mb - self._before),
            timeout=self._timeout)

    def _request(self, target):
        self._means.request(target)
        self._target = target
        self._is_reported = False

    def _look(self):
        """Read what the guest has now, and what it reports.

        :raises: ServerAdjustGuestRestarted if it was started again
        """
        had_arrived = self._actual is not None and self._has_arrived()
        stats = self._guest.get_memory_stats()
        actual = self._means.get_memory_mb(stats)
        # The guest counts its page faults since its start.
        faults = stats.get('minor_fault')
        is_restarted = (
            self._actual is not None and
            self._means.is_restarted(actual, self._actual, self._target) or
            None not in (faults, self._faults) and faults < self._faults)
        if is_restarted:
            raise exception.ServerAdjustGuestRestarted()
        self._actual = actual
        self._faults = faults

        updated = stats.get('last_update')
        if 'usable' in stats and updated != self._updated:
            # The first statistics that are seen may be old.
            if self._updated is not None:
                self._usable = stats['usable'] // units.Ki
                self._is_reported = had_arrived
                self._is_usable = self._means.is_online(actual, stats)
                self._check_usable()
            self._updated = updated

    def _check_usable(self):
        pass

    def _has_arrived(self):
        return abs(self._actual - self._target) < self._means.SLACK_MB

    def _is_complete(self):
        return self._means.is_complete(self._actual, self._memory_mb)


class _Growth(_Adjustment):

    _direction = 1
    _error = exception.ServerAdjustMemoryNotTaken

    def run(self):
        # A guest that has this much now may be on its way to another target.
        self._request(self._memory_mb)
        if self._memory_mb == self._before:
            return self._before
        return super().run()

    def _advance(self):
        self._look()
        if not self._is_complete():
            self._patience_ends = max(
                self._patience_ends, time.monotonic() + self._means.PATIENCE)
            return False
        if self._is_reported:
            return self._is_usable
        # An older report is about less memory than the guest has now, and the
        # next adjustment would compute its floor from it.
        return (self._updated is None or
                time.monotonic() >= self._patience_ends)


class _Shrink(_Adjustment):

    _direction = -1
    _error = exception.ServerAdjustMemoryNotReleased

    def __init__(self, guest, instance, means, before, memory_mb, timeout,
                 force):
        super().__init__(guest, instance, means, before, memory_mb, timeout)
        self._force = force
        self._reserve = CONF.xloud.memory_floor_margin // 2

    def run(self):
        try:
            # The guest may be on its way to another target.
            self._request(self._before)
            super().run()
            if self._actual != self._memory_mb:
                # The guest need not try any longer.
                self._request(self._actual)
            return self._actual
        except Exception:
            with excutils.save_and_reraise_exception():
                self._put_back()

    def _put_back(self):
        try:
            self._request(self._before)
        except libvirt.libvirtError as ex:
            LOG.warning('The memory of the guest was not put back: %s', ex,
                        instance=self._instance)

    def _advance(self):
        self._look()
        if not self._is_step_complete():
            return False
        if self._target == self._memory_mb:
            return self._is_complete()
        self._request(max(self._memory_mb, self._means.round_down(
            self._actual - self._get_step())))
        self._patience_ends = time.monotonic() + PAUSE
        return False

    def _is_step_complete(self):
        if not self._has_arrived():
            return False
        if self._usable is not None:
            return self._is_reported
        return time.monotonic() >= self._patience_ends

    def _get_step(self):
        """Return how much the next step takes from the guest, in MiB."""
        step = memory_means.SMALLEST_STEP_MB
        if self._usable is not None:
            step = max(step, int(
                (self._usable - self._reserve) * STEP_OF_USABLE))
        elif self._target == self._before:
            LOG.info('The guest reports no memory statistics. It is shrunk in '
                     'small steps.', instance=self._instance)
        if self._usable is None or self._force:
            step = max(step, int(self._actual * STEP_OF_MEMORY))
        return step

    def _check_usable(self):
        usable = self._usable
        if self._is_reported:
            # Only now are both figures of the same moment.
            usable -= self._actual - self._memory_mb
        if usable >= self._reserve:
            return
        LOG.warning('The guest has only %(usable)d MiB of usable memory. It '
                    'has %(actual)d MiB; %(memory_mb)d MiB were requested.',
                    {'usable': self._usable, 'actual': self._actual,
                     'memory_mb': self._memory_mb}, instance=self._instance)
        if not self._force:
            raise exception.ServerAdjustMemoryExhausted()

    def _has_arrived(self):
        return self._actual < self._target + self._means.SLACK_MB
