"""Read images where there is no user, as Nova does with volumes and ports.

A server that leaves its host so that another one can grow there may need its
image on the new host, and there is no token of anybody who has requested that.
"""

from keystoneauth1 import loading as ks_loading


class GlanceClientWrapper(object):

    # Only for the servers of images that are configured here: with others,
    # which an image can name, a user would get the token of this service.
    def _create_onetime_client(*nova):
        if context.is_admin and not context.auth_token:
            context = _with_own_auth(context)
        ...


def _with_own_auth(context):
    """Return a context that authenticates as this service, if it can."""
    context = copy.copy(context)
    context.user_auth_plugin = ks_loading.load_auth_from_conf_options(
        CONF, nova.conf.service_token.SERVICE_USER_GROUP)
    return context
