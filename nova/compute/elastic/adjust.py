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

"""Adjustments: an elastic server gets more or less while it runs.

To grow, a server is accounted for its new size first, and then its guest is
changed. To shrink, it is the other way round. An adjustment is completed, or
all of it is undone.
"""

import contextlib
import threading

from oslo_concurrency import lockutils
from oslo_log import log as logging
from oslo_utils import excutils

from nova.compute.elastic import background
from nova.compute.elastic import plan as plans
from nova.compute import instance_actions
from nova.compute import task_states
import nova.conf
from nova import elastic
from nova import exception
from nova.objects import fields

CONF = nova.conf.CONF

LOG = logging.getLogger(__name__)


@contextlib.contextmanager
def _errors_for_users(instance, error):
    """Replace errors that would show users what is behind the API."""
    try:
        yield
    except (exception.ServerAdjustConflict, exception.ServerAdjustFailed,
            exception.ServerAdjustInvalid, exception.ServerAdjustUnavailable,
            exception.InstanceNotFound):
        raise
    except exception.InstanceUpdateConflict:
        raise exception.ServerAdjustServerChanged()
    except Exception:
        LOG.exception('The server was not adjusted.', instance=instance)
        raise error()


class Adjustments(object):
    """Begins and ends the adjustments on a host, one per server at a time."""

    def __init__(self, driver, accounting, questions, status, reporter,
                 waiting_list, metrics):
        self._driver = driver
        self._accounting = accounting
        self._questions = questions
        self._status = status
        self._reporter = reporter
        self._waiting_list = waiting_list
        self._metrics = metrics
        self._workers = background.Workers(
            CONF.xloud.max_concurrent_adjustments)
        # Those in progress, by the UUID of their server.
        self._in_progress = {}
        # Called with the server of each adjustment that has ended.
        self.on_end = lambda instance: None

    @staticmethod
    def lock(instance):
        """Lock the size of a server against other threads of this service."""
        return lockutils.lock('xloud-%s' % instance.uuid)

    def get(self, instance):
        """Return the adjustment of a server that is in progress, or None."""
        return self._in_progress.get(instance.uuid)

    def start(self, context, instance, action, request):
        """Adjust a server.

        This returns once the capacity is claimed. The adjustment goes on in
        the background.

        :param action: The name of the action in the log of the server
        :param request: A nova.elastic.Request
        :returns: Whether it is adjusted now: if not, it waits for capacity
        :raises: ServerAdjustConflict or ServerAdjustUnavailable if it cannot
            be claimed; nothing has changed then.
        """
        return self._start(
            context, self._make_plan(plans.Plan, context, instance, request),
            self._reporter.event(context, instance, action),
            task_states.XLOUD_ADJUST_PREP, requested_at=context.timestamp)

    def start_waiting(self, instance, waiting, recheck):
        """Adjust a server that has been waiting for capacity.

        :param waiting: The nova.elastic.Waiting
        :param recheck: Called after the claim; it raises
            ServerAdjustOverQuota if the project is over its quota then
        :returns: Whether it is adjusted now: if not, it still waits
        :raises: As start does
        """
        event, context = self._reporter.open_event(instance, waiting)
        return self._start(
            context,
            self._make_plan(plans.Plan, context, instance, waiting.request),
            event, None, recheck)

    def start_return(self, context, instance):
        """Let a server go back to the size that it had before a timed one.

        :raises: As start does
        """
        self._start(
            context, self._make_plan(plans.ReturnPlan, context, instance),
            self._reporter.event_of_new_action(
                context, instance, instance_actions.XLOUD_ADJUST), None)

    def _start(self, context, plan, event, task_state, recheck=None,
               requested_at=None):
        """:param task_state: That of a server for which this is begun, or
            None if the records of the server say so
        """
        measurement = self._metrics.measure(
            plan.instance, plan.requested, requested_at)
        try:
            return self._begin(
                context, plan, event, task_state, recheck, measurement)
        except Exception as error:
            with excutils.save_and_reraise_exception():
                measurement.finish(error)

    def _begin(self, context, plan, event, task_state, recheck, measurement):
        instance = plan.instance
        # The history has what it saves with the action of that request.
        instance._context = context
        adjustment = Adjustment(
            context, plan, self._driver, self._accounting, self._reporter,
            self._end_task, self._waiting_list.check_turn)
        self._workers.reserve()
        try:
            with _errors_for_users(
                    instance, exception.ServerAdjustHostError):
                self._accept(adjustment, task_state)
        except Exception:
            with excutils.save_and_reraise_exception():
                self._workers.release()

        try:
            with _errors_for_users(
                    instance, exception.ServerAdjustHostError):
                event.start()
                goes_on = adjustment.prepare()
                if not goes_on:
                    elastic.set_pending(instance, plan.pending)
                    self._end_task(adjustment)
        except Exception as error:
            if (plan.request.when_full == elastic.WAIT and
                    isinstance(error, exception.ServerAdjustHostFull)):
                self._wait(adjustment, event, measurement)
                return False
            with excutils.save_and_reraise_exception():
                self._cancel_task(adjustment)
                if plan.waiting_since is None:
                    self._finish(adjustment, event, error)
                else:
                    # Whether it goes on waiting is for who has started it.
                    self._release(adjustment)
        self._end_replaced(plan)
        measurement.accept()
        if goes_on:
            background.start(
                context, self._carry_out, adjustment, event, recheck,
                measurement)
        else:
            self._finish(adjustment, event)
            measurement.finish()
        return True

    def _wait(self, adjustment, event, measurement):
        """Let an adjustment wait for capacity; its event stays open."""
        plan = adjustment.plan
        LOG.info('The adjustment waits for capacity.', instance=plan.instance)
        try:
            elastic.set_pending(
                plan.instance, plan.get_pending_of_waiting(event.action))
            self._cancel_task(adjustment)
        finally:
            self._release(adjustment)
        if plan.waiting_since is None:
            self._end_replaced(plan)
            self.on_end(plan.instance)
            measurement.wait()

    def _end_replaced(self, plan):
        """End what has been waiting before this was accepted."""
        self._waiting_list.remove(plan.instance.uuid)
        if plan.replaced:
            self._reporter.finish_waiting(
                plan.instance, plan.replaced, exception.ServerAdjustReplaced())

    def check(self, context, instance, request):
        """Check whether an adjustment would be accepted now.

        The parameters are those of start, and nothing is changed.

        :raises: ServerAdjustConflict or ServerAdjustUnavailable if it would
            be refused
        """
        with _errors_for_users(instance, exception.ServerAdjustHostError):
            plan = self._make_plan(plans.Plan, context, instance, request)
            if plan.make():
                self._waiting_list.check_turn(plan)
                self._accounting.capacity.check(
                    context, instance, plan.claimed)

    def _make_plan(self, kind, context, instance, request=elastic.Request(
            elastic.Size(None, None))):
        return kind(context, instance, request, self._driver,
                    self._accounting, self._questions)

    def _accept(self, adjustment, task_state):
        instance = adjustment.instance
        with self.lock(instance):
            if instance.uuid in self._in_progress:
                raise exception.ServerAdjustInProgress()
            if (instance.uuid in self._waiting_list or
                    elastic.get_pending(instance) != elastic.Pending()):
                # That may have changed since the server was read.
                before = elastic.get_pending(instance)
                instance.refresh()
                if (task_state is None and
                        before != elastic.get_pending(instance)):
                    raise exception.ServerAdjustCancelled()
            instance.task_state = task_states.XLOUD_ADJUSTING
            try:
                instance.save(expected_task_state=[task_state])
            except exception.InstanceUpdateConflict:
                raise exception.ServerAdjustCancelled()
            self._in_progress[instance.uuid] = adjustment

    def _carry_out(self, adjustment, event, recheck, measurement):
        failure = None
        if recheck:
            try:
                recheck()
            except exception.ServerAdjustOverQuota as over_quota:
                adjustment.cancel(over_quota)
            except Exception:
                LOG.exception('Could not check the quota after the claim.',
                              instance=adjustment.instance)
        try:
            with _errors_for_users(
                    adjustment.instance, exception.ServerAdjustFailed):
                adjustment.apply()
                failure = adjustment.plan.shortfall
        except Exception as error:
            LOG.error('The server was not adjusted: %s', error,
                      instance=adjustment.instance)
            failure = error
        measurement.finish(failure)
        self._finish(adjustment, event, failure)

    def _end_task(self, adjustment):
        """End the task of a server and save the server.

        The next adjustment can begin as soon as that is saved, so this one is
        forgotten under the same lock.
        """
        instance = adjustment.instance
        with self.lock(instance):
            instance.task_state = None
            instance.save(
                expected_task_state=list(task_states.xloud_adjust_states))
            self._forget(adjustment)

    def _cancel_task(self, adjustment):
        try:
            self._end_task(adjustment)
        except (exception.InstanceNotFound,
                exception.InstanceUpdateConflict):
            LOG.info('The server was deleted or its state was reset.',
                     instance=adjustment.instance)

    def _finish(self, adjustment, event, error=None):
        self._release(adjustment)
        event.finish(error)
        self.on_end(adjustment.instance)

    def _release(self, adjustment):
        self._forget(adjustment)
        self._workers.release()

    def _forget(self, adjustment):
        # The next one may have begun already.
        if self.get(adjustment.instance) is adjustment:
            del self._in_progress[adjustment.instance.uuid]
            self._status.forget(adjustment.instance)


class Adjustment(object):
    """One adjustment of one server: prepared, and then applied or undone."""

    def __init__(self, context, plan, driver, accounting, reporter, end_task,
                 check_turn):
        self.instance = plan.instance
        self.plan = plan
        self._context = context
        self._driver = driver
        self._accounting = accounting
        self._reporter = reporter
        self._end_task = end_task
        self._check_turn = check_turn
        # What the guest has after its memory was changed.
        self._memory_mb = None
        # Guards the two below.
        self._lock = threading.Lock()
        self._is_recorded = False
        self._cancellation = None

    def cancel(self, error):
        """Let the adjustment fail with this error.

        :returns: Whether it does; it is too late once it has been recorded.
        """
        with self._lock:
            if not self._is_recorded:
                self._cancellation = error
            return not self._is_recorded

    def prepare(self):
        """Check the request, and claim what the server grows to.

        :returns: Whether there is anything to apply then.
        """
        if not self.plan.make():
            return False
        instance = self.instance
        self._check_turn(self.plan)
        self._accounting.claim(self._context, instance, self.plan.claimed)
        self._reporter.notify(
            self._context, instance, fields.NotificationPhase.START)
        if self.plan.claimed != self.plan.size_before:
            self._record_claim()
        return True

    def _record_claim(self):
        """Account for the claim in quota and usage as well."""
        plan = self.plan
        elastic.set_size(self.instance, plan.claimed, plan.start_before)
        elastic.set_pending(self.instance, elastic.Pending(
            plan.pending.returning or plan.pending_before.returning,
            plan.pending.waiting))
        try:
            self.instance.save(
                expected_task_state=[task_states.XLOUD_ADJUSTING])
        except Exception as error:
            with excutils.save_and_reraise_exception():
                elastic.set_size(
                    self.instance, plan.size_before, plan.start_before)
                elastic.set_pending(self.instance, plan.pending_before)
                self._accounting.update_usage(self.instance)
                self._accounting.sync_allocation(self._context, self.instance)
                self._reporter.notify_failure(
                    self._context, self.instance, error)

    def apply(self):
        """Change the guest, and record what the server has then."""
        plan, begun = self.plan, []
        try:
            self._accounting.update_usage(self.instance)
            if plan.live:
                # A guest that grows beyond its limit is killed.
                self._driver.set_memory_limit(
                    self.instance, plan.claimed.memory_mb)
            for field in plan.changes:
                begun.append(field)
                self._set(field, getattr(plan.requested, field), plan.force)
            self._account_for_rest()
            self._record()
        except Exception as error:
            with excutils.save_and_reraise_exception():
                self._undo(begun)
                self._reporter.notify_failure(
                    self._context, self.instance, error)
        # The adjustment is recorded, so it is not undone from here on.
        if plan.claimed != plan.size:
            self._accounting.update_usage(self.instance)
            self._accounting.sync_allocation(self._context, self.instance)
            if plan.live:
                self._accounting.limit_memory(self.instance)
            self._end_task(self)
        LOG.info('The server has %(vcpus)d vCPUs and %(memory_mb)d MiB now.',
                 plan.size._asdict(), instance=self.instance)
        self._reporter.notify(
            self._context, self.instance, fields.NotificationPhase.END)

    def _set(self, field, value, force):
        LOG.info('Setting %(field)s to %(value)d',
                 {'field': field, 'value': value}, instance=self.instance)
        if field == 'vcpus':
            self._driver.set_current_vcpus(self.instance, value)
        else:
            self._memory_mb = self._driver.set_current_memory_mb(
                self.instance, value, force=force)

    def _account_for_rest(self):
        """Account for a little that the guest could not give back."""
        if self._memory_mb is not None:
            size = self.plan.size
            self.plan.size = size._replace(
                memory_mb=max(size.memory_mb, self._memory_mb))

    def _record(self):
        with self._lock:
            if self._cancellation:
                raise self._cancellation
            self._is_recorded = True
        plan = self.plan
        self._accounting.set_size(
            self.instance, plan.size, plan.start, plan.pending)
        if plan.live and plan.start != plan.start_before:
            self._driver.set_start_size(self.instance)
        if plan.claimed == plan.size:
            self._end_task(self)
        else:
            self.instance.save(
                expected_task_state=[task_states.XLOUD_ADJUSTING])

    def _undo(self, begun):
        """Put the guest back to what it had, and account for what it has."""
        plan = self.plan
        for field in reversed(begun):
            self._try(self._set, field, getattr(plan.live, field), True)
        elastic.set_size(self.instance, plan.claimed, plan.start_before)
        # What has been waiting was replaced, unless this is a return.
        pending = plan.pending_before._replace(waiting=plan.pending.waiting)
        elastic.set_pending(self.instance, pending)
        if plan.live:
            self._try(self._driver.set_start_size, self.instance)
        try:
            self._accounting.follow_guest(
                self._context, self.instance, self._get_size_after_undo(),
                pending)
            self._end_task(self)
            self._accounting.update_usage(self.instance)
        except (exception.InstanceNotFound,
                exception.InstanceUpdateConflict):
            LOG.info('The server was deleted or its state was reset during '
                     'the adjustment.', instance=self.instance)
        except Exception:
            LOG.exception('Cannot account for what the server has; this will '
                          'be tried again.', instance=self.instance)

    def _try(self, step, *args):
        try:
            step(*args)
        except Exception as error:
            LOG.warning('The server was not put back to what it had: %s',
                        error, instance=self.instance)

    def _get_size_after_undo(self):
        try:
            return elastic.reconciled_size(
                self.instance, self.plan.get_live_size())
        except exception.ServerAdjustNoGuest:
            # A hard reboot defines the guest with its start size.
            return elastic.reconciled_size(self.instance)
        except exception.ServerAdjustGuestNotResponding:
            return self.plan.claimed
