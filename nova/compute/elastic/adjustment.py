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


"""One adjustment of one server: prepared, and then applied or undone."""

import threading

from oslo_log import log as logging
from oslo_utils import excutils

from nova.compute.elastic import plan as plans
from nova.compute import task_states
from nova import elastic
from nova import exception
from nova.objects import fields

LOG = logging.getLogger(__name__)


class Adjustment(object):

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
        # The topology with the host CPUs of what is claimed.
        self._topology = None
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
        if not isinstance(self.plan, plans.MovedPlan):
            # The capacity is claimed already.
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
        if elastic.pins_vcpus(self.instance):
            self._topology = self.instance.numa_topology
        try:
            self._accounting.update_usage(self.instance)
            if plan.live:
                # A vCPU is plugged where nobody else is.
                self._accounting.pins.set(self.instance)
                # A guest that grows beyond its limit is killed.
                self._driver.set_memory_limit(
                    self.instance, plan.claimed.memory_mb)
            for field in plan.changes:
                begun.append(field)
                self._set(field, getattr(plan.requested, field), plan.force)
            self._account_for_rest()
            if plan.live and plan.claimed != plan.size:
                self._accounting.pins.set(self.instance, plan.size)
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
        elastic.set_size(self.instance, plan.claimed, plan.start_before)
        elastic.restore_pins(self.instance, self._topology)
        if plan.live:
            self._try(self._accounting.pins.set, self.instance)
        for field in reversed(begun):
            self._try(self._set, field, getattr(plan.live, field), True)
        # What has been waiting was replaced, unless this is a return. What has
        # moved is not tried again.
        pending = plan.pending_before._replace(
            waiting=plan.pending.waiting, moving=None)
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
