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

"""Whether the quota of its project lets a server have a size.

Two requests at the same time can both pass the check before the claim. So
there is another one after it, which counts the claim as used.
"""

from keystoneauth1 import exceptions as ks_exc
from oslo_db import exception as db_exc
from oslo_log import log as logging

from nova.compute import utils as compute_utils
from nova import exception
from nova.limit import placement as placement_limits
from nova import objects
from nova.objects import quotas as quotas_obj
from nova.scheduler import utils as scheduler_utils

LOG = logging.getLogger(__name__)

# Why the usage of a project cannot be determined now. The last one is that of
# a conductor in a cell that has no API database.
_USAGE_ERRORS = (exception.UsagesRetrievalFailed, ks_exc.ClientException,
                 db_exc.CantStartEngineError)


def check(context, instance, before, size):
    """Check the quota before a server is adjusted.

    :raises: ServerAdjustOverQuota if the size is not within the quota;
        ServerAdjustUsageUnknown if that cannot be determined
    """
    try:
        _check(context, instance, before, size, is_claimed=False)
    except _USAGE_ERRORS as error:
        LOG.warning('Could not determine the usage of the project: %s',
                    error, instance=instance)
        raise exception.ServerAdjustUsageUnknown()


def recheck(context, instance, before, size):
    """Check the quota again when the host has claimed the size.

    :raises: ServerAdjustOverQuota if the project is over its quota now
    """
    try:
        _check(context, instance, before, size, is_claimed=True)
    except _USAGE_ERRORS as error:
        # It was within the quota a moment ago.
        LOG.warning('Could not determine the usage of the project after '
                    'an adjustment: %s', error, instance=instance)


def _check(context, instance, before, size, is_claimed):
    grown = {name: new - old for name, old, new in zip(
        ('cores', 'ram'), before, size) if new > old}
    if not grown:
        return
    project_id, user_id = quotas_obj.ids_from_instance(context, instance)
    try:
        objects.Quotas.check_deltas(
            context, dict.fromkeys(grown, 0) if is_claimed else grown,
            project_id, user_id=user_id, check_project_id=project_id,
            check_user_id=user_id)
        _enforce(context, instance, before, size, is_claimed)
    except exception.TooManyInstances as error:
        raise exception.ServerAdjustOverQuota(error.format_message())
    except exception.OverQuota as error:
        raise exception.ServerAdjustOverQuota(
            _describe_excess(error, grown, is_claimed))


def _enforce(context, instance, before, size, is_claimed):
    """Check unified limits, which are asked only for what is more."""
    allocated, grown = (
        scheduler_utils.resources_from_size(instance, amounts)
        for amounts in (before, size))
    project_id, _user_id = quotas_obj.ids_from_instance(context, instance)
    placement_limits.enforce_deltas(
        context, project_id,
        {rc: 0 if is_claimed else amount - allocated[rc]
         for rc, amount in grown.items() if amount > allocated[rc]})


def _describe_excess(error, grown, is_claimed):
    """Return the message of a check before the claim."""
    quotas, usages = (error.kwargs[name] for name in ('quotas', 'usages'))
    headroom = {name: quotas[name] - usages[name] +
                (more if is_claimed else 0) for name, more in grown.items()}
    overs, requested, allowed, used = compute_utils.get_over_quota_detail(
        headroom, error.kwargs['overs'], quotas, grown)
    return exception.TooManyInstances(
        overs=overs, req=requested, used=used,
        allowed=allowed).format_message()
