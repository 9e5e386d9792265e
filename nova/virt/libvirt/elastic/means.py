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

"""What can change the memory of a running guest."""

import time

from oslo_utils import units

from nova import elastic
from nova import exception
from nova.virt.libvirt.elastic import live

# The smallest step of a shrink, in MiB.
SMALLEST_STEP_MB = 4

# A guest exceeds its target by more than this, in MiB, only after a restart.
_RESTART_MB = 64

# What a guest may keep of what it was requested to unplug, in MiB: some of it
# holds what cannot be moved. And how long it has to keep as much, in seconds.
_KEPT_MB = 8
_KEPT_FOR = 3

# What a guest with the memory that it was given may lack of it, as a part of
# that: the records of its pages are 1/64.
_RECORDS = 1 / 32
_SLACK_KB = SMALLEST_STEP_MB * units.Ki


def get_means(guest, instance, stats, wait_for_event):
    """Return what can change the memory of a guest.

    :param stats: The memory statistics of the guest
    :param wait_for_event: A function that waits until the guest has plugged
        or unplugged memory, or for so many seconds
    """
    device = elastic.virtio_mem(instance.flavor)
    if device and guest.get_virtio_mem():
        return VirtioMem(guest, device, stats, wait_for_event)
    return Balloon(guest)


class Balloon(object):
    """The balloon of a guest, which holds what the guest is not to have."""

    # A guest that is less than this from the target of a step has made it.
    SLACK_MB = SMALLEST_STEP_MB

    # How long to wait for a report of what the guest has got, in seconds.
    PATIENCE = 0

    def __init__(self, guest):
        self._guest = guest

    @staticmethod
    def wait(seconds):
        time.sleep(seconds)

    @staticmethod
    def round_up(memory_mb):
        return memory_mb

    @staticmethod
    def round_down(memory_mb):
        return memory_mb

    def request(self, memory_mb):
        self._guest.set_memory(memory_mb * units.Ki, live=True)

    def get_memory_mb(self, stats):
        return live.get_memory_mb(self._guest, stats)

    @staticmethod
    def is_restarted(actual, before, target):
        """Whether the guest was restarted, by what it had and what it has.

        It has all its memory until its balloon driver runs.
        """
        return actual > max(before, target) + _RESTART_MB

    def is_complete(self, actual, memory_mb):
        # libvirt learns of it last, and the live size comes from there.
        return memory_mb == actual == live.to_mb(
            self._guest.get_size_info().memory)

    @staticmethod
    def is_online(actual, stats):
        return True

    def check_driver(self, actual, before, memory_mb, timeout):
        """Raise what the guest lacks if that is why it has not complied."""
        if actual == before and not live.is_balloon_driver_active(self._guest):
            raise exception.ServerAdjustNoBalloonDriver(
                current=actual, timeout=timeout)


class VirtioMem(object):
    """The virtio-mem device of a guest, which plugs what the guest has."""

    SLACK_MB = _KEPT_MB + 1
    PATIENCE = 3

    def __init__(self, guest, device, stats, wait_for_event):
        self.wait = wait_for_event
        self.round_up = device.round_up
        self._guest = guest
        self._device = device
        # What the guest had, and what of it was online. A guest that boots
        # has not reported of that yet.
        memory = guest.get_virtio_mem()
        self._before = live.get_plugged_mb(memory)
        self._online_before = (stats.get('available') if
                               memory.plugged == memory.requested else None)
        # What the guest keeps, and since when.
        self._kept = None

    def round_down(self, memory_mb):
        return self._device.round_up(memory_mb - self._device.block_mb + 1)

    def request(self, memory_mb):
        self._guest.set_virtio_mem(
            self._device.requested_mb(memory_mb) * units.Ki, live=True)
        self._kept = None

    def get_memory_mb(self, stats):
        return live.get_plugged_mb(self._guest.get_virtio_mem())

    @staticmethod
    def is_restarted(actual, before, target):
        """Whether the guest was restarted, by what it had and what it has.

        It has nothing plugged until its driver runs.
        """
        return actual < min(before, target) - _RESTART_MB

    def is_complete(self, actual, memory_mb):
        if not 0 < actual - memory_mb <= _KEPT_MB:
            return actual == memory_mb
        if self._kept is None or self._kept[0] != actual:
            self._kept = actual, time.monotonic()
        return time.monotonic() >= self._kept[1] + _KEPT_FOR

    def is_online(self, actual, stats):
        """Whether the guest uses what is plugged, as it reports."""
        available = stats.get('available')
        if None in (available, self._online_before):
            return True
        more = (actual - self._before) * units.Ki
        return available - self._online_before >= more * (1 - _RECORDS) - (
            _SLACK_KB)

    def check_driver(self, actual, before, memory_mb, timeout):
        """Raise what the guest lacks if that is why it has not complied."""
        if actual == memory_mb:
            raise exception.ServerAdjustMemoryNotOnline(timeout=timeout)
        if actual == before < memory_mb:
            raise exception.ServerAdjustNoVirtioMemDriver(
                current=actual, timeout=timeout)
