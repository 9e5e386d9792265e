"""A server that grows requests what it does not have yet, and nothing else."""

...


def enforce_deltas(context, project_id, deltas):
    """Check that a project can have more within its unified limits.

    :param deltas: A dict of resource class to the additional amount
    :raises: TooManyInstances if a limit would be exceeded
    """
    if not deltas or not limit_utils.use_unified_limits():
        return
    try:
        _get_enforcer(context, project_id).enforce(
            project_id, {'class:' + rc: more for rc, more in deltas.items()})
    except limit_exceptions.ProjectOverLimit as error:
        if limit_utils.should_enforce(error):
            raise exception.TooManyInstances(str(error))
