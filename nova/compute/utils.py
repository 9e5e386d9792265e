"""The action log of a server says how its last adjustment went."""

...

import datetime
import re

from oslo_utils import timeutils

from nova.compute import instance_actions
from nova.compute import task_states
from nova import elastic

# What the details of a failed event begin with.
_ERROR_CODE = re.compile(r'(xloud\.\w+): ')


def get_last_adjust(context, instance):
    """Return the last adjustment of a server among its latest actions.

    :returns: An InstanceAction or None
    """
    return next(iter(_get_adjusts(context, instance)), None)


def _get_adjusts(context, instance):
    return [action for action in
            objects.InstanceActionList.get_by_instance_uuid(
                context, instance.uuid, limit=50)
            if action.action in (instance_actions.XLOUD_ADJUST,
                                 instance_actions.HOTPLUG_VCPUS)]


def _get_adjust_events(context, action):
    """Return the events of an adjustment, the latest first.

    Those of the live migration that is a part of it are not among them.
    """
    return [event for event in objects.InstanceActionEventList.get_by_action(
                context, action.id)
            if event.event.endswith('_' + action.action)]


def describe_last_adjust(context, instance):
    """Return how the last adjustment of a server went, if there is one.

    :returns: A dict with its ``state``, the time ``since`` which it has that,
        the ``code`` and the ``reason`` if it failed, and if it waits for
        capacity or moves what is ``requested`` and when that ``expires_at``;
        or None
    """
    _returning, waiting, moving = elastic.get_pending(instance)
    if ((waiting or moving) and
            instance.task_state not in task_states.xloud_adjust_states):
        state, continued = (
            ('moving', moving) if moving else ('waiting', waiting))
        return {'state': state, 'code': None, 'reason': None,
                'since': _to_datetime(continued.since),
                'requested': continued.size,
                'expires_at': None if moving else _to_datetime(waiting.until)}
    action = get_last_adjust(context, instance)
    if action is None:
        return None
    events = _get_adjust_events(context, action)
    failed = [event for event in events if event.result == 'Error']
    state, since, details = 'succeeded', action.start_time, None
    if failed:
        state, details = 'failed', failed[0].details
    elif instance.task_state in task_states.xloud_adjust_states:
        state = 'running'
    elif not events or not events[0].finish_time:
        if (events and not timeutils.is_older_than(instance.updated_at, 60)):
            # Its host is about to record how it went.
            state = 'running'
        else:
            state, details = 'failed', adjust_event_details(
                exception.ServerAdjustInterrupted())
    if state != 'running' and events:
        since = events[0].finish_time or since
    code, reason = None, details
    match = _ERROR_CODE.match(details or '')
    if match:
        code, reason = match.group(1), details[match.end():]
    return {'state': state, 'code': code, 'since': since, 'reason': reason,
            'requested': None, 'expires_at': None}


def _to_datetime(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)


def adjust_event_details(error):
    """Return the details of the event of an adjustment that failed so."""
    message = error.format_message()
    code = getattr(error, 'error_code', None)
    return '%s: %s' % (code, message) if code else message


def record_adjust_failure(context, instance, event, host, error):
    """Record in the action log of a server why an adjustment failed."""
    objects.InstanceActionEvent.event_start(
        context, instance.uuid, event, want_result=False, host=host)
    _finish_adjust_event(context, instance, event, error)


def _finish_adjust_event(context, instance, event, error):
    details = adjust_event_details(error)
    objects.InstanceActionEvent.event_finish_with_failure(
        context, instance.uuid, event, exc_val=details, exc_tb=details,
        want_result=False)


def close_adjusts(context, instance):
    """Record that an adjustment was interrupted on its host.

    What was granted after it had waited may be older than what was refused in
    the meantime.
    """
    pending = elastic.get_pending(instance)
    error = exception.ServerAdjustInterrupted()
    for index, action in enumerate(_get_adjusts(context, instance)):
        if pending.get_continued(action.request_id):
            continue
        context = context.elevated()
        context.request_id = action.request_id
        events = _get_adjust_events(context, action)
        event = 'compute_' + action.action
        if not events and index == 0:
            record_adjust_failure(
                context, instance, event, instance.host, error)
        elif not all(started.finish_time for started in events):
            _finish_adjust_event(context, instance, event, error)


def get_exists_usage(context, instance, begin, end):
    """Return what an elastic server has had in an audit period.

    :returns: A dict for the payload of a notification; empty for a server
        that is not elastic, and if the usage is not known
    """
    if not elastic.is_elastic(instance.flavor):
        return {}
    try:
        usage = objects.SizeUsage.get_by_instance_uuid(
            context, instance.uuid, begin, end)
    except Exception as error:
        # A conductor without the fork does not know it.
        LOG.warning('Could not determine the usage of the server: %s', error,
                    instance=instance)
        return {}
    return {name: getattr(usage, name) for name in elastic.Usage._fields[1:]}


def notify_usage_exists(*nova):
    ...
    if extra_usage_info:  # nova
        ...
    usage = get_exists_usage(context, instance_ref, audit_start, audit_end)
    extra_info.update(usage)
    notify_about_instance_usage(...)  # nova
    ...
    payload = ...  # nova
    payload.add_usage(usage)
    notification = ...  # nova
    ...
