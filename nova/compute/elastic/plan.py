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

"""What an adjustment of a server changes, and whether that is allowed."""

from oslo_log import log as logging
from oslo_utils import timeutils
from oslo_utils import uuidutils

from nova.compute import vm_states
import nova.conf
from nova import elastic
from nova import exception

CONF = nova.conf.CONF

LOG = logging.getLogger(__name__)

# While a guest of the host does not respond, libvirt (9.0 for one) may notice
# a question about another one only when its daemon looks whether the client
# is still there, which is every five seconds.
_NOTICED_WITHIN = 5


class Plan(object):
    """What a requested size means for a server and its guest."""

    def __init__(self, context, instance, request, driver, accounting,
                 questions):
        self.instance = instance
        self.requested = request.size
        self.force = request.force
        # Why the server does not have all that was requested in the end.
        self.shortfall = None
        self.request = request
        # What is to be done later by the records, once they have been read.
        self.pending_before = elastic.Pending()
        self._context = context
        self._driver = driver
        self._accounting = accounting
        self._questions = questions

    def make(self):
        """Check the request, and find out what it changes.

        :returns: Whether it changes anything.
        """
        instance = self.instance
        self.size_before = elastic.size(instance)
        self.start_before = elastic.start_size(instance)
        self.pending_before = elastic.get_pending(instance)
        self.pending = self._get_pending()
        self.live = self.get_live_size()
        self.size, self.start = self._get_sizes()
        # What the guest has to be given or to give back, in this order.
        self.changes = (elastic.ordered_changes(self.live, self.requested)
                        if self.live else [])
        if not self.changes and (
                (self.size, self.start) ==
                (self.size_before, self.start_before)):
            return False

        self._check_image()
        self._check_paused()
        self._check_floor()
        # What the server is accounted for until its guest has changed.
        self.claimed = elastic.elementwise_max(self.size, self.size_before)
        return True

    @property
    def is_continued(self):
        """Whether this continues a request that was accepted earlier."""
        return self.waiting_since is not None

    def get_pending_of_move(self, action):
        """Return what is to be done later if the server has to move.

        What has been waiting is replaced once the server has moved.
        """
        return self.pending_before._replace(moving=elastic.Moving(
            self.requested, self.request.persist, self.force,
            self.request.for_seconds, action, self._context.request_id,
            round(timeutils.utcnow_ts(microsecond=True), 3),
            self.instance.host, uuidutils.generate_uuid(),
            self.instance.flavor.id))

    def _get_pending(self):
        """Return what is to be done to the server later."""
        return elastic.Pending(elastic.return_after(
            self.instance, self.request, timeutils.utcnow_ts()))

    def get_pending_of_waiting(self, action):
        """Return what is to be done later if the request has to wait."""
        waiting = self.pending_before.waiting
        if self.waiting_since is None:
            now = timeutils.utcnow_ts(microsecond=True)
            waiting = elastic.Waiting(
                self.requested, self.request.persist, self.force,
                self.request.for_seconds, action, self._context.request_id,
                round(now, 3), int(now) + CONF.xloud.wait_timeout,
                self.instance.flavor.id)
        return self.pending_before._replace(waiting=waiting)

    @property
    def waiting_since(self):
        """Since when the request has been waiting, or None."""
        waiting = self.pending_before.waiting
        if waiting and waiting.request_id == self._context.request_id:
            return waiting.since

    @property
    def replaced(self):
        """The Waiting of an earlier request that this one replaces."""
        waiting = self.pending_before.waiting
        if waiting and waiting.request_id != self._context.request_id:
            return waiting

    def _get_sizes(self):
        """Return what the server is accounted for then, and its start size."""
        return elastic.sizes_after(
            self.instance, self.requested, self.request.persist)

    def get_live_size(self):
        """Return what the guest has now, and keep how it uses its memory."""
        instance = self.instance
        self._memory_usage = None
        try:
            live = self._accounting.get_live_size(instance)
            if live:
                # The live size may be a second old. This also finds out before
                # the claim whether the hypervisor responds for the guest.
                self._memory_usage = self._questions.ask(
                    self._context, instance.uuid,
                    CONF.xloud.guest_query_timeout + _NOTICED_WITHIN,
                    self._driver.get_memory_usage, instance)
        except exception.InstanceNotFound:
            raise exception.ServerAdjustNoGuest()
        return live and elastic.with_live_memory(
            instance.flavor, live, self._memory_usage.actual_mb)

    def _check_image(self):
        if self.live:
            elastic.check_change(self.instance, self.live, self.request)

    def _check_paused(self):
        """Allow a paused server to be given vCPUs, and nothing else."""
        if self.instance.vm_state == vm_states.PAUSED and self.changes and (
                self.changes != ['vcpus'] or
                self.requested.vcpus < self.live.vcpus):
            raise exception.ServerAdjustPaused()

    def _check_floor(self):
        """Refuse a shrink to less memory than the guest uses.

        Its kernel would run out of memory and panic.
        """
        if ('memory_mb' not in self.changes or self.force or
                self.requested.memory_mb > self.live.memory_mb):
            return
        floor = self._get_floor()
        if floor is None:
            LOG.info('The guest does not report how much of its memory is '
                     'usable, so its floor is unknown.',
                     instance=self.instance)
        elif self.requested.memory_mb < floor:
            raise exception.ServerAdjustBelowFloor(
                floor=floor, requested=self.requested.memory_mb)

    def _get_floor(self):
        return elastic.memory_floor(
            self.live.memory_mb, self._memory_usage.usable_mb,
            CONF.xloud.memory_floor_margin)


class MovedPlan(Plan):
    """A server grows on the host that it was moved to for that."""

    is_continued = True


class ReturnPlan(Plan):
    """A server goes back to the size that it had before a timed one.

    It grows in nothing. If its guest needs more memory than that leaves, it
    keeps what the guest needs. A later request goes on waiting.
    """

    replaced = None

    def _get_pending(self):
        return elastic.Pending(waiting=self.pending_before.waiting)

    def _get_sizes(self):
        size, start = elastic.sizes_after_return(
            self.instance, self.pending_before.returning)
        self.requested = size
        if self.live:
            self.requested = elastic.Size(*map(min, size, self.live))
            size = size._replace(memory_mb=max(
                size.memory_mb, self._keep_floor(size.memory_mb)))
        return size, start

    def _keep_floor(self, memory_mb):
        """Request no less memory than the guest needs, and return that."""
        floor = self._get_floor()
        if memory_mb < self.live.memory_mb and floor and floor > memory_mb:
            device = elastic.virtio_mem(self.instance.flavor)
            kept = device.round_up(floor) if device else floor
            self.requested = self.requested._replace(memory_mb=kept)
            self.shortfall = exception.ServerAdjustStoppedAtFloor(
                floor=kept, requested=memory_mb)
        return self.requested.memory_mb
