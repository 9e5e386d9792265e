"""Extra specs that make a flavor elastic are checked against the whole of the flavor.

The validators of extra specs see one of them at a time, and only from
microversion 2.86 on.
"""

from oslo_log import log as logging

from nova import elastic

LOG = logging.getLogger(__name__)


class FlavorExtraSpecsController(wsgi.Controller):

    def _check_extra_specs_value(*nova):
        ...

    @staticmethod
    def _check_elastic(flavor, specs):
        """Refuse extra specs that do not go together, at any microversion."""
        changed = dict(elastic.maximum(flavor)._asdict(),
                       extra_specs=dict(flavor.extra_specs, **specs))
        reason = elastic.conflict(changed)
        if reason:
            raise webob.exc.HTTPBadRequest(explanation=reason)
        warning = elastic.memory_warning(changed)
        if warning:
            LOG.warning('Flavor %(flavor)s: %(warning)s', {
                'flavor': flavor.flavorid, 'warning': warning})

    def create(*nova):
        ...
        flavor = ...  # nova
        self._check_elastic(flavor, specs)
        ...

    def update(*nova):
        ...
        flavor = ...  # nova
        self._check_elastic(flavor, body)
        ...
