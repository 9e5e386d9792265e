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

"""What the action log, faults and notifications say of an adjustment."""

from oslo_log import log as logging

from nova.compute import utils as compute_utils
import nova.conf
from nova import context as nova_context
from nova import exception
from nova import objects
from nova.objects import fields

CONF = nova.conf.CONF

LOG = logging.getLogger(__name__)


def finish_event(context, instance, continued, error):
    """Finish the event of an adjustment that waits or moves no longer.

    By then that is recorded, so nothing fails if this cannot be done.

    :param continued: The nova.elastic.Waiting or Moving
    """
    context = context.elevated()
    context.request_id = continued.request_id
    try:
        OpenEvent(
            context, instance, continued.action, CONF.host).finish(error)
    except Exception:
        LOG.exception('The event of an adjustment that has ended stays open.',
                      instance=instance)


class Reporter(object):
    """Reports on the adjustments of one host."""

    def __init__(self, host, notify_usage):
        """:param notify_usage: A function that sends a legacy notification"""
        self._host = host
        self._notify_usage = notify_usage

    def event(self, context, instance, action):
        """Return the event of an adjustment in the action log of a server."""
        return Event(context, instance, action, self._host)

    def event_of_new_action(self, context, instance, action):
        """Return such an event, with which an action begins."""
        return EventOfNewAction(context, instance, action, self._host)

    def open_event(self, instance, continued):
        """Return the event of an adjustment that waits, or moves its server.

        :param continued: The nova.elastic.Waiting or Moving
        :returns: The event, and the RequestContext of who has requested it
        """
        action = objects.InstanceAction.get_by_request_id(
            nova_context.get_admin_context(), instance.uuid,
            continued.request_id)
        # Without its action nobody knows who that was but for the owner.
        requester = action or instance
        context = nova_context.RequestContext(
            requester.user_id, requester.project_id, is_admin=True,
            request_id=continued.request_id)
        return OpenEvent(
            context, instance, continued.action, self._host), context

    def notify(self, context, instance, phase, error=None):
        self._notify_usage(
            context, instance, 'xloud_adjust.%s' % phase, fault=error,
            best_effort=True)
        compute_utils.notify_about_instance_action(
            context, instance, self._host,
            action=fields.NotificationAction.XLOUD_ADJUST, phase=phase,
            exception=error, best_effort=True)

    def notify_failure(self, context, instance, error):
        """Record a fault of the server, and send its notifications."""
        try:
            compute_utils.add_instance_fault_from_exc(context, instance, error)
        except Exception:
            LOG.exception('Cannot record a fault.', instance=instance)
        self.notify(context, instance, fields.NotificationPhase.ERROR, error)


class Event(object):
    """An event that begins and ends in different threads.

    The details of a failure begin with its code, which the status shows.
    """

    def __init__(self, context, instance, action, host):
        self._context = context
        self._instance = instance
        self.action = action
        self._name = 'compute_' + action
        self._host = host

    def start(self):
        objects.InstanceActionEvent.event_start(
            self._context, self._instance.uuid, self._name,
            want_result=False, host=self._host)

    def finish(self, error=None):
        details = error and compute_utils.adjust_event_details(error)
        try:
            objects.InstanceActionEvent.event_finish_with_failure(
                self._context, self._instance.uuid, self._name,
                exc_val=details,
                # An error that nobody has raised has no traceback.
                exc_tb=error and (error.__traceback__ or details),
                want_result=False)
        except (exception.InstanceActionNotFound,
                exception.InstanceActionEventNotFound):
            # The server has been deleted and archived in the meantime, or
            # this could not be started.
            LOG.info('The action of the adjustment is gone.',
                     instance=self._instance)


class EventOfNewAction(Event):

    def start(self):
        objects.InstanceAction.action_start(
            self._context, self._instance.uuid, self.action,
            want_result=False)
        super().start()


class OpenEvent(Event):

    def start(self):
        """It has been started when the server began to wait."""
