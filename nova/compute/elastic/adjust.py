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

from oslo_log import log as logging
from oslo_utils import excutils

from nova.compute.elastic import adjustment as adjustments
from nova.compute.elastic import background
from nova.compute.elastic import move_records
from nova.compute.elastic import plan as plans
from nova.compute.elastic import reports
from nova.compute.elastic import tasks
from nova.compute import instance_actions
from nova.compute import task_states
import nova.conf
from nova import elastic
from nova import exception

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
        self._reporter = reporter
        self._waiting_list = waiting_list
        self._metrics = metrics
        self._workers = background.Workers(
            CONF.xloud.max_concurrent_adjustments)
        self._tasks = tasks.Tasks(status, waiting_list)
        self.lock, self.get = self._tasks.lock, self._tasks.get
        # Called with the server of each adjustment that has ended.
        self.on_end = lambda instance: None

    def start(self, context, instance, action, request):
        """Adjust a server.

        This returns once the capacity is claimed. The adjustment goes on in
        the background.

        :param action: The name of the action in the log of the server
        :param request: A nova.elastic.Request
        :returns: Whether it is adjusted now: if not, it waits for capacity,
            or has to move, as requested
        :raises: ServerAdjustConflict or ServerAdjustUnavailable if it cannot
            be claimed; nothing has changed then.
        """
        return self._start(
            context, self._make_plan(plans.Plan, context, instance, request),
            self._reporter.event(context, instance, action),
            task_states.XLOUD_ADJUST_PREP, requested_at=context.timestamp)

    def start_waiting(self, context, instance, waiting, event, recheck):
        """Adjust a server that has been waiting for capacity.

        :param waiting: The nova.elastic.Waiting
        :param event: Its event, which is open
        :param recheck: Called after the claim; it raises
            ServerAdjustOverQuota if the project is over its quota then
        :returns: Whether it is adjusted now: if not, it still waits
        :raises: As start does
        """
        return self._start(
            context,
            self._make_plan(plans.Plan, context, instance, waiting.request),
            event, None, recheck)

    def start_moved(self, context, instance, moving, event, recheck):
        """Adjust a server that was moved to this host for that.

        :param moving: The nova.elastic.Moving
        :param event: As start_waiting takes it
        :param recheck: As start_waiting takes it
        :raises: As start does
        """
        self._start(
            context, self._make_plan(
                plans.MovedPlan, context, instance, moving.request),
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
        adjustment = adjustments.Adjustment(
            context, plan, self._driver, self._accounting, self._reporter,
            self._tasks.end, self._waiting_list.check_turn)
        self._workers.reserve()
        try:
            with _errors_for_users(
                    instance, exception.ServerAdjustHostError):
                self._tasks.begin(adjustment, task_state)
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
                    self._tasks.end(adjustment)
        except Exception as error:
            if (plan.request.when_full == elastic.WAIT and
                    isinstance(error, exception.ServerAdjustHostFull)):
                self._wait(adjustment, event, measurement)
                return False
            if (plan.request.when_full == elastic.MOVE and
                    isinstance(error, move_records.REASONS)):
                self._hand_over(adjustment, event, measurement)
                return False
            with excutils.save_and_reraise_exception():
                self._tasks.cancel(adjustment)
                if not plan.is_continued:
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
        self._record(adjustment, event, plan.get_pending_of_waiting(
            event.action))
        if plan.waiting_since is None:
            self._end_replaced(plan)
            self.on_end(plan.instance)
            measurement.wait()

    def _hand_over(self, adjustment, event, measurement):
        """Let a server move, and be adjusted then; its event stays open."""
        plan = adjustment.plan
        LOG.info('The adjustment needs another host.', instance=plan.instance)
        self._record(adjustment, event, plan.get_pending_of_move(
            event.action), task_states.MIGRATING)
        measurement.move()

    def _record(self, adjustment, event, pending, next_task=None):
        """Record what is to be done instead of an adjustment.

        :raises: ServerAdjustServerChanged if the server has been deleted, or
            its state was reset
        """
        elastic.set_pending(adjustment.instance, pending)
        try:
            self._tasks.end(adjustment, next_task)
        except (exception.InstanceNotFound,
                exception.InstanceUpdateConflict):
            if not adjustment.plan.is_continued:
                error = exception.ServerAdjustServerChanged()
                event.finish(error)
                raise error
        finally:
            self._release(adjustment)

    def _end_replaced(self, plan):
        """End what has been waiting before this was accepted."""
        self._waiting_list.remove(plan.instance.uuid)
        if plan.replaced:
            reports.finish_event(
                plan.instance._context, plan.instance, plan.replaced,
                exception.ServerAdjustReplaced())

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

    def _finish(self, adjustment, event, error=None):
        self._release(adjustment)
        event.finish(error)
        self.on_end(adjustment.instance)

    def _release(self, adjustment):
        self._tasks.forget(adjustment)
        self._workers.release()
