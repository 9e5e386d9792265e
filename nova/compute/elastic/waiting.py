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

"""Adjustments that wait for capacity on their host, and whose turn it is.

Those of a higher priority come first, and then the older ones. Each gains
priority while it waits, so that none waits for ever. Nobody gets ahead of one
that comes first and needs the same resource, even if it needs less of it, or
gives another resource back.
"""

import typing as ty

from oslo_log import log as logging
from oslo_utils import timeutils

from nova.compute.elastic import background
from nova.compute.elastic import move_records
from nova.compute.elastic import reports
from nova.compute import task_states
from nova.compute import vm_states
import nova.conf
from nova import context as nova_context
from nova import elastic
from nova import exception
from nova import objects

CONF = nova.conf.CONF

LOG = logging.getLogger(__name__)

# After how many seconds of waiting an adjustment gains one of priority.
_PRIORITY_RISES_AFTER = 600

# After how many seconds it is tried again if another operation is in progress
# on a server, or a service does not respond.
_BUSY_DELAY = 2

# The subject of the alarm that is for all that wait.
_ALL = 'all'

# What ends in time, so that the adjustment goes on waiting.
_PASSING = (exception.ServerAdjustConcurrentUpdate,
            exception.ServerAdjustHostBusy, exception.ServerAdjustInProgress,
            exception.ServerAdjustCancelled,
            exception.ServerAdjustGuestNotResponding,
            exception.ServerAdjustUnavailable)


class Entry(ty.NamedTuple):
    """An adjustment that waits, or one that may have to."""

    since: float
    priority: int
    # The fields of a Size of which it needs more.
    needs: ty.FrozenSet[str]
    waiting: ty.Optional[elastic.Waiting] = None

    def rank(self, now):
        """Return a value that is lower for what comes first."""
        return (-(self.priority + int(now - self.since) //
                  _PRIORITY_RISES_AFTER), self.since)


def _get_entry(instance, since, size_before, size, waiting=None):
    needs = frozenset(
        field for field, old, new in zip(
            elastic.Size._fields, size_before, size)
        if new is not None and new > old)
    return Entry(since, elastic.priority(instance.flavor), needs, waiting)


class WaitingList(object):
    """The adjustments that wait on a host, by the UUID of their server."""

    def __init__(self):
        self._entries = {}
        # Those that cannot be granted now, whatever the host has, so that
        # nobody has to wait for them.
        self._on_hold = set()

    def __contains__(self, uuid):
        return uuid in self._entries

    def __len__(self):
        return len(self._entries)

    def get(self, uuid):
        return self._entries.get(uuid)

    def put(self, instance, waiting):
        self._entries[instance.uuid] = _get_entry(
            instance, waiting.since, elastic.size(instance), waiting.size,
            waiting)

    def hold(self, uuid, is_held):
        if is_held and uuid in self._entries:
            self._on_hold.add(uuid)
        else:
            self._on_hold.discard(uuid)

    def remove(self, uuid):
        self._on_hold.discard(uuid)
        return self._entries.pop(uuid, None)

    def clear(self):
        self._entries.clear()
        self._on_hold.clear()

    def in_order(self):
        """Return the UUIDs of their servers, the first one first."""
        now = timeutils.utcnow_ts()
        return [uuid for uuid, _entry in sorted(
            list(self._entries.items()), key=lambda item: item[1].rank(now))]

    def get_next_end(self, now):
        """Return the time at which the next of them has waited too long."""
        return min((entry.waiting.until for entry in
                    list(self._entries.values()) if entry.waiting.until > now),
                   default=None)

    def check_turn(self, plan):
        """Check whether an adjustment may claim what it needs now.

        :raises: ServerAdjustOthersWait if others come first
        """
        others = {uuid: entry for uuid, entry in list(self._entries.items())
                  if uuid != plan.instance.uuid and uuid not in self._on_hold}
        if not others:
            return
        now = timeutils.utcnow_ts(microsecond=True)
        own = _get_entry(
            plan.instance, plan.waiting_since or now, plan.size_before,
            plan.requested)
        if any(entry.needs & own.needs and entry.rank(now) < own.rank(now)
               for entry in others.values()):
            raise exception.ServerAdjustOthersWait()


class Grants(object):
    """Grants adjustments that wait what they need, as soon as it is there."""

    def __init__(self, host, waiting_list, adjustments, reporter):
        self._host = host
        self._list = waiting_list
        self._adjustments = adjustments
        self._reporter = reporter
        # The subjects are the UUIDs of servers, and all that wait.
        self._alarms = background.Alarms(self._grant_subject)

    def note(self, servers):
        """Note which servers have an adjustment that waits.

        They may have been read before the last change, so what waits already
        is left as it is. What is over is found when it is to be granted.
        """
        for instance in servers:
            waiting = elastic.get_pending(instance).waiting
            if waiting and instance.uuid not in self._list:
                self._list.put(instance, waiting)
        self.wake()

    def wake(self):
        """Look what can be granted, since the host may have capacity now."""
        if self._list:
            self._alarms.set(_ALL, 0)

    def stop(self):
        self._list.clear()
        self._alarms.clear()

    def take(self, context, instance):
        """Let an adjustment wait for which the server was to be moved.

        :raises: ServerAdjustServerChanged if it is not to be moved now
        """
        with self._adjustments.lock(instance):
            instance.refresh()
            pending = elastic.get_pending(instance)
            if not pending.moving or (
                    pending.moving.request_id != context.request_id):
                raise exception.ServerAdjustServerChanged()
            waiting = elastic.Waiting.of_move(
                pending.moving,
                int(timeutils.utcnow_ts()) + CONF.xloud.wait_timeout)
            elastic.set_pending(instance, pending._replace(
                moving=None, waiting=waiting))
            instance.task_state = None
            try:
                instance.save(expected_task_state=[task_states.MIGRATING])
            except exception.InstanceUpdateConflict:
                raise exception.ServerAdjustServerChanged()
            self._list.put(instance, waiting)
        move_records.close(context, pending.moving)
        if pending.waiting:
            reports.finish_event(context, instance, pending.waiting,
                                 exception.ServerAdjustReplaced())
        self.wake()

    def cancel(self, instance, waiting):
        """Let the adjustment of a server wait no longer.

        :raises: ServerAdjustInProgress if it was granted or replaced
        """
        if not self._end(instance, waiting,
                         exception.ServerAdjustWaitCancelled()):
            raise exception.ServerAdjustInProgress()

    def _grant_subject(self, subject):
        context = nova_context.get_admin_context()
        context.update_store()
        begun_at = timeutils.utcnow_ts()
        for uuid in self._list.in_order() if subject == _ALL else [subject]:
            try:
                is_busy = self._try(context, uuid)
            except Exception:
                LOG.exception('Failed to grant what an adjustment waits for.',
                              instance_uuid=uuid)
                self._list.hold(uuid, True)
                continue
            if is_busy:
                self._alarms.set(uuid, timeutils.utcnow_ts() + _BUSY_DELAY)
        end = self._list.get_next_end(begun_at)
        if end:
            self._alarms.set(_ALL, end)

    def _try(self, context, uuid):
        """Grant an adjustment what it waits for, if that is there.

        :returns: Whether something else has to end first
        """
        entry = self._list.get(uuid)
        if not entry:
            return False
        try:
            instance = objects.Instance.get_by_uuid(
                context, uuid, expected_attrs=[
                    'flavor', 'numa_topology', 'system_metadata'])
        except exception.InstanceNotFound:
            self._list.remove(uuid)
            reports.finish_event(
                context, objects.Instance(uuid=uuid), entry.waiting,
                exception.ServerAdjustServerChanged())
            return False
        waiting = elastic.get_pending(instance).waiting
        if not waiting or instance.host != self._host:
            self._list.remove(uuid)
            return False
        is_held = (instance.task_state is not None or instance.vm_state not in
                   (vm_states.ACTIVE, vm_states.STOPPED))
        # It may be another one by now, or need more or less than before.
        self._list.put(instance, waiting)
        if is_held:
            self._list.hold(uuid, True)
        if instance.task_state is not None:
            return True
        return self._grant(instance, waiting, is_held)

    def _grant(self, instance, waiting, is_held):
        event, context = self._reporter.open_event(instance, waiting)
        sizes = (elastic.size(instance), elastic.sizes_after(
            instance, waiting.size, waiting.persist)[0])

        def check_quota(is_claimed):
            objects.SizeQuota.check(context, instance, *sizes, is_claimed)

        try:
            if waiting.until <= timeutils.utcnow_ts():
                raise exception.ServerAdjustWaitExpired()
            if is_held:
                return False
            if instance.vm_state == vm_states.STOPPED and not waiting.persist:
                raise exception.ServerAdjustStopped()
            self._adjustments.check(context, instance, waiting.request)
            check_quota(False)
            if not self._adjustments.start_waiting(
                    context, instance, waiting, event,
                    lambda: CONF.quota.recheck_quota and check_quota(True)):
                raise exception.ServerAdjustHostFull()
        except exception.ServerAdjustHostFull:
            self._list.hold(instance.uuid, False)
        except _PASSING as error:
            LOG.info('The adjustment waits a little longer: %s',
                     error.format_message(), instance=instance)
            self._list.hold(instance.uuid, True)
            return True
        except (exception.ServerAdjustConflict, exception.ServerAdjustFailed,
                exception.ServerAdjustInvalid) as error:
            LOG.info('The adjustment waits no longer: %s',
                     error.format_message(), instance=instance)
            if not self._end(instance, waiting, error):
                return True
            self._reporter.notify_failure(context, instance, error)
        return False

    def _end(self, instance, waiting, error):
        """Forget that an adjustment waits, and finish its event.

        :returns: Whether that was done; not if it was granted or replaced, or
            another operation has begun
        """
        with self._adjustments.lock(instance):
            try:
                instance.refresh()
                pending = elastic.get_pending(instance)
                if (pending.waiting != waiting or
                        instance.host != self._host):
                    return False
                elastic.set_pending(instance, pending._replace(waiting=None))
                instance.save(expected_task_state=[None])
            except (exception.InstanceNotFound,
                    exception.InstanceUpdateConflict):
                return False
            self._list.remove(instance.uuid)
        reports.finish_event(instance._context, instance, waiting, error)
        self.wake()
        return True
