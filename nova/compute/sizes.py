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

"""What the elastic servers on a host have.

A server is counted for the larger of what it has and what it is to start with.
When it grows, the host claims that in placement and counts it first, and then
changes the guest; when it shrinks, it is the other way round. So whatever
fails or is cut off in between, placement never holds less than a server has.
"""

import contextlib
import functools
import time
import typing as ty

from keystoneauth1 import exceptions as ks_exc
from oslo_log import log as logging
from oslo_utils import excutils
from oslo_utils import timeutils

from nova.compute import background
from nova.compute import size_books
from nova.compute import task_states
from nova.compute import utils as compute_utils
from nova.compute import vm_states
import nova.conf
from nova import elastic
from nova import exception
from nova.i18n import _
from nova import objects
from nova.objects import fields
from nova.scheduler import utils as scheduler_utils

CONF = nova.conf.CONF

LOG = logging.getLogger(__name__)

# Those in which what the guest has is known, or known to be nothing.
_KNOWN_STATES = (vm_states.ACTIVE, vm_states.PAUSED, vm_states.STOPPED)


class _Change(ty.NamedTuple):
    """What is done to a server, once what it takes is claimed."""

    # What its guest is given, in this order, and what it had.
    changes: list
    asked: elastic.Size
    live: ty.Optional[elastic.Size]
    # What it was to start with, and what it is counted for meanwhile.
    start_before: elastic.Size
    held: elastic.Size
    # What it is counted for afterwards, and is to start with then.
    size: elastic.Size
    start: elastic.Size


@contextlib.contextmanager
def _plain_errors(instance, error, reason):
    """Raise nothing that tells users of what is behind the API."""
    try:
        yield
    except (exception.ServerAdjustConflict, exception.ServerAdjustFailed,
            exception.ServerAdjustUnavailable, exception.InstanceNotFound):
        raise
    except exception.InstanceUpdateConflict:
        raise exception.ServerAdjustConflict(
            reason=_('The server was deleted, or its state was reset, '
                     'meanwhile.'))
    except Exception:
        LOG.exception('The server was not adjusted.', instance=instance)
        raise error(reason=reason)


class ServerSizes(object):
    """Changes what servers on this host have, and counts them for it."""

    def __init__(self, manager):
        self._manager = manager
        self._books = size_books.SizeBooks(manager)
        # What servers are being asked to have now, by their UUID.
        self._adjusts = {}
        # Servers whose guests are being asked what they have.
        self._described = set()
        # What servers were last found to have beyond what they count for, if
        # they were.
        self._excess = {}

    @property
    def _driver(self):
        return self._manager.driver

    # Changing what a server has

    def adjust(self, context, instance, action, asked, persist):
        """Let a server have what is asked for.

        Returns once that is claimed, and goes on in the background.

        :param action: The name of the action in the log of the server
        :param asked: A nova.elastic.Size, with None for what is to be left
            as it is
        :param persist: Whether it is to start with that as well
        :raises: ServerAdjustConflict or ServerAdjustUnavailable if it is not
            claimed; nothing has changed then.
        """
        self._wait_for_last(instance)
        self._adjusts[instance.uuid] = asked
        with contextlib.ExitStack() as stack:
            stack.callback(self._forget, instance, asked)
            plain_errors = functools.partial(
                _plain_errors, instance, exception.ServerAdjustUnavailable,
                _('The host of the server cannot do that now.'))
            with plain_errors():
                self._take_on(instance)
            try:
                stack.enter_context(compute_utils.EventReporter(
                    context, 'compute_' + action, self._manager.host,
                    instance.uuid))
                with plain_errors():
                    change = self._prepare(context, instance, asked, persist)
            except Exception:
                with excutils.save_and_reraise_exception():
                    self._end(instance)
            if change:
                background.run(self._carry_out, context, instance, change,
                               stack.pop_all())

    def _wait_for_last(self, instance):
        # The one before may have ended, and not have heard of that yet.
        for _attempt in range(10):
            if instance.uuid not in self._adjusts:
                return
            time.sleep(0.1)
        raise exception.ServerAdjustConflict(
            reason=_('The host still works on what was asked before.'))

    def _forget(self, instance, asked):
        # Unless the next one has come already.
        if self._adjusts.get(instance.uuid) is asked:
            del self._adjusts[instance.uuid]

    def _take_on(self, instance):
        instance.task_state = task_states.XLOUD_ADJUSTING
        try:
            instance.save(expected_task_state=[task_states.XLOUD_ADJUST_PREP])
        except exception.InstanceUpdateConflict:
            raise exception.ServerAdjustConflict(
                reason=_('The server does not wait for this any more.'))

    def _prepare(self, context, instance, asked, persist):
        """Claim what a server is to have.

        :returns: What there is to do then, if anything.
        """
        before, start_before = (
            elastic.size(instance), elastic.start_size(instance))
        size, start = elastic.sizes_after(instance, asked, persist)
        try:
            live = self._get_live_size(instance)
        except exception.InstanceNotFound:
            raise exception.ServerAdjustConflict(
                reason=_('The server has no guest on its host. Reboot it '
                         'hard.'))
        changes = elastic.ordered_changes(live, asked) if live else []
        if not changes and (size, start) == (before, start_before):
            self._end(instance)
            return None
        self._check_paused(instance, live, asked, changes)

        held = elastic.elementwise_max(size, before)
        self._books.claim(context, instance, before, held)
        self._notify(context, instance, fields.NotificationPhase.START)
        if held != before:
            # It counts in quota from now on.
            elastic.set_size(instance, held, start_before)
            try:
                instance.save(
                    expected_task_state=[task_states.XLOUD_ADJUSTING])
            except Exception as error:
                with excutils.save_and_reraise_exception():
                    elastic.set_size(instance, before, start_before)
                    self._books.release(context, instance)
                    self._tell_failure(context, instance, error)
            self._books.tell(instance, before)
        return _Change(changes, asked, live, start_before, held, size, start)

    def _carry_out(self, context, instance, change, stack):
        try:
            with stack, _plain_errors(
                    instance, exception.ServerAdjustFailed,
                    _('The host of the server failed.')):
                self._change(context, instance, change)
        except Exception as error:
            LOG.error('The server was not adjusted: %s', error,
                      instance=instance)

    def _change(self, context, instance, change):
        begun = []
        try:
            for field in change.changes:
                begun.append(field)
                self._set(instance, field, getattr(change.asked, field))
            self._set_size(instance, change.size, change.start)
            if change.live and change.start != change.start_before:
                self._driver.set_start_size(instance)
            if change.held == change.size:
                self._end(instance)
            else:
                instance.save(
                    expected_task_state=[task_states.XLOUD_ADJUSTING])
        except Exception as error:
            with excutils.save_and_reraise_exception():
                self._put_back(context, instance, change, begun)
                self._tell_failure(context, instance, error)
        # What was released is not taken back, whatever happens from here on.
        if change.held != change.size:
            self._books.tell(instance, change.held)
            self._books.release(context, instance)
            self._end(instance)
        LOG.info('The server is counted for %(vcpus)d vCPUs and %(memory_mb)d '
                 'MiB now.', change.size._asdict(), instance=instance)
        self._notify(context, instance, fields.NotificationPhase.END)

    def _get_live_size(self, instance):
        try:
            return self._driver.get_live_size(instance)
        except exception.InstanceNotFound:
            if instance.vm_state == vm_states.STOPPED:
                return None
            raise

    @staticmethod
    def _check_paused(instance, live, asked, changes):
        """A guest that does not run can be given vCPUs, and no more."""
        if instance.vm_state == vm_states.PAUSED and changes and (
                changes != ['vcpus'] or asked.vcpus < live.vcpus):
            raise exception.ServerAdjustConflict(
                reason=_('A paused server can only be given more vCPUs: for '
                         'anything else its guest must run.'))

    def _set(self, instance, field, value):
        LOG.info('Setting %(field)s to %(value)d',
                 {'field': field, 'value': value}, instance=instance)
        setter = {'vcpus': self._driver.set_current_vcpus,
                  'memory_mb': self._driver.set_current_memory_mb}[field]
        setter(instance, value)

    @staticmethod
    def _set_size(instance, size, start):
        """Set what a server has, after a while in which others had time."""
        elastic.set_size(instance, size, start)
        if 'system_metadata' in instance.obj_what_changed():
            # All of it is saved at once, so what others have put there since
            # it was read would be lost.
            instance.refresh()
            elastic.set_size(instance, size, start)

    def _put_back(self, context, instance, change, begun):
        """Give a server what it had, and count it for what it has then."""
        steps = [functools.partial(self._set, instance, field,
                                   getattr(change.live, field))
                 for field in reversed(begun)]
        elastic.set_size(instance, change.held, change.start_before)
        if change.live:
            steps.append(functools.partial(
                self._driver.set_start_size, instance))
        for step in steps:
            try:
                step()
            except Exception as error:
                LOG.warning('The server was not put back to what it had: %s',
                            error, instance=instance)
        try:
            self._settle(context, instance)
        except (exception.InstanceNotFound,
                exception.InstanceUpdateConflict):
            LOG.info('The server was deleted, or its state was reset, while '
                     'it was adjusted.', instance=instance)
        except Exception:
            LOG.exception('Cannot count the server for what it has; this is '
                          'tried again.', instance=instance)

    def _end(self, instance):
        instance.task_state = None
        instance.save(expected_task_state=list(
            task_states.xloud_adjust_states))
        self._adjusts.pop(instance.uuid, None)

    def _tell_failure(self, context, instance, error):
        try:
            compute_utils.add_instance_fault_from_exc(context, instance, error)
        except Exception:
            LOG.exception('Cannot record a fault.', instance=instance)
        self._notify(context, instance, fields.NotificationPhase.ERROR, error)

    def _notify(self, context, instance, phase, error=None):
        self._manager._notify_about_instance_usage(
            context, instance, 'xloud_adjust.%s' % phase, fault=error,
            best_effort=True)
        compute_utils.notify_about_instance_action(
            context, instance, self._manager.host,
            action=fields.NotificationAction.XLOUD_ADJUST, phase=phase,
            exception=error, best_effort=True)

    # Counting a server for what it has

    @staticmethod
    def _get_due_size(instance, live):
        """What a server has to be counted for."""
        start = elastic.start_size(instance)
        return elastic.elementwise_max(live, start) if live else start

    def _settle(self, context, instance):
        """Count a server for what it has, and end what was done to it."""
        before, start = elastic.size(instance), elastic.start_size(instance)
        try:
            live = self._get_live_size(instance)
        except exception.InstanceNotFound:
            # A hard reboot would define it anew.
            live = None
        size = self._get_due_size(instance, live)
        try:
            if not self._books.allocate(context, instance, size):
                size = before
        except (exception.AllocationUpdateFailed,
                exception.ConsumerAllocationRetrievalFailed,
                ks_exc.ClientException) as error:
            LOG.warning('Cannot count the server for the %(vcpus)d vCPUs and '
                        '%(memory_mb)d MiB that it has: %(error)s',
                        {**size._asdict(), 'error': error}, instance=instance)
            size = before
        self._set_size(instance, size, start)
        self._end(instance)
        if size != before:
            self._books.tell(instance, before)

    def follow_start_size(self, context, instance):
        """Let the size of an elastic server follow its start size.

        This is for whenever its guest is stopped or started anew. What is
        freed is released first; if that fails the server is still counted for
        it, and the next stop or start tries again. The caller saves the
        instance.

        :returns: Whether the size has changed.
        """
        # What its last guest had says nothing of the next one.
        self._excess.pop(instance.uuid, None)
        size = elastic.start_size(instance)
        old_size = elastic.size(instance)
        if size == old_size:
            return False
        try:
            if not self._books.allocate(context, instance, size):
                return False
        except Exception:
            LOG.exception('Failed to release what a stop or start has freed.',
                          instance=instance)
            return False
        elastic.to_start_size(instance)
        self._books.tell(instance, old_size)
        LOG.info('The server has %(vcpus)d vCPUs and %(memory_mb)d MiB now.',
                 size._asdict(), instance=instance)
        return True

    # When nobody has asked

    def reconcile(self, context):
        """Count the servers on this host for what they have."""
        instances = [
            instance for instance in objects.InstanceList.get_by_host(
                context, self._manager.host,
                expected_attrs=['flavor', 'system_metadata'])
            if elastic.is_elastic(instance.flavor) and
            instance.uuid not in self._adjusts]
        allocations = {}
        known, self._excess = self._excess, {}
        for instance in instances:
            try:
                self._reconcile(context, instance, allocations,
                                known.get(instance.uuid))
            except exception.InstanceNotFound:
                LOG.debug('The server has gone.', instance=instance)
            except Exception:
                LOG.exception('Failed to compare what the server has with '
                              'what it is counted for.', instance=instance)

    def _reconcile(self, context, instance, allocations, excess):
        if instance.task_state in task_states.xloud_adjust_states:
            if (instance.task_state == task_states.XLOUD_ADJUSTING or
                    timeutils.is_older_than(
                        # It may be on its way here.
                        instance.updated_at, CONF.rpc_response_timeout)):
                self.recover(context, instance)
            return
        if (instance.task_state is not None or
                instance.vm_state not in _KNOWN_STATES):
            return
        live = self._get_live_size(instance)
        if live is None and instance.vm_state != vm_states.STOPPED:
            # Nova is about to learn that the guest has stopped.
            return

        size = self._get_due_size(instance, live)
        due = scheduler_utils.resources_from_size(instance, size)
        held = self._books.get_held(context, instance, allocations)
        if not held:
            # It is not for this task to claim what nobody has.
            return
        if size == elastic.size(instance) and all(
                held.get(rc, 0) == amount for rc, amount in due.items()):
            return
        if size != excess and elastic.elementwise_max(
                size, elastic.size(instance)) != elastic.size(instance):
            # A guest that has just been started has all its memory until its
            # balloon driver runs, so this counts when it is found again.
            self._excess[instance.uuid] = size
            return

        LOG.info('The server has to be counted for %(vcpus)d vCPUs and '
                 '%(memory_mb)d MiB.', size._asdict(), instance=instance)
        instance.task_state = task_states.XLOUD_ADJUSTING
        try:
            instance.save(expected_task_state=[None])
        except exception.InstanceUpdateConflict:
            return
        self._settle_alone(context, instance)

    def _settle_alone(self, context, instance):
        """Settle what nobody has asked for, and keep others from it."""
        nothing = elastic.Size(None, None)
        self._adjusts[instance.uuid] = nothing
        try:
            self._settle(context, instance)
        finally:
            self._forget(instance, nothing)

    def recover(self, context, instance):
        """End an adjustment that nobody works on any more."""
        instance.refresh()
        if (instance.uuid in self._adjusts or
                instance.task_state not in task_states.xloud_adjust_states):
            return
        LOG.warning('An adjustment of the server was cut off.',
                    instance=instance)
        compute_utils.close_last_adjust(context, instance)
        self._settle_alone(context, instance)

    # Telling what a server has

    def describe(self, instance):
        """What a server has and is asked to have now."""
        asked = self._adjusts.get(instance.uuid)
        status = {'requested': asked and {
            'current_' + field: value for field, value in
            asked._asdict().items() if value is not None}}
        live = self._driver.get_live_size(instance)
        if not live:
            return status
        status.update(source='hypervisor', current_vcpus=live.vcpus,
                      current_memory_mb=live.memory_mb)
        # Whoever owns the guest decides how long its agent takes to answer,
        # so it gets one question at a time.
        if not asked and instance.uuid not in self._described:
            self._described.add(instance.uuid)
            try:
                status.update(self._driver.get_live_details(instance))
            finally:
                self._described.remove(instance.uuid)
        return status
