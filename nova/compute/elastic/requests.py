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

"""What the API does with a request to adjust a server, or for its status.

It checks the request and the quota, and calls the host, which answers when it
has claimed the capacity.
"""

import time

from oslo_db import exception as db_exc
from oslo_log import log as logging
import oslo_messaging as messaging
from oslo_utils import excutils
from oslo_utils import timeutils

from nova.compute.elastic import background
from nova.compute.elastic import limits
from nova.compute.elastic import move_records
from nova.compute import instance_actions
from nova.compute import task_states
from nova.compute import utils as compute_utils
from nova.compute import vm_states
import nova.conf
from nova import elastic
from nova import exception
from nova import objects

CONF = nova.conf.CONF
LOG = logging.getLogger(__name__)

# Added to the time in which a guest has to answer, in seconds: more than its
# host is given.
_MARGIN = 2


class AdjustRequests(object):
    """Delivers requests about elastic servers to their hosts."""

    def __init__(self, compute_rpcapi, servicegroup_api, move_requests):
        """Take what the compute API has.

        :param compute_rpcapi: The ComputeAPI that calls hosts
        :param servicegroup_api: The API that knows which services are up
        :param move_requests: The MoveRequests
        """
        self._compute_rpcapi = compute_rpcapi
        self._servicegroup_api = servicegroup_api
        self._move_requests = move_requests
        self._calls = background.Calls()

    def adjust(self, context, instance, request,
               action=instance_actions.XLOUD_ADJUST):
        """Have the host of a server claim a size, and begin to adjust to it.

        :param request: A nova.elastic.Request
        :returns: None if it is adjusted now, else ``waiting`` or ``moving``
        """
        request, before, size = self._check(context, instance, request)
        if not request:
            return None

        self._begin(instance, action)
        try:
            objects.InstanceAction.action_start(
                context, instance.uuid, action, want_result=False)
            is_adjusted = self._compute_rpcapi.xloud_adjust(
                context, instance, *request.size, request.persist,
                request.force, action, request.for_seconds, request.when_full)
        except messaging.MessagingException as error:
            self._refuse_undelivered(context, instance, action, error)
        except (exception.NovaException, db_exc.DBError):
            # Nova does not repeat what records an action after a deadlock.
            with excutils.save_and_reraise_exception():
                self._end(instance)
        # Computes of before say nothing.
        if is_adjusted is False:
            if request.when_full == elastic.WAIT:
                return 'waiting'
            return self._move_requests.move(context, instance)
        if CONF.quota.recheck_quota:
            self._recheck_limits(
                context, instance, before, size, request.persist, action)
        return None

    def cancel(self, context, instance):
        """Have the host of a server forget an adjustment that waits there.

        :raises: ServerAdjustNotWaiting if none does
        """
        if not self._is_host_up(instance):
            raise exception.ServerAdjustHostDown()
        try:
            self._compute_rpcapi.xloud_adjust_withdraw(context, instance)
        except messaging.MessagingException as error:
            raise self._get_refusal(instance, error)

    def check(self, context, instance, request):
        """Check whether such an adjustment would be accepted now.

        Nothing is claimed or recorded.

        :returns: None if it would be adjusted in place; else whether it would
            ``wait`` or ``move``, and the exception that says for what
        """
        request, _before, _size = self._check(context, instance, request)
        if not request:
            return None
        try:
            self._compute_rpcapi.xloud_adjust_check(
                context, instance, *request.size, request.persist,
                request.force)
            return None
        except move_records.REASONS as error:
            if request.when_full == elastic.MOVE:
                return self._move_requests.check(
                    context, instance, request), error
            if request.when_full != elastic.WAIT or not isinstance(
                    error, exception.ServerAdjustHostFull):
                raise
            return request.when_full, error
        except messaging.MessagingException as error:
            raise self._get_refusal(instance, error)

    def _check(self, context, instance, request):
        """Check what the API can know of a request.

        :returns: The Request for the host, the Size of the server before it
            and that after it. The first is None if there is nothing to
            request.
        """
        # check_instance_host looks at one service alone, which can be a
        # deleted one if the host was removed and has come back.
        if not self._is_host_up(instance):
            raise exception.ServerAdjustHostDown()
        request = request._replace(
            size=elastic.requested_size(instance.flavor, *request.size))
        if elastic.get_pending(instance).moving:
            raise exception.ServerAdjustInProgress()
        if not elastic.is_elastic(instance.flavor):
            # Only what the server always has is in its range.
            return None, None, None
        if instance.vm_state == vm_states.STOPPED and not request.persist:
            raise exception.ServerAdjustStopped()
        elastic.return_after(instance, request, timeutils.utcnow_ts())
        before = elastic.size(instance)
        size, _start = elastic.sizes_after(
            instance, request.size, request.persist)
        limits.check(context, instance, before, size)
        when_full = None
        if any(new > old for old, new in zip(before, size)):
            # Nothing else needs capacity.
            when_full = (request.when_full or
                         elastic.when_full(instance.flavor) or
                         CONF.xloud.when_full)
        return request._replace(when_full=when_full), before, size

    def describe(self, context, instance):
        """Return what a server has and can have, as far as its host answers.

        :returns: What the xloud_status of the compute API returns
        """
        status = {**elastic.describe(instance), 'live': None,
                  'pending': elastic.get_pending(instance),
                  'adjust': compute_utils.describe_last_adjust(
                      context, instance)}
        if (instance.vm_state in (vm_states.ACTIVE, vm_states.PAUSED) and
                self._is_host_up(instance)):
            try:
                status['live'] = self._calls.call(
                    context, CONF.xloud.guest_query_timeout + _MARGIN,
                    self._compute_rpcapi.xloud_status, context, instance)
            except (messaging.MessagingException, NotImplementedError,
                    exception.NovaException) as error:
                LOG.info('Could not get the live size from the host: %s',
                         error, instance=instance)
        return status

    def _is_host_up(self, instance):
        return any(self._servicegroup_api.service_is_up(service)
                   for service in instance.services
                   if service.binary == 'nova-compute')

    @staticmethod
    def _begin(instance, action):
        instance.task_state = task_states.XLOUD_ADJUST_PREP
        try:
            instance.save(expected_task_state=[None])
        except exception.InstanceUpdateConflict as error:
            actual = error.kwargs.get('actual') or {}
            raise exception.InstanceInvalidState(
                attr='task_state', instance_uuid=instance.uuid,
                state=actual.get('task_state') or instance.task_state,
                method=action)

    @staticmethod
    def _end(instance):
        """End an adjustment, unless a host has accepted it.

        :returns: Whether it has been ended.
        """
        instance.task_state = None
        try:
            instance.save(expected_task_state=[task_states.XLOUD_ADJUST_PREP])
            return True
        except (exception.InstanceNotFound,
                exception.InstanceUpdateConflict):
            return False

    def _refuse_undelivered(self, context, instance, action, error):
        """End an adjustment whose host did not answer, and say why.

        :raises: ServerAdjustOutcomeUnknown if the host has accepted it;
            ServerAdjustConflict or ServerAdjustUnavailable otherwise
        """
        refusal = self._get_refusal(instance, error)
        if not self._end(instance):
            # The host has accepted it, or the server is being deleted.
            raise exception.ServerAdjustOutcomeUnknown()
        compute_utils.record_adjust_failure(
            context, instance, 'api_' + action, CONF.host, refusal)
        raise refusal

    @staticmethod
    def _get_refusal(instance, error):
        """Return the exception that says why a host did not answer."""
        # It may lack an argument as well.
        if getattr(error, 'exc_type', type(error).__name__) in (
                'NoSuchMethod', 'TypeError'):
            refusal = exception.ServerAdjustNotSupported()
        else:
            refusal = exception.ServerAdjustHostNotResponding()
        LOG.warning('%s %s', refusal, error, instance=instance)
        return refusal

    def _recheck_limits(self, context, instance, before, size, persist,
                        action):
        """Check the quota again, and adjust the server back if it is over."""
        try:
            limits.recheck(context, instance, before, size)
        except exception.ServerAdjustOverQuota as over_quota:
            LOG.info('%s The server is adjusted back.', over_quota,
                     instance=instance)
            if not self._cancel(context, instance):
                compute_utils.record_adjust_failure(
                    context, instance, 'api_' + action, CONF.host, over_quota)
                self._adjust_back(
                    context, instance, before, size, persist, action)
            raise

    def _cancel(self, context, instance):
        """Have the host undo an adjustment that is still in progress.

        :returns: Whether it does. It then also records why.
        """
        try:
            return self._compute_rpcapi.xloud_adjust_cancel(context, instance)
        except messaging.MessagingException as error:
            LOG.warning('Could not cancel the adjustment: %s', error,
                        instance=instance)
            return False

    def _adjust_back(self, context, instance, before, size, persist, action):
        """Adjust a server to the size it had, where that has grown."""
        requested = elastic.Size(*(old if new > old else None
                                   for old, new in zip(before, size)))
        try:
            # The host may be about to end the task of the adjustment.
            for _attempt in range(20):
                instance.refresh()
                if instance.task_state is None:
                    break
                time.sleep(0.5)
            self._begin(instance, action)
            self._compute_rpcapi.xloud_adjust(
                context, instance, requested.vcpus, requested.memory_mb,
                persist, action=action)
        except (messaging.MessagingException,
                exception.NovaException) as error:
            self._end(instance)
            LOG.warning('The server stays at a size that is over the quota: '
                        '%s', error, instance=instance)
