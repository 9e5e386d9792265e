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
    for row in db.size_changes_get(
            context, instance_uuids, since and timeutils.normalize_time(since),
            limit):
        changes[row.instance_uuid].append(_load_change(row))
    for server_changes in changes.values():
        server_changes.sort(key=lambda change: change.at)
    return changes


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


@base.NovaObjectRegistry.register
class SizeUsage(base.NovaObject):
    """What a server has had in a period, for how long.

    Computes ask for this, which have no database.
    """
    # Version 1.0: Initial version
    VERSION = '1.0'

    fields = {
        'seconds': fields.FloatField(),
        'vcpu_seconds': fields.FloatField(),
        'memory_mb_seconds': fields.FloatField(),
    }

    @base.remotable_classmethod
    def get_by_instance_uuid(cls, context, instance_uuid, begin, end):
        instance = objects.Instance.get_by_uuid(
            context.elevated(read_deleted='yes'), instance_uuid,
            expected_attrs=['flavor'])
        changes = get_changes(context, [instance_uuid], begin)
        usage = elastic.usage(elastic.periods(
            changes[instance_uuid], elastic.size(instance),
            instance.launched_at, begin, get_end(instance, end)))
        return cls(context, **usage._asdict())
