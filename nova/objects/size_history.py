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

"""The size of servers over time, as the database has it."""

import collections
import datetime

from oslo_utils import timeutils

from nova.db.main import api as db
from nova import elastic
from nova import objects
from nova.objects import base
from nova.objects import fields


def get_changes(context, instance_uuids, since=None, limit=None):
    """Return the recorded changes of the sizes of servers.

    :param since: A datetime; what is earlier may be missing
    :param limit: How many to return, or None for all
    :returns: A dict of instance UUID to a list of elastic.Change, for those
        that have any.
    """
    changes = collections.defaultdict(list)
    if not instance_uuids:
        return changes
    for row in db.size_changes_get(
            context, instance_uuids, since and timeutils.normalize_time(since),
            limit):
        changes[row.instance_uuid].append(_load_change(row))
    for server_changes in changes.values():
        server_changes.sort(key=lambda change: change.at)
    return changes


def load_changes(context, instances, since):
    """Load such changes into instances, which all are of one cell."""
    changes = get_changes(
        context, [instance.uuid for instance in instances], since)
    for instance in instances:
        instance.size_changes = changes.get(instance.uuid, ())


def get_last_change(context, instance_uuid, before):
    """Return the last change of a server's size before a time, or None."""
    row = db.size_change_get_last(
        context, instance_uuid, timeutils.normalize_time(before))
    return row and _load_change(row)


def _load_change(row):
    return elastic.load_change(
        row.details, row.action, row.request_id, row.user_id)


def get_end(instance, now):
    """Return up to when a server has a size: a time in the past, or now."""
    end = instance.terminated_at or (
        instance.deleted_at if instance.deleted else None)
    return min(end, now) if end else now


def get_periods(instance, begin, end, limit):
    """Return the first periods of a server between two times.

    :param instance: An Instance with its flavor
    :param begin: A datetime, or None for the first launch of the server
    :param end: A datetime in the past, or now
    :param limit: How many to return at most
    :returns: A list of elastic.Period, and whether there are more.
    """
    context, uuid = instance._context, instance.uuid
    end = get_end(instance, end)
    # More than there can be in the one moment with which a page begins.
    count = max(limit, 100)
    changes = get_changes(context, [uuid], begin, count + 1)[uuid]
    size, read_end = elastic.size(instance), end
    if len(changes) > count:
        size, read_end = None, min(end, changes[-1].at)
    last = begin and get_last_change(context, uuid, begin)
    if last and (not changes or last.at < changes[0].at):
        changes.insert(0, last)
    periods = elastic.periods(
        changes, size, instance.launched_at, begin, read_end)
    return periods[:limit], len(periods) > limit or read_end < end


def get_breaks(instance, begin):
    """Return the elastic.Breaks in the history of a server, back to a time.

    :param instance: An Instance with its flavor
    :param begin: A datetime
    """
    context, uuid = instance._context, instance.uuid
    changes = get_changes(context, [uuid], begin)[uuid]
    # The others begin a second early.
    last = get_last_change(
        context, uuid, begin - datetime.timedelta(seconds=1))
    return list(elastic.breaks(
        [last, *changes] if last else changes, elastic.size(instance),
        instance.launched_at))


def get_usage(instance, begin, end):
    """Return the elastic.Usage of a server between two times.

    :param instance: An Instance with its flavor and its changes since
        ``begin``
    :param end: A datetime in the past, or now
    """
    return elastic.usage(elastic.periods(
        instance.size_changes, elastic.size(instance), instance.launched_at,
        begin, get_end(instance, end)))


@base.NovaObjectRegistry.register
class SizeUsage(base.NovaObject):
    """What a server has had in a period, for how long.

    Computes, which have no database, get this from the conductor.
    """
    # Version 1.0: Initial version
    VERSION = '1.0'

    fields = {
        'instance_uuid': fields.UUIDField(),
        'begin': fields.DateTimeField(),
        'end': fields.DateTimeField(),
        'seconds': fields.FloatField(),
        'vcpu_seconds': fields.FloatField(),
        'memory_mb_seconds': fields.FloatField(),
    }

    @classmethod
    def get_by_instance_uuid(cls, context, instance_uuid, begin, end):
        """Return the usage of a server between two times.

        :param end: A datetime in the past, or now
        """
        usage = cls(
            context, instance_uuid=instance_uuid, begin=begin, end=end)
        usage.refresh()
        return usage

    @base.remotable
    def refresh(self):
        instance = objects.Instance.get_by_uuid(
            self._context.elevated(read_deleted='yes'), self.instance_uuid,
            expected_attrs=['flavor'])
        load_changes(self._context, [instance], self.begin)
        usage = get_usage(instance, self.begin, self.end)
        for name, value in usage._asdict().items():
            setattr(self, name, value)
