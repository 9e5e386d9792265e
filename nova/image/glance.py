"""Read images where there is no user, as Nova does with volumes and ports.

A server that leaves its host so that another one can grow there may need its
image on the new host, and there is no token of anybody who has requested that.
"""

from keystoneauth1 import loading as ks_loading


def _session_and_auth(*nova):
    ...
    auth = ...  # nova
    if context.is_admin and not context.auth_token:
        auth = _get_own_auth() or auth
    ...


def _get_own_auth():
    """Return how this service authenticates itself, if that is configured."""
    return ks_loading.load_auth_from_conf_options(
        CONF, nova.conf.service_token.SERVICE_USER_GROUP)
