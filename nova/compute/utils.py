"""Servers tell of their last adjustment."""

from oslo_utils import timeutils

from nova.compute import instance_actions
from nova.compute import task_states
from nova.i18n import _


def get_last_adjust(context, instance):
    """The last action on a server that changed its size, of its latest ones.

    :returns: An InstanceAction or None
    """
    for action in objects.InstanceActionList.get_by_instance_uuid(
            context, instance.uuid, limit=50):
        if action.action in (instance_actions.XLOUD_ADJUST,
                             instance_actions.HOTPLUG_VCPUS):
            return action


def describe_last_adjust(context, instance):
    """How the last change of the size of a server went, if there is one."""
    action = get_last_adjust(context, instance)
    if action is None:
        return None
    events = objects.InstanceActionEventList.get_by_action(context, action.id)
    failed = [event for event in events if event.result == 'Error']
    state, since = 'succeeded', action.start_time
    reason = failed[0].details if failed else None
    if failed:
        state = 'failed'
    elif instance.task_state in task_states.xloud_adjust_states:
        state = 'running'
    elif not events or not events[0].finish_time:
        if (events and events[0].host == instance.host and
                not timeutils.is_older_than(instance.updated_at, 60)):
            # It is about to tell how it went.
            state = 'running'
        else:
            state, reason = 'failed', _('It was cut off.')
    if state != 'running' and events:
        since = events[0].finish_time or since
    return {'state': state, 'requested': None,
            'since': since.strftime('%Y-%m-%dT%H:%M:%SZ'),
            'reason': reason}


def close_last_adjust(context, instance):
    """Let the action log tell that an adjustment was cut off on its host."""
    action = get_last_adjust(context, instance)
    if action is None:
        return
    context = context.elevated()
    context.request_id = action.request_id
    events = objects.InstanceActionEventList.get_by_action(context, action.id)
    name = 'compute_' + action.action
    if not events:
        objects.InstanceActionEvent.event_start(
            context, instance.uuid, name, want_result=False,
            host=instance.host)
    elif all(event.finish_time for event in events):
        return
    reason = _('The compute service stopped before it was done.')
    objects.InstanceActionEvent.event_finish_with_failure(
        context, instance.uuid, name, exc_val=reason, exc_tb=reason,
        want_result=False)
