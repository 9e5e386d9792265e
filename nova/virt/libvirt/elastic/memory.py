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

"""Adjusting the memory of a running guest by its balloon.

A balloon takes memory from a guest faster than the guest can report that it
runs short: a shrink to less than the guest uses kills it within seconds. So a
guest shrinks in steps. Each step leaves some of the memory that it reports as
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
from nova.virt.libvirt.elastic import live

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

# The smallest step, in MiB. A guest that is nearer than this to its target has
# completed the step.
SMALLEST_STEP_MB = 4

# A guest exceeds its target by more than this, in MiB, only after a restart:
# it has all its memory until its balloon driver runs.
RESTART_MB = 64


def set_memory_mb(guest, instance, memory_mb, force=False):
    """Adjust the memory of a running guest, and wait until it has that.

    :param guest: The nova.virt.libvirt.guest.Guest
    :param instance: The nova.objects.Instance it is of
    :param force: Whether to shrink it even below what it uses
    :raises: ServerAdjustFailed if the guest does not comply in time, is
        restarted, or has too little usable memory
    """
    with common.hypervisor_errors(instance):
        before = live.get_memory_mb(guest, guest.get_memory_stats())
        if memory_mb != before:
            common.check_not_paused(guest)
        timeout = CONF.xloud.memory_timeout
        if memory_mb < before:
            _Shrink(guest, instance, before, memory_mb, timeout, force).run()
        else:
            _Growth(guest, instance, before, memory_mb, timeout).run()


class _Adjustment(object):
    """A balloon on its way to a target, and the reports of its guest."""

    def __init__(self, guest, instance, before, memory_mb, timeout):
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
        self._patience_ends = time.monotonic() + FIRST_STATISTICS

    def run(self):
        with self._frequent_statistics():
            deadline = time.monotonic() + self._timeout
            if not common.wait_until(self._advance, deadline):
                self._fail()

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
        if (self._actual == self._before and
                not live.is_balloon_driver_active(self._guest)):
            raise exception.ServerAdjustNoBalloonDriver(
                current=self._actual, timeout=self._timeout)
        done = (self._actual - self._before) * self._direction
        raise self._error(
            done=max(done, 0), requested=abs(self._memory_mb - self._before),
            timeout=self._timeout)

    def _request(self, target):
        self._guest.set_memory(target * units.Ki, live=True)
        self._target = target
        self._is_reported = False

    def _look(self):
        """Read what the guest has now, and what it reports.

        :raises: ServerAdjustGuestRestarted if it was started again
        """
        had_arrived = self._actual is not None and self._has_arrived()
        stats = self._guest.get_memory_stats()
        actual = live.get_memory_mb(self._guest, stats)
        # The guest counts its page faults since its start.
        faults = stats.get('minor_fault')
        is_restarted = (
            self._actual is not None and
            actual > max(self._actual, self._target) + RESTART_MB or
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
                self._check_usable()
            self._updated = updated

    def _check_usable(self):
        pass

    def _has_arrived(self):
        return abs(self._actual - self._target) < SMALLEST_STEP_MB

    def _is_complete(self):
        # libvirt learns of it last, and the live size comes from there.
        return self._memory_mb == self._actual == live.to_mb(
            self._guest.get_size_info().memory)


class _Growth(_Adjustment):

    _direction = 1
    _error = exception.ServerAdjustMemoryNotTaken

    def run(self):
        # A guest that has this much now may be on its way to another target.
        self._request(self._memory_mb)
        if self._memory_mb != self._before:
            super().run()

    def _advance(self):
        self._look()
        if not self._is_complete():
            return False
        # An older report is about less memory than the guest has now, and the
        # next adjustment would compute its floor from it.
        return (self._is_reported or self._updated is None or
                time.monotonic() >= self._patience_ends)


class _Shrink(_Adjustment):

    _direction = -1
    _error = exception.ServerAdjustMemoryNotReleased

    def __init__(self, guest, instance, before, memory_mb, timeout, force):
        super().__init__(guest, instance, before, memory_mb, timeout)
        self._force = force
        self._reserve = CONF.xloud.memory_floor_margin // 2

    def run(self):
        try:
            # The guest may be on its way to another target.
            self._request(self._before)
            super().run()
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
        self._request(max(self._memory_mb, self._actual - self._get_step()))
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
        step = SMALLEST_STEP_MB
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
        left = self._usable
        if self._is_reported:
            # Only now are both figures of the same moment.
            left -= self._actual - self._memory_mb
        if left >= self._reserve:
            return
        LOG.warning('The guest has %(usable)d MiB of usable memory left. It '
                    'has %(actual)d MiB; %(memory_mb)d MiB were requested.',
                    {'usable': self._usable, 'actual': self._actual,
                     'memory_mb': self._memory_mb}, instance=self._instance)
        if not self._force:
            raise exception.ServerAdjustMemoryExhausted()

    def _has_arrived(self):
        return self._actual < self._target + SMALLEST_STEP_MB
