"""Extra specs that make a flavor elastic are checked against the whole of the flavor.

The validators of extra specs see one of them at a time, and only from
microversion 2.86 on.
"""

from nova import elastic


class FlavorExtraSpecsController(wsgi.Controller):

    def _check_extra_specs_value(*nova):
        ...

    @staticmethod
    def _check_elastic(flavor, specs):
        """Refuse extra specs that do not go together, at any microversion."""
        reason = elastic.conflict(
            dict(elastic.maximum(flavor)._asdict(),
                 extra_specs=dict(flavor.extra_specs, **specs)))
        if reason:
            raise webob.exc.HTTPBadRequest(explanation=reason)

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
