"""A change of a server's size is recorded with the update that makes it.

It is in the same transaction, so that there is no size without its record,
whatever fails; and all updates of servers pass through here.
"""

from nova import elastic

...


def instance_get_active_by_window_joined(*nova):
    ...
    query = query.filter(sql.or_(...))  # nova
    query = _launched_before(query, end)  # drops nova
    if project_id:  # nova
        ...
    ...


def _launched_before(query, end):
    """Filter servers by their first launch, as far as that is recorded."""
    if not end:
        return query
    return query.filter(sql.or_(
        models.Instance.launched_at < end,
        sa.exists().where(
            models.InstanceAction.instance_uuid == models.Instance.uuid,
            models.InstanceActionEvent.action_id == models.InstanceAction.id,
            models.InstanceActionEvent.event == elastic.SIZE_EVENT,
            models.InstanceActionEvent.start_time < end)))


def _instance_update(*nova):
    ...
    system_metadata = ...  # nova
    records_size = updates.pop('records_size', False)
    if records_size:
        # What was read is updated in place.
        before = copy.copy(original)
    ...
    if records_size:
        _record_size_change(context, before, instance_ref)
    return instance_ref  # nova


def _record_size_change(context, before, instance):
    """Record what a server has had until now, and what it has from now on."""
    size, old_size = (elastic.Size(ref.vcpus, ref.memory_mb)
                      for ref in (instance, before))
    is_launched = instance.launched_at != before.launched_at
    if not instance.launched_at or (size == old_size and not is_launched):
        return
    # What is done without a request, as a periodic task does, belongs to what
    # was requested before that.
    action = context.session.query(models.InstanceAction.id).\
        filter_by(instance_uuid=instance.uuid).\
        order_by(models.InstanceAction.request_id != context.request_id,
                 expression.desc('created_at'), expression.desc('id')).\
        first()
    if action is None:
        return
    now = instance.launched_at if is_launched else timeutils.utcnow()
    change = elastic.Change(
        now, size, old_size, before.launched_at,
        request_id=context.request_id)
    context.session.add(models.InstanceActionEvent(
        action_id=action.id, event=elastic.SIZE_EVENT, start_time=now,
        finish_time=now, result='Success', host=instance.host,
        details=elastic.dump_change(change)))


def _size_changes(context, instance_uuids):
    return context.session.query(
        models.InstanceAction.instance_uuid,
        models.InstanceActionEvent.details, models.InstanceAction.action,
        models.InstanceAction.request_id, models.InstanceAction.user_id).\
        join(models.InstanceActionEvent,
             models.InstanceActionEvent.action_id == models.InstanceAction.id
             ).\
        filter(models.InstanceAction.instance_uuid.in_(instance_uuids),
               models.InstanceActionEvent.event == elastic.SIZE_EVENT)


@pick_context_manager_reader
def size_changes_get(context, instance_uuids, since=None, limit=None):
    """Get the changes of servers' sizes, the oldest first.

    :param since: A datetime. Some from up to a second before may be with them
    :param limit: How many to get, or None for all
    :returns: Rows of an instance_uuid, the details of an event, and the
        action, request_id and user_id of its action
    """
    query = _size_changes(context, instance_uuids)
    if since:
        # The database keeps no fractions of a second.
        query = query.filter(models.InstanceActionEvent.start_time >=
                             since - datetime.timedelta(seconds=1))
    return query.order_by(models.InstanceActionEvent.start_time,
                          models.InstanceActionEvent.id).limit(limit).all()


@pick_context_manager_reader
def size_change_get_last(context, instance_uuid, before):
    """Get the last change of a server's size before a time, or None."""
    return _size_changes(context, [instance_uuid]).\
        filter(models.InstanceActionEvent.start_time < before).\
        order_by(expression.desc(models.InstanceActionEvent.start_time),
                 expression.desc(models.InstanceActionEvent.id)).first()
