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

"""Reconciliation: servers are accounted for what their guests have.

A guest may give back a vCPU long after that was requested, have all its memory
because it runs no balloon driver, or report less than it uses. A service may
stop in the middle of an adjustment. So a periodic task compares the guests
with the records.
"""

from oslo_log import log as logging
from oslo_utils import excutils
from oslo_utils import timeutils

from nova.compute.elastic import background
from nova.compute.elastic import move_records
from nova.compute import task_states
from nova.compute import utils as compute_utils
from nova.compute import vm_states
import nova.conf
from nova import elastic
from nova import exception
from nova import objects
from nova.objects import fields
from nova.scheduler import utils as scheduler_utils

CONF = nova.conf.CONF

LOG = logging.getLogger(__name__)

# In these states the size follows the guest.
_FOLLOWED_STATES = (vm_states.ACTIVE, vm_states.PAUSED, vm_states.STOPPED)

# In these states a guest may run as well, and use more than its server is
# accounted for. If it uses less, that is released when the state ends.
_WATCHED_STATES = (vm_states.RESIZED, vm_states.RESCUED, vm_states.ERROR)


def confirmed_size(size, previous, current):
    """Return the size that a server should have by two checks in a row.

    What a guest has for a moment is not accounted for: one that has just been
    started has all its memory until its balloon driver runs.

    :param size: What the server is accounted for
    :param previous: What it should be accounted for by the last check
    :param current: What it should be accounted for by this check
    """
    return elastic.Size(*(
        now if min(before, now) > old else
        max(before, now) if max(before, now) < old else old
        for old, before, now in zip(size, previous, current)))


def _is_allocated(instance, size, allocated):
    resources = elastic.match_classes(
        scheduler_utils.resources_from_size(instance, size), allocated)
    return all(allocated.get(rc, 0) == amount
               for rc, amount in resources.items())


class Reconciler(object):
    """Compares elastic servers with what they are accounted for."""

    def __init__(self, host, driver, tracker, accounting, adjustments,
                 questions, reporter, excess, settings, metrics):
        self._host = host
        self._driver = driver
        self._tracker = tracker
        self._accounting = accounting
        self._adjustments = adjustments
        self._questions = questions
        self._reporter = reporter
        self._excess = excess
        self._settings = settings
        self._metrics = metrics
        self._is_running = False
        # What servers should be accounted for by the last check, if they are
        # not.
        self._previous = {}
        # Called with the servers before they are reconciled.
        self.on_check = lambda servers: None

    def start(self, context):
        """Reconcile in the background, unless that is being done already."""
        if self._is_running:
            LOG.warning('The last reconciliation of the elastic servers on '
                        'this host is still running.')
            return
        self._is_running = True
        background.start(context, self._run, context)

    def _run(self, context):
        try:
            self.reconcile(context)
        except Exception:
            LOG.exception('Failed to reconcile the elastic servers on this '
                          'host.')
        finally:
            self._is_running = False

    def reconcile(self, context):
        """Account for what the guests on this host have."""
        uuids = self._tracker.get_elastic_servers()
        self._previous = {uuid: size for uuid, size in self._previous.items()
                          if uuid in uuids}
        servers = self._get_servers(context, uuids)
        self.on_check(servers)
        allocations = {}
        for instance in servers:
            try:
                self._reconcile(context, instance, allocations)
            except exception.InstanceNotFound:
                LOG.debug('The server no longer exists.', instance=instance)
            except exception.InstanceUpdateConflict:
                LOG.debug('Another operation on the server is in progress.',
                          instance=instance)
            except Exception:
                LOG.exception('Failed to reconcile the server.',
                              instance=instance)
        self._metrics.set_servers(servers)

    def check_all(self, context):
        """Have the servers of this host checked without reconciling them."""
        self.on_check(self._get_servers(
            context, self._tracker.get_elastic_servers()))

    def _get_servers(self, context, uuids):
        return objects.InstanceList.get_by_filters(
            context, {'uuid': uuids, 'host': self._host, 'deleted': False},
            expected_attrs=['flavor', 'numa_topology', 'system_metadata'],
        ) if uuids else []

    def _reconcile(self, context, instance, allocations):
        if self._adjustments.get(instance):
            return
        if instance.task_state in task_states.xloud_adjust_states:
            if (instance.task_state == task_states.XLOUD_ADJUSTING or
                    timeutils.is_older_than(
                        # The request may still be on its way here.
                        instance.updated_at, CONF.rpc_response_timeout)):
                self.recover(context, instance)
            return
        if (instance.task_state is not None or
                elastic.get_pending(instance).moving or
                instance.vm_state not in _FOLLOWED_STATES + _WATCHED_STATES):
            return
        allocated = self._accounting.get_allocated(
            context, instance, allocations)
        if not allocated:
            # An allocation that is gone is left to heal_allocations.
            return
        live = self._get_live_size(context, instance)
        if live is None and instance.vm_state != vm_states.STOPPED:
            # Nova has yet to notice that the guest has stopped.
            return
        size = self._get_confirmed_size(instance, live)
        if not (size == elastic.size(instance) and
                _is_allocated(instance, size, allocated) and
                elastic.is_pinned_by_size(instance) and
                not self._has_past_excess(instance, live)):
            with self._adjustments.lock(instance):
                if not self._adjustments.get(instance):
                    self._account(context, instance, size)
        if live:
            self._settings.update(context, instance)

    def _get_live_size(self, context, instance):
        """Return what a guest has, including what its host sees it use."""
        live = self._accounting.get_live_size(instance)
        maximum = elastic.maximum(instance.flavor)
        if not live or live.memory_mb >= maximum.memory_mb:
            return live
        try:
            usage = self._questions.ask(
                context, instance.uuid, CONF.xloud.guest_query_timeout,
                self._driver.get_memory_usage, instance)
        except exception.ServerAdjustGuestNotResponding:
            LOG.warning('The hypervisor does not respond for the guest.',
                        instance=instance)
            return live
        used = max(live.memory_mb,
                   (usage.host_mb or 0) - CONF.xloud.guest_memory_overhead)
        return live._replace(memory_mb=min(used, maximum.memory_mb))

    def _get_confirmed_size(self, instance, live):
        size = elastic.size(instance)
        current = elastic.reconciled_size(instance, live)
        if instance.vm_state in _WATCHED_STATES:
            current = elastic.elementwise_max(current, size)
        previous = self._previous.pop(instance.uuid, size)
        if live is None:
            # Without a guest there is nothing to confirm.
            return current
        if current != size:
            self._previous[instance.uuid] = current
        return confirmed_size(size, previous, current)

    @staticmethod
    def _has_past_excess(instance, live):
        return (elastic.excess(instance) and elastic.size(instance) ==
                elastic.reconciled_size(instance, live))

    def _account(self, context, instance, size):
        """Account for a server that no operation is in progress on.

        The server gets no task state, so no request is refused because of
        this. The lock keeps adjustments out. If another operation begins in
        the meantime, saving the server fails, and its allocation is compared
        again the next time.
        """
        size_before = elastic.size(instance)
        instance.refresh()
        if (instance.task_state is not None or
                elastic.get_pending(instance).moving or
                elastic.size(instance) != size_before):
            return
        claimed = elastic.elementwise_max(size, size_before)
        topology = instance.numa_topology
        try:
            self._accounting.claim_drift(context, instance, claimed)
        except (exception.ServerAdjustConcurrentUpdate,
                exception.ServerAdjustUnavailable) as error:
            LOG.info('The server will be reconciled later: %s', error,
                     instance=instance)
            return
        except exception.ServerAdjustConflict as error:
            self._excess.handle(context, instance, size, error)
            return

        elastic.set_excess(instance, None)
        try:
            self._accounting.pins.set(instance, size)
            elastic.set_size(instance, size, elastic.start_size(instance))
            instance.save(expected_task_state=[None])
        except Exception:
            with excutils.save_and_reraise_exception():
                # What was claimed is not recorded, and what was released still
                # is.
                elastic.set_size(
                    instance, size_before, elastic.start_size(instance))
                elastic.restore_pins(instance, topology)
                self._accounting.update_usage(instance)
        self._accounting.update_usage(instance)
        if size != size_before:
            LOG.info('Updating the size to %(vcpus)d vCPUs and %(memory_mb)d '
                     'MiB to match the guest.', size._asdict(),
                     instance=instance)
            self._reporter.notify(
                context, instance, fields.NotificationPhase.END)
        if claimed != size or size == size_before:
            self._accounting.sync_allocation(context, instance)

    def recover_at_start(self, context, instance):
        """End an adjustment that the end of this service interrupted."""
        if instance.task_state in task_states.xloud_adjust_states:
            try:
                self.recover(context, instance)
            except Exception:
                # The periodic task tries it again.
                LOG.exception('Failed to end an adjustment',
                              instance=instance)

    def recover(self, context, instance):
        """End an adjustment that was interrupted."""
        with self._adjustments.lock(instance):
            instance.refresh()
            if self._adjustments.get(instance) or (
                    instance.task_state not in
                    task_states.xloud_adjust_states):
                return
            moving = elastic.get_pending(instance).moving
            if moving:
                move_records.end_task(instance, moving, self._host)
                return
            LOG.warning('An adjustment of the server was interrupted.',
                        instance=instance)
            compute_utils.close_adjusts(context, instance)
            try:
                live = self._accounting.get_live_size(instance)
            except exception.InstanceNotFound:
                # A hard reboot defines the guest with its start size.
                live = None
            self._accounting.follow_guest(
                context, instance, elastic.reconciled_size(instance, live))
            instance.task_state = None
            instance.save(
                expected_task_state=list(task_states.xloud_adjust_states))
            self._accounting.update_usage(instance)
            # It may have changed before the interruption.
            self._reporter.notify(
                context, instance, fields.NotificationPhase.END)

    def follow_start_size(self, context, instance):
        """Account for a server whose guest has been stopped or started.

        The caller saves the instance.

        :returns: Whether the size has changed.
        """
        # The next guest does not have what the last one had.
        self._previous.pop(instance.uuid, None)
        return self._accounting.follow_start_size(context, instance)

    def follow_host_start(self, context, instance):
        """Account for a server that its host has started, without a request.
        """
        if self.follow_start_size(context, instance):
            instance.save()
            self._reporter.notify(
                context, instance, fields.NotificationPhase.END)
