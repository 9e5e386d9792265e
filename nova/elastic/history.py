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

"""The size of a server over time: the periods between its changes."""

import datetime
import typing as ty

from oslo_serialization import jsonutils
from oslo_utils import timeutils

from nova.elastic import flavor as flavors

# The event in the log of an action that has changed the size of its server.
SIZE_EVENT = 'xloud_size'

# Adjustments, by the name that users know them by.
_ADJUSTMENTS = ('xloud_adjust', 'hotplug_vcpus')


class Change(ty.NamedTuple):
    """A server gets another size, or is launched, as it is recorded."""

    at: datetime.datetime
    size: flavors.Size
    # What it had until then, and since which launch; None at its first one.
    old_size: ty.Optional[flavors.Size] = None
    launched_at: ty.Optional[datetime.datetime] = None
    cause: ty.Optional[str] = None
    request_id: ty.Optional[str] = None
    user_id: ty.Optional[str] = None


class Period(ty.NamedTuple):
    """A server has one size from ``start`` up to ``end``."""

    start: datetime.datetime
    end: datetime.datetime
    size: flavors.Size
    # The change that it begins with, if that is recorded.
    change: ty.Optional[Change] = None

    @property
    def seconds(self):
        return (self.end - self.start).total_seconds()


class Break(ty.NamedTuple):
    """A server has got another size by a change of which there is no record.

    That is so without the fork, and if the clocks of two services disagree.
    """

    start: datetime.datetime
    size: flavors.Size
    # Up to when it had the other size; None if it has it now.
    end: ty.Optional[datetime.datetime]
    end_size: flavors.Size


class Usage(ty.NamedTuple):
    """What a server has had, for how long."""

    seconds: float
    vcpu_seconds: float
    memory_mb_seconds: float


def is_recorded(instance, updates):
    """Whether an update of a server may be a change that is recorded.

    :param updates: The names of the fields that are updated
    """
    return (not {*flavors.Size._fields, 'launched_at'}.isdisjoint(updates) and
            any(field in instance and instance[field] and
                flavors.is_elastic(instance[field])
                for field in ('flavor', 'old_flavor', 'new_flavor')))


def dump_change(change):
    """Return a Change as it is recorded with the event of an action.

    The database keeps the time of an event to the second, in which there can
    be more than one.
    """
    old = change.old_size
    return jsonutils.dumps({
        'at': change.at.isoformat(), 'vcpus': change.size.vcpus,
        'memory_mb': change.size.memory_mb, 'old_vcpus': old and old.vcpus,
        'old_memory_mb': old and old.memory_mb,
        'launched_at': change.launched_at and change.launched_at.isoformat(),
        'request_id': change.request_id})


def load_change(details, action, request_id, user_id):
    """Return a Change from the details of an event and from its action.

    What no request has caused is recorded with the action before it.
    """
    recorded = jsonutils.loads(details)
    launched_at = recorded['launched_at']
    is_requested = recorded['request_id'] == request_id
    return Change(
        timeutils.parse_isotime(recorded['at']),
        flavors.Size(recorded['vcpus'], recorded['memory_mb']),
        launched_at and flavors.Size(
            recorded['old_vcpus'], recorded['old_memory_mb']),
        launched_at and timeutils.parse_isotime(launched_at),
        'drift' if not is_requested else
        'adjustment' if action in _ADJUSTMENTS else action,
        recorded['request_id'], user_id if is_requested else None)


def periods(changes, size, launched_at, begin, end):
    """Return the Periods of a server up to a time, without a gap.

    :param changes: The Changes of the server since ``begin``, in order.
        Earlier ones only say why it has the size that it begins with.
    :param size: The Size that it has now, or None if changes follow that are
        not among these
    :param launched_at: When it was launched last, or None
    :param begin: A datetime, or None for the first launch of the server
    :param end: A datetime at which the server still is
    """
    steps = []
    for at, size_then, change in _get_steps(changes, size, launched_at):
        # Not all clocks agree.
        start = max(time for time in (
            at, begin, steps and steps[-1].start) if time)
        if start >= end:
            break
        if steps and steps[-1].start == start:
            steps.pop()
        if not steps or steps[-1].size != size_then:
            steps.append(Period(start, end, size_then, change))
    return [step._replace(end=following.start)
            for step, following in zip(steps, steps[1:])] + steps[-1:]


def _get_steps(changes, size, launched_at):
    """Yield since when a server has which size, by which Change."""
    if not changes:
        if launched_at:
            yield launched_at, size, None
        return
    before = None
    for change in changes:
        if change.launched_at and (
                before is None or _is_launched_between(
                    before, change.old_size, change.launched_at)):
            yield change.launched_at, change.old_size, None
        yield change.at, change.size, change
        before = change
    if size not in (None, before.size) and launched_at:
        yield launched_at, size, None


def _is_launched_between(change, size, launched_at):
    """Whether a server got a size by a launch of which there is no record.

    There is none of a server that is not elastic any more. It is launched
    again with each flavor that it gets.
    """
    return (change.size != size and launched_at is not None and
            launched_at > change.at)


def breaks(changes, size, launched_at):
    """Yield the Breaks between Changes, and between the last one and now.

    :param changes: Successive Changes of the server, in order
    :param size: The Size that it has now
    :param launched_at: When it was launched last, or None
    """
    # Before its first launch a server had nothing.
    ends = [(change.old_size or flavors.Size(0, 0), change.launched_at,
             change.at) for change in changes[1:]]
    ends.append((size, launched_at, None))
    for change, (end_size, end_launched_at, end) in zip(changes, ends):
        if change.size != end_size and not _is_launched_between(
                change, end_size, end_launched_at):
            yield Break(change.at, change.size, end, end_size)


def usage(server_periods):
    """Return what a server has had in all of these Periods."""
    return Usage(*(
        sum(period.seconds * factor(period.size) for period in server_periods)
        for factor in (lambda size: 1, lambda size: size.vcpus,
                       lambda size: size.memory_mb)))
